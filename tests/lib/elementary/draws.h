/* SPDX-License-Identifier: Apache-2.0
 * draws.h: operands of elementary functions near where something changes. */
#ifndef LIBM_DRAWS_H
#define LIBM_DRAWS_H

#include "vprec.h"

/* One place of `function` whose result is, more often than by chance, next to a
 * value of `format` or to the middle of two, exact, special, subnormal or near overflow.
 * Half of the operands are floats where the format fits binary32. */
void draw_place(uint64_t *state, vprec_function function, const vprec_format *format, double *x, double *y);

#endif
