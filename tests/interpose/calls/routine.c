/* SPDX-License-Identifier: Apache-2.0
 * routine.c: vector routines by the names of Intel's SVML, whose insides rely on their precision, slow paths for some
 * lanes included. Each is 3 * x. Prints name and bits of its lanes. */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

#define ROUTINE64(name)                                                                                               \
    TARGET __m512d name(__m512d x)                                                                                    \
    {                                                                                                                 \
        double lanes[8];                                                                                              \
        __m512d far = _mm512_add_pd(x, _mm512_set1_pd(0x1p30));                                                       \
        __asm__ volatile("" : "+v"(far));                                                                             \
        __m512d y = _mm512_mul_pd(_mm512_sub_pd(far, _mm512_set1_pd(0x1p30)), _mm512_set1_pd(3));                     \
        _mm512_storeu_pd(lanes, y);                                                                                   \
        for (int i = 0; i < 8; i++)                                                                                   \
            if (_mm512_cmp_pd_mask(x, _mm512_set1_pd(8), _CMP_GT_OQ) >> i & 1) {                                      \
                _mm512_storeu_pd(lanes, x);                                                                           \
                slow(&lanes[i]);                                                                                      \
                y = _mm512_mask_broadcastsd_pd(y, (__mmask8)(1 << i), _mm_set_sd(lanes[i]));                          \
            }                                                                                                         \
        return y;                                                                                                     \
    }
#define ROUTINE32(name)                                                                                               \
    TARGET __m512 name(__m512 x)                                                                                      \
    {                                                                                                                 \
        float lanes[16];                                                                                              \
        __m512 far = _mm512_add_ps(x, _mm512_set1_ps(0x1p12f));                                                       \
        __asm__ volatile("" : "+v"(far));                                                                             \
        __m512 y = _mm512_mul_ps(_mm512_sub_ps(far, _mm512_set1_ps(0x1p12f)), _mm512_set1_ps(3));                     \
        for (int i = 0; i < 16; i++)                                                                                  \
            if (_mm512_cmp_ps_mask(x, _mm512_set1_ps(8), _CMP_GT_OQ) >> i & 1) {                                      \
                _mm512_storeu_ps(lanes, x);                                                                           \
                slowf(&lanes[i]);                                                                                     \
                y = _mm512_mask_broadcastss_ps(y, (__mmask16)(1 << i), _mm_set_ss(lanes[i]));                         \
            }                                                                                                         \
        return y;                                                                                                     \
    }
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

/* By its bits: a conversion would be rounded. */
static void show(const char *name, const void *number, unsigned bytes)
{
    uint64_t bits = 0;
    memcpy(&bits, number, bytes);
    printf("%s %0*llx\n", name, (int)bytes * 2, (unsigned long long)bits);
}
#define SHOW(name, x) show(name, &(x), sizeof(x))

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
