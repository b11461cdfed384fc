/* SPDX-License-Identifier: Apache-2.0
 * program.c: kernels whose every result is printed to the bit, for vprec-cc and for vprec-run on the plain build. */
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { N = 96 };
static volatile int n = N;
static float f[N], g[N], h[N];
static double d[N], e[N];

static void show32(const char *name, const float *x, int count)
{
    uint64_t hash = 0;
    uint32_t bits;
    for (int i = 0; i < count; i++) {
        memcpy(&bits, &x[i], sizeof bits);
        hash = hash * 6364136223846793005u + bits + 1;
    }
    memcpy(&bits, x, sizeof bits);
    printf("%s %016llx %08x\n", name, (unsigned long long)hash, bits);
}

static void show64(const char *name, const double *x, int count)
{
    uint64_t hash = 0, bits;
    for (int i = 0; i < count; i++) {
        memcpy(&bits, &x[i], sizeof bits);
        hash = hash * 6364136223846793005u + bits + 1;
    }
    memcpy(&bits, x, sizeof bits);
    printf("%s %016llx %016llx\n", name, (unsigned long long)hash, (unsigned long long)bits);
}

/* Bits of every kind: numbers near 1, short ones, zeros, subnormal ones, infinities, NaNs. */
static void fill(uint64_t seed, int kind)
{
    for (int i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t word = (uint32_t)(seed >> 32);
        uint64_t wide = seed ^ seed << 29;
        if (kind == 0)
            word = (word & 0x80ffffff) + 0x3f000000, wide = (wide & 0x803fffffffffffff) + 0x3fd0000000000000;
        else if (kind == 1)
            word = (word & 0x80fff000) + 0x3f000000, wide = (wide & 0x803ffff000000000) + 0x3fd0000000000000;
        else if (kind == 2)
            word &= 0x80ffffff, wide &= 0x801fffffffffffff;
        memcpy(i % 2 ? &f[i] : &g[i], &word, 4);
        word = word << 7 | word >> 25;
        if (kind < 2)
            word = (word & 0x80ffffff) + 0x3e800000;
        memcpy(i % 2 ? &g[i] : &f[i], &word, 4);
        memcpy(&d[i], &wide, 8);
        wide ^= wide >> 31;
        memcpy(&e[i], &wide, 8);
    }
}

__attribute__((noinline)) static void basic32(float *restrict out, const float *a, const float *b, int count)
{
    for (int i = 0; i < count; i++)
        out[i] = (a[i] + b[i]) * (a[i] - b[i]) / (b[i] * a[i]);
}

__attribute__((noinline)) static void basic64(double *restrict out, const double *a, const double *b, int count)
{
    for (int i = 0; i < count; i++)
        out[i] = (a[i] + b[i]) * (a[i] - b[i]) / (b[i] * a[i]);
}

__attribute__((noinline)) static float dot(const float *a, const float *b, int count)
{
    float sum = 0;
    for (int i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

__attribute__((noinline)) static void fused(float *restrict out, const float *a, const float *b, int count)
{
    for (int i = 0; i < count; i++)
        out[i] = fmaf(a[i], b[i], out[i]) - sqrtf(fabsf(a[i]));
}

__attribute__((noinline)) static void convert(double *restrict out, const float *a, const double *b, int count)
{
    for (int i = 0; i < count; i++) {
        int64_t whole = (int64_t)i * 0x123456789abcdef;
        float sum = (float)b[i] + (float)(int32_t)whole + (float)(uint32_t)whole + (float)whole + (float)(uint64_t)whole;
        sum += (float)(int8_t)whole + (float)(uint16_t)whole;
        out[i] = a[i] + (double)whole + (double)(uint64_t)whole + (double)(uint32_t)whole + sum;
    }
}

__attribute__((noinline)) static void softmax(float *restrict out, const float *x, int count)
{
    float sum = 0;
    for (int i = 0; i < count; i++)
        sum += out[i] = expf(x[i]);
    for (int i = 0; i < count; i++)
        out[i] = out[i] / sum;
}

__attribute__((noinline)) static void functions(double *restrict out, const double *a, const float *b, int count)
{
    double (*volatile function)(double) = sin;
    for (int i = 0; i < count; i++) {
        int whole;
        out[i] = pow(fabs(a[i]), 1.25) + function(a[i]) + log1p(fabs(a[i])) + hypot(a[i], b[i]) + frexp(a[i], &whole);
        out[i] = out[i] * tanhf(b[i]) + fmod(a[i], 0.3) + ldexp(a[i], i % 7) + erff(b[i]) + atan2f(b[i], 2);
    }
}

__attribute__((noinline)) static void complexes(float *restrict out, const float *a, const float *b, int count)
{
    for (int i = 0; i + 1 < count; i += 2) {
        float complex z, w;
        memcpy(&z, &a[i], sizeof z);
        memcpy(&w, &b[i], sizeof w);
        w = z * w + conjf(z);
        out[i] = crealf(w), out[i + 1] = cimagf(w);
    }
}

__attribute__((noinline)) static float chain(float x, int count)
{
    for (int i = 0; i < count; i++)
        x = x * 0.999f + 0.001f;
    return x;
}

static volatile float minus_ln2 = -0.693147182f; /* so that no compiler turns its sign */

/* An exponential that rounds to an integer by adding 1.5 * 2^23, as inference runtimes do. */
__attribute__((noinline)) static void exponential(float *restrict out, const float *x, int count)
{
    const float unit = minus_ln2;
    for (int i = 0; i < count; i++) {
        float shifted = x[i] * 1.44269504f + 12582912.0f;
        uint32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        float whole = shifted - 12582912.0f, rest = x[i] + whole * unit;
        float value = (((0.0416666f * rest + 0.1666666f) * rest + 0.5f) * rest + 1) * rest + 1, scale;
        bits = (bits + 127) << 23;
        memcpy(&scale, &bits, sizeof scale);
        out[i] = value * scale;
    }
}

int main(void)
{
    for (int kind = 0; kind < 4; kind++) {
        fill(12345 + (uint64_t)kind, kind);
        float some[N] = {0};
        double more[N] = {0};
        basic32(h, f, g, n), show32("basic32", h, N);
        basic64(more, d, e, n), show64("basic64", more, N);
        some[0] = dot(f, g, n), show32("dot", some, 1);
        memcpy(some, g, sizeof some);
        fused(some, f, g, n), show32("fused", some, N);
        convert(more, f, d, n), show64("convert", more, N);
        complexes(some, f, g, n), show32("complexes", some, N);
        some[0] = chain(f[0], n), show32("chain", some, 1);
        if (kind > 1)
            continue;
        softmax(some, f, n), show32("softmax", some, N);
        exponential(some, f, n), show32("exponential", some, N);
        functions(more, d, g, n), show64("functions", more, N);
    }
    return 0;
}
