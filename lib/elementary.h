/* SPDX-License-Identifier: Apache-2.0
 * elementary.h: how an elementary function's value is handed on: known exactly, or
 * as an interval that is narrowed until its ends round alike. Internal to lib/. */
#ifndef VPREC_ELEMENTARY_H
#define VPREC_ELEMENTARY_H

#include "exact.h"

/* What is known of a function's value without evaluating it. */
typedef struct vprec_known {
    enum vprec_knowledge {
        VPREC_REGULAR, /* nothing: finite, not zero, not representable with 118 bits */
        VPREC_NAN_X,   /* that operand comes back */
        VPREC_NAN_Y,
        VPREC_INVALID,
        VPREC_ZERO,
        VPREC_INFINITE, /* exactly */
        VPREC_FINITE    /* sig * 2^exp */
    } what;
    bool sign;
    int32_t exp;
    vprec_u128 sig;
} vprec_known;

/* Needs the default floating-point environment. */
vprec_known vprec_libm_known(vprec_function function, double x, double y);

/* A value's magnitude lies in [low, high] * 2^exp. A least significant bit that is
 * set is a sticky bit, as of vprec_exact_round; bit 126 of the middle is set. */
typedef struct vprec_interval {
    bool sign;
    int32_t exp;
    vprec_u128 low, high;
} vprec_interval;

/* Narrows the interval of a regular value by what is certain of it: tanh(x) is
 * below 1 and below x, and so on. Where an evaluation gives such a bound itself,
 * only this tells on which side of it the value lies. */
void vprec_libm_narrow(vprec_interval *value, vprec_function function, double x, double y);

/* The precisions in which libm evaluates. */
enum vprec_libm_step { VPREC_STEP_F64, VPREC_STEP_F80, VPREC_STEP_F128, VPREC_STEPS };

/* The bound on libm's error at a step, in units of the last place of the result. */
int vprec_libm_ulps(vprec_function function, enum vprec_libm_step step);

/* binary64 straight from libm. The default floating-point environment is needed here and below. */
typedef double vprec_libm_f64_call(double x, double y);
vprec_libm_f64_call *vprec_libm_call(vprec_function function);

/* The interval of a regular value; false where the step does not exist on this
 * machine, or binary64 gives no normal number. */
bool vprec_libm_evaluate(vprec_interval *value, vprec_function function, enum vprec_libm_step step, double x, double y);

#endif
