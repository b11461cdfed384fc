/* SPDX-License-Identifier: Apache-2.0
 * round.c: owns rounding: an exact value goes to a format in a mode, here and
 * nowhere else. What the exact value is, is arithmetic.c's business. */
#include "exact.h"

double vprec_exact_zero(bool sign, const vprec_format *format)
{
    return vprec_from_bits(sign && !(format->flags & VPREC_NONEGZERO) ? VPREC_SIGN : 0);
}

static double largest(bool sign, const vprec_format *format)
{
    return vprec_from_bits(vprec_bits(format->max) | (uint64_t)sign << 63);
}

double vprec_exact_nan(uint64_t bits, const vprec_format *format)
{
    if (format->flags & VPREC_NONAN)
        return largest(vprec_bits_sign(bits), format);
    return vprec_from_bits(bits | VPREC_QUIET);
}

double vprec_exact_inf(bool sign, const vprec_format *format)
{
    if (!(format->flags & VPREC_NOINF))
        return vprec_from_bits((uint64_t)sign << 63 | VPREC_INF);
    if (format->flags & (VPREC_SAT | VPREC_NONAN))
        return largest(sign, format);
    return vprec_exact_nan((uint64_t)sign << 63 | VPREC_INF, format);
}

static double overflow(bool sign, const vprec_format *format, vprec_mode mode)
{
    bool inward = mode == VPREC_RTZ || mode == VPREC_RTO || mode == (sign ? VPREC_RU : VPREC_RD);
    if (inward || (format->flags & VPREC_SAT))
        return largest(sign, format);
    return vprec_exact_inf(sign, format);
}

/*      63            drop            0
 *  sig  1xxxxxxxxxxxxx|ryyyyyyyyyyyys     s sticky, r the half
 *       kept           rest               kept * 2^unit is a value of the format
 */
double vprec_exact_round(bool sign, int32_t exp, vprec_u128 wide, const vprec_format *format, vprec_mode mode)
{
    uint64_t sig = wide >> 64, low = wide;
    int32_t top; /* floor(log2(value)) */
    if (sig) {
        int shift = __builtin_clzll(sig);
        top = exp + 127 - shift;
        wide <<= shift;
        sig = wide >> 64;
        low = wide;
        sig |= low != 0; /* below any bit that counts: at least 11 bits are dropped */
    } else {
        int shift = __builtin_clzll(low);
        top = exp + 63 - shift;
        sig = low << shift;
    }

    bool tiny = top < format->emin;
    int32_t unit = (tiny && !(format->flags & VPREC_NOSUB) ? format->emin : top) - format->fbits;
    int32_t drop = unit + 63 - top;
    if (drop > 63) { /* less than one unit */
        sig = drop > 64 ? 1 : sig >> 1 | (sig & 1);
        drop = 63;
    }
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t kept = sig >> drop, rest = sig & (2 * half - 1);
    switch (mode) {
    case VPREC_RNE: kept += rest > half || (rest == half && (kept & 1)); break;
    case VPREC_RNA: kept += rest >= half; break;
    case VPREC_RTZ: break;
    case VPREC_RU: kept += rest && !sign; break;
    case VPREC_RD: kept += rest && sign; break;
    case VPREC_RTO: kept |= rest != 0; break;
    default: return vprec_from_bits(VPREC_NAN_BITS); /* loud, not silently unrounded */
    }
    if (!kept)
        return vprec_exact_zero(sign, format);

    top = 63 - __builtin_clzll(kept) + unit;
    if (tiny && top < format->emin && (format->flags & VPREC_NOSUB))
        return vprec_exact_zero(sign, format);
    if (top > format->emax)
        return overflow(sign, format, mode);
    uint64_t bits = vprec_pack(kept, unit);
    if (bits > vprec_bits(format->max)) /* a format whose all-ones fraction is not a number */
        return overflow(sign, format, mode);
    if (sign)
        bits |= VPREC_SIGN;
    return vprec_from_bits(bits);
}

double vprec_round(double x, const vprec_format *format, vprec_mode mode)
{
    uint64_t bits = vprec_bits(x);
    bool sign = vprec_bits_sign(bits);
    if (vprec_bits_nan(bits))
        return vprec_exact_nan(bits, format);
    if (vprec_bits_inf(bits))
        return vprec_exact_inf(sign, format);
    if (vprec_bits_zero(bits))
        return vprec_exact_zero(sign, format);
    vprec_parts parts = vprec_unpack(bits);
    return vprec_exact_round(sign, parts.exp - 63, parts.sig, format, mode);
}

double vprec_from_u64(uint64_t x, const vprec_format *format, vprec_mode mode)
{
    return x ? vprec_exact_round(false, 0, x, format, mode) : vprec_exact_zero(false, format);
}

double vprec_from_i64(int64_t x, const vprec_format *format, vprec_mode mode)
{
    uint64_t magnitude = x < 0 ? -(uint64_t)x : (uint64_t)x;
    return x ? vprec_exact_round(x < 0, 0, magnitude, format, mode) : vprec_exact_zero(false, format);
}
