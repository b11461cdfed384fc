/* SPDX-License-Identifier: Apache-2.0
 * demand.h: an object's code is translated when it is first executed: its pages lose X, and who comes to one of them
 * faults. Execution is the only proof that bytes are code.
 *
 * A page gets X back at the first fetch from it. Where no operation that is to be rounded can be decoded, as it is.
 * Elsewhere every function that overlaps it is looked at first: the one that is executed is cloned; the others get an
 * int3 at their entry and at each operation, and are cloned when one of those is met. */
#ifndef VPREC_LIFE_DEMAND_H
#define VPREC_LIFE_DEMAND_H

#include "harden.h"
#include "job.h"
#include <ucontext.h>

/* An object of the loader's list that is instrumented. */
typedef struct vprec_loaded {
    vprec_object object;
    vprec_text_pages text;
    vprec_object_record *record;
    bool selected;     /* else only what it has for others */
    bool generated;    /* it is no object, but code that the program made */
    uint64_t callers;  /* where its code starts, if callers.h knows it; 0 */
    vprec_vec images;  /* vprec_image * */
    vprec_vec gates;   /* uint64_t: words of the GOT that lead to functions with gates; sorted */
    vprec_vec targets; /* uint64_t: those, and the PLT's entries that jump through them; sorted */
    vprec_vec known;   /* vprec_known: functions that were looked at; sorted by start, disjoint */
    vprec_vec gaps;    /* where code is executed that no function tells of: demand.c */
    vprec_vec closed;  /* uint64_t: pages that never get X */
    vprec_vec words;   /* uint64_t: where the object needs no relocations: what of its data may lead into the middle of
                          its functions; sorted */
    bool words_read;
    vprec_vec parts;   /* uint64_t: see vprec_job */
    uint32_t live_vectors, live_masks; /* extended registers that callers seen so far keep across calls */
    vprec_object_record *generates; /* of the code that it generates, once there is some that is followed */
    bool left_generated;            /* it is recorded that such code stays native */
} vprec_loaded;

/* One of which nothing is known yet; NULL: no memory. And its end: it is unloaded, or is not followed after all, and
 * nothing runs there. */
vprec_loaded *vprec_demand_make(void);
void vprec_demand_drop(vprec_loaded *loaded);

/* Takes X from the object's code; what is executed then is translated. False: the kernel does not let it have X again;
 * nothing is changed. */
bool vprec_demand_begin(vprec_loaded *loaded, enum vprec_isa isa);
/* Names the IFUNC resolvers of the object that compute: the loader has called them before it could be translated. */
void vprec_demand_say_resolvers(vprec_loaded *loaded);
/* Code that the program makes in [lo, hi), in memory without X. NULL: no memory. */
vprec_loaded *vprec_demand_generated(uint64_t lo, uint64_t hi, vprec_object_record *record, enum vprec_isa isa);
/* The object that the address lies in; NULL: none that is translated on demand. */
vprec_loaded *vprec_demand_at(uint64_t address);

/* For SIGSEGV's and SIGTRAP's handler: see vprec_trap_fetch, vprec_trap_pending, vprec_trap_called. */
bool vprec_demand_fetch(ucontext_t *uc, uint64_t address);
uint64_t vprec_demand_trap(uint64_t at);
void vprec_demand_called(uint64_t at, uint64_t back, uint64_t to);

/* The program is about to forbid what translating takes: everything has X for good, and no int3 of ours waits any more.
 * What was not translated by then stays native, which is recorded. */
void vprec_demand_settle(enum vprec_hardening what);

#endif
