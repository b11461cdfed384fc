/* SPDX-License-Identifier: Apache-2.0
 * demand.h: an object's code is translated when it is first executed: its pages lose X, and who comes to one of them
 * faults. Execution is the only proof that bytes are code.
 *
 * A page gets X back at the first fetch from it. Where no operation that is to be rounded can be decoded, as it is.
 * Elsewhere every function that overlaps it is looked at first: the one that is executed is cloned; the others get an
 * traps at their entry and at each operation, and are cloned when one of those is met. */
#ifndef VPREC_LIFE_DEMAND_H
#define VPREC_LIFE_DEMAND_H

#include "loaded.h"

/* It is unloaded, or is not followed after all: nothing runs there. */
void vprec_demand_drop(vprec_loaded *loaded);

/* Takes X from the object's code; what is executed then is translated. False: the kernel does not let it have X again;
 * nothing is changed. */
bool vprec_demand_begin(vprec_loaded *loaded, enum vprec_isa isa);
/* Nothing of it is translated, but its traps are looked at. False: no memory, or it is too late. */
bool vprec_demand_watch(vprec_loaded *loaded, enum vprec_isa isa);
/* Names the IFUNC resolvers of the object that compute: the loader has called them before it could be translated. */
void vprec_demand_say_resolvers(vprec_loaded *loaded);
/* Code that the program makes in [lo, hi), in memory without X; its clones are to lie in the arena, which others may
 * share. NULL: no memory. */
vprec_loaded *vprec_demand_generated(uint64_t lo, uint64_t hi, vprec_object_record *record, vprec_arena *arena,
                                     enum vprec_isa isa);
/* Memory of which the protection changes, [lo, hi). The program may write there: objects' code there is as it was
 * loaded, and no longer theirs. True: some is, or was so already. */
bool vprec_demand_write(uint64_t lo, uint64_t hi);
/* The program may no longer write there, and executes it: what was written is the objects' again. True: some code there
 * is theirs. */
bool vprec_demand_execute(uint64_t lo, uint64_t hi);
/* In a child of fork: what the versions round is something else now, but for the first one, and all that was translated
 * is as if it had not been executed yet. False: no memory, or the kernel refuses. */
bool vprec_demand_renew(void);
/* Translates what control would come to there: see vprec_ahead_note(). Nothing is executed. */
void vprec_demand_ahead(uint64_t address, uint64_t page);
/* Whether that can be done: nothing forbids it, and no debugger. */
bool vprec_demand_renews(void);
/* From `lo` on the first page that is objects' code, or the first that is not; or `hi`. */
uint64_t vprec_demand_next(uint64_t lo, uint64_t hi, bool code);
/* The object, or generated code, that the address lies in. */
vprec_loaded *vprec_demand_code_at(uint64_t address);
/* The object that the address lies in; NULL: none that is translated on demand. */
vprec_loaded *vprec_demand_at(uint64_t address);

#endif
