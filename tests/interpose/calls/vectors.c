/* SPDX-License-Identifier: Apache-2.0
 * vectors.c: libmvec's functions of each width, as compilers call them: operands in registers, and on the stack where
 * they do not fit. Prints name and bits of each lane's result, x = 0.3. */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef long long i64x2 __attribute__((vector_size(16)));
typedef long long i64x4 __attribute__((vector_size(32)));
typedef long long i64x8 __attribute__((vector_size(64)));
#define FOUR(T) T, T, T, T

/* NOLINTBEGIN(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the ABI's names */
__m128 _ZGVbN4v_tanhf(__m128);
__m256 _ZGVcN8v_tanhf(__m256);
__m256 _ZGVdN8v_tanhf(__m256);
__m512 _ZGVeN16v_tanhf(__m512);
__m128d _ZGVbN2vv_atan2(__m128d, __m128d);
__m512d _ZGVeN8vv_atan2(__m512d, __m512d);
void _ZGVbN4vvv_sincosf(__m128, i64x2, i64x2, i64x2, i64x2);
void _ZGVcN8vvv_sincosf(__m256, FOUR(i64x2), FOUR(i64x2)); /* the ninth lies on the stack */
void _ZGVdN8vvv_sincosf(__m256, i64x4, i64x4, i64x4, i64x4);
void _ZGVeN16vvv_sincosf(__m512, i64x8, i64x8, i64x8, i64x8);
void _ZGVcN4vvv_sincos(__m256d, i64x2, i64x2, i64x2, i64x2);
void _ZGVeN8vvv_sincos(__m512d, i64x8, i64x8);
/* NOLINTEND(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static volatile float x = 0.3f;
static volatile double xd = 0.3;

static void show(const char *name, const void *lanes, size_t bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        memcpy(&bits, (const char *)lanes + i * bytes, bytes);
        printf("%s %0*llx\n", name, (int)bytes * 2, (unsigned long long)bits);
    }
}

/* The addresses of `lanes`, as vectors of them. */
static void point(void *vectors, const void *lanes, size_t bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *at = (const char *)lanes + i * bytes;
        memcpy((char *)vectors + i * sizeof at, &at, sizeof at);
    }
}

#define SINCOS(name, T, n, P, k, v, ...)                                                                              \
    {                                                                                                                 \
        T sines[n] = {0}, cosines[n] = {0};                                                                           \
        P s[k], c[k];                                                                                                 \
        point(s, sines, sizeof(T), n);                                                                                \
        point(c, cosines, sizeof(T), n);                                                                              \
        name(v, __VA_ARGS__);                                                                                         \
        show(#name ".sin", sines, sizeof(T), n);                                                                      \
        show(#name ".cos", cosines, sizeof(T), n);                                                                    \
    }
#define VALUE(name, T, n, ...)                                                                                        \
    {                                                                                                                 \
        T lanes[n];                                                                                                   \
        __auto_type y = name(__VA_ARGS__);                                                                            \
        memcpy(lanes, &y, sizeof y);                                                                                  \
        show(#name, lanes, sizeof(T), n);                                                                             \
    }

__attribute__((target("avx"), noipa)) static void avx(void)
{
    VALUE(_ZGVcN8v_tanhf, float, 8, _mm256_set1_ps(x))
    SINCOS(_ZGVcN8vvv_sincosf, float, 8, i64x2, 4, _mm256_set1_ps(x), s[0], s[1], s[2], s[3], c[0], c[1], c[2], c[3])
    SINCOS(_ZGVcN4vvv_sincos, double, 4, i64x2, 2, _mm256_set1_pd(xd), s[0], s[1], c[0], c[1])
}

__attribute__((target("avx2"), noipa)) static void avx2(void)
{
    VALUE(_ZGVdN8v_tanhf, float, 8, _mm256_set1_ps(x))
    SINCOS(_ZGVdN8vvv_sincosf, float, 8, i64x4, 2, _mm256_set1_ps(x), s[0], s[1], c[0], c[1])
}

__attribute__((target("avx512f"), noipa)) static void avx512(void)
{
    VALUE(_ZGVeN16v_tanhf, float, 16, _mm512_set1_ps(x))
    VALUE(_ZGVeN8vv_atan2, double, 8, _mm512_set1_pd(xd), _mm512_set1_pd(1))
    SINCOS(_ZGVeN16vvv_sincosf, float, 16, i64x8, 2, _mm512_set1_ps(x), s[0], s[1], c[0], c[1])
    SINCOS(_ZGVeN8vvv_sincos, double, 8, i64x8, 1, _mm512_set1_pd(xd), s[0], c[0])
}

int main(void)
{
    VALUE(_ZGVbN4v_tanhf, float, 4, _mm_set1_ps(x))
    VALUE(_ZGVbN2vv_atan2, double, 2, _mm_set1_pd(xd), _mm_set1_pd(1))
    SINCOS(_ZGVbN4vvv_sincosf, float, 4, i64x2, 2, _mm_set1_ps(x), s[0], s[1], c[0], c[1])
    if (__builtin_cpu_supports("avx"))
        avx();
    if (__builtin_cpu_supports("avx2"))
        avx2();
    if (__builtin_cpu_supports("avx512f"))
        avx512();
    return 0;
}
