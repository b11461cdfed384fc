/* SPDX-License-Identifier: Apache-2.0
 * lanes.h: the same arithmetic on STATS_LANES numbers at once. Private to what computes moments and digits.
 *
 * Vectors go by pointer or through macros: as arguments they depend on the instruction set. The functions are inlined
 * into ones that are STATS_WIDE: the same results on every processor, since nothing is contracted, only the vectors are
 * wider. */
#ifndef VPREC_COMMON_LANES_H
#define VPREC_COMMON_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Numbers in a vector, and numbers taken at once. */
enum { STATS_LANES = 4, STATS_STEP = 8 };

typedef double lanes __attribute__((vector_size(8 * STATS_LANES), may_alias));
typedef int64_t masks __attribute__((vector_size(8 * STATS_LANES), may_alias));
typedef uint64_t words __attribute__((vector_size(8 * STATS_LANES), may_alias));

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define STATS_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define STATS_WIDE
#endif
#define STATS_INLINE static inline __attribute__((always_inline))

#define LANES(x) ((lanes){0} + (x)) /* a double in every lane */
#define pick(mask, a, b) ((lanes)(((mask) & (masks)(a)) | (~(mask) & (masks)(b))))
#define pick_or_zero(mask, a) ((lanes)((mask) & (masks)(a)))
#define smaller(a, b) pick((a) < (b), a, b) /* b where one is NaN */
#define larger(a, b) pick((a) > (b), a, b)
#define magnitude(x) ((lanes)((masks)(x) & INT64_MAX))
#define is_number(x) ((x) == (x))
#define is_finite(x) ((x) - (x) == 0)
#define any(mask) (((mask)[0] | (mask)[1] | (mask)[2] | (mask)[3]) != 0)

STATS_INLINE void lanes_sqrt(lanes *x)
{
    for (int l = 0; l < STATS_LANES; l++)
        (*x)[l] = sqrt((*x)[l]);
}

/* x = fraction * 2^exponent, 1 <= fraction < 2, for finite x > 0. */
STATS_INLINE void lanes_split(const lanes *x, lanes *fraction, lanes *exponent)
{
    masks tiny = *x < 0x1p-1022;
    words bits = (words)pick(tiny, *x * 0x1p54, *x);
    /* The biased exponent becomes the last bits of 2^52. */
    *exponent = (lanes)(bits >> 52 | 0x4330000000000000) - (0x1p52 + 1023) - pick_or_zero(tiny, LANES(54.));
    *fraction = (lanes)((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
}

/* log2 x for x >= 0, to two ulp: of a fraction m between sqrt(1/2) and sqrt(2) by the series of
 * 2 atanh((m-1)/(m+1)) / log 2, whose first term left out is below 2^-58. */
STATS_INLINE void lanes_log2(lanes *x)
{
    lanes m, exponent;
    lanes_split(x, &m, &exponent);
    masks high = m > 0x1.6A09E667F3BCDp0; /* sqrt(2) */
    m = pick(high, m * 0.5, m);
    exponent += pick_or_zero(high, LANES(1.));
    static const double inverse_log = 2.8853900817779268147; /* 2 / log 2 */
    lanes t = (m - 1) / (m + 1), t2 = t * t, sum = LANES(inverse_log / 21);
    for (int k = 19; k > 0; k -= 2)
        sum = sum * t2 + inverse_log / k;
    lanes log = exponent + t * sum;
    *x = pick(*x == 0, LANES(-INFINITY), pick(is_finite(*x), log, *x));
}

#endif
