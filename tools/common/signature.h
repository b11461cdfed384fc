/* SPDX-License-Identifier: Apache-2.0
 * signature.h: what a user says of where a function leaves its results: --elementary GLOB=RESULT. */
#ifndef VPREC_COMMON_SIGNATURE_H
#define VPREC_COMMON_SIGNATURE_H

#include "runtime/wire.h"
#include <stdbool.h>

/*  f, d                a float, a double
 *  f4 f8 f16 d2 d4 d8  a vector
 *  2f8                 two of them, in the first two vector registers
 *  (n.f)               the integer and pointer arguments in order: n or N a count of 32 or 64 bits, f or d an array of
 *                      results, s or S their stride in elements, . any other
 * False: it is none of these. */
bool vprec_signature_parse(const char *text, vprec_routine *routine);

#endif
