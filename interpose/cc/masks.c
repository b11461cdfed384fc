/* SPDX-License-Identifier: Apache-2.0
 * masks.c: see masks.h. */
#include "masks.h"
#include "exact.h"

/* In the middle of a type's numbers, which both masks hold. */
typedef struct masks {
    uint64_t half, drop, keep, low, limit, short_, less, shift, even;
} masks;

static const masks identity = {.drop = UINT64_MAX, .keep = UINT64_MAX, .limit = UINT64_MAX}, ask;

/* The bits of a number that the type holds. */
static uint64_t bits_of(vprec_type type, double x)
{
    if (type == VPREC_F64)
        return vprec_bits(x);
    float narrow = (float)x;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    return bits;
}

static masks of(const vprec_arith *arith, vprec_type type)
{
    const vprec_format *format = &arith->format[type];
    const unsigned fraction = type == VPREC_F64 ? 52 : 23;
    if (arith->counting)
        return ask;
    if (arith->use[type] != VPREC_USE_FORMAT)
        return identity;
    if (arith->fast || arith->round != VPREC_ROUND_RESULTS || arith->ops != VPREC_OPS_ALL || arith->noise[type].what)
        return ask;
    if (arith->mode != VPREC_RNE && arith->mode != VPREC_RNA && arith->mode != VPREC_RTZ)
        return ask;
    const unsigned dropped = fraction - format->fbits;
    if (!dropped && arith->mode != VPREC_RNE) /* the native result is to nearest even */
        return ask;
    masks m = {.drop = (UINT64_C(1) << dropped) - 1};
    m.keep = ~m.drop;
    if (!dropped)
        m.drop = UINT64_MAX; /* only zero looks like a tie */
    if (dropped && arith->mode != VPREC_RTZ)
        m.half = UINT64_C(1) << (dropped - 1);
    const bool own = format->emin == (type == VPREC_F64 ? -1022 : -126);
    if (!own || format->flags & (VPREC_NOSUB | VPREC_NONEGZERO))
        m.low = bits_of(type, format->min_normal);
    const uint64_t infinity = type == VPREC_F64 ? VPREC_INF : 0x7f800000, max = bits_of(type, format->max);
    const bool carries = m.half && max + (UINT64_C(1) << dropped) == infinity && !(format->flags & ~VPREC_NOSUB);
    uint64_t top = carries ? infinity : max + (m.half ? m.half - 1 : dropped ? m.drop : 0);
    m.limit = top - m.low + 1;
    const bool nearest = arith->mode == VPREC_RNE && dropped;
    m.less = m.half - nearest;
    m.shift = dropped;
    m.even = nearest;
    m.short_ = m.half && 2 * (format->fbits + 1u) + 2 <= fraction + 1 ? m.drop : UINT64_MAX;
    return m;
}

void vprec_cc_masks_fill(vprec_cc_site *site, const vprec_arith *arith)
{
    const masks narrow = of(arith, VPREC_F32), wide = of(arith, VPREC_F64);
    site->f32 = (vprec_cc_mask32){(uint32_t)narrow.half, (uint32_t)narrow.drop, (uint32_t)narrow.keep,
                                  (uint32_t)narrow.low, (uint32_t)narrow.limit, 0};
    site->f64 = (vprec_cc_mask64){wide.half, wide.drop, wide.keep, wide.low, wide.limit};
    site->doubt32 = (vprec_cc_doubt32){(uint32_t)narrow.short_, (uint32_t)narrow.less, (uint32_t)narrow.shift,
                                       (uint32_t)narrow.even};
    site->doubt64 = (vprec_cc_doubt64){wide.short_, wide.less, wide.shift, wide.even};
}
