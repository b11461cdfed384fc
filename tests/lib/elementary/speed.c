/* SPDX-License-Identifier: Apache-2.0
 * speed.c: what elementary functions cost: ns a value of glibc's float and double
 * functions in a loop, of vprec_libm and vprec_libm_f32, best of several runs. */
#include "vprec.h"
#include <math.h>
#include <stdio.h>
#include <time.h>

enum { N = 4096, REPEATS = 60 };
static float x[N], out[N];

static const uint32_t *words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    (void)context, (void)draw;
    for (size_t i = 0; i < n; i++)
        space[i] = (uint32_t)(index + i) * 2654435761u;
    return space;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * t.tv_sec + t.tv_nsec;
}

#define TIME(ns, statement)                                                                                            \
    do {                                                                                                               \
        ns = 1e9;                                                                                                      \
        for (int r = 0; r < REPEATS; r++) {                                                                            \
            double start = now();                                                                                      \
            statement;                                                                                                 \
            double each = (now() - start) / N;                                                                         \
            ns = each < ns ? each : ns;                                                                                \
        }                                                                                                              \
    } while (0)

#define EACH(expression)                                                                                               \
    for (int i = 0; i < N; i++)                                                                                        \
    out[i] = (float)(expression)

#define MEASURE(name)                                                                                                  \
    do {                                                                                                               \
        float (*volatile f)(float) = name##f;                                                                          \
        double (*volatile d)(double) = name;                                                                           \
        double f32, f64, one, array, up, sr, same;                                                                     \
        vprec_rounding to = {.format = bf16, .random = {16, words, NULL}};                                             \
        TIME(f32, EACH(f(x[i])));                                                                                      \
        TIME(f64, EACH(d(x[i])));                                                                                      \
        TIME(one, EACH(vprec_libm(VPREC_FN_##name, x[i], 0, &bf16, VPREC_RNE, NULL)));                                 \
        TIME(array, vprec_libm_f32(VPREC_FN_##name, out, x, NULL, N, &to, NULL));                                      \
        to.mode = VPREC_RU;                                                                                            \
        TIME(up, vprec_libm_f32(VPREC_FN_##name, out, x, NULL, N, &to, NULL));                                         \
        to.mode = VPREC_SR;                                                                                            \
        TIME(sr, vprec_libm_f32(VPREC_FN_##name, out, x, NULL, N, &to, NULL));                                         \
        to.mode = VPREC_RNE;                                                                                           \
        to.format = fp32;                                                                                              \
        TIME(same, vprec_libm_f32(VPREC_FN_##name, out, x, NULL, N, &to, NULL));                                       \
        printf("%-8s%8.1f%8.1f%10.1f%10.1f%10.1f%10.1f%10.1f\n", #name, f32, f64, one, array, up, sr, same);           \
    } while (0)

int main(void)
{
    vprec_format bf16, fp32, fp64;
    vprec_format_parse("bf16", VPREC_F32, &bf16, NULL, 0);
    vprec_format_parse("fp32", VPREC_F32, &fp32, NULL, 0);
    vprec_format_parse("fp64", VPREC_F64, &fp64, NULL, 0);
    for (int i = 0; i < N; i++)
        x[i] = (float)sin(i) * 8 + 0x1p-20f;
    printf("%-8s%8s%8s%10s%10s%10s%10s%10s   ns a value\n", "", "float", "double", "scalar", "array", "array ru",
           "array sr", "array m23");
    MEASURE(exp);
    MEASURE(tanh);
    MEASURE(erf);
    MEASURE(log1p);
    static double wide[N], wide_out[N];
    for (int i = 0; i < N; i++)
        wide[i] = x[i];
    vprec_rounding to = {.format = fp64};
    double ns[2];
    TIME(ns[0], vprec_libm_f64(VPREC_FN_exp, wide_out, wide, NULL, N, &to, NULL));
    TIME(ns[1], vprec_libm_f64(VPREC_FN_tanh, wide_out, wide, NULL, N, &to, NULL));
    printf("to fp64: exp %.1f, tanh %.1f\n", ns[0], ns[1]);
    return 0;
}
