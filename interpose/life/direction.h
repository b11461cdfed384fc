/* SPDX-License-Identifier: Apache-2.0
 * direction.h: whether a loaded object has the means to set the rounding
 * direction or flush-to-zero, before any code is emitted that would mind. */
#ifndef VPREC_LIFE_DIRECTION_H
#define VPREC_LIFE_DIRECTION_H

#include <stdbool.h>

/* Some object in the process, but for the system's and compilers' own, calls fesetround, fesetenv, feupdateenv or
 * fesetmode of libm. */
bool vprec_direction_is_called(void);

#endif
