/* SPDX-License-Identifier: Apache-2.0
 * routine.c: vector routines by the names of Intel's SVML, whose insides rely on their precision, slow paths for some
 * lanes included. Each is 3 * x. Prints name and bits of its lanes. */
#include "show.h"
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f"), noipa))

/* Reached through another function, as SVML's are. */
__attribute__((noipa)) static void slower(double *x)
{
    volatile double far = *x + 0x1p40; /* what rounding would lose: all of it */
    *x = (far - 0x1p40) * 3;
}
__attribute__((noipa)) static void slow(double *x)
{
    if (*x > 64)
        slower(x);
    else
        *x = ((*x + 0x1p30) - 0x1p30) * 3;
}
__attribute__((noipa)) static void slowf(float *x)
{
    volatile float far = *x + 0x1p12f;
    *x = (far - 0x1p12f) * 3;
}

/* 3 * x, where x + far - far is x; of the lanes above 8, one at a time. */
#define LANES(name, V, T, p, s, far, slow)                                                                            \
    TARGET V name(V x)                                                                                                \
    {                                                                                                                 \
        T lanes[sizeof(V) / sizeof(T)];                                                                               \
        V beyond = _mm512_add_##p(x, _mm512_set1_##p(far));                                                           \
        __asm__ volatile("" : "+v"(beyond));                                                                          \
        V y = _mm512_mul_##p(_mm512_sub_##p(beyond, _mm512_set1_##p(far)), _mm512_set1_##p(3));                       \
        _mm512_storeu_##p(lanes, y);                                                                                  \
        for (unsigned i = 0; i < sizeof lanes / sizeof *lanes; i++)                                                   \
            if (_mm512_cmp_##p##_mask(x, _mm512_set1_##p(8), _CMP_GT_OQ) >> i & 1) {                                  \
                _mm512_storeu_##p(lanes, x);                                                                          \
                slow(&lanes[i]);                                                                                      \
                y = _mm512_mask_broadcast##s##_##p(y, 1u << i, _mm_set_##s(lanes[i]));                                \
            }                                                                                                         \
        return y;                                                                                                     \
    }
#define ROUTINE64(name) LANES(name, __m512d, double, pd, sd, 0x1p30, slow)
#define ROUTINE32(name) LANES(name, __m512, float, ps, ss, 0x1p12f, slowf)
ROUTINE64(__svml_log8)
ROUTINE64(__svml_exp28)
ROUTINE64(__svml_log108)
ROUTINE64(__svml_erf8)
ROUTINE32(__svml_expf16)
ROUTINE32(__svml_exp2f16)

/* Other widths, and two results, by assembly: 3 * x, and 2 * x in the second register. */
#define ROUTINE(name, type, r)                                                                                        \
    __asm__(".globl " #name "\n.type " #name ", @function\n" #name ":\n"                                              \
            "vadd" type " %" r "0, %" r "0, %" r "1\n"                                                                \
            "vadd" type " %" r "1, %" r "0, %" r "0\nret\n"                                                           \
            ".size " #name ", . - " #name "\n");
ROUTINE(__svml_sincos8, "pd", "zmm")
ROUTINE(__svml_sinf8, "ps", "ymm")
ROUTINE(__svml_sin4, "pd", "ymm")
ROUTINE(__svml_tanf4_mask, "ps", "xmm")
ROUTINE(__svml_exp2, "pd", "xmm")
ROUTINE(__svml_idiv8, "ps", "ymm")  /* of integers */
ROUTINE(__svml_exps32, "ps", "zmm") /* of binary16 */

static const double operands[16] = {0.1, 1.1, 2.3, 7.7,  9.9,  33.3, 77.7, 99.1,
                                    0.3, 3.3, 5.7, 17.9, 21.3, 1.9,  6.1,  12.7};

#define CALL64(who, name)                                                                                             \
    {                                                                                                                 \
        double lanes[8];                                                                                              \
        _mm512_storeu_pd(lanes, name(_mm512_loadu_pd(operands)));                                                     \
        for (int i = 0; i < 8; i++)                                                                                   \
            SHOW(#who " " #name, lanes[i]);                                                                           \
    }
#define CALL32(who, name)                                                                                             \
    {                                                                                                                 \
        float in[16], lanes[16];                                                                                      \
        for (int i = 0; i < 16; i++)                                                                                  \
            in[i] = (float)(int)(operands[i] * 16) / 16;                                                              \
        _mm512_storeu_ps(lanes, name(_mm512_loadu_ps(in)));                                                           \
        for (int i = 0; i < 16; i++)                                                                                  \
            SHOW(#who " " #name, lanes[i]);                                                                           \
    }
/* What the registers hold, by 8 doubles or 16 floats each. */
#define CALL(who, name, T, n)                                                                                         \
    {                                                                                                                 \
        T lanes[2][64 / sizeof(T)] = {{0}};                                                                           \
        for (int i = 0; i < n; i++)                                                                                   \
            lanes[0][i] = (T)operands[i]; /* the compiler's work: none of it is rounded */                            \
        __asm__ volatile("sub $128, %%rsp\n\tvmovups (%0), %%zmm0\n\tcall " #name                                     \
                         "\n\tvmovups %%zmm0, (%0)\n\tvmovups %%zmm1, 64(%0)\n\tadd $128, %%rsp"                      \
                         :                                                                                            \
                         : "r"(lanes)                                                                                 \
                         : "memory", "xmm0", "xmm1", "rax", "r11", "cc");                                             \
        for (int i = 0; i < n; i++) {                                                                                 \
            SHOW(#who " " #name, lanes[0][i]);                                                                        \
            SHOW(#who " " #name ".second", lanes[1][i]);                                                              \
        }                                                                                                             \
    }
#define CALLER(who)                                                                                                   \
    TARGET static void who(void)                                                                                      \
    {                                                                                                                 \
        CALL64(who, __svml_log8)                                                                                      \
        CALL64(who, __svml_exp28)                                                                                     \
        CALL64(who, __svml_log108)                                                                                    \
        CALL64(who, __svml_erf8)                                                                                      \
        CALL32(who, __svml_expf16)                                                                                    \
        CALL32(who, __svml_exp2f16)                                                                                   \
        CALL(who, __svml_sincos8, double, 8)                                                                          \
        CALL(who, __svml_sinf8, float, 8)                                                                             \
        CALL(who, __svml_sin4, double, 4)                                                                             \
        CALL(who, __svml_tanf4_mask, float, 4)                                                                        \
        CALL(who, __svml_exp2, double, 2)                                                                             \
        CALL(who, __svml_idiv8, float, 8)                                                                             \
        CALL(who, __svml_exps32, float, 16)                                                                           \
    }
CALLER(ff)
CALLER(gg)

int main(void)
{
    if (!__builtin_cpu_supports("avx512f"))
        return 77;
    ff();
    gg();
    return 0;
}
