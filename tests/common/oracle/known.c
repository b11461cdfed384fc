/* SPDX-License-Identifier: Apache-2.0
 * known.c: the oracle itself against results worked out by hand. */
#include "oracle.h"
#include <stdio.h>
#include <string.h>

static int bad;

static uint64_t bits(double x)
{
    float f = (float)x;
    uint32_t b;

    memcpy(&b, &f, sizeof b);
    return b;
}

static void check(const char *format, enum oracle_op op, double a, double b, double c, double want)
{
    oracle_format f[2];
    uint64_t have;

    if (!oracle_parse(format, f)) {
        printf("%s is not understood\n", format);
        bad++;
        return;
    }
    have = oracle_do(op, ORACLE_F32, bits(a), bits(b), bits(c), &f[ORACLE_F32]);
    if (want != want ? !oracle_is_quiet(ORACLE_F32, have) : have != bits(want)) {
        printf("%s: op %d on %a %a %a: have %08llx want %08llx (%a)\n", format, op, a, b, c, (unsigned long long)have,
               (unsigned long long)bits(want), want);
        bad++;
    }
}

static void refuse(const char *format)
{
    oracle_format f[2];

    if (oracle_parse(format, f)) {
        printf("%s is understood\n", format);
        bad++;
    }
}

int main(void)
{
    const double nan = __builtin_nan(""), inf = __builtin_inf();

    /* Rounding the native result again gives -0x1.040ap3 and another sum. */
    check("e7m16", ORACLE_MUL, -0x1.76a9p1, 0x1.635cp1, 0, -0x1.0409p3);
    check("e5m10", ORACLE_FMA, -0x1.17p-3, 0x1.a9cp-2, -0x1.518p2, -0x1.554p2);
    /* Ties at the bottom of e5m10, whose least number is 2^-24. */
    check("e5m10", ORACLE_MUL, 0x1p-12, 0x1p-13, 0, 0.0);
    check("e5m10", ORACLE_MUL, -0x1p-13, 0x1p-13, 0, -0.0);
    check("e5m10", ORACLE_MUL, 0x1.8p-12, 0x1p-13, 0, 0x1p-24);
    check("e5m10", ORACLE_ADD, 0x1p-24, 0x1p-25, 0, 0x1p-23);
    /* Its top: 65504, and half way to the next. */
    check("e5m10", ORACLE_ADD, 65504, 15, 0, 65504);
    check("e5m10", ORACLE_ADD, 65504, 16, 0, inf);
    check("e5m10", ORACLE_SUB, -65504, 16, 0, -inf);
    check("e8m10", ORACLE_DIV, 1, 3, 0, 0x1.554p-2);
    check("e8m7", ORACLE_ADD, 1, 0x1p-8, 0, 1);
    check("e8m7", ORACLE_ADD, 1, 0x1.8p-8, 0, 0x1.02p0);
    check("e8m7", ORACLE_ADD, 0x1.02p0, 0x1p-8, 0, 0x1.04p0);
    check("e8m10", ORACLE_SQRT, 2, 0, 0, 0x1.6ap0);
    check("e8m10", ORACLE_SQRT, -1, 0, 0, nan);
    check("e8m10", ORACLE_SUB, 1, 1, 0, 0.0);
    check("e8m10", ORACLE_SUB, -0.0, 0.0, 0, -0.0);
    check("e8m10", ORACLE_SUB, inf, inf, 0, nan);
    check("e8m10", ORACLE_ADD, inf, 1, 0, inf);
    /* e4m3fn: up to 448, no infinities. */
    check("e4m3fn", ORACLE_ADD, 448, 16, 0, 448);
    check("e4m3fn", ORACLE_ADD, 448, 17, 0, nan);
    check("e4m3fn", ORACLE_ADD, inf, 1, 0, nan);
    check("e4m3fn", ORACLE_MUL, 0x1p-5, 0x1p-4, 0, 0x1p-9);
    check("e4m3fn", ORACLE_MUL, 0x1p-5, 0x1p-5, 0, 0.0);
    check("e4m3fn", ORACLE_MUL, 0x1.8p-5, 0x1p-5, 0, 0x1p-9);
    refuse("e8");
    refuse("e8m10x");
    refuse("f32=e8m7,f64=nonsense");
    return bad != 0;
}
