/* SPDX-License-Identifier: Apache-2.0
 * compiled.c: kernels for benchmarks/compiled: prints of each its name and microseconds of CPU a call, the least of
 * several. Data are numbers near 1 with all their bits, made by integers, so that a format changes none of them; of
 * `ties` the least fraction bits are zero. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { N = 256, LAYERS = 3 };
static float a[N * N], b[N * N], c[N * N], weights[256 * 784], x[784], y[256], z[256];
static volatile float sink;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void fill(float *to, size_t n, uint32_t seed, uint32_t keep)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t word = (seed & 0x80000000) | (126 - (seed >> 20 & 3)) << 23 | (seed >> 5 & 0x7fffff & keep);
        memcpy(&to[i], &word, sizeof word);
    }
}

__attribute__((noinline)) static void sgemm(int n, const float *restrict p, const float *restrict q, float *restrict r)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            float factor = p[i * n + k];
            for (int j = 0; j < n; j++)
                r[i * n + j] += factor * q[k * n + j];
        }
}

__attribute__((noinline)) static float dot(const float *p, const float *q, int n)
{
#pragma clang fp reassociate(on)
    float sum = 0;
    for (int i = 0; i < n; i++)
        sum += p[i] * q[i];
    return sum;
}

__attribute__((noinline)) static void layer(const float *w, const float *in, float *restrict out, int rows, int columns)
{
    for (int i = 0; i < rows; i++) {
        float sum = dot(w + (size_t)i * (size_t)columns, in, columns);
        out[i] = sum > 0 ? sum : 0;
    }
}

__attribute__((noinline)) static float chain(float v, int n)
{
    for (int i = 0; i < n; i++)
        v = v * 0.999f + 0.001f;
    return v;
}

#define MEASURE(name, times, ...)                                                                                      \
    do {                                                                                                               \
        double least = 1e30;                                                                                           \
        for (int round = 0; round < 9; round++) {                                                                      \
            double start = now();                                                                                      \
            for (int i = 0; i < (times); i++) {                                                                        \
                __VA_ARGS__;                                                                                           \
                __asm__ volatile("" : : : "memory");                                                                   \
            }                                                                                                          \
            double took = (now() - start) / (times);                                                                   \
            least = took < least ? took : least;                                                                       \
        }                                                                                                              \
        printf("%s %.4f\n", name, least);                                                                              \
    } while (0)

int main(void)
{
    fill(a, N * N, 1, 0x7fffff), fill(b, N * N, 2, 0x7fffff), fill(weights, 256 * 784, 3, 0x7fffff), fill(x, 784, 4, 0x7fffff);
    MEASURE("sgemm 256", 2, memset(c, 0, sizeof c); sgemm(N, a, b, c));
    MEASURE("dot 4096", 200, sink = dot(a, b, 4096));
    MEASURE("mlp 784-256-128-10", 10, layer(weights, x, y, 256, 784); layer(weights, y, z, 128, 256);
            layer(weights, z, y, 10, 128));
    MEASURE("chain 10000", 5, sink = chain(0.3f, 10000));
    fill(a, N * N, 1, 0x780000), fill(b, N * N, 2, 0x780000);
    MEASURE("sgemm 256, ties", 1, memset(c, 0, sizeof c); sgemm(N, a, b, c));
    return 0;
}
