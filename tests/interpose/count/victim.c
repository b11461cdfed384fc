/* SPDX-License-Identifier: Apache-2.0
 * victim.c: elementwise operations on numbers from a file, each in a function of its own name, scalar and packed,
 * by SSE, AVX2 and AVX-512 instructions. Writes the results' bits. Links nothing of vprec's.
 * Usage: victim FILE threads N|_exit|crash|exec|fork|libm; FILE: N floats for each of three operands, as many
 * doubles. */
#include <immintrin.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 192 };

static struct {
    float f32[3][N];
    double f64[3][N];
} operands;

typedef float f32x4 __attribute__((vector_size(16)));
typedef float f32x8 __attribute__((vector_size(32)));
typedef double f64x4 __attribute__((vector_size(32)));
typedef float f32x16 __attribute__((vector_size(64)));
typedef double f64x8 __attribute__((vector_size(64)));

/* NAME: results of vectors of type V, with elements T, of operands x, y, z. */
#define FUNCTION(NAME, T, V, EXPRESSION, TARGET)                                                                      \
    __attribute__((noipa, target(TARGET))) static void NAME(T *to, const T *a, const T *b, const T *c)                 \
    {                                                                                                                 \
        for (int i = 0; i < N; i += (int)(sizeof(V) / sizeof(T))) {                                                   \
            V x, y, z, r;                                                                                             \
            memcpy(&x, a + i, sizeof x);                                                                              \
            memcpy(&y, b + i, sizeof y);                                                                              \
            memcpy(&z, c + i, sizeof z);                                                                              \
            r = EXPRESSION;                                                                                           \
            memcpy(to + i, &r, sizeof r);                                                                             \
            __asm__ volatile("" : : : "memory"); /* an iteration is an instruction */                                \
        }                                                                                                             \
    }

/* name, type's number, element, vector, expression, instructions */
#define FUNCTIONS(X)                                                                                                  \
    X(add_f32, f32, float, float, x + y, "sse2")                                                                      \
    X(sub_f32, f32, float, float, x - y, "sse2")                                                                      \
    X(mul_f32, f32, float, float, x *y, "sse2")                                                                       \
    X(div_f32, f32, float, float, x / y, "sse2")                                                                      \
    X(sqrt_f32, f32, float, float, __builtin_sqrtf(x), "sse2")                                                        \
    X(fma_f32, f32, float, float, __builtin_fmaf(x, y, z), "avx2,fma")                                                \
    X(add_f64, f64, double, double, x + y, "sse2")                                                                    \
    X(sub_f64, f64, double, double, x - y, "sse2")                                                                    \
    X(mul_f64, f64, double, double, x *y, "sse2")                                                                     \
    X(div_f64, f64, double, double, x / y, "sse2")                                                                    \
    X(sqrt_f64, f64, double, double, __builtin_sqrt(x), "sse2")                                                       \
    X(fma_f64, f64, double, double, __builtin_fma(x, y, z), "avx2,fma")                                               \
    X(fms_f64, f64, double, double, __builtin_fma(x, y, -z), "avx2,fma")                                              \
    X(fnma_f64, f64, double, double, __builtin_fma(-x, y, z), "avx2,fma")                                             \
    X(add_f32x4, f32, float, f32x4, x + y, "sse2")                                                                    \
    X(hadd_f32x4, f32, float, f32x4, (f32x4)_mm_hadd_ps((__m128)x, (__m128)y), "sse3")                                \
    X(addsub_f32x4, f32, float, f32x4, (f32x4)_mm_addsub_ps((__m128)x, (__m128)y), "sse3")                            \
    X(sub_f32x8, f32, float, f32x8, x - y, "avx2")                                                                    \
    X(fma_f64x4, f64, double, f64x4, (f64x4)_mm256_fmadd_pd((__m256d)x, (__m256d)y, (__m256d)z), "avx2,fma")          \
    X(add_f32x16, f32, float, f32x16, x + y, "avx512f")                                                               \
    X(sub_f64x8, f64, double, f64x8, x - y, "avx512f")                                                                \
    X(masked_f32x16, f32, float, f32x16, (f32x16)_mm512_mask_add_ps((__m512)z, 0x5a3c, (__m512)x, (__m512)y), "avx512f")

#define DEFINE(name, type, T, V, expression, target) FUNCTION(name, T, V, expression, target)
FUNCTIONS(DEFINE)

static int level;

static int has(const char *target)
{
    return strstr(target, "avx512") ? level > 1 : strstr(target, "avx") ? level > 0 : 1;
}

static void *work(void *write_them)
{
    float f32[N];
    double f64[N];
#define RUN(name, type, T, V, expression, target)                                                                     \
    if (has(target)) {                                                                                                \
        name(type, operands.type[0], operands.type[1], operands.type[2]);                                             \
        if (write_them)                                                                                               \
            fwrite(type, 1, sizeof type, stdout);                                                                     \
    }
    FUNCTIONS(RUN)
    return NULL;
}

/* Calls of libm, each function's values from small to beyond e4m3, and to what is none. */
static void call(void)
{
    static const volatile float x[] = {1, 5, 6, 7, -7, -8, -9, -1};
    volatile double large = 7000;
    volatile float sum = 0;
    for (unsigned i = 0; i < sizeof x / sizeof *x; i++)
        sum += expf(x[i]);
    for (unsigned i = 0; i < sizeof x / sizeof *x; i++)
        sum += logf(x[i]);
    sum += powf(x[3], x[2]);
    sum += (float)exp(large);
}

int main(int argc, char **argv)
{
    FILE *file = argc > 2 ? fopen(argv[1], "rb") : NULL;
    if (!file || fread(&operands, 1, sizeof operands, file) != sizeof operands)
        return 2;
    fclose(file);
    level = __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("fma") ? 1 : 0;
    if (!strcmp(argv[2], "threads")) {
        pthread_t threads[16];
        int n = atoi(argv[3]);
        for (int i = 1; i < n; i++)
            pthread_create(&threads[i], NULL, work, NULL);
        work(stdout);
        for (int i = 1; i < n; i++)
            pthread_join(threads[i], NULL);
        return 0;
    }
    if (!strcmp(argv[2], "libm")) {
        call();
        return 0;
    }
    if (!strcmp(argv[2], "fork") && fork() == 0) {
        work(NULL);
        _exit(0);
    }
    work(NULL);
    if (!strcmp(argv[2], "_exit"))
        _exit(3);
    if (!strcmp(argv[2], "crash"))
        raise(SIGSEGV);
    if (!strcmp(argv[2], "exec"))
        execv("/proc/self/exe", (char *[]){argv[0], argv[1], (char *)"once", NULL});
    while (wait(NULL) > 0)
        continue;
    return 0;
}
