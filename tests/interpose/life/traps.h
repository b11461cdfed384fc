/* SPDX-License-Identifier: Apache-2.0
 * traps.h: hand-written functions of shapes that leave no room for a jump of
 * five bytes, and that branch into one another's middles. All work on floats
 * a and b; what they compute is in traps.c's reading of them. */
#ifndef VPREC_TESTS_TRAPS_H
#define VPREC_TESTS_TRAPS_H

#include <stdint.h>

/* Runs every shape on operands made from `seed`, prints "trap NAME SEED BITS BITS ..." */
void traps_print(uint32_t seed);

/* Runs them all, and needs little stack. */
void traps_run(void);

#endif
