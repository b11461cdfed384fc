/* SPDX-License-Identifier: Apache-2.0
 * libm.c: the replacements of libm's scalar and complex functions. A float
 * function is the double function rounded once to the f32 format, a double
 * function its native result rounded; sqrt, fma, fdim, the scalings and the
 * narrowing functions are exact. Patches nothing, knows no addresses. */
#include "libm_round.h"

#include <complex.h>

bool (*vprec_libm_rounds)(const void *caller);
_Atomic uint64_t *vprec_libm_calls;

#define ROUNDS(type) vprec_libm_enter(type, __builtin_return_address(0))
#define IN(type, x) ((REAL_##type)vprec_libm_operand(type, x))
#define OUT(type, x) ((REAL_##type)vprec_libm_result(type, x))
#define DIRECT(type) vprec_libm_direct(type)
/* vprec_<op> of the operands in the run's format and mode. */
#define ONCE(type, op, ...)                                                                                           \
    ({                                                                                                                \
        const vprec_arith *arith_ = &vprec_arith_current;                                                             \
        const vprec_format *format_ = &arith_->format[type];                                                          \
        uint64_t words_[8];                                                                                           \
        arith_->noise[type].what && vprec_libm_noise(words_)                                                          \
            ? vprec_##op##_mca(__VA_ARGS__, format_, &arith_->noise[type], words_)                                    \
        : arith_->mode == VPREC_SR                                                                                    \
            ? vprec_##op##_sr(__VA_ARGS__, format_, arith_->bits[type], vprec_libm_random())                          \
            : vprec_##op(__VA_ARGS__, format_, arith_->mode);                                                         \
    })

typedef float REAL_VPREC_F32;
typedef double REAL_VPREC_F64;

static inline double complex complex_out(vprec_type type, double complex z)
{
    return CMPLX(vprec_libm_result(type, creal(z)), vprec_libm_result(type, cimag(z)));
}

static inline double complex complex_in(vprec_type type, double complex z)
{
    return CMPLX(vprec_libm_operand(type, creal(z)), vprec_libm_operand(type, cimag(z)));
}

/* An exact operation of libvprec in place of the library's: only where results are rounded, and not --fast. */
static inline bool once(void)
{
    return (vprec_arith_current.round & VPREC_ROUND_RESULTS) && !vprec_arith_current.fast;
}

/* a * 2^n, rounded once: the exact product of two normal binary64 numbers. By integers: the program's MXCSR holds. */
static double scale_once(vprec_type type, double a, long n)
{
    const uint64_t fraction_mask = (UINT64_C(1) << 52) - 1;
    uint64_t bits;
    __builtin_memcpy(&bits, &a, 8);
    uint64_t fraction = bits & fraction_mask, sign = bits >> 63 << 63;
    long e = (long)(bits >> 52 & 0x7ff) - 1023;
    if (e == 1024 || !(bits << 1))
        return vprec_libm_round(type, a);
    if (e == -1023) { /* subnormal */
        int shift = __builtin_clzll(fraction) - 11;
        fraction = fraction << shift & fraction_mask;
        e = -1022 - shift;
    }
    e += n > 10000 ? 10000 : n < -10000 ? -10000 : n;
    e = e > 2000 ? 2000 : e < -2000 ? -2000 : e; /* same result on either side */
    uint64_t half = sign | (uint64_t)(e / 2 + 1023) << 52 | fraction, rest = (uint64_t)(e - e / 2 + 1023) << 52;
    double x, y;
    __builtin_memcpy(&x, &half, 8);
    __builtin_memcpy(&y, &rest, 8);
    return ONCE(type, mul, x, y);
}

/* DEFINE_<kind>(type, T, C, id, own, wide): the replacement replace_<id> for type `T` (`C` its complex type), whose
 * original is in slot `own`; `wide` is the double function's slot (for double: the same). */
#define DEFINE_UNARY(type, T, C, id, own, wide)                                                                       \
    static T replace_##id(T x)                                                                                        \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T))own)(x);                                                                                 \
        x = IN(type, x);                                                                                              \
        return DIRECT(type) ? OUT(type, ((T(*)(T))own)(x)) : OUT(type, ((double (*)(double))wide)(x));                \
    }

#define DEFINE_BINARY(type, T, C, id, own, wide)                                                                      \
    static T replace_##id(T x, T y)                                                                                   \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T, T))own)(x, y);                                                                           \
        x = IN(type, x), y = IN(type, y);                                                                             \
        return DIRECT(type) ? OUT(type, ((T(*)(T, T))own)(x, y))                                                      \
                            : OUT(type, ((double (*)(double, double))wide)(x, y));                                    \
    }

/* The library's function is called for a NaN result: it sets errno. */
#define DEFINE_SQRT(type, T, C, id, own, wide)                                                                        \
    static T replace_##id(T x)                                                                                        \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T))own)(x);                                                                                 \
        x = IN(type, x);                                                                                              \
        return once() && x >= 0 ? (T)ONCE(type, sqrt, x) : OUT(type, ((T(*)(T))own)(x));                      \
    }

#define DEFINE_FMA(type, T, C, id, own, wide)                                                                         \
    static T replace_##id(T x, T y, T z)                                                                              \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T, T, T))own)(x, y, z);                                                                     \
        x = IN(type, x), y = IN(type, y), z = IN(type, z);                                                            \
        return once() ? (T)ONCE(type, fma, x, y, z) : OUT(type, ((T(*)(T, T, T))own)(x, y, z));               \
    }

#define DEFINE_FDIM(type, T, C, id, own, wide)                                                                        \
    static T replace_##id(T x, T y)                                                                                   \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T, T))own)(x, y);                                                                           \
        x = IN(type, x), y = IN(type, y);                                                                             \
        return once() && x > y ? (T)ONCE(type, sub, x, y) : OUT(type, ((T(*)(T, T))own)(x, y));               \
    }

#define DEFINE_SCALE(type, T, id, own, integer)                                                                       \
    static T replace_##id(T x, integer n)                                                                             \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T, integer))own)(x, n);                                                                     \
        x = IN(type, x);                                                                                              \
        return once() ? (T)scale_once(type, x, n) : OUT(type, ((T(*)(T, integer))own)(x, n));                 \
    }
#define DEFINE_SCALE_INT(type, T, C, id, own, wide) DEFINE_SCALE(type, T, id, own, int)
#define DEFINE_SCALE_LONG(type, T, C, id, own, wide) DEFINE_SCALE(type, T, id, own, long)

#define DEFINE_ORDER(type, T, C, id, own, wide)                                                                       \
    static T replace_##id(int n, T x)                                                                                 \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(int, T))own)(n, x);                                                                         \
        x = IN(type, x);                                                                                              \
        return DIRECT(type) ? OUT(type, ((T(*)(int, T))own)(n, x)) : OUT(type, ((double (*)(int, double))wide)(n, x)); \
    }

/* Both parts of a number are exact in its own type: no need of double. */
#define DEFINE_PARTS(type, T, C, id, own, wide)                                                                       \
    static T replace_##id(T x, T *whole)                                                                              \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T, T *))own)(x, whole);                                                                     \
        T part = OUT(type, ((T(*)(T, T *))own)(IN(type, x), whole));                                                  \
        *whole = OUT(type, *whole);                                                                                   \
        return part;                                                                                                  \
    }

#define DEFINE_TO_INT(type, T, C, id, own, wide)                                                                      \
    static T replace_##id(T x, int *n)                                                                                \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T, int *))own)(x, n);                                                                       \
        x = IN(type, x);                                                                                              \
        return DIRECT(type) ? OUT(type, ((T(*)(T, int *))own)(x, n))                                                  \
                            : OUT(type, ((double (*)(double, int *))wide)(x, n));                                     \
    }

#define DEFINE_SINCOS(type, T, C, id, own, wide)                                                                      \
    static void replace_##id(T x, T *sine, T *cosine)                                                                 \
    {                                                                                                                 \
        if (!ROUNDS(type)) {                                                                                          \
            ((void (*)(T, T *, T *))own)(x, sine, cosine);                                                            \
            return;                                                                                                   \
        }                                                                                                             \
        x = IN(type, x);                                                                                              \
        if (DIRECT(type)) {                                                                                           \
            ((void (*)(T, T *, T *))own)(x, sine, cosine);                                                            \
            *sine = OUT(type, *sine), *cosine = OUT(type, *cosine);                                                   \
        } else {                                                                                                      \
            double s, c;                                                                                              \
            ((void (*)(double, double *, double *))wide)(x, &s, &c);                                                  \
            *sine = OUT(type, s), *cosine = OUT(type, c);                                                             \
        }                                                                                                             \
    }

#define DEFINE_REMQUO(type, T, C, id, own, wide)                                                                      \
    static T replace_##id(T x, T y, int *quotient)                                                                    \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(T, T, int *))own)(x, y, quotient);                                                          \
        return OUT(type, ((T(*)(T, T, int *))own)(IN(type, x), IN(type, y), quotient));                               \
    }

#define DEFINE_COMPLEX(type, T, C, id, own, wide)                                                                     \
    static C replace_##id(C z)                                                                                        \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((C(*)(C))own)(z);                                                                                 \
        z = complex_in(type, z);                                                                                      \
        return complex_out(type, DIRECT(type) ? ((C(*)(C))own)(z) : ((double complex(*)(double complex))wide)(z));    \
    }

#define DEFINE_COMPLEX_BINARY(type, T, C, id, own, wide)                                                              \
    static C replace_##id(C z, C w)                                                                                   \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((C(*)(C, C))own)(z, w);                                                                           \
        z = complex_in(type, z), w = complex_in(type, w);                                                             \
        return complex_out(type, DIRECT(type) ? ((C(*)(C, C))own)(z, w)                                               \
                                              : ((double complex(*)(double complex, double complex))wide)(z, w));     \
    }

#define DEFINE_COMPLEX_TO_REAL(type, T, C, id, own, wide)                                                             \
    static T replace_##id(C z)                                                                                        \
    {                                                                                                                 \
        if (!ROUNDS(type))                                                                                            \
            return ((T(*)(C))own)(z);                                                                                 \
        z = complex_in(type, z);                                                                                      \
        return DIRECT(type) ? OUT(type, ((T(*)(C))own)(z)) : OUT(type, ((double (*)(double complex))wide)(z));        \
    }

#define X(kind, id, double_name, float_name)                                                                          \
    void *vprec_libm_##id;                                                                                            \
    static void *slot_##id##_f32;                                                                                     \
    DEFINE_##kind(VPREC_F64, double, double complex, id, vprec_libm_##id, vprec_libm_##id)                            \
    DEFINE_##kind(VPREC_F32, float, float complex, id##_f32, slot_##id##_f32, vprec_libm_##id)
#include "libm_functions.h"
#undef X

/* The narrowing functions of C23: an operation on doubles whose one rounding is to float. Operands are doubles. */
static inline double double_in(double x)
{
    return vprec_arith_current.use[VPREC_F64] == VPREC_USE_FORMAT ? vprec_libm_operand(VPREC_F64, x) : x;
}

static void *slot_fadd, *slot_fsub, *slot_fmul, *slot_fdiv, *slot_fsqrt, *slot_ffma;

#define DEFINE_NARROW(op)                                                                                             \
    static float replace_f##op(double x, double y)                                                                    \
    {                                                                                                                 \
        if (!ROUNDS(VPREC_F32))                                                                                       \
            return ((float (*)(double, double))slot_f##op)(x, y);                                                     \
        x = double_in(x), y = double_in(y);                                                                           \
        return once() ? (float)ONCE(VPREC_F32, op, x, y)                                                         \
                      : OUT(VPREC_F32, ((float (*)(double, double))slot_f##op)(x, y));                                \
    }
DEFINE_NARROW(add)
DEFINE_NARROW(sub)
DEFINE_NARROW(mul)
DEFINE_NARROW(div)

static float replace_fsqrt(double x)
{
    if (!ROUNDS(VPREC_F32))
        return ((float (*)(double))slot_fsqrt)(x);
    x = double_in(x);
    return once() && x >= 0 ? (float)ONCE(VPREC_F32, sqrt, x) : OUT(VPREC_F32, ((float (*)(double))slot_fsqrt)(x));
}

static float replace_ffma(double x, double y, double z)
{
    if (!ROUNDS(VPREC_F32))
        return ((float (*)(double, double, double))slot_ffma)(x, y, z);
    x = double_in(x), y = double_in(y), z = double_in(z);
    return once() ? (float)ONCE(VPREC_F32, fma, x, y, z)
                  : OUT(VPREC_F32, ((float (*)(double, double, double))slot_ffma)(x, y, z));
}

#define X(kind, id, double_name, float_name)                                                                          \
    {double_name, (void *)replace_##id, &vprec_libm_##id, NULL, VPREC_F64, false},                                    \
        {float_name, (void *)replace_##id##_f32, &slot_##id##_f32, &vprec_libm_##id, VPREC_F32, false},
#define NARROW(name) {#name, (void *)replace_##name, &slot_##name, NULL, VPREC_F32, false}

const vprec_libm_entry *vprec_libm_table(size_t *n)
{
    static const vprec_libm_entry table[] = {
#include "libm_functions.h"
        NARROW(fadd), NARROW(fsub), NARROW(fmul), NARROW(fdiv), NARROW(fsqrt), NARROW(ffma),
    };
    *n = sizeof table / sizeof *table;
    return table;
}
