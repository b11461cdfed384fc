/* SPDX-License-Identifier: Apache-2.0
 * vector.c: the replacements of libmvec's functions, by the vector function
 * ABI: b 128 bits, c 256 (AVX), d 256 (AVX2), e 512. Each lane is one operation:
 * float lanes through libm's scalar double function, double lanes the native
 * result rounded (value.c). */
#include "value.h"
#include <math.h>

/* Scalar double originals, defined in libm.c. */
#define X(kind, id, function, double_name, float_name) extern void *vprec_libm_##id;
#include "functions.h"
#undef X

typedef float f32x4 __attribute__((vector_size(16)));
typedef float f32x8 __attribute__((vector_size(32)));
typedef float f32x16 __attribute__((vector_size(64)));
typedef double f64x2 __attribute__((vector_size(16)));
typedef double f64x4 __attribute__((vector_size(32)));
typedef double f64x8 __attribute__((vector_size(64)));

/* Lanes in memory: none of this is compiled for AVX. */
#define LANES(T, type, name)                                                                                          \
    static __attribute__((noinline)) void name##_in(T *x, int n)                                                      \
    {                                                                                                                 \
        for (int i = 0; i < n; i++)                                                                                   \
            x[i] = (T)vprec_libm_operand(type, x[i]);                                                                 \
    }                                                                                                                 \
    static uint64_t name##_key(enum vprec_libm_id id, T x, const T *y)                                                \
    {                                                                                                                 \
        return vprec_libm_key(type, id, (const double[]){x, y ? *y : 0}, y ? 2 : 1);                                  \
    }                                                                                                                 \
    /* `wide`: the long double function, of as many operands */                                                       \
    static T name##_value(enum vprec_libm_id id, void *wide, T x, const T *y, double result)                          \
    {                                                                                                                 \
        vprec_libm_outcome outcome = {id, x, y ? *y : 0, result,                                                      \
                                      y ? vprec_libm_wide2(type, (vprec_wide_binary *)wide, x, *y)                    \
                                        : vprec_libm_wide(type, (vprec_wide_unary *)wide, x)};                        \
        return (T)vprec_libm_value(type, &outcome, name##_key(id, x, y));                                             \
    }                                                                                                                 \
    static __attribute__((noinline)) void name##_out(enum vprec_libm_id id, void *wide, T *r, const T *x, const T *y, \
                                                     int n)                                                           \
    {                                                                                                                 \
        for (int i = 0; i < n; i++)                                                                                   \
            r[i] = name##_value(id, wide, x[i], y ? &y[i] : NULL, r[i]);                                              \
    }                                                                                                                 \
    static __attribute__((noinline)) void name##_unary(enum vprec_libm_id id, void *scalar, T *x, int n)              \
    {                                                                                                                 \
        for (int i = 0; i < n; i++)                                                                                   \
            x[i] = name##_value(id, NULL, x[i], NULL, ((double (*)(double))scalar)(x[i]));                            \
    }                                                                                                                 \
    static __attribute__((noinline)) void name##_binary(enum vprec_libm_id id, void *scalar, T *x, const T *y, int n) \
    {                                                                                                                 \
        for (int i = 0; i < n; i++)                                                                                   \
            x[i] = name##_value(id, NULL, x[i], &y[i], ((double (*)(double, double))scalar)(x[i], y[i]));             \
    }
LANES(float, VPREC_F32, f32)
LANES(double, VPREC_F64, f64)

/* One function at one width. ISA letter, target, name in libm, type, its letter in names (f32), T, vector, lanes. */
#define UNARY(isa, isa_target, f, type, lane, T, V, N)                                                                \
    static void *slot_##isa##_##f##_##lane;                                                                           \
    static __attribute__((target(isa_target))) V replace_##isa##_##f##_##lane(V x)                                    \
    {                                                                                                                 \
        V (*own)(V) = (V(*)(V))slot_##isa##_##f##_##lane;                                                             \
        VPREC_LIBM_NEAREST;                                                                                           \
        union {                                                                                                       \
            V v;                                                                                                      \
            T lanes[N];                                                                                               \
        } u = {x}, r;                                                                                                 \
        lane##_in(u.lanes, N);                                                                                        \
        if (!vprec_libm_direct(type)) {                                                                               \
            lane##_unary(VPREC_LIBM_##f, vprec_libm_##f, u.lanes, N);                                                 \
            return u.v;                                                                                               \
        }                                                                                                             \
        r.v = own(u.v);                                                                                               \
        lane##_out(VPREC_LIBM_##f, (void *)f##l, r.lanes, u.lanes, NULL, N);                                          \
        return r.v;                                                                                                   \
    }

#define BINARY(isa, isa_target, f, type, lane, T, V, N)                                                               \
    static void *slot_##isa##_##f##_##lane;                                                                           \
    static __attribute__((target(isa_target))) V replace_##isa##_##f##_##lane(V x, V y)                               \
    {                                                                                                                 \
        V (*own)(V, V) = (V(*)(V, V))slot_##isa##_##f##_##lane;                                                       \
        VPREC_LIBM_NEAREST;                                                                                           \
        union {                                                                                                       \
            V v;                                                                                                      \
            T lanes[N];                                                                                               \
        } u = {x}, w = {y}, r;                                                                                        \
        lane##_in(u.lanes, N);                                                                                        \
        lane##_in(w.lanes, N);                                                                                        \
        if (!vprec_libm_direct(type)) {                                                                               \
            lane##_binary(VPREC_LIBM_##f, vprec_libm_##f, u.lanes, w.lanes, N);                                       \
            return u.v;                                                                                               \
        }                                                                                                             \
        r.v = own(u.v, w.v);                                                                                          \
        lane##_out(VPREC_LIBM_##f, (void *)f##l, r.lanes, u.lanes, w.lanes, N);                                       \
        return r.v;                                                                                                   \
    }

/* All eight variants of a function. */
#define VARIANTS(KIND, f)                                                                                             \
    KIND(b, "sse2", f, VPREC_F32, f32, float, f32x4, 4)                                                               \
    KIND(c, "avx", f, VPREC_F32, f32, float, f32x8, 8)                                                                \
    KIND(d, "avx2", f, VPREC_F32, f32, float, f32x8, 8)                                                               \
    KIND(e, "avx512f", f, VPREC_F32, f32, float, f32x16, 16)                                                          \
    KIND(b, "sse2", f, VPREC_F64, f64, double, f64x2, 2)                                                              \
    KIND(c, "avx", f, VPREC_F64, f64, double, f64x4, 4)                                                               \
    KIND(d, "avx2", f, VPREC_F64, f64, double, f64x4, 4)                                                              \
    KIND(e, "avx512f", f, VPREC_F64, f64, double, f64x8, 8)

#define UNARY_FUNCTIONS(F)                                                                                            \
    F(acos) F(acosh) F(asin) F(asinh) F(atan) F(atanh) F(cbrt) F(cos) F(cosh) F(erf) F(erfc) F(exp) F(exp10) F(exp2)  \
    F(expm1) F(log) F(log10) F(log1p) F(log2) F(sin) F(sinh) F(tan) F(tanh)
#define BINARY_FUNCTIONS(F) F(atan2) F(hypot) F(pow)

#define DEFINE_UNARY(f) VARIANTS(UNARY, f)
#define DEFINE_BINARY(f) VARIANTS(BINARY, f)
UNARY_FUNCTIONS(DEFINE_UNARY)
BINARY_FUNCTIONS(DEFINE_BINARY)

/* sincos takes its addresses in vectors: as many of them as the ABI needs for 2N pointers. Integer vectors of an AVX
 * variant have 128 bits. The library's function writes double results, here they are rounded where they lie. */
typedef long long i64x2 __attribute__((vector_size(16)));
typedef long long i64x4 __attribute__((vector_size(32)));
typedef long long i64x8 __attribute__((vector_size(64)));

#define SINCOS_LANES(T, type, name)                                                                                   \
    static __attribute__((noinline)) bool name##_sincos(T *x, T *const *sine, T *const *cosine, int n)                \
    {                                                                                                                 \
        name##_in(x, n);                                                                                              \
        if (vprec_libm_direct(type))                                                                                  \
            return false;                                                                                             \
        for (int i = 0; i < n; i++) {                                                                                 \
            double s, c;                                                                                              \
            ((void (*)(double, double *, double *))vprec_libm_sincos)(x[i], &s, &c);                                  \
            *sine[i] = name##_value(VPREC_LIBM_sin, NULL, x[i], NULL, s);                                             \
            *cosine[i] = name##_value(VPREC_LIBM_cos, NULL, x[i], NULL, c);                                           \
        }                                                                                                             \
        return true;                                                                                                  \
    }                                                                                                                 \
    static __attribute__((noinline)) void name##_sincos_out(const T *x, T *const *sine, T *const *cosine, int n)      \
    {                                                                                                                 \
        for (int i = 0; i < n; i++) {                                                                                 \
            *sine[i] = name##_value(VPREC_LIBM_sin, (void *)sinl, x[i], NULL, *sine[i]);                              \
            *cosine[i] = name##_value(VPREC_LIBM_cos, (void *)cosl, x[i], NULL, *cosine[i]);                          \
        }                                                                                                             \
    }
SINCOS_LANES(float, VPREC_F32, f32)
SINCOS_LANES(double, VPREC_F64, f64)

#define ARGS1(p) p##0
#define ARGS2(p) p##0, p##1
#define ARGS4(p) p##0, p##1, p##2, p##3
#define SINES1(P) P s0
#define SINES2(P) P s0, P s1
#define SINES4(P) P s0, P s1, P s2, P s3
#define COSINES1(P) P c0
#define COSINES2(P) P c0, P c1
#define COSINES4(P) P c0, P c1, P c2, P c3

/* K vectors P of addresses for the sines, K for the cosines. */
#define SINCOS(isa, isa_target, type, lane, T, V, N, P, K)                                                            \
    static void *slot_##isa##_sincos_##lane;                                                                          \
    static __attribute__((target(isa_target))) void replace_##isa##_sincos_##lane(V x, SINES##K(P), COSINES##K(P))    \
    {                                                                                                                 \
        void (*own)(V, SINES##K(P), COSINES##K(P)) =                                                                  \
            (void (*)(V, SINES##K(P), COSINES##K(P)))slot_##isa##_sincos_##lane;                                      \
        VPREC_LIBM_NEAREST;                                                                                           \
        union {                                                                                                       \
            V v;                                                                                                      \
            T lanes[N];                                                                                               \
        } u = {x};                                                                                                    \
        union {                                                                                                       \
            P v[K];                                                                                                   \
            T *at[N];                                                                                                 \
        } sine = {{ARGS##K(s)}}, cosine = {{ARGS##K(c)}};                                                             \
        if (lane##_sincos(u.lanes, sine.at, cosine.at, N))                                                            \
            return;                                                                                                   \
        own(u.v, ARGS##K(s), ARGS##K(c));                                                                             \
        lane##_sincos_out(u.lanes, sine.at, cosine.at, N);                                                            \
    }
SINCOS(b, "sse2", VPREC_F32, f32, float, f32x4, 4, i64x2, 2)
SINCOS(c, "avx", VPREC_F32, f32, float, f32x8, 8, i64x2, 4)
SINCOS(d, "avx2", VPREC_F32, f32, float, f32x8, 8, i64x4, 2)
SINCOS(e, "avx512f", VPREC_F32, f32, float, f32x16, 16, i64x8, 2)
SINCOS(b, "sse2", VPREC_F64, f64, double, f64x2, 2, i64x2, 1)
SINCOS(c, "avx", VPREC_F64, f64, double, f64x4, 4, i64x2, 2)
SINCOS(d, "avx2", VPREC_F64, f64, double, f64x4, 4, i64x4, 1)
SINCOS(e, "avx512f", VPREC_F64, f64, double, f64x8, 8, i64x8, 1)

#define ENTRY(isa, f, lane, symbol, type, wide)                                                                       \
    {symbol, (void *)replace_##isa##_##f##_##lane, &slot_##isa##_##f##_##lane, wide, type, true}
#define ENTRIES(f, v)                                                                                                 \
    ENTRY(b, f, f32, "_ZGVbN4" v "_" #f "f", VPREC_F32, &vprec_libm_##f),                                             \
        ENTRY(c, f, f32, "_ZGVcN8" v "_" #f "f", VPREC_F32, &vprec_libm_##f),                                         \
        ENTRY(d, f, f32, "_ZGVdN8" v "_" #f "f", VPREC_F32, &vprec_libm_##f),                                         \
        ENTRY(e, f, f32, "_ZGVeN16" v "_" #f "f", VPREC_F32, &vprec_libm_##f),                                        \
        ENTRY(b, f, f64, "_ZGVbN2" v "_" #f, VPREC_F64, NULL), ENTRY(c, f, f64, "_ZGVcN4" v "_" #f, VPREC_F64, NULL), \
        ENTRY(d, f, f64, "_ZGVdN4" v "_" #f, VPREC_F64, NULL), ENTRY(e, f, f64, "_ZGVeN8" v "_" #f, VPREC_F64, NULL),
#define UNARY_ENTRIES(f) ENTRIES(f, "v")
#define BINARY_ENTRIES(f) ENTRIES(f, "vv")

const vprec_libm_entry *vprec_libmvec_table(size_t *n)
{
    static const vprec_libm_entry table[] = {
        UNARY_FUNCTIONS(UNARY_ENTRIES) BINARY_FUNCTIONS(BINARY_ENTRIES) ENTRIES(sincos, "vvv")};
    *n = sizeof table / sizeof *table;
    return table;
}
