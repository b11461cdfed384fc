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

VPREC_INLINE double add_terms(vprec_term a, vprec_term b, const vprec_rule *to)
{
    a = vprec_term_sum(a, b);
    if (!a.sig)
        return vprec_exact_zero(to->mode == VPREC_RD, to->format);
    return vprec_exact_round(a.sign, a.exp - 126, a.sig, to);
}

vprec_term vprec_term_normal(vprec_term x)
{
    if (!x.sig)
        return x;
    int shift = x.sig >> 64 ? __builtin_clzll((uint64_t)(x.sig >> 64)) : 64 + __builtin_clzll((uint64_t)x.sig);
    if (shift)
        x.sig <<= shift - 1;
    else
        x.sig = x.sig >> 1 | (x.sig & 1);
    x.exp -= shift - 1;
    return x;
}

vprec_term vprec_term_add(vprec_term a, vprec_term b)
{
    return a.sig && b.sig ? vprec_term_normal(vprec_term_sum(a, b)) : a.sig ? a : b;
}

VPREC_INLINE bool perturbs_operands(const vprec_rule *to)
{
    return to->noise && (to->noise->what & VPREC_NOISE_OPERANDS);
}

/* Operand number i (from 1) of the operation, perturbed where the noise says so. */
VPREC_INLINE vprec_term operand(uint64_t bits, int i, const vprec_rule *to)
{
    vprec_term x = vprec_term_of(bits);
    return perturbs_operands(to) ? vprec_term_perturb(x, to->noise, to->words[i]) : x;
}

/* Its relative noise alone, where absolute noise is added last: operands may cancel, and the noise, far below their last
 * bits, is what remains. */
VPREC_INLINE vprec_term operand_relative(uint64_t bits, int i, const vprec_rule *to)
{
    vprec_term x = vprec_term_of(bits);
    return perturbs_operands(to) ? vprec_term_relative(x, to->noise, to->words[i]) : x;
}

static vprec_term operand_absolute(int i, const vprec_rule *to)
{
    return perturbs_operands(to) ? vprec_term_absolute(to->noise, to->words[i]) : (vprec_term){0};
}

/* A sum with noise: `a` and `b` cancel before the little that absolute noise adds meets them. */
static double add_noisy(vprec_term a, vprec_term b, vprec_term noise, const vprec_rule *to)
{
    vprec_term sum = vprec_term_add(vprec_term_add(a, b), noise);
    return sum.sig ? vprec_exact_round(sum.sign, sum.exp - 126, sum.sig, to) : vprec_exact_zero(false, to->format);
}

/* Rounded to 64 bits. */
static vprec_parts leading_bits(vprec_term x)
{
    uint64_t sig = x.sig >> 63;
    sig += (x.sig >> 62 & 1) && sig != UINT64_MAX;
    return (vprec_parts){sig, x.exp};
}

/* The same as a divisor, dividend or radicand: to 64 bits. Absolute noise may turn its sign, and with it `*sign`. */
VPREC_INLINE vprec_parts factor(uint64_t bits, int i, bool *sign, const vprec_rule *to)
{
    if (!to->noise)
        return vprec_unpack(bits);
    vprec_term x = operand(bits, i, to);
    if (!x.sig) /* absolute noise that cancels it, once in 2^64: the least number will do */
        return (vprec_parts){VPREC_SIGN, -1074};
    *sign ^= x.sign != vprec_bits_sign(bits);
    return leading_bits(x);
}

/* Operand number i, finite and not zero, times 2^n. */
VPREC_INLINE double scaled(uint64_t bits, int i, int32_t n, const vprec_rule *to)
{
    vprec_term t = operand(bits, i, to);
    return t.sig ? vprec_exact_round(t.sign, t.exp + n - 126, t.sig, to) : vprec_exact_zero(false, to->format);
}

/* A sum with a zero: the other summand. */
VPREC_INLINE double round_to(double x, int i, const vprec_rule *to)
{
    if (to->noise)
        return scaled(vprec_bits(x), i, 0, to);
    if (to->events)
        return vprec_round_watched(x, to);
    return to->bits ? vprec_round_sr(x, to->format, to->bits, to->random) : vprec_round(x, to->format, to->mode);
}

/* The sum of two zeros. */
static double add_zeros(bool a, bool b, const vprec_rule *to)
{
    return vprec_exact_zero(a == b ? a : to->mode == VPREC_RD, to->format);
}

VPREC_INLINE double add_bits(uint64_t a, uint64_t b, const vprec_rule *to)
{
    bool sa = vprec_bits_sign(a), sb = vprec_bits_sign(b);
    if (vprec_bits_inf(a))
        return vprec_bits_inf(b) && sa != sb ? invalid(to->format) : vprec_exact_inf(sa, to->format);
    if (vprec_bits_inf(b))
        return vprec_exact_inf(sb, to->format);
    if (vprec_bits_zero(a) && vprec_bits_zero(b))
        return add_zeros(sa, sb, to);
    if (vprec_bits_zero(b))
        return round_to(vprec_from_bits(a), 1, to);
    if (vprec_bits_zero(a))
        return round_to(vprec_from_bits(b), 2, to);
    if (to->noise)
        return add_noisy(operand_relative(a, 1, to), operand_relative(b, 2, to),
                         vprec_term_add(operand_absolute(1, to), operand_absolute(2, to)), to);
    return add_terms(vprec_term_of(a), vprec_term_of(b), to);
}

VPREC_INLINE double add_to(double x, double y, const vprec_rule *to)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, to->format);
    return add_bits(a, b, to);
}

VPREC_INLINE double sub_to(double x, double y, const vprec_rule *to)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, to->format);
    return add_bits(a, b ^ VPREC_SIGN, to);
}

/* The product of both numbers, cut to 64 bits each. */
static vprec_term multiply(vprec_term a, vprec_term b)
{
    vprec_parts p = leading_bits(a), q = leading_bits(b);
    return vprec_term_normal((vprec_term){(vprec_u128)p.sig * q.sig, p.exp + q.exp, a.sign != b.sign});
}

/* The product of operands with noise, and in *more what absolute noise of both adds to it. */
static vprec_term multiply_noisy(uint64_t a, uint64_t b, vprec_term *more, const vprec_rule *to)
{
    vprec_term x = operand_relative(a, 1, to), y = operand_relative(b, 2, to);
    vprec_term dx = operand_absolute(1, to), dy = operand_absolute(2, to);
    *more = vprec_term_add(vprec_term_add(multiply(x, dy), multiply(dx, y)), multiply(dx, dy));
    return multiply(x, y);
}

VPREC_INLINE double mul_to(double x, double y, const vprec_rule *to)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, to->format);
    bool sign = vprec_bits_sign(a ^ b);
    bool zero = vprec_bits_zero(a) || vprec_bits_zero(b);
    if (vprec_bits_inf(a) || vprec_bits_inf(b))
        return zero ? invalid(to->format) : vprec_exact_inf(sign, to->format);
    if (zero)
        return vprec_exact_zero(sign, to->format);
    if (to->noise) {
        vprec_term more, product = multiply_noisy(a, b, &more, to);
        return add_noisy(product, more, (vprec_term){0}, to);
    }
    vprec_parts p = vprec_unpack(a), q = vprec_unpack(b);
    return vprec_exact_round(sign, p.exp + q.exp - 126, (vprec_u128)p.sig * q.sig, to);
}

VPREC_INLINE double div_to(double x, double y, const vprec_rule *to)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, to->format);
    bool sign = vprec_bits_sign(a ^ b);
    if (vprec_bits_inf(a) || vprec_bits_zero(b)) {
        bool undefined = vprec_bits_inf(a) ? vprec_bits_inf(b) : vprec_bits_zero(a);
        return undefined ? invalid(to->format) : vprec_exact_inf(sign, to->format);
    }
    if (vprec_bits_inf(b) || vprec_bits_zero(a))
        return vprec_exact_zero(sign, to->format);
    vprec_parts p = factor(a, 1, &sign, to), q = factor(b, 2, &sign, to);
    vprec_u128 dividend = (vprec_u128)p.sig << 63;
    uint64_t quotient = dividend / q.sig; /* 2^62 < quotient < 2^64 */
    uint64_t rest = (uint64_t)dividend - quotient * q.sig; /* below q.sig, hence modulo 2^64 */
    if (!to->bits && !to->noise)
        return vprec_exact_round(sign, p.exp - q.exp - 64, (vprec_u128)quotient << 1 | (rest != 0), to);
    dividend = (vprec_u128)rest << 64; /* 64 bits more */
    uint64_t more = dividend / q.sig;
    bool inexact = (vprec_u128)more * q.sig != dividend;
    return vprec_exact_round(sign, p.exp - q.exp - 127, (vprec_u128)quotient << 64 | more | inexact, to);
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

/* floor(sqrt(n * 2^126)) for r = root(n), rest = n - r*r <= 2r: the next 63 bits by
 * a division, at most one too large since r >= 2^62 (P. Zimmermann, Karatsuba Square
 * Root, 1999; 64 bits would need r >= 2^63). */
static vprec_u128 root_more(uint64_t r, uint64_t rest)
{
    vprec_u128 dividend = (vprec_u128)rest << 63;
    uint64_t twice = 2 * r, q = dividend / twice, left = dividend % twice; /* q <= 2^63 */
    bool above = (vprec_u128)left << 63 < (vprec_u128)q * q;
    return ((vprec_u128)r << 63) + q - above;
}

VPREC_INLINE double sqrt_to(double x, const vprec_rule *to)
{
    uint64_t a = vprec_bits(x);
    if (vprec_bits_nan(a))
        return vprec_exact_nan(a, to->format);
    if (vprec_bits_zero(a))
        return vprec_exact_zero(vprec_bits_sign(a), to->format);
    if (vprec_bits_sign(a))
        return invalid(to->format);
    if (vprec_bits_inf(a))
        return vprec_exact_inf(false, to->format);
    bool sign = false;
    vprec_parts p = factor(a, 1, &sign, to);
    if (sign)
        return invalid(to->format);
    int odd = p.exp & 1;
    vprec_u128 n = (vprec_u128)p.sig << (61 + odd); /* x = n * 2^(exp - odd - 124) */
    uint64_t r = root(n), rest = (uint64_t)n - r * r; /* at most 2r < 2^64 */
    if (!to->bits && !to->noise)
        return vprec_exact_round(false, (p.exp - odd) / 2 - 63, (vprec_u128)r << 1 | (rest != 0), to);
    return vprec_exact_round(false, (p.exp - odd) / 2 - 125, root_more(r, rest) | (rest != 0), to);
}

VPREC_INLINE double fma_to(double x, double y, double z, const vprec_rule *to)
{
    uint64_t a = vprec_bits(x), b = vprec_bits(y), c = vprec_bits(z);
    if (vprec_bits_nan(a) || vprec_bits_nan(b))
        return first_nan(a, b, to->format);
    if (vprec_bits_nan(c))
        return vprec_exact_nan(c, to->format);
    bool sign = vprec_bits_sign(a ^ b), sc = vprec_bits_sign(c);
    bool zero = vprec_bits_zero(a) || vprec_bits_zero(b);
    if (vprec_bits_inf(a) || vprec_bits_inf(b)) {
        bool undefined = zero || (vprec_bits_inf(c) && sc != sign);
        return undefined ? invalid(to->format) : vprec_exact_inf(sign, to->format);
    }
    if (vprec_bits_inf(c))
        return vprec_exact_inf(sc, to->format);
    if (zero && vprec_bits_zero(c))
        return add_zeros(sign, sc, to);
    if (zero)
        return round_to(z, 3, to);
    if (vprec_bits_zero(c))
        return mul_to(x, y, to);

    if (to->noise) {
        vprec_term more, product = multiply_noisy(a, b, &more, to);
        return add_noisy(product, operand_relative(c, 3, to), vprec_term_add(more, operand_absolute(3, to)), to);
    }
    vprec_parts p = vprec_unpack(a), q = vprec_unpack(b);
    vprec_term product = {(vprec_u128)p.sig * q.sig, p.exp + q.exp, sign};
    if (product.sig >> 127) { /* the low 22 bits are zero: nothing is lost */
        product.sig >>= 1;
        product.exp++;
    }
    return add_terms(product, vprec_term_of(c), to);
}

VPREC_INLINE double scale_to(double x, int n, const vprec_rule *to)
{
    uint64_t a = vprec_bits(x);
    if (vprec_bits_nan(a))
        return vprec_exact_nan(a, to->format);
    if (vprec_bits_inf(a))
        return vprec_exact_inf(vprec_bits_sign(a), to->format);
    if (vprec_bits_zero(a))
        return vprec_exact_zero(vprec_bits_sign(a), to->format);
    enum { FAR = 5000 }; /* from any double, and any noise, beyond any format */
    return scaled(a, 1, n > FAR ? FAR : n < -FAR ? -FAR : n, to);
}

VPREC_PUBLISH(add, add_to(x, y, to), double x, double y)
VPREC_PUBLISH(sub, sub_to(x, y, to), double x, double y)
VPREC_PUBLISH(mul, mul_to(x, y, to), double x, double y)
VPREC_PUBLISH(div, div_to(x, y, to), double x, double y)
VPREC_PUBLISH(sqrt, sqrt_to(x, to), double x)
VPREC_PUBLISH(fma, fma_to(x, y, z, to), double x, double y, double z)
VPREC_PUBLISH(scale, scale_to(x, n, to), double x, int n)
