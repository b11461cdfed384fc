/* SPDX-License-Identifier: Apache-2.0
 * direction.h: whether the program has the means to set the rounding direction or flush-to-zero, for which inline code
 * must look out. Some of it turns up when there is code already that does not. */
#ifndef VPREC_LIFE_DIRECTION_H
#define VPREC_LIFE_DIRECTION_H

#include "x86/round/round.h"

/* Before code of the object loaded at `bias` is emitted: it may call fesetround, fesetenv, feupdateenv or fesetmode. */
void vprec_direction_ask(uint64_t bias, enum vprec_isa isa);
/* Before code is emitted that sets MXCSR itself. */
void vprec_direction_met(enum vprec_isa isa);

/* All code that was emitted is to be emitted once more: it does not look out. NULL: there is none. */
extern void (*vprec_direction_news)(void);

#endif
