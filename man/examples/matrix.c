/* SPDX-License-Identifier: Apache-2.0
 * matrix.c: a matrix product as an accelerator for 8 bits does it: factors rounded to E4M3, sums kept in a wider format.
 * How wide must it be? The largest error against sums in binary32 of the same factors.
 *   cc matrix.c $(pkg-config --cflags --libs vprec) -lm && ./a.out
 * prints:
 * sums in fp16: 0.00334
 * sums in e8m13: 0.000362
 * sums in bf16: 0.0229 */
#include <math.h>
#include <stdio.h>
#include <vprec.h>

enum { N = 64 };

/* c = a b; 0, or 1 where a format is none. */
static int product(const float *a, const float *b, float *c, const char *name)
{
    vprec_rounding factors = {.mode = VPREC_RNE}, sums = {.mode = VPREC_RNE};
    vprec_accumulation how = {.input = &factors, .sum = &sums};
    vprec_strides rows = {N, 1};
    if (vprec_format_parse("e4m3fn:sat", VPREC_F32, &factors.format, NULL, 0) ||
        vprec_format_parse(name, VPREC_F32, &sums.format, NULL, 0))
        return 1;
    return vprec_gemm_f32(N, N, N, a, rows, b, rows, c, rows, false, &how) != VPREC_OK;
}

int main(void)
{
    static const char *const names[] = {"fp16", "e8m13", "bf16"};
    static float a[N * N], b[N * N], exact[N * N], c[N * N];
    for (int i = 0; i < N * N; i++) {
        a[i] = ldexpf((float)(i * 7 % 31 - 15) / 17, -(i % 7));
        b[i] = ldexpf((float)(i * 11 % 29 - 14) / 17, -(i % 5));
    }
    if (product(a, b, exact, "fp32"))
        return 1;
    for (int i = 0; i < 3; i++) {
        float worst = 0;
        if (product(a, b, c, names[i]))
            return 1;
        for (int k = 0; k < N * N; k++)
            worst = fmaxf(worst, fabsf(c[k] - exact[k]));
        printf("sums in %s: %.3g\n", names[i], worst);
    }
    return 0;
}
