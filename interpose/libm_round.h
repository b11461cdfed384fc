/* SPDX-License-Identifier: Apache-2.0
 * libm_round.h: what libm.c and libm_vector.c share: how a call's operands and
 * its result are rounded, by vprec_arith_current. */
#ifndef VPREC_LIBM_ROUND_H
#define VPREC_LIBM_ROUND_H

#include "enter.h"
#include "libm.h"

/* Whether this call is rounded; counts it. */
static inline bool vprec_libm_enter(vprec_type type, const void *caller)
{
    if (!vprec_libm_rounds(caller))
        return false;
    if (vprec_libm_calls)
        atomic_fetch_add_explicit(&vprec_libm_calls[type], 1, memory_order_relaxed);
    return true;
}

static inline double vprec_libm_operand(vprec_type type, double x)
{
    const vprec_arith *arith = &vprec_arith_current;
    return arith->round & VPREC_ROUND_OPERANDS ? vprec_round(x, &arith->format[type], arith->mode) : x;
}

static inline double vprec_libm_result(vprec_type type, double x)
{
    const vprec_arith *arith = &vprec_arith_current;
    return arith->round & VPREC_ROUND_RESULTS ? vprec_round(x, &arith->format[type], arith->mode) : x;
}

/* Whether the type's own function is evaluated: float goes through double where its result is rounded once. */
static inline bool vprec_libm_direct(vprec_type type)
{
    const vprec_arith *arith = &vprec_arith_current;
    return type == VPREC_F64 || arith->fast || !(arith->round & VPREC_ROUND_RESULTS);
}

#endif
