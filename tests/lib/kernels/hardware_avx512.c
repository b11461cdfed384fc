/* SPDX-License-Identifier: Apache-2.0
 * hardware_avx512.c: binary16 arithmetic by AVX512-FP16, bfloat16 by AVX512-BF16. Compiled for
 * both. FP16 arithmetic honours subnormals whatever FTZ and DAZ say (Intel SDM volume 1,
 * section 5.24); embedded rounding replaces MXCSR's. */
#include "hardware.h"
#include <immintrin.h>

static void store_widened(float *out, __m512h r)
{
    __m512i bits = _mm512_castph_si512(r);
    _mm512_storeu_ps(out, _mm512_cvtph_ps(_mm512_castsi512_si256(bits)));
    _mm512_storeu_ps(out + 16, _mm512_cvtph_ps(_mm512_extracti64x4_epi64(bits, 1)));
}

/* One loop for each operation and direction: the direction is part of the instruction. */
#define LOOP(OP, ARITY, CALL)                                                                                          \
    case VPREC_OP_##OP:                                                                                                \
        for (size_t i = 0; i < n; i += 32) {                                                                           \
            __m512h x = _mm512_loadu_ph(a + i);                                                                        \
            __m512h y = ARITY > 1 ? _mm512_loadu_ph(b + i) : x, z = ARITY > 2 ? _mm512_loadu_ph(c + i) : x;            \
            (void)y, (void)z;                                                                                          \
            store_widened(out + i, CALL);                                                                              \
        }                                                                                                              \
        break;
#define X(MODE, DIRECTION)                                                                                             \
    static void in_##MODE(enum vprec_kernel_op op, float *out, const uint16_t *a, const uint16_t *b,              \
                               const uint16_t *c, size_t n)                                                            \
    {                                                                                                                  \
        enum { TO = DIRECTION | _MM_FROUND_NO_EXC };                                                                   \
        switch (op) {                                                                                                  \
            LOOP(add, 2, _mm512_add_round_ph(x, y, TO))                                                                \
            LOOP(sub, 2, _mm512_sub_round_ph(x, y, TO))                                                                \
            LOOP(mul, 2, _mm512_mul_round_ph(x, y, TO))                                                                \
            LOOP(div, 2, _mm512_div_round_ph(x, y, TO))                                                                \
            LOOP(sqrt, 1, _mm512_sqrt_round_ph(x, TO))                                                                 \
            LOOP(fma, 3, _mm512_fmadd_round_ph(x, y, z, TO))                                                           \
        default: break;                                                                                                \
        }                                                                                                              \
    }
HARDWARE_DIRECTIONS(X)
#undef X

void hardware_fp16(enum vprec_kernel_op op, vprec_mode mode, float *out, const uint16_t *a, const uint16_t *b,
                   const uint16_t *c, size_t n)
{
#define X(MODE, DIRECTION)                                                                                             \
    if (mode == MODE)                                                                                                  \
        in_##MODE(op, out, a, b, c, n);
    HARDWARE_DIRECTIONS(X)
#undef X
}

void hardware_round_bf16(float *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __m256bh r = _mm512_cvtneps_pbh(_mm512_loadu_ps(x + i));
        __m512i wide = _mm512_cvtepu16_epi32((__m256i)r);
        _mm512_storeu_si512(out + i, _mm512_slli_epi32(wide, 16));
    }
}
