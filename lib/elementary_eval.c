/* SPDX-License-Identifier: Apache-2.0
 * elementary_eval.c: owns the evaluation of elementary functions by libm in three
 * precisions, and the bound on its error. Knows no special operand. */
#include "elementary.h"
#include <float.h>
#include <math.h>

#if LDBL_MANT_DIG == 64
#define HAVE_F80
#endif
#if defined(__GLIBC__) && defined(__SIZEOF_FLOAT128__)
#define HAVE_F128
typedef __float128 quad;
#define Q(name) name##f128
/* glibc has them; <math.h> hides them from compilers without _Float128. */
#define UNARY(name) extern quad Q(name)(quad);
#define BINARY(name) extern quad Q(name)(quad, quad);
extern quad lgammaf128_r(quad, int *), sqrtf128(quad);
#define LGAMMA_Q lgammaf128_r
#elif LDBL_MANT_DIG == 113
#define HAVE_F128
typedef long double quad;
#define Q(name) name##l
#define UNARY(name)
#define BINARY(name)
#define LGAMMA_Q lgammal_r
#endif

/* Those that libm has under their own names. */
#define FROM_LIBM(UNARY, BINARY)                                                                                       \
    UNARY(exp) UNARY(exp2) UNARY(exp10) UNARY(expm1) UNARY(log) UNARY(log2) UNARY(log10) UNARY(log1p) UNARY(sin)       \
    UNARY(cos) UNARY(tan) UNARY(asin) UNARY(acos) UNARY(atan) UNARY(sinh) UNARY(cosh) UNARY(tanh) UNARY(asinh)         \
    UNARY(acosh) UNARY(atanh) UNARY(erf) UNARY(erfc) UNARY(tgamma) UNARY(cbrt) BINARY(pow) BINARY(atan2) BINARY(hypot)
#ifdef HAVE_F128
FROM_LIBM(UNARY, BINARY)
#undef UNARY
#undef BINARY
#endif

/* What is composed of libm's functions. exp errs by 1 ulp, log1p by 2 at most,
 * each operation by half an ulp, and an ulp of one number may be two of the next: with
 * condition numbers of at most 1 that makes 1.5 for rsqrt, 4 for sigmoid and silu,
 * 5 for softplus. gelu: the argument of erfc is off by 1.5 ulp, and its condition number is at most
 * 2t^2+2, t < 107 where the result is in the range of the 80-bit numbers. */
#define COMPOSE(T, tag, L, LGAMMA)                                                                                     \
    static T lgamma_##tag(T x, T y)                                                                                    \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        int sign; /* lgamma itself would write a global variable */                                                    \
        return LGAMMA(x, &sign);                                                                                       \
    }                                                                                                                  \
    static T rsqrt_##tag(T x, T y) { return (void)y, 1 / L(sqrt)(x); }                                                 \
    static T sigmoid_##tag(T x, T y) { return (void)y, 1 / (1 + L(exp)(-x)); }                                         \
    static T silu_##tag(T x, T y) { return (void)y, x / (1 + L(exp)(-x)); }                                            \
    static T softplus_##tag(T x, T y)                                                                                  \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        return x > 0 ? x + L(log1p)(L(exp)(-x)) : L(log1p)(L(exp)(x));                                                 \
    }                                                                                                                  \
    static T gelu_##tag(T x, T y)                                                                                      \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        const T root = SQRT_HALF(T);                                                                                   \
        return x / 2 * L(erfc)(-x * root);                                                                             \
    }

/* sqrt(1/2) to 128 bits: the sum is exact but for its last rounding in every precision. */
#define SQRT_HALF(T) ((T)0x1.6a09e667f3bcdp-1 + ((T)-0x1.bdd3413b26456p-55 + (T)0x1.57d3e3adec175p-109))

#define D(name) name
#define UNARY(name) static double name##_f64(double x, double y) { return (void)y, name(x); }
#define BINARY(name) static double name##_f64(double x, double y) { return name(x, y); }
FROM_LIBM(UNARY, BINARY)
COMPOSE(double, f64, D, lgamma_r)
#undef UNARY
#undef BINARY

static vprec_libm_f64_call *const calls[VPREC_FUNCTIONS_COUNT] = {
#define X(name, arity) [VPREC_FN_##name] = name##_f64,
    VPREC_FUNCTIONS(X)
#undef X
};

vprec_libm_f64_call *vprec_libm_call(vprec_function function) { return calls[function]; }

int vprec_libm_ulps(vprec_function function, enum vprec_libm_step step)
{
    switch (function) {
    case VPREC_FN_tgamma:
    case VPREC_FN_lgamma: return 128;
    case VPREC_FN_gelu: return 1 << 16;
    default: return step == VPREC_STEP_F64 ? 16 : 8;
    }
}

/* The interval around sig * 2^exp, the last place of sig being bit `place`. */
static void surround(vprec_interval *value, int ulps, bool sign, int32_t exp, vprec_u128 sig, int place)
{
    vprec_u128 error = (vprec_u128)ulps << place;
    *value = (vprec_interval){sign, exp, sig - error, sig + error};
}

#if defined(HAVE_F80) || defined(HAVE_F128)
/* A regular value that is below 2^-16382 or above 2^16384: past all formats. */
static bool beyond(vprec_interval *value, bool sign, int32_t field)
{
    vprec_u128 sig = (vprec_u128)1 << 126 | 1;
    *value = (vprec_interval){sign, field ? 16384 : -20000, sig, sig};
    return true;
}
#endif

static bool evaluate_f64(vprec_interval *value, vprec_function function, double x, double y)
{
    uint64_t bits = vprec_bits(calls[function](x, y));
    if ((bits << 1 >> 53) - 1 >= 0x7fe)
        return false;
    vprec_parts p = vprec_unpack(bits);
    surround(value, vprec_libm_ulps(function, VPREC_STEP_F64), vprec_bits_sign(bits), p.exp - 126,
             (vprec_u128)p.sig << 63, 63 + 11);
    return true;
}

#ifdef HAVE_F80
#define F80(name) name##l
#define UNARY(name) static long double name##_f80(long double x, long double y) { return (void)y, name##l(x); }
#define BINARY(name) static long double name##_f80(long double x, long double y) { return name##l(x, y); }
FROM_LIBM(UNARY, BINARY)
COMPOSE(long double, f80, F80, lgammal_r)
#undef UNARY
#undef BINARY

static bool evaluate_f80(vprec_interval *value, vprec_function function, double x, double y)
{
    static long double (*const table[VPREC_FUNCTIONS_COUNT])(long double, long double) = {
#define X(name, arity) [VPREC_FN_##name] = name##_f80,
        VPREC_FUNCTIONS(X)
#undef X
    };
    long double v = table[function](x, y);
    struct {
        uint64_t sig;
        uint16_t top; /* sign, exponent field */
    } parts;
    memcpy(&parts.sig, &v, 8);
    memcpy(&parts.top, (const char *)&v + 8, 2);
    int32_t field = parts.top & 0x7fff;
    if (field == 0 || field == 0x7fff)
        return beyond(value, parts.top >> 15, field);
    surround(value, vprec_libm_ulps(function, VPREC_STEP_F80), parts.top >> 15, field - 16383 - 126,
             (vprec_u128)parts.sig << 63, 63);
    return true;
}
#endif

#ifdef HAVE_F128
#define UNARY(name) static quad name##_f128(quad x, quad y) { return (void)y, Q(name)(x); }
#define BINARY(name) static quad name##_f128(quad x, quad y) { return Q(name)(x, y); }
FROM_LIBM(UNARY, BINARY)
COMPOSE(quad, f128, Q, LGAMMA_Q)
#undef UNARY
#undef BINARY

static bool evaluate_f128(vprec_interval *value, vprec_function function, double x, double y)
{
    static quad (*const table[VPREC_FUNCTIONS_COUNT])(quad, quad) = {
#define X(name, arity) [VPREC_FN_##name] = name##_f128,
        VPREC_FUNCTIONS(X)
#undef X
    };
    quad v = table[function](x, y);
    vprec_u128 bits;
    memcpy(&bits, &v, sizeof bits);
    bool sign = bits >> 127;
    int32_t field = bits >> 112 & 0x7fff;
    if (field == 0 || field == 0x7fff)
        return beyond(value, sign, field);
    vprec_u128 sig = (vprec_u128)1 << 112 | (bits & (((vprec_u128)1 << 112) - 1));
    surround(value, vprec_libm_ulps(function, VPREC_STEP_F128), sign, field - 16383 - 126, sig << 14, 14);
    return true;
}
#endif

bool vprec_libm_evaluate(vprec_interval *value, vprec_function function, enum vprec_libm_step step, double x, double y)
{
    switch (step) {
    case VPREC_STEP_F64: return evaluate_f64(value, function, x, y);
#ifdef HAVE_F80
    case VPREC_STEP_F80: return evaluate_f80(value, function, x, y);
#endif
#ifdef HAVE_F128
    case VPREC_STEP_F128: return evaluate_f128(value, function, x, y);
#endif
    default: return false;
    }
}
