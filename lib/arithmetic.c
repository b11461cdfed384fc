/* SPDX-License-Identifier: Apache-2.0
 * arithmetic.c: owns the exact values of sums, products, quotients, roots and
 * fused products, as integers with a sticky bit. Rounds nothing: round.c does. */
#include "exact.h"

static double invalid(const vprec_format *format) { return vprec_exact_nan(VPREC_NAN_BITS, format); }

/* The first NaN among the operands wins, as in SSE. */
static double first_nan(uint64_t a, uint64_t b, const vprec_format *format)
{
    return vprec_exact_nan(vprec_bits_nan(a) ? a : b, format);
}

/* A summand: sig * 2^(exp-126), bit 126 of sig set. The spare bit 127 takes the carry. */
typedef struct term {
    vprec_u128 sig;
    int32_t exp;
    bool sign;
} term;

static term term_of(uint64_t bits)
{
    vprec_parts parts = vprec_unpack(bits);
    return (term){(vprec_u128)parts.sig << 63, parts.exp, vprec_bits_sign(bits)};
}

/* Bits are lost (to the sticky bit) only where the exponents are more than 20
 * apart: a product has 106 significant bits, an operand 53. Then the leading
 * bit cannot fall by more than one, and the sticky bit stays far below. */
static double add_terms(term a, term b, const vprec_format *format, vprec_mode mode)
{
    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        term t = a;
        a = b;
        b = t;
    }
    int32_t shift = a.exp - b.exp;
    if (shift > 126) {
        b.sig = 1;
    } else if (shift) {
        bool lost = b.sig << (128 - shift) != 0;
        b.sig = b.sig >> shift | lost;
    }
    vprec_u128 sum = a.sign == b.sign ? a.sig + b.sig : a.sig - b.sig;
    if (!sum)
        return vprec_exact_zero(mode == VPREC_RD, format);
    return vprec_exact_round(a.sign, a.exp - 126, sum, format, mode);
}

/* The sum of two zeros. */
static double add_zeros(bool a, bool b, const vprec_format *format, vprec_mode mode)
{
    return vprec_exact_zero(a == b ? a : mode == VPREC_RD, format);
}

static double add_bits(uint64_t a, uint64_t b, const vprec_format *format, vprec_mode mode)
{
    bool sa = vprec_bits_sign(a), sb = vprec_bits_sign(b);
    if (vprec_bits_inf(a))
        return vprec_bits_inf(b) && sa != sb ? invalid(format) : vprec_exact_inf(sa, format);
    if (vprec_bits_inf(b))
        return vprec_exact_inf(sb, format);
    if (vprec_bits_zero(a) && vprec_bits_zero(b))
        return add_zeros(sa, sb, format, mode);
    if (vprec_bits_zero(b))
        return vprec_round(vprec_from_bits(a), format, mode);
    if (vprec_bits_zero(a))
        return vprec_round(vprec_from_bits(b), format, mode);
    return add_terms(term_of(a), term_of(b), format, mode);
}

double vprec_add(double x, double y, const vprec_format *format, vprec_mode mode)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, format);
    return add_bits(a, b, format, mode);
}

double vprec_sub(double x, double y, const vprec_format *format, vprec_mode mode)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, format);
    return add_bits(a, b ^ VPREC_SIGN, format, mode);
}

double vprec_mul(double x, double y, const vprec_format *format, vprec_mode mode)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, format);
    bool sign = vprec_bits_sign(a ^ b);
    bool zero = vprec_bits_zero(a) || vprec_bits_zero(b);
    if (vprec_bits_inf(a) || vprec_bits_inf(b))
        return zero ? invalid(format) : vprec_exact_inf(sign, format);
    if (zero)
        return vprec_exact_zero(sign, format);
    vprec_parts p = vprec_unpack(a), q = vprec_unpack(b);
    return vprec_exact_round(sign, p.exp + q.exp - 126, (vprec_u128)p.sig * q.sig, format, mode);
}

double vprec_div(double x, double y, const vprec_format *format, vprec_mode mode)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, format);
    bool sign = vprec_bits_sign(a ^ b);
    if (vprec_bits_inf(a) || vprec_bits_zero(b)) {
        bool undefined = vprec_bits_inf(a) ? vprec_bits_inf(b) : vprec_bits_zero(a);
        return undefined ? invalid(format) : vprec_exact_inf(sign, format);
    }
    if (vprec_bits_inf(b) || vprec_bits_zero(a))
        return vprec_exact_zero(sign, format);
    vprec_parts p = vprec_unpack(a), q = vprec_unpack(b);
    vprec_u128 dividend = (vprec_u128)p.sig << 63;
    uint64_t quotient = dividend / q.sig; /* 2^62 < quotient < 2^64 */
    bool inexact = (vprec_u128)quotient * q.sig != dividend;
    return vprec_exact_round(sign, p.exp - q.exp - 64, (vprec_u128)quotient << 1 | inexact, format, mode);
}

/* floor(sqrt(n)) for 2^124 <= n < 2^126. Each step doubles the bits of a root
 * that is off by less than one, and keeps it so (M. Dickinson's integer square
 * root, as in CPython's math.isqrt); the last one is then mended. */
static uint64_t root(vprec_u128 n)
{
    uint64_t head = n >> 62;
    uint64_t r = 1 + (head >> 62);
    r = (r << 1) + (head >> 59) / r;
    r = (r << 3) + (head >> 53) / r;
    r = (r << 7) + (head >> 41) / r;
    r = (r << 15) + (head >> 17) / r;
    r = (r << 30) + (uint64_t)((n >> 32) / r);
    return r - ((vprec_u128)r * r > n);
}

double vprec_sqrt(double x, const vprec_format *format, vprec_mode mode)
{
    uint64_t a = vprec_bits(x);
    if (vprec_bits_nan(a))
        return vprec_exact_nan(a, format);
    if (vprec_bits_zero(a))
        return vprec_exact_zero(vprec_bits_sign(a), format);
    if (vprec_bits_sign(a))
        return invalid(format);
    if (vprec_bits_inf(a))
        return vprec_exact_inf(false, format);
    vprec_parts p = vprec_unpack(a);
    int odd = p.exp & 1;
    vprec_u128 n = (vprec_u128)p.sig << (61 + odd); /* x = n * 2^(exp - odd - 124) */
    uint64_t r = root(n);
    bool inexact = (vprec_u128)r * r != n;
    return vprec_exact_round(false, (p.exp - odd) / 2 - 63, (vprec_u128)r << 1 | inexact, format, mode);
}

double vprec_fma(double x, double y, double z, const vprec_format *format, vprec_mode mode)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y), c = vprec_bits(z);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, format);
    if (vprec_bits_nan(c))
        return vprec_exact_nan(c, format);
    bool sign = vprec_bits_sign(a ^ b), sc = vprec_bits_sign(c);
    bool zero = vprec_bits_zero(a) || vprec_bits_zero(b);
    if (vprec_bits_inf(a) || vprec_bits_inf(b)) {
        bool undefined = zero || (vprec_bits_inf(c) && sc != sign);
        return undefined ? invalid(format) : vprec_exact_inf(sign, format);
    }
    if (vprec_bits_inf(c))
        return vprec_exact_inf(sc, format);
    if (zero && vprec_bits_zero(c))
        return add_zeros(sign, sc, format, mode);
    if (zero)
        return vprec_round(z, format, mode);
    if (vprec_bits_zero(c))
        return vprec_mul(x, y, format, mode);

    vprec_parts p = vprec_unpack(a), q = vprec_unpack(b);
    term product = {(vprec_u128)p.sig * q.sig, p.exp + q.exp, sign};
    if (product.sig >> 127) { /* the low 22 bits are zero: nothing is lost */
        product.sig >>= 1;
        product.exp++;
    }
    return add_terms(product, term_of(c), format, mode);
}
