/* SPDX-License-Identifier: Apache-2.0
 * peek.h: memory of a framework's that may not be what it is taken for: reading it never faults. */
#ifndef VPREC_SCOPE_PEEK_H
#define VPREC_SCOPE_PEEK_H

#include <stdbool.h>
#include <stdint.h>

enum { VPREC_PEEK_LONGEST = 1000 }; /* names */

/* Whether there is a std::string (libstdc++) of at most VPREC_PEEK_LONGEST bytes, which are copied. */
bool vprec_peek_string(uint64_t at, char text[VPREC_PEEK_LONGEST + 1]);

/* The same of a string of the older form, which one word leads to. */
bool vprec_peek_old_string(uint64_t at, char text[VPREC_PEEK_LONGEST + 1]);

/* Whether a library's things are laid out as we think: asked of the first `thing` alone, and kept in `*known`, 0 at
 * first; where they are not, `unknown` is told. */
bool vprec_peek_known(_Atomic int *known, bool (*looks_right)(const void *thing), const void *thing,
                      const char *unknown);

#endif
