/* SPDX-License-Identifier: Apache-2.0
 * libm.c: the replacements of libm's scalar and complex functions. A float
 * function is the double function rounded once to the f32 format, a double
 * function its native result rounded (value.c); sqrt, fma, fdim, the scalings and
 * the narrowing functions are exact. Patches nothing, knows no addresses. */
#include "value.h"

#include <complex.h>
#include <math.h>
#include <xmmintrin.h>

#define IN(type, x) ((REAL_##type)vprec_libm_operand(type, x))
#define OUT(type, x, key) ((REAL_##type)vprec_libm_result(type, x, key))
/* The value of `function` at x and y that libm's result and the long double function's stand for. */
#define VALUE(type, function, x, y, result, wide_result, key)                                                         \
    ((REAL_##type)vprec_libm_value(                                                                                   \
        type, &(vprec_libm_outcome){VPREC_LIBM_##function, x, y, result, wide_result}, key))
#define KEY VPREC_LIBM_KEY
#define DIRECT(type) vprec_libm_direct(type)

typedef float REAL_VPREC_F32;
typedef double REAL_VPREC_F64;

/* Exception flags since then: which says whether a complex result is infinite or zero by rights. */
static unsigned begin_flags(void)
{
    unsigned mxcsr = _mm_getcsr();
    _mm_setcsr(mxcsr & ~(unsigned)_MM_EXCEPT_MASK);
    return mxcsr;
}

static unsigned end_flags(unsigned mxcsr)
{
    unsigned raised = _mm_getcsr() & _MM_EXCEPT_MASK;
    _mm_setcsr(mxcsr | raised);
    return raised;
}

static double complex complex_out(vprec_type type, enum vprec_libm_id id, double complex operand, double complex z,
                                  long double complex wide, unsigned raised, uint64_t key)
{
    vprec_libm_outcome call = {id, creal(operand), cimag(operand), creal(z), creall(wide)};
    double real = vprec_libm_part(type, &call, true, raised, key);
    call.native = cimag(z);
    call.wide = cimagl(wide);
    return CMPLX(real, vprec_libm_part(type, &call, false, raised, key + 1));
}

static inline double complex complex_in(vprec_type type, double complex z)
{
    return CMPLX(vprec_libm_operand(type, creal(z)), vprec_libm_operand(type, cimag(z)));
}

/* An exact operation of libvprec in place of the library's: only where results are rounded, and not --fast. */
static inline bool once(void)
{
    return (vprec_arith_here()->round & VPREC_ROUND_RESULTS) && !vprec_arith_here()->fast;
}

/* An operation in the run's format and mode. By integers: the program's MXCSR holds. */
static double operate(vprec_type type, vprec_operation operation)
{
    const vprec_arith *arith = vprec_arith_here();
    uint64_t words[8], key = vprec_once_settle(arith, type, &operation);
    vprec_once how = vprec_once_draw(arith, type, &arith->format[type], key, words);
    return vprec_once_evaluate(&operation, &how);
}
#define ONCE(type, op, ...) operate(type, (vprec_operation){VPREC_BASIC_##op, __VA_ARGS__})

/* The key of its result, where the library's own function made it. */
static uint64_t operation_key(vprec_type type, vprec_operation operation)
{
    return vprec_once_settle(vprec_arith_here(), type, &operation);
}
#define OPERATION_KEY(type, op, ...) operation_key(type, (vprec_operation){VPREC_BASIC_##op, __VA_ARGS__})

static int held(long n)
{
    enum { FAR = 4096 }; /* as the emulator has it: beyond every scaling that makes a difference */
    return n > FAR ? FAR : n < -FAR ? -FAR : (int)n;
}

/* x * 2^n likewise */
static double scale(vprec_type type, double x, long n)
{
    const vprec_arith *arith = vprec_arith_here();
    uint64_t words[8], key = vprec_once_scale_key(arith, type, x, held(n));
    vprec_once how = vprec_once_draw(arith, type, &arith->format[type], key, words);
    return VPREC_ONCE(&how, scale, x, held(n));
}

/* vprec_libm_wide() of other kinds. */
static long double wide_order(vprec_type type, long double (*function)(int, long double), int n, double x)
{
    if (!vprec_libm_short(type))
        return 0;
    uint16_t control = vprec_libm_wide_begin();
    long double value = function(n, x);
    vprec_libm_wide_end(control);
    return value;
}

static long double complex wide_complex(vprec_type type, long double complex (*function)(long double complex),
                                        double complex z)
{
    if (!vprec_libm_short(type))
        return 0;
    uint16_t control = vprec_libm_wide_begin();
    long double complex value = function(z);
    vprec_libm_wide_end(control);
    return value;
}

static long double complex wide_complex2(vprec_type type,
                                         long double complex (*function)(long double complex, long double complex),
                                         double complex z, double complex w)
{
    if (!vprec_libm_short(type))
        return 0;
    uint16_t control = vprec_libm_wide_begin();
    long double complex value = function(z, w);
    vprec_libm_wide_end(control);
    return value;
}

static long double complex cabs_wide(long double complex z)
{
    return cabsl(z);
}

static long double complex carg_wide(long double complex z)
{
    return cargl(z);
}

/* DEFINE_<kind>(type, T, C, id, function, own, wide): the replacement replace_<id> for type `T` (`C` its complex type),
 * which computes `function` and whose original is in slot `own`; `wide` is the double function's slot (for double: the
 * same). */
#define DEFINE_UNARY(type, T, C, id, function, own, wide)                                                             \
    static T replace_##id(T x)                                                                                        \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        double result = DIRECT(type) ? ((T(*)(T))own)(x) : ((double (*)(double))wide)(x);                             \
        return VALUE(type, function, x, 0, result, vprec_libm_wide(type, function##l, x), KEY(type, function, x));    \
    }

/* Its result is exact, in every type. */
#define DEFINE_EXACT(type, T, C, id, function, own, wide)                                                             \
    static T replace_##id(T x)                                                                                        \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        return OUT(type, ((T(*)(T))own)(x), KEY(type, function, x));                                                  \
    }

#define DEFINE_BINARY(type, T, C, id, function, own, wide)                                                            \
    static T replace_##id(T x, T y)                                                                                   \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x), y = IN(type, y);                                                                             \
        double result = DIRECT(type) ? ((T(*)(T, T))own)(x, y) : ((double (*)(double, double))wide)(x, y);            \
        return VALUE(type, function, x, y, result, vprec_libm_wide2(type, function##l, x, y),                         \
                     KEY(type, function, x, y));                                                                      \
    }

#define DEFINE_EXACT_BINARY(type, T, C, id, function, own, wide)                                                      \
    static T replace_##id(T x, T y)                                                                                   \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x), y = IN(type, y);                                                                             \
        return OUT(type, ((T(*)(T, T))own)(x, y), KEY(type, function, x, y));                                         \
    }

/* The library's function is called for a NaN result: it sets errno. */
#define DEFINE_SQRT(type, T, C, id, function, own, wide)                                                              \
    static T replace_##id(T x)                                                                                        \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        return once() && x >= 0 ? (T)ONCE(type, SQRT, x)                                                              \
                                : OUT(type, ((T(*)(T))own)(x), OPERATION_KEY(type, SQRT, x));                         \
    }

#define DEFINE_FMA(type, T, C, id, function, own, wide)                                                               \
    static T replace_##id(T x, T y, T z)                                                                              \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x), y = IN(type, y), z = IN(type, z);                                                            \
        return once() ? (T)ONCE(type, FMA, x, y, z)                                                                   \
                      : OUT(type, ((T(*)(T, T, T))own)(x, y, z), OPERATION_KEY(type, FMA, x, y, z));                  \
    }

#define DEFINE_FDIM(type, T, C, id, function, own, wide)                                                              \
    static T replace_##id(T x, T y)                                                                                   \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x), y = IN(type, y);                                                                             \
        return once() && x > y ? (T)ONCE(type, SUB, x, y)                                                             \
                               : OUT(type, ((T(*)(T, T))own)(x, y), OPERATION_KEY(type, SUB, x, y));                  \
    }

#define DEFINE_SCALE(type, T, id, own, integer)                                                                       \
    static T replace_##id(T x, integer n)                                                                             \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        return once() ? (T)scale(type, x, n)                                                                          \
                      : OUT(type, ((T(*)(T, integer))own)(x, n),                                                      \
                            vprec_once_scale_key(vprec_arith_here(), type, x, held(n)));                            \
    }
#define DEFINE_SCALE_INT(type, T, C, id, function, own, wide) DEFINE_SCALE(type, T, id, own, int)
#define DEFINE_SCALE_LONG(type, T, C, id, function, own, wide) DEFINE_SCALE(type, T, id, own, long)

/* By a number of the type itself, which is an integer or gives NaN. */
#define DEFINE_SCALB(type, T, C, id, function, own, wide)                                                             \
    static T replace_##id(T x, T n)                                                                                   \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x), n = IN(type, n);                                                                             \
        bool scales = once() && fabs((double)n) < 1e9 && (double)n == (double)(long)n;                                \
        return scales ? (T)scale(type, x, (long)n) : OUT(type, ((T(*)(T, T))own)(x, n), KEY(type, function, x, n));   \
    }

#define DEFINE_ORDER(type, T, C, id, function, own, wide)                                                             \
    static T replace_##id(int n, T x)                                                                                 \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        double result = DIRECT(type) ? ((T(*)(int, T))own)(n, x) : ((double (*)(int, double))wide)(n, x);             \
        return VALUE(type, function, x, n, result, wide_order(type, function##l, n, x), KEY(type, function, n, x));   \
    }

/* Both parts of a number are exact in its own type: no need of double. */
#define DEFINE_PARTS(type, T, C, id, function, own, wide)                                                             \
    static T replace_##id(T x, T *whole)                                                                              \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        uint64_t key = KEY(type, function, x);                                                                        \
        T part = OUT(type, ((T(*)(T, T *))own)(x, whole), key);                                                       \
        *whole = OUT(type, *whole, key + 1);                                                                          \
        return part;                                                                                                  \
    }

#define DEFINE_FREXP(type, T, C, id, function, own, wide)                                                             \
    static T replace_##id(T x, int *n)                                                                                \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        return OUT(type, ((T(*)(T, int *))own)(x, n), KEY(type, function, x));                                        \
    }

/* The sign of the gamma function goes to *n. */
#define DEFINE_GAMMA(type, T, C, id, function, own, wide)                                                             \
    static T replace_##id(T x, int *n)                                                                                \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        double result = DIRECT(type) ? ((T(*)(T, int *))own)(x, n) : ((double (*)(double, int *))wide)(x, n);         \
        return VALUE(type, function, x, 0, result, vprec_libm_wide(type, function##l, x), KEY(type, function, x));    \
    }

#define DEFINE_SINCOS(type, T, C, id, function, own, wide)                                                            \
    static void replace_##id(T x, T *sine, T *cosine)                                                                 \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x);                                                                                              \
        double s, c;                                                                                                  \
        if (DIRECT(type)) {                                                                                           \
            ((void (*)(T, T *, T *))own)(x, sine, cosine);                                                            \
            s = *sine, c = *cosine;                                                                                   \
        } else {                                                                                                      \
            ((void (*)(double, double *, double *))wide)(x, &s, &c);                                                  \
        } /* the keys are those of sin and cos: compilers join such calls */                                          \
        *sine = VALUE(type, sin, x, 0, s, vprec_libm_wide(type, sinl, x), KEY(type, sin, x));                         \
        *cosine = VALUE(type, cos, x, 0, c, vprec_libm_wide(type, cosl, x), KEY(type, cos, x));                       \
    }

#define DEFINE_REMQUO(type, T, C, id, function, own, wide)                                                            \
    static T replace_##id(T x, T y, int *quotient)                                                                    \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = IN(type, x), y = IN(type, y);                                                                             \
        return OUT(type, ((T(*)(T, T, int *))own)(x, y, quotient), KEY(type, function, x, y));                        \
    }

#define DEFINE_COMPLEX(type, T, C, id, function, own, wide)                                                           \
    static C replace_##id(C z)                                                                                        \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        z = complex_in(type, z);                                                                                      \
        unsigned mxcsr = begin_flags();                                                                               \
        double complex result = DIRECT(type) ? ((C(*)(C))own)(z) : ((double complex(*)(double complex))wide)(z);      \
        return complex_out(type, VPREC_LIBM_##function, z, result, wide_complex(type, function##l, z),                \
                           end_flags(mxcsr), KEY(type, function, creal(z), cimag(z)));                                \
    }

#define DEFINE_COMPLEX_BINARY(type, T, C, id, function, own, wide)                                                    \
    static C replace_##id(C z, C w)                                                                                   \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        z = complex_in(type, z), w = complex_in(type, w);                                                             \
        unsigned mxcsr = begin_flags();                                                                               \
        double complex result = DIRECT(type) ? ((C(*)(C, C))own)(z, w)                                                \
                                             : ((double complex(*)(double complex, double complex))wide)(z, w);       \
        return complex_out(type, VPREC_LIBM_##function, z, result, wide_complex2(type, function##l, z, w),            \
                           end_flags(mxcsr), KEY(type, function, creal(z), cimag(z), creal(w), cimag(w)));            \
    }

/* cabs is hypot, carg is atan2 with the ordinate first. */
#define OPERANDS_cabs(z) creal(z), cimag(z)
#define OPERANDS_carg(z) cimag(z), creal(z)
#define DEFINE_COMPLEX_TO_REAL(type, T, C, id, function, own, wide)                                                   \
    static T replace_##id(C z)                                                                                        \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        z = complex_in(type, z);                                                                                      \
        double result = DIRECT(type) ? ((T(*)(C))own)(z) : ((double (*)(double complex))wide)(z);                     \
        vprec_libm_outcome call = {VPREC_LIBM_##function, OPERANDS_##function(z), result,                             \
                                   creall(wide_complex(type, function##_wide, z))};                                   \
        return (T)vprec_libm_value(type, &call, KEY(type, function, creal(z), cimag(z)));                             \
    }

#define X(kind, id, function, double_name, float_name)                                                                \
    void *vprec_libm_##id;                                                                                            \
    static void *slot_##id##_f32;                                                                                     \
    DEFINE_##kind(VPREC_F64, double, double complex, id, function, vprec_libm_##id, vprec_libm_##id)                  \
    DEFINE_##kind(VPREC_F32, float, float complex, id##_f32, function, slot_##id##_f32, vprec_libm_##id)
#include "functions.h"
#undef X

/* The narrowing functions of C23: an operation on doubles whose one rounding is to float. Operands are doubles. */
static inline double double_in(double x)
{
    return vprec_arith_here()->use[VPREC_F64] == VPREC_USE_FORMAT ? vprec_libm_operand(VPREC_F64, x) : x;
}

static void *slot_fadd, *slot_fsub, *slot_fmul, *slot_fdiv, *slot_fsqrt, *slot_ffma;

#define DEFINE_NARROW(name, op)                                                                                       \
    static float replace_##name(double x, double y)                                                                   \
    {                                                                                                                 \
        VPREC_LIBM_NEAREST;                                                                                           \
        x = double_in(x), y = double_in(y);                                                                           \
        return once() ? (float)ONCE(VPREC_F32, op, x, y)                                                              \
                      : OUT(VPREC_F32, ((float (*)(double, double))slot_##name)(x, y),                                \
                            OPERATION_KEY(VPREC_F32, op, x, y));                                                      \
    }
DEFINE_NARROW(fadd, ADD)
DEFINE_NARROW(fsub, SUB)
DEFINE_NARROW(fmul, MUL)
DEFINE_NARROW(fdiv, DIV)

static float replace_fsqrt(double x)
{
    VPREC_LIBM_NEAREST;
    x = double_in(x);
    return once() && x >= 0
               ? (float)ONCE(VPREC_F32, SQRT, x)
               : OUT(VPREC_F32, ((float (*)(double))slot_fsqrt)(x), OPERATION_KEY(VPREC_F32, SQRT, x));
}

static float replace_ffma(double x, double y, double z)
{
    VPREC_LIBM_NEAREST;
    x = double_in(x), y = double_in(y), z = double_in(z);
    return once() ? (float)ONCE(VPREC_F32, FMA, x, y, z)
                  : OUT(VPREC_F32, ((float (*)(double, double, double))slot_ffma)(x, y, z),
                        OPERATION_KEY(VPREC_F32, FMA, x, y, z));
}

#define X(kind, id, function, double_name, float_name)                                                                \
    {double_name, (void *)replace_##id, &vprec_libm_##id, NULL, VPREC_F64, false},                                    \
        {float_name, (void *)replace_##id##_f32, &slot_##id##_f32, &vprec_libm_##id, VPREC_F32, false},
#define NARROW(name) {#name, (void *)replace_##name, &slot_##name, NULL, VPREC_F32, false}

const vprec_libm_entry *vprec_libm_table(size_t *n)
{
    static const vprec_libm_entry table[] = {
#include "functions.h"
        NARROW(fadd), NARROW(fsub), NARROW(fmul), NARROW(fdiv), NARROW(fsqrt), NARROW(ffma),
    };
    *n = sizeof table / sizeof *table;
    return table;
}
