/* SPDX-License-Identifier: Apache-2.0
 * value.h: what a result of libm stands for, rounded as the run says. libm's doubles are near their function's value:
 * they are infinite or zero where that is merely out of their range, and an ulp off, or on the wrong side of a
 * number, where directed rounding would show it. Calls no function of libm but through the caller's pointers. */
#ifndef VPREC_LIBM_VALUE_H
#define VPREC_LIBM_VALUE_H

#include "round.h"

/* One call: the function, its operands as it got them (x first, of atan2 the ordinate; y the order of jn and yn),
 * libm's result for them (of a float function the double one's), and the same of the long double function, where
 * vprec_libm_short() asks for it. */
typedef struct vprec_libm_outcome {
    enum vprec_libm_id id;
    double x, y;
    double native;
    long double wide;
} vprec_libm_outcome;

/* The call's value rounded to the format of `type`; with --fast or without VPREC_ROUND_RESULTS as native as it is. */
double vprec_libm_value(vprec_type type, const vprec_libm_outcome *call, uint64_t key);

/* One part of a complex result, by the exception flags that the call raised. */
double vprec_libm_part(vprec_type type, const vprec_libm_outcome *call, bool real, unsigned raised, uint64_t key);

/* Whether a double holds too little of a value: its own rounding is of the size of what is drawn. */
bool vprec_libm_short(vprec_type type);

/* The long double function's result, to nearest whatever the program's x87 says; 0 where none is asked for. */
typedef long double vprec_wide_unary(long double x);
typedef long double vprec_wide_binary(long double x, long double y);
long double vprec_libm_wide(vprec_type type, vprec_wide_unary *function, double x);
long double vprec_libm_wide2(vprec_type type, vprec_wide_binary *function, double x, double y);
/* x87's control word as vprec_libm_wide() needs it, and back. */
uint16_t vprec_libm_wide_begin(void);
void vprec_libm_wide_end(uint16_t control);

#endif
