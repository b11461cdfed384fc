/* SPDX-License-Identifier: Apache-2.0
 * lanes_avx2.h: vectors of 256 bits with the names of lanes_avx512.h. A direction
 * is MXCSR's: `down` functions expect it down, `up` get theirs from it by negation,
 * `near` and plain ones follow it. In M only the sign bits count.
 *
 *   V  values    I  the lanes' bits    M  a choice of lanes */
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#undef T
#undef VF
#undef VI
#undef VC
#undef VS
#undef V
#undef I
#undef M
#undef W
#undef E
#if LANES == 32
#define T(name) name##_f32
#define VF(name) _mm256_##name##_ps
#define VI(name) _mm256_##name##_epi32
#define V __m256
#define I __m256i
#define M __m256
#define W uint32_t /* a lane's bits */
#define E float
enum { T(COUNT) = 8, T(BITS) = 32, T(FRACTION) = 23 };
#else
#define T(name) name##_f64
#define VF(name) _mm256_##name##_pd
#define VI(name) _mm256_##name##_epi64
#define V __m256d
#define I __m256i
#define M __m256d
#define W uint64_t
#define E double
enum { T(COUNT) = 4, T(BITS) = 64, T(FRACTION) = 52 };
#endif

#ifndef LANE
#define LANE static inline __attribute__((always_inline))
#endif

LANE V T(set)(E x) { return VF(set1)(x); }
#if LANES == 32
LANE I T(set_bits)(W x) { return _mm256_set1_epi32(x); }
LANE I T(bits)(V x) { return _mm256_castps_si256(x); }
LANE V T(value)(I x) { return _mm256_castsi256_ps(x); }
#else
LANE I T(set_bits)(W x) { return _mm256_set1_epi64x(x); }
LANE I T(bits)(V x) { return _mm256_castpd_si256(x); }
LANE V T(value)(I x) { return _mm256_castsi256_pd(x); }
#endif

/* Ones in the first n < COUNT lanes. */
LANE I T(first)(unsigned n)
{
    static const int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ones + 8 - (size_t)n * (T(BITS) / 32)));
}

/* Memory: whole vectors, and the first n < COUNT lanes (the others read as 0). */
LANE V T(load)(const E *p) { return VF(loadu)(p); }
LANE void T(store)(E *p, V x) { VF(storeu)(p, x); }
LANE V T(load_some)(const E *p, unsigned n) { return VF(maskload)(p, T(first)(n)); }
LANE void T(store_some)(E *p, V x, unsigned n) { VF(maskstore)(p, T(first)(n), x); }
/* Random words, each the topmost 32 bits of its lane. */
#if LANES == 32
LANE I T(load_words)(const uint32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
LANE I T(load_some_words)(const uint32_t *p, unsigned n)
{
    return _mm256_maskload_epi32((const int *)p, T(first)(n));
}
#else
LANE __m128i T(first_four)(unsigned n)
{
    static const int32_t ones[8] = {-1, -1, -1, -1};
    return _mm_loadu_si128((const __m128i *)(ones + 4 - n));
}
LANE I T(load_words)(const uint32_t *p)
{
    return _mm256_slli_epi64(_mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)p)), 32);
}
LANE I T(load_some_words)(const uint32_t *p, unsigned n)
{
    return _mm256_slli_epi64(_mm256_cvtepu32_epi64(_mm_maskload_epi32((const int *)p, T(first_four)(n))), 32);
}
/* Floats in double lanes. Storing rounds nothing if the values are floats. */
LANE V T(load_float)(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
LANE void T(store_float)(float *p, V x) { _mm_storeu_ps(p, _mm256_cvtpd_ps(x)); }
LANE V T(load_some_float)(const float *p, unsigned n)
{
    return _mm256_cvtps_pd(_mm_maskload_ps(p, T(first_four)(n)));
}
LANE void T(store_some_float)(float *p, V x, unsigned n) { _mm_maskstore_ps(p, T(first_four)(n), _mm256_cvtpd_ps(x)); }
#endif

/* Bits. */
LANE I T(and)(I a, I b) { return _mm256_and_si256(a, b); }
LANE I T(or)(I a, I b) { return _mm256_or_si256(a, b); }
LANE I T(xor)(I a, I b) { return _mm256_xor_si256(a, b); }
LANE I T(and_not)(I a, I b) { return _mm256_andnot_si256(b, a); } /* a & ~b */
LANE I T(plus)(I a, I b) { return VI(add)(a, b); }
LANE I T(shift)(I a, I count) { return VI(srlv)(a, count); } /* by less than COUNT bits; 0 from there on */
LANE I T(or_and)(I a, I b, I c) { return T(or)(a, T(and)(b, c)); }
/* The bits are hidden from the compiler, which else takes -(-a - b) for a + b. */
LANE V T(negative)(V x)
{
    V y = VF(xor)(x, T(set)(-(E)0));
    __asm__("" : "+x"(y));
    return y;
}
LANE V T(magnitude)(V x) { return VF(andnot)(T(set)(-(E)0), x); }
/* magnitude | sign & SIGN */
LANE V T(with_sign)(V magnitude, V sign) { return VF(or)(magnitude, VF(and)(sign, T(set)(-(E)0))); }

/* Choices of lanes. */
LANE M T(below)(V a, V b) { return VF(cmp)(a, b, _CMP_LT_OQ); }
LANE M T(equal)(V a, V b) { return VF(cmp)(a, b, _CMP_EQ_OQ); }
LANE M T(unordered)(V a) { return VF(cmp)(a, a, _CMP_UNORD_Q); }
LANE M T(equal_bits)(I a, I b) { return T(value)(VI(cmpeq)(a, b)); }
LANE M T(odd)(I a) { return T(value)(VI(slli)(a, T(BITS) - 1)); }
/* Not a number from 0 to max: also NaN whose carry went into the sign. */
LANE M T(beyond)(V a, V max) { return VF(or)(VF(cmp)(a, max, _CMP_NLE_UQ), a); }
LANE M T(both)(M a, M b) { return VF(and)(a, b); }
LANE M T(either)(M a, M b) { return VF(or)(a, b); }
LANE M T(but_not)(M a, M b) { return VF(andnot)(b, a); }
LANE M T(all)(bool yes) { return T(value)(T(set_bits)(yes ? ~(W)0 : 0)); }
LANE bool T(any)(M a) { return VF(movemask)(a) != 0; }
LANE unsigned T(which)(M a) { return VF(movemask)(a); } /* bit i: lane i */
LANE V T(select)(M choice, V no, V yes) { return VF(blendv)(no, yes, choice); }
LANE V T(select_signed)(V sign, V plus, V minus) { return VF(blendv)(plus, minus, sign); }
/* Of comparisons, where all bits count; else 0. */
LANE I T(where)(M choice, I x) { return T(and)(T(bits)(choice), x); }
LANE V T(unless)(M choice, V x) { return VF(andnot)(choice, x); }

/* Arithmetic in a direction; near: to nearest even. */
LANE V T(add_down)(V a, V b) { return VF(add)(a, b); }
LANE V T(add_up)(V a, V b) { return T(negative)(VF(sub)(T(negative)(a), b)); }
LANE V T(sub_down)(V a, V b) { return VF(sub)(a, b); }
LANE V T(sub_up)(V a, V b) { return T(negative)(VF(sub)(b, a)); }
LANE V T(mul_down)(V a, V b) { return VF(mul)(a, b); }
LANE V T(mul_up)(V a, V b) { return T(negative)(VF(mul)(T(negative)(a), b)); }
LANE V T(fma_down)(V a, V b, V c) { return VF(fmadd)(a, b, c); }
LANE V T(fma_up)(V a, V b, V c) { return T(negative)(VF(fnmsub)(a, b, c)); }
LANE V T(fms_down)(V a, V b, V c) { return VF(fmsub)(a, b, c); } /* a*b - c */
LANE V T(div_down)(V a, V b) { return VF(div)(a, b); }
LANE V T(sqrt_down)(V a) { return VF(sqrt)(a); }
LANE V T(fma_near)(V a, V b, V c) { return VF(fmadd)(a, b, c); }
LANE V T(fnma_near)(V a, V b, V c) { return VF(fnmadd)(a, b, c); } /* c - a*b */
/* In MXCSR's direction. */
LANE V T(add)(V a, V b) { return VF(add)(a, b); }
LANE V T(sub)(V a, V b) { return VF(sub)(a, b); }
LANE V T(mul)(V a, V b) { return VF(mul)(a, b); }
LANE V T(div)(V a, V b) { return VF(div)(a, b); }
LANE V T(sqrt)(V a) { return VF(sqrt)(a); }
LANE V T(fma)(V a, V b, V c) { return VF(fmadd)(a, b, c); }
LANE V T(fnma)(V a, V b, V c) { return VF(fnmadd)(a, b, c); } /* c - a*b */
/* In the small lanes z + base, truncated; the last bit of `more`: something was lost. */
LANE V T(lift)(V z, M small, V base, I *more)
{
    V add = VF(and)(small, base), sum = VF(add)(z, add);
    *more = T(bits)(VF(cmp)(VF(sub)(sum, add), z, _CMP_NEQ_OQ));
    return sum;
}
/* Back again. Rounded down x - x is -0: hence the other way round. Keeps a carry into the sign. */
LANE V T(lower)(V r, M small, V base) { return T(negative)(VF(sub)(VF(and)(small, base), r)); }
LANE V T(twice_where)(M small, V z) { return VF(add)(z, VF(and)(small, z)); }
/* r from `least` up (beyond included), else 0. */
LANE V T(from_up)(V r, V least)
{
    return VF(and)(r, VF(or)(VF(cmp)(r, least, _CMP_NLT_UQ), T(set)(-(E)0)));
}
LANE V T(larger)(V a, V b) { return VF(max)(a, b); } /* b if one is NaN */
/* Of two neighbours, or a value and itself: the magnitude of the one nearer to zero. */
LANE V T(inner)(V down, V up) { return VF(min)(T(magnitude)(down), T(magnitude)(up)); }
