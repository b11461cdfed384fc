/* SPDX-License-Identifier: Apache-2.0
 * scale.c: ldexp, scalbn, scalbln and vscalef under Monte Carlo arithmetic: x * 2^n has the noise of the operand x, at
 * the scale of x, and that of the result; the exponent is exact. Bounds and standard deviations are worked out here,
 * the noise being uniform. */
#include "x86/emulate/step.h"
#include "x86/emulate/enter.h"
#include "libm/libm.h"
#include "libm_entry.h"
#include "runtime/draws.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES = 40000 };

static unsigned long checks, failures;

/* The ways to x * 2^n that a program has. */
static double by_ldexp(double x, int n)
{
    return ((double (*)(double, int))find("ldexp"))(x, n);
}

static double by_ldexpf(double x, int n)
{
    return ((float (*)(float, int))find("ldexpf"))((float)x, n);
}

static double by_scalbn(double x, int n)
{
    return ((double (*)(double, int))find("scalbn"))(x, n);
}

static double by_scalbln(double x, int n)
{
    return ((double (*)(double, long))find("scalbln"))(x, n);
}

static double scalef(vprec_type type, double x, double power)
{
    vprec_stepper s;
    vprec_site site = {.op = VPREC_OP_SCALEF, .to = type, .lanes = 1};
    vprec_stepper_start(&s, &site, 0x1f80, &vprec_arith_current, 0);
    return vprec_widen(type, vprec_step_scalef(&s, vprec_narrow(type, x), vprec_narrow(type, power)));
}

static double by_scalef_f64(double x, int n)
{
    return scalef(VPREC_F64, x, n);
}

static double by_scalef_f32(double x, int n)
{
    return scalef(VPREC_F32, x, n + 0.5); /* floor(n + 0.5) */
}

static const struct {
    const char *name;
    vprec_type type;
    double (*scale)(double x, int n);
} ways[] = {{"ldexp", VPREC_F64, by_ldexp},          {"ldexpf", VPREC_F32, by_ldexpf},
            {"scalbn", VPREC_F64, by_scalbn},        {"scalbln", VPREC_F64, by_scalbln},
            {"vscalefsd", VPREC_F64, by_scalef_f64}, {"vscalefss", VPREC_F32, by_scalef_f32}};
enum { WAYS = sizeof ways / sizeof *ways };

/* One case: what has noise, and how wide it is in the result (0: none). */
static const struct {
    unsigned what, precision, error;
    int exponent; /* of absolute noise */
    double x;
    int n;
    double operand, result; /* widths of the noise of either, over the result's size */
} cases[] = {
    /* relative: 2^(1-t) of the power of two below, which 1.25 2^n has at 2^n */
    {VPREC_NOISE_OPERANDS, 10, 1, 0, 1.25, 7, 0x1p-9 / 1.25, 0},
    {VPREC_NOISE_OPERANDS, 10, 1, 0, -1.25, -90, 0x1p-9 / 1.25, 0},
    {VPREC_NOISE_OPERANDS | VPREC_NOISE_RESULTS, 8, 1, 0, 1.25, 7, 0x1p-7 / 1.25, 0x1p-7 / 1.25},
    {VPREC_NOISE_OPERANDS, 1, 1, 0, 1.25, 0, 1 / 1.25, 0},
    {VPREC_NOISE_RESULTS, 4, 1, 0, 1.25, 60, 0, 0}, /* exact at 4 bits: left alone */
    {VPREC_NOISE_RESULTS, 2, 1, 0, 1.25, 60, 0, 0x1p-1 / 1.25},
    /* absolute: of the operand where it is, of the result where that is */
    {VPREC_NOISE_OPERANDS, 24, 2, -9, 1.25, 30, 0x1p-9 / 1.25, 0},
    {VPREC_NOISE_OPERANDS, 24, 2, -9, 1.25, -100, 0x1p-9 / 1.25, 0},
    {VPREC_NOISE_OPERANDS, 24, 2, -9, 0x1p100, -100, 0, 0},
    {VPREC_NOISE_RESULTS, 24, 2, 20, 1.25, 30, 0, 0x1p-10 / 1.25},
    {VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS, 24, 2, -10, 1.25, 1, 0x1p-10 / 1.25, 0x1p-11 / 1.25},
};

int main(void)
{
    vprec_arith_current = (vprec_arith){.use = {VPREC_USE_FORMAT, VPREC_USE_FORMAT},
                                        .mode = VPREC_RNE,
                                        .round = VPREC_ROUND_RESULTS,
                                        .ops = VPREC_OPS_ALL};
    vprec_format_parse("e8m23", VPREC_F32, &vprec_arith_current.format[0], NULL, 0);
    vprec_format_parse("e11m52", VPREC_F64, &vprec_arith_current.format[1], NULL, 0);
    vprec_noise_start(20261122, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int w = 0; w < WAYS; w++) {
            for (int type = 0; type < VPREC_TYPES; type++)
                vprec_arith_current.noise[type] =
                    (vprec_noise){cases[i].what, cases[i].precision, cases[i].error, cases[i].exponent};
            double exact = ldexp(cases[i].x, cases[i].n), widest = 0, sum = 0, squares = 0;
            for (int k = 0; k < SAMPLES; k++) {
                double off = ways[w].scale(cases[i].x, cases[i].n) / exact - 1;
                widest = fmax(widest, fabs(off));
                sum += off;
                squares += off * off;
            }
            double ulp = ways[w].type ? 0x1p-52 : 0x1p-23, a = cases[i].operand, b = cases[i].result;
            /* a result below the power of two has noise of half the width, at most */
            double sd = sqrt((a * a + b * b) / 12), mean = sum / SAMPLES, seen = sqrt(squares / SAMPLES);
            bool edge = a + b >= 0.4;
            bool ok = widest <= (a + b) / 2 + ulp && fabs(mean) <= 4 * sd / sqrt(SAMPLES) + ulp;
            /* the kurtosis of uniform noise is 1.8, of the sum of two at most 2.4 */
            ok = ok && (edge || fabs(seen - sd) <= 4 * sd * sqrt(1.4 / 4 / SAMPLES) + ulp);
            if (!a && !b)
                ok = widest == 0;
            checks++;
            if (!ok && failures++ < 40)
                printf("%s, case %zu: off by up to %g of %g, mean %g, sd %g of %g\n", ways[w].name, i, widest,
                       (a + b) / 2, mean, seen, sd);
        }
    printf("%lu checks, %lu failed\n", checks, failures);
    return failures != 0;
}
