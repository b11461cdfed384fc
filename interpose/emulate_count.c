/* SPDX-License-Identifier: Apache-2.0
 * emulate_count.c: what --count records of one result. Computes nothing. */
#include "emulate_step.h"

static void increment(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Whether `exact` (a magnitude, as bits) lies where rounding leaves the format at the top. For directed modes that
 * is an ulp above the largest finite number, for the nearest ones half an ulp. */
static bool is_overflow(const vprec_format *format, vprec_mode mode, uint64_t exact)
{
    uint64_t max = vprec_double_bits(format->max);
    if (format->fbits == 52)
        return false; /* binary64 itself: an infinite result says it */
    if (mode != VPREC_RNE && mode != VPREC_RNA)
        return exact >= max + (UINT64_C(1) << (52 - format->fbits));
    uint64_t tie = max + (UINT64_C(1) << (51 - format->fbits));
    bool odd = max >> (52 - format->fbits) & 1; /* then the tie goes up */
    return exact > tie || (exact == tie && (odd || mode == VPREC_RNA));
}

void vprec_count_result(vprec_counts *counts, const vprec_format *format, vprec_mode mode, double exact, double result,
                        bool finite, bool nan_operand)
{
    const uint64_t inf = UINT64_C(0x7ff) << 52;
    uint64_t x = vprec_double_bits(exact) & INT64_MAX, r = vprec_double_bits(result) & INT64_MAX;
    if (r > inf && !nan_operand)
        increment(&counts->nans);
    if (finite && x <= inf && (r == inf || is_overflow(format, mode, x)))
        increment(&counts->overflows);
    if (x <= inf && r <= inf && x != r)
        increment(&counts->rounded);
    if (x != r && x < vprec_double_bits(format->min_normal) && r <= vprec_double_bits(format->min_normal))
        increment(&counts->underflows);
    if (!r || r >= inf)
        return;
    int32_t exponent = (int32_t)(r >> 52) - 1023;
    if (exponent == -1023)
        exponent = -1011 - __builtin_clzll(r);
    int32_t seen = atomic_load_explicit(&counts->exp_min, memory_order_relaxed);
    while (exponent < seen && !atomic_compare_exchange_weak_explicit(&counts->exp_min, &seen, exponent,
                                                                     memory_order_relaxed, memory_order_relaxed))
        ;
    seen = atomic_load_explicit(&counts->exp_max, memory_order_relaxed);
    while (exponent > seen && !atomic_compare_exchange_weak_explicit(&counts->exp_max, &seen, exponent,
                                                                     memory_order_relaxed, memory_order_relaxed))
        ;
}
