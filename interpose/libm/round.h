/* SPDX-License-Identifier: Apache-2.0
 * round.h: what libm.c and vector.c share: how a call's operands and
 * its result are rounded, by vprec_arith_here()-> */
#ifndef VPREC_LIBM_ROUND_H
#define VPREC_LIBM_ROUND_H

#include "libm.h"
#include "runtime/arith.h"
#include "runtime/once.h"
#include "runtime/version.h"
#include <xmmintrin.h>

/* A call that is rounded is evaluated to nearest whatever direction the program set for what is native: what is to be
 * restored, by the end of the replacement's block. */
static inline unsigned vprec_libm_nearest(void)
{
    enum { DIRECTION = 3 << 13 };
    unsigned mxcsr = vprec_arith_current.keeps_direction ? _mm_getcsr() & DIRECTION : 0;
    if (mxcsr)
        _mm_setcsr(_mm_getcsr() & ~(unsigned)DIRECTION);
    return mxcsr;
}

static inline void vprec_libm_restore(const unsigned *direction)
{
    if (*direction)
        _mm_setcsr(_mm_getcsr() | *direction);
}
#define VPREC_LIBM_NEAREST                                                                                            \
    const unsigned direction_ __attribute__((cleanup(vprec_libm_restore), unused)) = vprec_libm_nearest()

/* Numbers of the functions, for their keys. */
#define X(kind, id, function, double_name, float_name) VPREC_LIBM_##id,
enum vprec_libm_id {
#include "functions.h"
};
#undef X

/* The key of a call's result under --noise operands; a second result's is the next. */
static inline uint64_t vprec_libm_key(vprec_type type, enum vprec_libm_id id, const double *operands, size_t n)
{
    uint64_t bits[4];
    __builtin_memcpy(bits, operands, n * sizeof *bits);
    return vprec_once_key(vprec_arith_here(), (uint32_t)VPREC_KIND_LIBM + id, type, bits, n);
}
#define VPREC_LIBM_KEY(type, function, ...)                                                                           \
    vprec_libm_key(type, VPREC_LIBM_##function, (const double[]){__VA_ARGS__},                                        \
                   sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static inline double vprec_libm_round(vprec_type type, double x, uint64_t key)
{
    uint64_t words[8];
    vprec_once once = vprec_once_draw(vprec_arith_here(), type, &vprec_arith_here()->format[type], key, words);
    return VPREC_ONCE(&once, round, x);
}

static inline double vprec_libm_operand(vprec_type type, double x)
{
    const vprec_arith *arith = vprec_arith_here();
    return arith->round & VPREC_ROUND_OPERANDS ? vprec_once_operand(arith, type, x) : x;
}

static inline double vprec_libm_result(vprec_type type, double x, uint64_t key)
{
    const vprec_arith *arith = vprec_arith_here();
    return arith->round & VPREC_ROUND_RESULTS ? vprec_libm_round(type, x, key) : x;
}

/* Whether the type's own function is evaluated: float goes through double where its result is rounded once. */
static inline bool vprec_libm_direct(vprec_type type)
{
    const vprec_arith *arith = vprec_arith_here();
    return type == VPREC_F64 || arith->fast || !(arith->round & VPREC_ROUND_RESULTS);
}

#endif
