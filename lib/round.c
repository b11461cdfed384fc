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

/* n / 2^shift to nearest even, shift > 0 */
static vprec_u128 quotient_even(vprec_u128 n, int32_t shift)
{
    if (shift > 128)
        return 0;
    vprec_u128 half = (vprec_u128)1 << (shift - 1), rest = n & (2 * half - 1);
    vprec_u128 q = shift < 128 ? n >> shift : 0;
    return q + (rest + (uint64_t)(q & 1) > half);
}

/* Whether stochastic rounding takes the larger neighbour of a value whose
 * fraction of a unit is the lowest `drop` bits of `wide`, or all of it and zeros above. */
static bool chance(vprec_u128 wide, int32_t drop, const vprec_rule *to)
{
    vprec_u128 rest = drop < 128 ? wide & (((vprec_u128)1 << drop) - 1) : wide;
    return to->random >> (64 - to->bits) < quotient_even(rest, drop - (int32_t)to->bits);
}

/*      63            drop            0
 *  sig  1xxxxxxxxxxxxx|ryyyyyyyyyyyys     s sticky, r the half
 *       kept           rest               kept * 2^unit is a value of the format
 */
VPREC_INLINE double round_exact(bool sign, int32_t exp, vprec_u128 wide, const vprec_rule *to)
{
    const vprec_format *format = to->format;
    const vprec_mode mode = to->mode;
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
        wide = (vprec_u128)sig << 64;
    }

    bool tiny = top < format->emin;
    int32_t unit = (tiny && !(format->flags & VPREC_NOSUB) ? format->emin : top) - format->fbits;
    int32_t drop = unit + 63 - top, dropped = drop;
    if (drop > 63) { /* less than one unit */
        sig = drop > 64 ? 1 : sig >> 1 | (sig & 1);
        drop = 63;
    }
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t kept = sig >> drop, rest = sig & (2 * half - 1);
    switch (mode) {
    case VPREC_RNE: kept += rest + (kept & 1) > half; break;
    case VPREC_RNA: kept += rest >= half; break;
    case VPREC_RTZ: break;
    case VPREC_RU: kept += rest && !sign; break;
    case VPREC_RD: kept += rest && sign; break;
    case VPREC_RTO: kept |= rest != 0; break;
    default: kept += chance(wide, dropped + 64, to); /* VPREC_SR: its own bits, without the sticky shortcut */
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

double vprec_exact_round_mode(bool sign, int32_t exp, vprec_u128 sig, const vprec_format *format, vprec_mode mode)
{
    return round_exact(sign, exp, sig, &(vprec_rule){format, mode, 0, 0, NULL, NULL, NULL});
}

double vprec_exact_round_random(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to)
{
    return round_exact(sign, exp, sig, &(vprec_rule){to->format, VPREC_SR, to->bits, to->random, NULL, NULL, NULL});
}

/* Whether rounding with unbounded exponent passes the largest finite: rounded where the format's last binade is
 * [1, 2), and as wide a range as a double has is as good as unbounded. */
static bool passes_largest(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to)
{
    vprec_format unbounded = {.fbits = to->format->fbits, .emin = -1022, .emax = 1023, .max = 0x1.fffffffffffffp1023};
    vprec_rule rule = {&unbounded, to->mode, to->bits, to->random, NULL, NULL, NULL};
    vprec_parts most = vprec_unpack(vprec_bits(to->format->max));
    uint64_t bits = vprec_bits(round_exact(sign, exp - most.exp, sig, &rule)) & ~VPREC_SIGN;
    return bits > vprec_pack(most.sig, -63);
}

void vprec_exact_watch(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to, double result)
{
    const vprec_format *format = to->format;
    uint64_t high = sig >> 64, bits = vprec_bits(result) & ~VPREC_SIGN;
    int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)sig);
    int32_t top = exp + 127 - shift;
    if (top > format->emax || (top == format->emax && passes_largest(sign, exp, sig, to)))
        *to->events |= VPREC_EVENT_OVERFLOW;
    if (top >= format->emin)
        return;
    if (!bits) {
        *to->events |= VPREC_EVENT_UNDERFLOW | VPREC_EVENT_ZERO;
        return;
    }
    vprec_parts parts = vprec_unpack(bits);
    if (parts.exp != top || (vprec_u128)parts.sig << 64 != sig << shift)
        *to->events |= VPREC_EVENT_UNDERFLOW;
}

/* vprec_exact_round without noise, inside of this file. */
VPREC_INLINE double round_watched(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to)
{
    double result = round_exact(sign, exp, sig, to);
    if (to->events)
        vprec_exact_watch(sign, exp, sig, to, result);
    return result;
}

VPREC_INLINE double round_to(double x, const vprec_rule *to)
{
    uint64_t bits = vprec_bits(x);
    bool sign = vprec_bits_sign(bits);
    if (vprec_bits_nan(bits))
        return vprec_exact_nan(bits, to->format);
    if (vprec_bits_inf(bits))
        return vprec_exact_inf(sign, to->format);
    if (vprec_bits_zero(bits))
        return vprec_exact_zero(sign, to->format);
    vprec_parts parts = vprec_unpack(bits);
    if (to->noise)
        return vprec_exact_convert_noisy(sign, parts.exp - 63, parts.sig, to);
    return round_watched(sign, parts.exp - 63, parts.sig, to);
}

VPREC_INLINE double integer_to(uint64_t negative, uint64_t x, const vprec_rule *to)
{
    uint64_t magnitude = (x ^ -negative) + negative;
    if (to->noise && x)
        return vprec_exact_round_noisy(negative, 0, magnitude, to); /* an integer is no inexact operand */
    return x ? round_watched(negative, 0, magnitude, to) : vprec_exact_zero(false, to->format);
}

VPREC_PUBLISH(round, round_to(x, to), double x)
VPREC_PUBLISH(from_u64, integer_to(0, x, to), uint64_t x)
VPREC_PUBLISH(from_i64, integer_to(x < 0, (uint64_t)x, to), int64_t x)
