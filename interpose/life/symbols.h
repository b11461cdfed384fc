/* SPDX-License-Identifier: Apache-2.0
 * symbols.h: the names of clones, for who looks at the process from outside: perf's map file, gdb's JIT interface. The
 * caller holds the instrumentation lock. */
#ifndef VPREC_LIFE_SYMBOLS_H
#define VPREC_LIFE_SYMBOLS_H

#include "clone/where.h"
#include "find/object.h"

/* At the start: gdb's interface is used where that is asked for, or the process is traced already. */
void vprec_symbols_begin(void);

/* Whether anybody wants names. */
bool vprec_symbols_wanted(void);

/* How the clone in [lo, hi) of the function at `original` is unwound. */
void vprec_symbols_unwind(const vprec_unwind *unwind, const vprec_where *where, uint64_t original, uint64_t lo,
                          uint64_t hi);
/* Code in [start, end) is that of the function `name` (as a symbol); then, once all of a unit, in [lo, hi), was put,
 * everybody is told. */
void vprec_symbols_put(uint64_t start, uint64_t end, const char *name);
void vprec_symbols_tell(uint64_t lo, uint64_t hi);

#endif
