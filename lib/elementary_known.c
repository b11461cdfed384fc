/* SPDX-License-Identifier: Apache-2.0
 * elementary_known.c: owns what is known of elementary functions without evaluating
 * them: special operands, exact results, bounds. Evaluates and rounds nothing.
 *
 * Why the exact results are all here: at algebraic operands other than those
 * below, exp, log, the circular and hyperbolic functions and their inverses are
 * transcendental (Hermite, Lindemann), exp2, exp10, log2, log10 and pow
 * transcendental or irrational (Gelfond, Schneider). For erf, gelu and the gamma functions
 * no such theorem is known; Ziv's test would then find them unproven, not wrong. */
#include "elementary.h"
#include <math.h>

#define REGULAR ((vprec_known){.what = VPREC_REGULAR})
#define INVALID ((vprec_known){.what = VPREC_INVALID})

static vprec_known zero(bool sign) { return (vprec_known){.what = VPREC_ZERO, .sign = sign}; }
static vprec_known infinite(bool sign) { return (vprec_known){.what = VPREC_INFINITE, .sign = sign}; }

static vprec_known dyadic(bool sign, vprec_u128 sig, int32_t exp)
{
    return (vprec_known){VPREC_FINITE, sign, exp, sig};
}

static vprec_known integer(int32_t n)
{
    return n ? dyadic(n < 0, n < 0 ? -n : n, 0) : zero(false);
}

static vprec_known value_of(double x)
{
    vprec_parts p = vprec_unpack(vprec_bits(x));
    return dyadic(x < 0, p.sig, p.exp - 63);
}

/* |x| = sig * 2^exp, sig odd. */
typedef struct odd {
    uint64_t sig;
    int32_t exp;
} odd;

static odd odd_of(double x)
{
    vprec_parts p = vprec_unpack(vprec_bits(x));
    int zeros = __builtin_ctzll(p.sig);
    return (odd){p.sig >> zeros, p.exp - 63 + zeros};
}

static bool is_integer(double x) { return odd_of(x).exp >= 0; }
static bool is_odd(double x) { return odd_of(x).exp == 0; }

/* The operands 0, +inf and -inf of one operand's functions, a letter each: 0 s S o:
 * +0, zero with the operand's sign, infinity with its sign, -0; 1 2 - h: the numbers 1, 2, -1, 1/2; i m: +-inf;
 * n: invalid; a dot: regular. */
static const char specials[VPREC_FUNCTIONS_COUNT][4] = {
    [VPREC_FN_exp] = "1i0",   [VPREC_FN_exp2] = "1i0",    [VPREC_FN_exp10] = "1i0",  [VPREC_FN_expm1] = "si-",
    [VPREC_FN_log] = "min",   [VPREC_FN_log2] = "min",    [VPREC_FN_log10] = "min",  [VPREC_FN_log1p] = "sin",
    [VPREC_FN_sin] = "snn",   [VPREC_FN_cos] = "1nn",     [VPREC_FN_tan] = "snn",    [VPREC_FN_asin] = "snn",
    [VPREC_FN_acos] = ".nn",  [VPREC_FN_atan] = "s..",    [VPREC_FN_sinh] = "sSS",   [VPREC_FN_cosh] = "1ii",
    [VPREC_FN_tanh] = "s1-",  [VPREC_FN_asinh] = "sSS",   [VPREC_FN_acosh] = "nin",  [VPREC_FN_atanh] = "snn",
    [VPREC_FN_erf] = "s1-",   [VPREC_FN_erfc] = "102",    [VPREC_FN_tgamma] = "Sin", [VPREC_FN_lgamma] = "iii",
    [VPREC_FN_cbrt] = "sSS",  [VPREC_FN_rsqrt] = "S0n",   [VPREC_FN_sigmoid] = "h10", [VPREC_FN_silu] = "sio",
    [VPREC_FN_softplus] = ".i0", [VPREC_FN_gelu] = "sio",
};

static vprec_known special(char letter, bool sign)
{
    switch (letter) {
    case '0': return zero(false);
    case 's': return zero(sign);
    case 'o': return zero(true);
    case '1': return integer(1);
    case '2': return integer(2);
    case '-': return integer(-1);
    case 'h': return dyadic(false, 1, -1);
    case 'i': return infinite(false);
    case 'm': return infinite(true);
    case 'S': return infinite(sign);
    case 'n': return INVALID;
    default: return REGULAR;
    }
}

/* base^n, n > 0, if its odd part fits 128 bits: a value of a format, or the middle of
 * two, or where stochastic rounding changes, has 118 at most. `sign` is of the result. */
static vprec_known power(odd base, int32_t n, bool sign)
{
    vprec_u128 sig = 1;
    if (base.sig > 1) {
        if (n > 80) /* 3^81 > 2^128 */
            return REGULAR;
        for (int32_t i = 0; i < n; i++) {
            if (__builtin_mul_overflow(sig, base.sig, &sig))
                return REGULAR;
        }
    }
    return dyadic(sign, sig, base.exp * n);
}

/* 2^n for an integer n; far beyond every format one exponent is as good as another. */
static vprec_known power_of_two(double n, bool sign)
{
    return dyadic(sign, 1, n > 100000 ? 100000 : n < -100000 ? -100000 : (int32_t)n);
}

static vprec_known factorial(int32_t n)
{
    vprec_u128 sig = 1;
    int32_t exp = 0;
    for (int32_t i = 2; i <= n; i++) {
        int zeros = __builtin_ctz(i);
        exp += zeros;
        if (__builtin_mul_overflow(sig, (vprec_u128)(i >> zeros), &sig))
            return REGULAR;
    }
    return dyadic(false, sig, exp);
}

static vprec_known cube_root(double x)
{
    odd a = odd_of(x);
    int32_t exp = a.exp - (a.exp % 3 + 3) % 3;
    vprec_u128 cube = (vprec_u128)a.sig << (a.exp - exp);
    uint64_t root = (uint64_t)lrint(cbrt((double)cube)); /* at most 2^18.4 */
    return (vprec_u128)root * root * root == cube ? dyadic(x < 0, root, exp / 3) : REGULAR;
}

static vprec_known log_of_ten(double x)
{
    vprec_u128 power = 1;
    for (int n = 1; n <= 22; n++) { /* 10^23 is no double */
        power *= 10;
        if (x == (double)power)
            return integer(n);
    }
    return REGULAR;
}

/* One operand, finite and not zero. */
static vprec_known known_unary(vprec_function function, double x)
{
    double magnitude = fabs(x);
    switch (function) {
    case VPREC_FN_exp2: return is_integer(x) ? power_of_two(x, false) : REGULAR;
    case VPREC_FN_exp10: return x > 0 && x < 100 && is_integer(x) ? power((odd){5, 1}, (int32_t)x, false) : REGULAR;
    case VPREC_FN_log:
    case VPREC_FN_log2:
    case VPREC_FN_log10:
        if (x < 0)
            return INVALID;
        if (x == 1)
            return zero(false);
        if (function == VPREC_FN_log2 && odd_of(x).sig == 1)
            return integer(odd_of(x).exp);
        return function == VPREC_FN_log10 ? log_of_ten(x) : REGULAR;
    case VPREC_FN_log1p: return x == -1 ? infinite(true) : x < -1 ? INVALID : REGULAR;
    case VPREC_FN_asin: return magnitude > 1 ? INVALID : REGULAR;
    case VPREC_FN_acos: return magnitude > 1 ? INVALID : x == 1 ? zero(false) : REGULAR;
    case VPREC_FN_acosh: return x < 1 ? INVALID : x == 1 ? zero(false) : REGULAR;
    case VPREC_FN_atanh: return magnitude > 1 ? INVALID : magnitude == 1 ? infinite(x < 0) : REGULAR;
    case VPREC_FN_tgamma:
        if (!is_integer(x))
            return REGULAR;
        return x < 0 ? INVALID : x < 100 ? factorial((int32_t)x - 1) : REGULAR;
    case VPREC_FN_lgamma:
        if (x < 0 && is_integer(x))
            return infinite(false);
        return x == 1 || x == 2 ? zero(false) : REGULAR;
    case VPREC_FN_cbrt: return cube_root(x);
    case VPREC_FN_rsqrt: {
        odd a = odd_of(x);
        if (x < 0)
            return INVALID;
        return a.sig == 1 && !(a.exp & 1) ? dyadic(false, 1, -a.exp / 2) : REGULAR;
    }
    default: return REGULAR;
    }
}

/* base^y for base > 0 not 1, y finite not 0. With y = n/2^j in lowest terms the
 * result is dyadic only if base is a square j times over, and positive powers
 * alone keep an odd part other than 1 in the numerator. */
static vprec_known exact_power(odd base, double y, bool sign)
{
    odd n = odd_of(y);
    if (base.sig == 1) { /* 2^(exp * y), exp not 0 */
        bool whole = n.exp + __builtin_ctz(base.exp) >= 0;
        return whole ? power_of_two(base.exp * y, sign) : REGULAR;
    }
    if (y < 0 || n.exp < -6 || y > 80)
        return REGULAR;
    for (; n.exp < 0; n.exp++) {
        uint64_t root = (uint64_t)lrint(sqrt((double)base.sig));
        if (root * root != base.sig || (base.exp & 1))
            return REGULAR;
        base = (odd){root, base.exp / 2};
    }
    return power(base, (int32_t)(n.sig << n.exp), sign);
}

static vprec_known known_pow(double x, double y)
{
    if (y == 0 || x == 1 || (x == -1 && isinf(y)))
        return integer(1);
    if (isnan(x) || isnan(y))
        return (vprec_known){.what = isnan(x) ? VPREC_NAN_X : VPREC_NAN_Y};
    if (isinf(y))
        return (fabs(x) < 1) == (y < 0) ? infinite(false) : zero(false);
    bool sign = signbit(x) && is_odd(y);
    if (x == 0 || isinf(x))
        return (x == 0) == (y < 0) ? infinite(sign) : zero(sign);
    if (x < 0 && !is_integer(y))
        return INVALID;
    return x == -1 ? dyadic(sign, 1, 0) : exact_power(odd_of(x), y, sign);
}

static vprec_known known_atan2(double y, double x)
{
    if (isnan(y) || isnan(x))
        return (vprec_known){.what = isnan(y) ? VPREC_NAN_X : VPREC_NAN_Y};
    bool least = (y == 0 && !signbit(x)) || (isfinite(y) && isinf(x) && x > 0);
    return least ? zero(signbit(y)) : REGULAR;
}

/* An exact root h of 54 bits at most exists only where the exponents are at most
 * 26 apart: with the smaller operand an integer Y < 2^53 and the larger one X of d bits more, h is a multiple of
 * 2^(d-1), so 2^(2d+52) <= (h-X)(h+X) = Y^2 < 2^106. */
static vprec_known known_hypot(double x, double y)
{
    if (isinf(x) || isinf(y))
        return infinite(false);
    if (isnan(x) || isnan(y))
        return (vprec_known){.what = isnan(x) ? VPREC_NAN_X : VPREC_NAN_Y};
    if (x == 0 && y == 0)
        return zero(false);
    if (x == 0 || y == 0)
        return value_of(fabs(x == 0 ? y : x));
    vprec_parts p = vprec_unpack(vprec_bits(x)), q = vprec_unpack(vprec_bits(y));
    if (p.exp < q.exp) {
        vprec_parts t = p;
        p = q;
        q = t;
    }
    int d = p.exp - q.exp;
    if (d > 26)
        return REGULAR;
    vprec_u128 a = (vprec_u128)(p.sig >> 11) << d, b = q.sig >> 11;
    long double root = hypotl((long double)a, (long double)b); /* in [2^52, 2^80) */
    int drop = ilogbl(root) > 53 ? ilogbl(root) - 53 : 0;
    vprec_u128 h = (vprec_u128)llrintl(ldexpl(root, -drop)) << drop;
    return h * h == a * a + b * b ? dyadic(false, h, q.exp - 52) : REGULAR; /* modulo 2^128: they differ by less */
}

vprec_known vprec_libm_known(vprec_function function, double x, double y)
{
    switch (function) {
    case VPREC_FN_pow: return known_pow(x, y);
    case VPREC_FN_atan2: return known_atan2(x, y);
    case VPREC_FN_hypot: return known_hypot(x, y);
    default: break;
    }
    if (isnan(x))
        return (vprec_known){.what = VPREC_NAN_X};
    if (x == 0 || isinf(x))
        return special(specials[function][x == 0 ? 0 : x > 0 ? 1 : 2], signbit(x));
    return known_unary(function, x);
}

/* sig * 2^exp, 0 for none; the value is strictly beyond. */
typedef struct bound {
    uint64_t sig;
    int32_t exp;
} bound;

static const bound none = {0};
static bound times_two_to(double x, int32_t n)
{
    vprec_parts p = vprec_unpack(vprec_bits(x));
    return (bound){p.sig, p.exp - 63 + n};
}
static bound of(double x) { return times_two_to(x, 0); }

/* |y/x| where that is dyadic. */
static bound quotient(double y, double x)
{
    odd n = odd_of(y), d = odd_of(x);
    if (n.sig % d.sig)
        return none;
    uint64_t q = n.sig / d.sig;
    int shift = __builtin_clzll(q);
    return (bound){q << shift, n.exp - d.exp - shift};
}

/* 1/2 + x/4, or x times that, where it has 64 bits at most: next to it lies sigmoid(x), as tanh(x/2) is next to
 * x/2, and silu(x). */
static bound chord(double x, bool silu)
{
    odd a = odd_of(x);
    if (fabs(x) >= 2 || a.exp < -61)
        return none;
    uint64_t half = UINT64_C(2) << -a.exp; /* in units of 2^(exp-2), as |x|/4 is a.sig */
    vprec_u128 sum = x > 0 ? half + a.sig : half - a.sig;
    int32_t exp = a.exp - 2;
    if (silu) {
        sum *= a.sig;
        exp += a.exp;
    }
    for (; !(sum & 1); sum >>= 1)
        exp++;
    if (sum >> 64)
        return none;
    int shift = __builtin_clzll((uint64_t)sum);
    return (bound){(uint64_t)sum << shift, exp - shift};
}

static bound either(bound b, double otherwise) { return b.sig ? b : of(otherwise); }

typedef struct bounds {
    bound above, below; /* the magnitude is above the one, below the other */
} bounds;

static bounds bounds_of(vprec_function function, double x, double y)
{
    double magnitude = fabs(x), least = magnitude < 1 ? magnitude : 1;
    switch (function) {
    case VPREC_FN_exp:
    case VPREC_FN_exp2:
    case VPREC_FN_exp10: return x > 0 ? (bounds){of(1), none} : (bounds){none, of(1)};
    case VPREC_FN_expm1: return x > 0 ? (bounds){of(x), none} : (bounds){none, of(least)};
    case VPREC_FN_log1p: return x > 0 ? (bounds){none, of(x)} : (bounds){of(x), none};
    case VPREC_FN_cos: return (bounds){none, of(1)};
    case VPREC_FN_cosh: return (bounds){of(1), none};
    case VPREC_FN_sin:
    case VPREC_FN_tanh: return (bounds){none, of(least)};
    case VPREC_FN_atan:
    case VPREC_FN_asinh: return isinf(x) ? (bounds){none, none} : (bounds){none, of(x)};
    case VPREC_FN_tan: return magnitude < 1 ? (bounds){of(x), none} : (bounds){none, none};
    case VPREC_FN_asin:
    case VPREC_FN_sinh:
    case VPREC_FN_atanh: return (bounds){of(x), none};
    case VPREC_FN_erf: return (bounds){none, of(1)};
    case VPREC_FN_erfc: return x > 0 ? (bounds){none, of(1)} : (bounds){of(1), of(2)};
    case VPREC_FN_tgamma: /* gamma(1 + x) / x, and gamma(1 + x) falls through 1 at x = 0 */
        if (magnitude < 1)
            return x > 0 ? (bounds){none, quotient(1, x)} : (bounds){quotient(1, x), none};
        return (bounds){none, none};
    case VPREC_FN_sigmoid:
        return x > 0 ? (bounds){of(0.5), either(chord(x, false), 1)} : (bounds){chord(x, false), of(0.5)};
    case VPREC_FN_silu:
        return x > 0 ? (bounds){times_two_to(x, -1), either(chord(x, true), x)}
                     : (bounds){chord(x, true), times_two_to(x, -1)};
    case VPREC_FN_gelu: return x > 0 ? (bounds){times_two_to(x, -1), of(x)} : (bounds){none, times_two_to(x, -1)};
    case VPREC_FN_softplus: return x > 0 ? (bounds){of(x), none} : (bounds){none, none};
    case VPREC_FN_hypot: return (bounds){of(fmax(fabs(x), fabs(y))), none};
    case VPREC_FN_pow: {
        bool up = (fabs(x) > 1) == (y > 0);
        return up ? (bounds){of(1), none} : (bounds){none, of(1)};
    }
    case VPREC_FN_atan2: /* x is the ordinate */
        if (y > 0 && isfinite(x) && isfinite(y) && x != 0)
            return (bounds){none, quotient(x, y)};
        return (bounds){none, none};
    default: return (bounds){none, none};
    }
}

/* The bound in units of the interval, 0 if it is none or not near. */
static vprec_u128 place(bound b, const vprec_interval *value)
{
    int32_t shift = b.exp - value->exp;
    return b.sig && shift > 0 && shift <= 64 ? (vprec_u128)b.sig << shift : 0;
}

void vprec_libm_narrow(vprec_interval *value, vprec_function function, double x, double y)
{
    bounds b = bounds_of(function, x, y);
    vprec_u128 above = place(b.above, value), below = place(b.below, value);
    if (above && value->low <= above)
        value->low = above | 1;
    if (below && value->high >= below)
        value->high = below - 1;
}
