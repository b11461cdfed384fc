/* SPDX-License-Identifier: Apache-2.0
 * lanes_avx512.h: vectors of 512 bits as rounding.inc and what is built on it see
 * them. Included with LANES 32 (float) and 64 (double): every name ends in the
 * type, T(add_down) is add_down_f32. Directions are in the instructions; MXCSR
 * must mask exceptions and keep subnormals. lanes_avx2.h has the same names.
 *
 *   V  values    I  the lanes' bits    M  a choice of lanes */
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#undef T
#undef VF
#undef VI
#undef VM
#undef VFM
#undef VUM
#undef VMOVE
#undef V
#undef I
#undef M
#undef W
#undef E
#if LANES == 32
#define T(name) name##_f32
#define VF(name) _mm512_##name##_ps
#define VI(name) _mm512_##name##_epi32
#define VM(name) _mm512_##name##_epi32_mask
#define VUM(name) _mm512_##name##_epu32_mask
#define VFM(name) _mm512_##name##_ps_mask
#define VMOVE _mm512_movepi32_mask
#define V __m512
#define I __m512i
#define M __mmask16
#define W uint32_t /* a lane's bits */
#define E float
enum { T(COUNT) = 16, T(BITS) = 32, T(FRACTION) = 23 };
#else
#define T(name) name##_f64
#define VF(name) _mm512_##name##_pd
#define VI(name) _mm512_##name##_epi64
#define VM(name) _mm512_##name##_epi64_mask
#define VUM(name) _mm512_##name##_epu64_mask
#define VFM(name) _mm512_##name##_pd_mask
#define VMOVE _mm512_movepi64_mask
#define V __m512d
#define I __m512i
#define M __mmask8
#define W uint64_t
#define E double
enum { T(COUNT) = 8, T(BITS) = 64, T(FRACTION) = 52 };
#endif

#ifndef LANE
#define LANE static inline __attribute__((always_inline))
#define DOWN (_MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
#define UP (_MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)
#define NEAR (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#endif

LANE V T(set)(E x) { return VF(set1)(x); }
LANE I T(set_bits)(W x) { return VI(set1)(x); }
#if LANES == 32
LANE I T(bits)(V x) { return _mm512_castps_si512(x); }
LANE V T(value)(I x) { return _mm512_castsi512_ps(x); }
#else
LANE I T(bits)(V x) { return _mm512_castpd_si512(x); }
LANE V T(value)(I x) { return _mm512_castsi512_pd(x); }
#endif

/* Memory: whole vectors, and the first n < COUNT lanes (the others read as 0). */
LANE V T(load)(const E *p) { return VF(loadu)(p); }
LANE void T(store)(E *p, V x) { VF(storeu)(p, x); }
LANE V T(load_some)(const E *p, unsigned n) { return VF(maskz_loadu)((1u << n) - 1, p); }
LANE void T(store_some)(E *p, V x, unsigned n) { VF(mask_storeu)(p, (1u << n) - 1, x); }
/* Random words, each the topmost 32 bits of its lane. */
#if LANES == 32
LANE I T(load_words)(const uint32_t *p) { return _mm512_loadu_si512(p); }
LANE I T(load_some_words)(const uint32_t *p, unsigned n) { return _mm512_maskz_loadu_epi32((1u << n) - 1, p); }
#else
LANE I T(load_words)(const uint32_t *p)
{
    return _mm512_slli_epi64(_mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)p)), 32);
}
LANE I T(load_some_words)(const uint32_t *p, unsigned n)
{
    return _mm512_slli_epi64(_mm512_cvtepu32_epi64(_mm256_maskz_loadu_epi32((1u << n) - 1, p)), 32);
}
/* Floats in double lanes. Storing rounds nothing if the values are floats. */
LANE V T(load_float)(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
LANE void T(store_float)(float *p, V x) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(x)); }
LANE V T(load_some_float)(const float *p, unsigned n)
{
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps((1u << n) - 1, p));
}
LANE void T(store_some_float)(float *p, V x, unsigned n)
{
    _mm256_mask_storeu_ps(p, (1u << n) - 1, _mm512_cvtpd_ps(x));
}
#endif

/* Bits. */
LANE I T(and)(I a, I b) { return _mm512_and_si512(a, b); }
LANE I T(or)(I a, I b) { return _mm512_or_si512(a, b); }
LANE I T(xor)(I a, I b) { return _mm512_xor_si512(a, b); }
LANE I T(and_not)(I a, I b) { return _mm512_andnot_si512(b, a); } /* a & ~b */
LANE I T(plus)(I a, I b) { return VI(add)(a, b); }
LANE I T(shift)(I a, I count) { return VI(srlv)(a, count); } /* by less than COUNT bits; 0 from there on */
/* magnitude | sign & SIGN */
LANE V T(with_sign)(V magnitude, V sign)
{
    return T(value)(VI(ternarylogic)(T(bits)(magnitude), T(bits)(sign), T(set_bits)((W)1 << (T(BITS) - 1)), 0xf8));
}
LANE V T(magnitude)(V x) { return VF(abs)(x); }

LANE I T(or_and)(I a, I b, I c) { return VI(ternarylogic)(a, b, c, 0xf8); } /* a | (b & c) */

/* Choices of lanes. */
LANE M T(below)(V a, V b) { return VFM(cmp)(a, b, _CMP_LT_OQ); }
LANE M T(equal)(V a, V b) { return VFM(cmp)(a, b, _CMP_EQ_OQ); }
LANE M T(unordered)(V a) { return VFM(cmp)(a, a, _CMP_UNORD_Q); }
LANE M T(equal_bits)(I a, I b) { return VM(cmpeq)(a, b); }
LANE M T(odd)(I a) { return VM(test)(a, T(set_bits)(1)); }
/* Not a number from 0 to max: also NaN whose carry went into the sign. */
LANE M T(beyond)(V a, V max) { return VUM(cmpgt)(T(bits)(a), T(bits)(max)); }
LANE M T(both)(M a, M b) { return a & b; }
LANE M T(either)(M a, M b) { return a | b; }
LANE M T(but_not)(M a, M b) { return a & ~b; }
LANE M T(all)(bool yes) { return yes ? (M)-1 : 0; }
LANE bool T(any)(M a) { return a != 0; }
LANE unsigned T(which)(M a) { return a; } /* bit i: lane i */
LANE V T(select)(M choice, V no, V yes) { return VF(mask_blend)(choice, no, yes); }
LANE V T(select_signed)(V sign, V plus, V minus) { return VF(mask_blend)(VMOVE(T(bits)(sign)), plus, minus); }
LANE I T(where)(M choice, I x) { return VI(maskz_mov)(choice, x); }
LANE V T(unless)(M choice, V x) { return VF(maskz_mov)(~choice, x); }

/* Arithmetic in a direction; near: to nearest even. */
LANE V T(add_down)(V a, V b) { return VF(add_round)(a, b, DOWN); }
LANE V T(add_up)(V a, V b) { return VF(add_round)(a, b, UP); }
LANE V T(sub_down)(V a, V b) { return VF(sub_round)(a, b, DOWN); }
LANE V T(sub_up)(V a, V b) { return VF(sub_round)(a, b, UP); }
LANE V T(mul_down)(V a, V b) { return VF(mul_round)(a, b, DOWN); }
LANE V T(mul_up)(V a, V b) { return VF(mul_round)(a, b, UP); }
LANE V T(fma_down)(V a, V b, V c) { return VF(fmadd_round)(a, b, c, DOWN); }
LANE V T(fma_up)(V a, V b, V c) { return VF(fmadd_round)(a, b, c, UP); }
LANE V T(fms_down)(V a, V b, V c) { return VF(fmsub_round)(a, b, c, DOWN); } /* a*b - c */
LANE V T(div_down)(V a, V b) { return VF(div_round)(a, b, DOWN); }
LANE V T(sqrt_down)(V a) { return VF(sqrt_round)(a, DOWN); }
LANE V T(fma_near)(V a, V b, V c) { return VF(fmadd_round)(a, b, c, NEAR); }
LANE V T(fnma_near)(V a, V b, V c) { return VF(fnmadd_round)(a, b, c, NEAR); } /* c - a*b */
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
    V down = VF(mask_add_round)(z, small, z, base, DOWN), up = VF(mask_add_round)(z, small, z, base, UP);
    *more = T(xor)(T(bits)(down), T(bits)(up));
    return down;
}
/* Back again. */
LANE V T(lower)(V r, M small, V base) { return VF(mask_sub_round)(r, small, r, base, NEAR); }
LANE V T(twice_where)(M small, V z) { return VF(mask_add_round)(z, small, z, z, DOWN); }
/* r from `least` up (beyond included), else 0. */
LANE V T(from_up)(V r, V least) { return VF(maskz_mov)(VUM(cmpge)(T(bits)(r), T(bits)(least)), r); }
LANE V T(larger)(V a, V b) { return VF(max)(a, b); } /* b if one is NaN */
/* Of two neighbours, or a value and itself: the magnitude of the one nearer to zero. */
LANE V T(inner)(V down, V up) { return VF(range)(down, up, 0xa); }
