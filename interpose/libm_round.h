/* SPDX-License-Identifier: Apache-2.0
 * libm_round.h: what libm.c and libm_vector.c share: how a call's operands and
 * its result are rounded, by vprec_arith_current. */
#ifndef VPREC_LIBM_ROUND_H
#define VPREC_LIBM_ROUND_H

#include "enter.h"
#include "libm.h"
#include "noise.h"

/* Whether this call is rounded; counts it. */
static inline bool vprec_libm_enter(vprec_type type, const void *caller)
{
    if (!vprec_libm_rounds(caller))
        return false;
    if (vprec_libm_calls)
        atomic_fetch_add_explicit(&vprec_libm_calls[type], 1, memory_order_relaxed);
    return true;
}

static inline uint64_t vprec_libm_random(void)
{
    uint32_t words[VPREC_NOISE_VECTOR];
    vprec_noise_words(words);
    return (uint64_t)words[1] << 32 | words[0];
}

/* The words of one result; false: it has no noise. */
static inline bool vprec_libm_noise(uint64_t words[8])
{
    uint32_t drawn[VPREC_NOISE_VECTOR];
    vprec_noise_words(drawn);
    __builtin_memcpy(words, drawn, sizeof drawn);
    return drawn[15] >= vprec_arith_current.silent;
}

static inline double vprec_libm_round(vprec_type type, double x)
{
    const vprec_arith *arith = &vprec_arith_current;
    const vprec_noise *noise = &arith->noise[type];
    uint64_t words[8];
    if (noise->what && vprec_libm_noise(words))
        return vprec_round_mca(x, &arith->format[type], noise, words);
    if (arith->mode == VPREC_SR)
        return vprec_round_sr(x, &arith->format[type], arith->bits[type], vprec_libm_random());
    return vprec_round(x, &arith->format[type], arith->mode);
}

static inline double vprec_libm_operand(vprec_type type, double x)
{
    const vprec_arith *arith = &vprec_arith_current;
    return arith->round & VPREC_ROUND_OPERANDS ? vprec_libm_round(type, x) : x;
}

static inline double vprec_libm_result(vprec_type type, double x)
{
    const vprec_arith *arith = &vprec_arith_current;
    return arith->round & VPREC_ROUND_RESULTS ? vprec_libm_round(type, x) : x;
}

/* Whether the type's own function is evaluated: float goes through double where its result is rounded once. */
static inline bool vprec_libm_direct(vprec_type type)
{
    const vprec_arith *arith = &vprec_arith_current;
    return type == VPREC_F64 || arith->fast || !(arith->round & VPREC_ROUND_RESULTS);
}

#endif
