/* SPDX-License-Identifier: Apache-2.0
 * operands.c: element-wise loops whose results must not depend on who computes them: any number of threads, any
 * schedule, in vectors or alone; and loops that repeat an operation. Links nothing of vprec's.
 * Usage: operands elements|bits|stuck|repeat; `bits` prints the results of `elements`, not their hashes */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { N = 1003 }; /* no multiple of a vector */

/* The compiler may call libmvec's forms of these. */
#pragma omp declare simd notinbranch
float expf(float x);
#pragma omp declare simd notinbranch
float sinf(float x);
#pragma omp declare simd notinbranch
float cosf(float x);
#pragma omp declare simd notinbranch
float powf(float x, float y);

static float a[N], b[N], c[N], r[N];
static double p[N], q[N], s[N], t[N];
static int32_t whole[N];

static uint64_t hash(const void *data, size_t size)
{
    const uint8_t *byte = data;
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        h = (h ^ byte[i]) * UINT64_C(1099511628211);
    return h;
}

static int bits;

static void show(const char *name, const void *data, size_t size, size_t element)
{
    printf("%s", name);
    for (size_t at = 0; bits && at < size; at += element) {
        uint64_t word = 0;
        memcpy(&word, (const char *)data + at, element);
        printf(" %llx", (unsigned long long)word);
    }
    if (!bits)
        printf(" %016llx", (unsigned long long)hash(data, size));
    printf("\n");
}

/* Operands without an operation that could be rounded. */
static void fill(void)
{
    uint64_t state = 20261122;
    for (int i = 0; i < N; i++) {
        uint64_t wide[3], more[3];
        for (int j = 0; j < 3; j++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            wide[j] = UINT64_C(0x3fe) << 52 | (state >> 9 & 0x1fffffffffffff); /* 0.5 to 2 */
            more[j] = UINT64_C(0x3f000000) | (state >> 20 & 0xffffff);
        }
        memcpy(&p[i], &wide[0], 8), memcpy(&q[i], &wide[1], 8), memcpy(&s[i], &wide[2], 8);
        memcpy(&a[i], &more[0], 4), memcpy(&b[i], &more[1], 4), memcpy(&c[i], &more[2], 4); /* the low halves */
        whole[i] = (int32_t)(state >> 32);
    }
}

#ifdef SCALAR
#define LOOP _Pragma("omp parallel for schedule(runtime)")
#else
#define LOOP _Pragma("omp parallel for simd schedule(runtime)")
#endif

/* r[i] or t[i] of each i, by all threads, as OMP_SCHEDULE says. */
#define EACH(name, result, ...)                                                                                       \
    do {                                                                                                              \
        LOOP for (int i = 0; i < N; i++) result[i] = __VA_ARGS__;                                                     \
        show(name, result, sizeof result, sizeof *result);                                                            \
    } while (0)

static void elements(void)
{
    EACH("add32", r, a[i] + b[i]);
    EACH("sub32", r, a[i] - b[i] * 0.0009765625f);
    EACH("mul32", r, a[i] * b[i]);
    EACH("div32", r, a[i] / b[i]);
    EACH("sqrt32", r, sqrtf(a[i]));
    EACH("fma32", r, __builtin_fmaf(a[i], b[i], c[i]));
    EACH("nfma32", r, __builtin_fmaf(-a[i], b[i], c[i]));
    EACH("many32", r, (a[i] * b[i] + c[i]) / (1 + a[i] * a[i]) - sqrtf(b[i] + c[i]));
    EACH("add64", t, p[i] + q[i]);
    EACH("sub64", t, p[i] - q[i] * 0.0009765625);
    EACH("mul64", t, p[i] * q[i]);
    EACH("div64", t, p[i] / q[i]);
    EACH("sqrt64", t, sqrt(p[i]));
    EACH("fma64", t, __builtin_fma(p[i], q[i], s[i]));
    EACH("many64", t, (p[i] * q[i] + s[i]) / (1 + p[i] * p[i]) - sqrt(q[i] + s[i]));
    EACH("narrow", r, (float)p[i]);
    EACH("whole32", r, (float)whole[i]);
    EACH("whole64", t, (double)whole[i]);
    EACH("exp", r, expf(a[i]));
    EACH("sin", r, sinf(a[i]));
    EACH("cos", r, cosf(a[i]));
    EACH("pow", r, powf(a[i], b[i]));
    EACH("ldexp", r, ldexpf(a[i], i % 7 - 3));
}

/* 20,000 tenths: the sum, and how often it moved after it had stood still once. */
static void stuck(void)
{
    volatile float sum = 0, tenth = 0.1f;
    int stood = 0, moved = 0;
    for (int i = 0; i < 20000; i++) {
        float next = sum + tenth;
        if (next == sum)
            stood = 1;
        else
            moved += stood;
        sum = next;
    }
    printf("%a %d\n", (double)sum, moved);
}

/* One product 1000 times: how many differ from the first; and products x y - y x other than 0. */
static void repeat(void)
{
    int other = 0, left = 0;
    float first = 0;
    for (int i = 0; i < 1000; i++) {
        volatile float x = a[0], y = b[0], u = a[i], v = b[i];
        float product = x * y;
        first = i ? first : product;
        other += product != first;
        volatile float one = u * v;
        volatile float two = v * u;
        left += one != two;
    }
    printf("%d %d\n", other, left);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"elements", elements}, {"stuck", stuck}, {"repeat", repeat}};
    fill();
    if (argc > 1 && !strcmp(argv[1], "bits")) {
        bits = 1;
        elements();
    }
    for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(argv[1], parts[i].name))
            parts[i].run();
    return 0;
}
