/* SPDX-License-Identifier: Apache-2.0
 * test_known.c: answers known from elsewhere: operations that tools which round
 * twice get wrong, and small problems whose rounded answers are published. */
#include "support.h"
#include <criterion/criterion.h>
#include <math.h>

static vprec_format parse(const char *text)
{
    vprec_format format;
    cr_assert(vprec_format_parse(text, VPREC_F64, &format, NULL, 0) == VPREC_OK, "%s", text);
    return format;
}

/* What post-rounding of the native result gets wrong, or right by chance. */
Test(known, rounded_once)
{
    vprec_format e7m16 = parse("e7m16"), e5m10 = parse("e5m10"), bf16 = parse("bf16");
    cr_expect_eq(vprec_mul(-0x1.76a9p1, 0x1.635cp1, &e7m16, VPREC_RNE), -0x1.0409p3);
    cr_expect_eq(vprec_fma(-0x1.17p-3, 0x1.a9cp-2, -0x1.518p2, &e5m10, VPREC_RNE), -0x1.554p2);
    cr_expect(unit_same(vprec_mul(0x1p-12, 0x1p-13, &e5m10, VPREC_RNE), 0.0));
    cr_expect(unit_same(vprec_mul(-0x1p-13, 0x1p-13, &e5m10, VPREC_RNE), -0.0));
    cr_expect_eq(vprec_add(1, 0x1p-10, &bf16, VPREC_RNE), 1); /* exact in binary32: raises no flag there */
    cr_expect_eq(vprec_add(1, 0x1p-10, &bf16, VPREC_RU), 0x1.02p0);
}

/* Adds 1/n, term and sum rounded, until n = `end`; `last` is where the sum last moved. */
static double harmonic(const char *text, int end, int *last)
{
    vprec_format f = parse(text);
    double sum = 0;
    for (int n = 1; n <= end; n++) {
        double next = vprec_add(sum, vprec_div(1, n, &f, VPREC_RNE), &f, VPREC_RNE);
        if (next != sum)
            *last = n;
        sum = next;
    }
    return sum;
}

Test(known, harmonic_sum_stalls)
{
    static const struct {
        const char *format;
        double sum;
        int stalls, end;
    } list[] = {{"fp16", 7.0859375, 513, 100000},
                {"bf16", 5.0625, 65, 10000},
                {"e4m3", 3, 9, 1000},
                {"e5m2", 2, 5, 1000},
                {"fp32", 15.4036827, 2097152, 2200000}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        int last = 0;
        double sum = harmonic(list[i].format, list[i].end, &last);
        cr_expect(fabs(sum - list[i].sum) < 5e-8, "%s: %.9g", list[i].format, sum);
        cr_expect(last + 1 == list[i].stalls, "%s stalls at %d", list[i].format, last + 1);
    }
}

static double tenths(const char *text, int count)
{
    vprec_format f = parse(text);
    double tenth = vprec_round(text[2] == '3' ? 0.1f : 0.1, &f, VPREC_RNE), sum = 0;
    while (count--)
        sum = vprec_add(sum, tenth, &f, VPREC_RNE);
    return sum;
}

Test(known, sums_of_a_tenth)
{
    cr_expect_eq(tenths("fp32", 10000000), 1087937);
    cr_expect_eq(tenths("fp16", 10000), 256);
    cr_expect_eq(tenths("bf16", 10000), 32);
}

/* .2161x+.1441y=.1440; 1.2969x+.8648y=.8642 by Cramer's rule; solution (2, -2). */
static double determinant(const vprec_format *f, double a, double b, double c, double d)
{
    double p = vprec_mul(vprec_round(a, f, VPREC_RNE), vprec_round(d, f, VPREC_RNE), f, VPREC_RNE);
    double q = vprec_mul(vprec_round(b, f, VPREC_RNE), vprec_round(c, f, VPREC_RNE), f, VPREC_RNE);
    return vprec_sub(p, q, f, VPREC_RNE);
}

Test(known, cramer)
{
    vprec_format fp64 = parse("fp64"), fp32 = parse("fp32");
    double det = determinant(&fp64, .2161, .1441, 1.2969, .8648);
    double x = vprec_div(determinant(&fp64, .1440, .1441, .8642, .8648), det, &fp64, VPREC_RNE);
    double y = vprec_div(determinant(&fp64, .2161, .1440, 1.2969, .8642), det, &fp64, VPREC_RNE);
    cr_expect(fabs(x - 1.99999999584) < 1e-11, "x = %.12g", x);
    cr_expect(fabs(y + 1.99999999722) < 1e-11, "y = %.12g", y);
    cr_expect_eq(determinant(&fp32, .2161, .1441, 1.2969, .8648), 0);
}

/* W. Kahan's quadratic 7x^2-8686x+2: the small root by the naive formula. */
Test(known, kahan_quadratic)
{
    vprec_format f = parse("fp32");
    double square = vprec_mul(8686, 8686, &f, VPREC_RNE);
    double root = vprec_sqrt(vprec_sub(square, 56, &f, VPREC_RNE), &f, VPREC_RNE);
    double x = vprec_div(vprec_sub(8686, root, &f, VPREC_RNE), 14, &f, VPREC_RNE);
    cr_expect(fabs(x - 2.7901787e-4) < 5e-12, "%.9g", x);
}

Test(known, order_of_a_sum)
{
    vprec_format f = parse("fp32");
    double c = vprec_round(7.5111111, &f, VPREC_RNE);
    double left = vprec_add(vprec_add(11111113, -11111111, &f, VPREC_RNE), c, &f, VPREC_RNE);
    double right = vprec_add(11111113, vprec_add(-11111111, c, &f, VPREC_RNE), &f, VPREC_RNE);
    cr_expect(fabs(left - 9.511111) < 5e-7, "%.9g", left);
    cr_expect_eq(right, 10);
}

/* 9x^4-y^4+2y^2 at (10864, 18817): exactly 1. */
Test(known, rump)
{
    vprec_format f = parse("fp64");
    double x2 = 10864.0 * 10864, y2 = 18817.0 * 18817;
    double x4 = vprec_mul(x2, x2, &f, VPREC_RNE), y4 = vprec_mul(y2, y2, &f, VPREC_RNE);
    double d = vprec_sub(vprec_mul(9, x4, &f, VPREC_RNE), y4, &f, VPREC_RNE);
    cr_expect_eq(vprec_add(d, 2 * y2, &f, VPREC_RNE), 2);
}
