/* SPDX-License-Identifier: Apache-2.0
 * peek.h: memory of a framework's that may not be what it is taken for: reading it never faults. */
#ifndef VPREC_SCOPE_PEEK_H
#define VPREC_SCOPE_PEEK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { VPREC_PEEK_LONGEST = 1000 }; /* names */

/* Whether there is a std::string (libstdc++) of at most VPREC_PEEK_LONGEST bytes, which are copied. */
bool vprec_peek_string(uint64_t at, char text[VPREC_PEEK_LONGEST + 1]);

/* The same of a string of the older form, which one word leads to. */
bool vprec_peek_old_string(uint64_t at, char text[VPREC_PEEK_LONGEST + 1]);

enum vprec_peek { VPREC_PEEK_UNASKED, VPREC_PEEK_KNOWN, VPREC_PEEK_OTHER };

/* Whether a library's things are laid out as we think: asked of the first `thing` alone, and kept in `*known`; where
 * they are not, `unknown` is told. */
bool vprec_peek_ask(_Atomic int *known, bool (*looks_right)(const void *thing), const void *thing, const char *unknown);
static inline bool vprec_peek_known(_Atomic int *known, bool (*looks_right)(const void *thing), const void *thing,
                                    const char *unknown)
{
    return atomic_load_explicit(known, memory_order_acquire) == VPREC_PEEK_KNOWN ||
           vprec_peek_ask(known, looks_right, thing, unknown);
}

#endif
