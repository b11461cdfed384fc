/* SPDX-License-Identifier: Apache-2.0
 * test_presets.c: the table of presets cell by cell: NaN, infinities, overflow and
 * -0 in each, plain and saturating, in every mode and by every operation; and the
 * value tables and overflow rules of the OCP specifications, as their texts give them. */
#include "support.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

/* What a cell gives; a sign comes with it. */
typedef enum cell { SAME, TO_INF, TO_MAX, TO_NAN, PLUS_ZERO } cell;

/* One line of the table, plain and with :sat. */
static const struct {
    const char *name;
    double max;
    cell nan, inf[2], overflow[2], negative_zero;
} table[] = {
    {"fp64", 0x1.fffffffffffffp1023, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"fp32", 0x1.fffffep127, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"fp16", 65504, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"bf16", 0x1.fep127, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"tf32", 0x1.ffcp127, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"fp24", 0x1.ffffp63, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"pxr24", 0x1.fffep127, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"e5m2", 57344, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"e4m3", 240, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"e3m4", 15.5, TO_NAN, {TO_INF, TO_INF}, {TO_INF, TO_MAX}, SAME},
    {"e4m3fn", 448, TO_NAN, {TO_NAN, TO_MAX}, {TO_NAN, TO_MAX}, SAME},
    {"e5m2fnuz", 57344, TO_NAN, {TO_NAN, TO_MAX}, {TO_NAN, TO_MAX}, PLUS_ZERO},
    {"e4m3fnuz", 240, TO_NAN, {TO_NAN, TO_MAX}, {TO_NAN, TO_MAX}, PLUS_ZERO},
    {"e4m3b11fnuz", 30, TO_NAN, {TO_NAN, TO_MAX}, {TO_NAN, TO_MAX}, PLUS_ZERO},
    {"e3m2fn", 28, TO_MAX, {TO_MAX, TO_MAX}, {TO_MAX, TO_MAX}, SAME},
    {"e2m3fn", 7.5, TO_MAX, {TO_MAX, TO_MAX}, {TO_MAX, TO_MAX}, SAME},
    {"e2m1fn", 6, TO_MAX, {TO_MAX, TO_MAX}, {TO_MAX, TO_MAX}, SAME},
};
enum { PRESETS = sizeof table / sizeof *table };

static unsigned compared[VPREC_MODES];

static double value_of(cell what, double operand, double max)
{
    switch (what) {
    case TO_INF: return copysign(INFINITY, operand);
    case TO_MAX: return copysign(max, operand);
    case TO_NAN: return NAN;
    case PLUS_ZERO: return 0.0;
    default: return operand;
    }
}

/* One operation, in one mode; in SR with the least and the largest random number,
 * 1 bit of it and 64. `like` gives the result's sign. */
static void expect(const vprec_format *f, const char *text, vprec_mode mode, unit_case c, cell what, double like)
{
    for (int i = 0; i < (mode == VPREC_SR ? 4 : 1); i++) {
        c.bits = i & 1 ? 64 : 1;
        c.random = i & 2 ? ~UINT64_C(0) : 0;
        double got = unit_apply(&c, f, mode), want = value_of(what, like, f->max);
        compared[mode]++;
        cr_expect(unit_same(got, want), "%s: %s(%a, %a, %a), mode %s: got %a, want %a", text, unit_op_names[c.op],
                  c.x[0], c.x[1], c.x[2], unit_mode_names[mode], got, want);
        cr_expect(!isnan(want) || signbit(got) == signbit(like), "%s: %s gives a NaN of the wrong sign", text,
                  unit_op_names[c.op]);
    }
}

/* NaN in, by every operand of every operation; and those that make one. */
static void nan_cells(const vprec_format *f, const char *text, vprec_mode mode, cell what)
{
    for (int negative = 0; negative < 2; negative++) {
        double v = copysign(NAN, negative ? -1 : 1);
        const unit_case list[] = {{UNIT_round, {v}},    {UNIT_add, {v, 1}},    {UNIT_add, {1, v}},
                                  {UNIT_sub, {v, 1}},   {UNIT_sub, {1, v}},    {UNIT_mul, {v, 0}},
                                  {UNIT_mul, {0, v}},   {UNIT_div, {v, 0}},    {UNIT_div, {INFINITY, v}},
                                  {UNIT_sqrt, {v}},     {UNIT_fma, {v, 1, 1}}, {UNIT_fma, {1, v, 1}},
                                  {UNIT_fma, {1, 1, v}}};
        for (size_t i = 0; i < sizeof list / sizeof *list; i++)
            expect(f, text, mode, list[i], what, v);
    }
    const unit_case invalid[] = {{UNIT_add, {INFINITY, -INFINITY}}, {UNIT_sub, {INFINITY, INFINITY}},
                                 {UNIT_mul, {0, INFINITY}},         {UNIT_div, {0, -0.0}},
                                 {UNIT_div, {INFINITY, INFINITY}},  {UNIT_sqrt, {-1}},
                                 {UNIT_sqrt, {-INFINITY}},          {UNIT_fma, {0, INFINITY, 1}},
                                 {UNIT_fma, {INFINITY, 1, -INFINITY}}};
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        expect(f, text, mode, invalid[i], what, -NAN); /* x86's NaN */
}

/* Exact infinities: in, and by a division by zero. */
static void inf_cells(const vprec_format *f, const char *text, vprec_mode mode, cell what)
{
    for (double s = -1; s <= 1; s += 2) {
        double v = s * INFINITY;
        const unit_case list[] = {{UNIT_round, {v}},       {UNIT_add, {v, 1}},     {UNIT_add, {-1, v}},
                                  {UNIT_sub, {v, 1}},      {UNIT_sub, {1, -v}},    {UNIT_mul, {v, 2}},
                                  {UNIT_mul, {-0.5, -v}},  {UNIT_div, {s, 0}},     {UNIT_div, {v, 2}},
                                  {UNIT_div, {-v, -0.0}},  {UNIT_fma, {v, 1, 1}},  {UNIT_fma, {0, 1, v}},
                                  {UNIT_fma, {s, INFINITY, v}}};
        for (size_t i = 0; i < sizeof list / sizeof *list; i++)
            expect(f, text, mode, list[i], what, v);
    }
    double one = INFINITY;
    expect(f, text, mode, (unit_case){UNIT_sqrt, {one}}, what, one);
}

/* Finite results far above: the modes that turn away from infinity give the
 * largest finite, else the table's rule. */
static void overflow_cells(const vprec_format *f, const char *text, vprec_mode mode, cell what)
{
    for (double s = -1; s <= 1; s += 2) {
        bool inward = mode == VPREC_RTZ || mode == VPREC_RTO || (mode == VPREC_RU && s < 0) ||
                      (mode == VPREC_RD && s > 0);
        double m = f->max;
        const unit_case list[] = {{UNIT_add, {s * m, s * m}}, {UNIT_sub, {s * m, -s * m}},
                                  {UNIT_mul, {m, s * 2}},     {UNIT_div, {-m, s * -0.5}},
                                  {UNIT_fma, {m, s * 3, -s}}, {UNIT_fma, {s * m, 1, s * m}},
                                  {UNIT_round, {s * 2 * m}}}; /* the last is infinite in fp64 */
        size_t n = sizeof list / sizeof *list - isinf(2 * m);
        for (size_t i = 0; i < n; i++)
            expect(f, text, mode, list[i], inward ? TO_MAX : what, s);
    }
}

/* -0 in, and negative results that underflow to zero. */
static void zero_cells(const vprec_format *f, const char *text, vprec_mode mode, cell what)
{
    const unit_case list[] = {{UNIT_round, {-0.0}},      {UNIT_add, {-0.0, -0.0}},    {UNIT_sub, {-0.0, 0}},
                              {UNIT_mul, {-0.0, 3}},     {UNIT_mul, {5, -0.0}},       {UNIT_div, {-0.0, 7}},
                              {UNIT_div, {1, -INFINITY}}, {UNIT_sqrt, {-0.0}},        {UNIT_fma, {-0.0, 1, -0.0}}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        expect(f, text, mode, list[i], what, -0.0);
    bool directed = mode == VPREC_RD || mode == VPREC_RTO || mode == VPREC_SR;
    double little = f->min_subnormal; /* times 2^-60: below any tie */
    if (!directed)
        expect(f, text, mode, (unit_case){UNIT_mul, {-little, 0x1p-60}}, what, -0.0);
    /* Sums that are exactly zero: -0 in RD where there is one, +0 else. */
    cell sum = mode == VPREC_RD && what != PLUS_ZERO ? SAME : PLUS_ZERO;
    expect(f, text, mode, (unit_case){UNIT_add, {1, -1}}, sum, -0.0);
    expect(f, text, mode, (unit_case){UNIT_sub, {0, 0}}, sum, -0.0);
    expect(f, text, mode, (unit_case){UNIT_fma, {1, 2, -2}}, sum, -0.0);
    expect(f, text, mode, (unit_case){UNIT_add, {0, 0}}, PLUS_ZERO, 0);
    expect(f, text, mode, (unit_case){UNIT_from_i64, .n = 0}, PLUS_ZERO, 0);
}

Test(presets, every_cell)
{
    int presets = 0;
    while (vprec_format_preset(presets, NULL))
        presets++;
    cr_assert_eq(presets, PRESETS, "a preset is missing in this table");
    for (int i = 0; i < PRESETS; i++) {
        for (int sat = 0; sat < 2; sat++) {
            char text[32];
            snprintf(text, sizeof text, "%s%s", table[i].name, sat ? ":sat" : "");
            for (int type = i ? VPREC_F32 : VPREC_F64; type < VPREC_TYPES; type++) {
                vprec_format f;
                cr_assert_eq(vprec_format_parse(text, type, &f, NULL, 0), VPREC_OK, "%s", text);
                cr_assert_eq(f.max, table[i].max);
                for (int mode = 0; mode < VPREC_MODES; mode++) {
                    nan_cells(&f, text, mode, table[i].nan);
                    inf_cells(&f, text, mode, table[i].inf[sat]);
                    overflow_cells(&f, text, mode, table[i].overflow[sat]);
                    zero_cells(&f, text, mode, table[i].negative_zero);
                }
            }
        }
    }
    for (int mode = 0; mode < VPREC_MODES; mode++)
        cr_assert(compared[mode] > 0, "mode %s was never compared", unit_mode_names[mode]);
}

/* ---- OCP 8-bit Floating Point Specification (OFP8) 1.0 and OCP Microscaling
 * Formats (MX) Specification 1.0: the numbers of their format tables ---- */

/* Limits, and codes of what is no number. */
static const struct {
    const char *name;
    int ebits, fbits, bias, emax;
    double max, min_normal, max_subnormal, min_subnormal;
    unsigned max_code, inf_code; /* 0: no infinities */
    unsigned nan_codes[3];       /* 0: none */
} ocp[] = {
    {"e4m3fn", 4, 3, 7, 8, 448, 0x1p-6, 0x1.cp-7, 0x1p-9, 0x7e, 0, {0x7f}},
    {"e5m2", 5, 2, 15, 15, 57344, 0x1p-14, 0x1.8p-15, 0x1p-16, 0x7b, 0x7c, {0x7d, 0x7e, 0x7f}},
    {"e3m2fn", 3, 2, 3, 4, 28, 0.25, 0.1875, 0.0625, 0x1f, 0, {0}},
    {"e2m3fn", 2, 3, 1, 2, 7.5, 1, 0.875, 0.125, 0x1f, 0, {0}},
    {"e2m1fn", 2, 1, 1, 2, 6, 1, 0.5, 0.5, 0x07, 0, {0}},
};

/* All values from zero up, in the order of their codes. */
static const double e2m1[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
static const double e2m3[] = {0,   0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1,   1.125, 1.25,
                              1.375, 1.5, 1.625, 1.75, 1.875, 2,   2.25, 2.5,   2.75, 3,   3.25,
                              3.5, 3.75,  4,    4.5,   5,   5.5,   6,    6.5,   7,   7.5};
static const double e3m2[] = {0,     0.0625, 0.125, 0.1875, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75,
                              0.875, 1,      1.25,  1.5,    1.75, 2,      2.5,   3,      3.5, 4,     5,
                              6,     7,      8,     10,     12,   14,     16,    20,     24,  28};
static const double e4m3[] = {
    0,          0x1p-9,  0x1p-8,    0x1.8p-8,   0x1p-7,    0x1.4p-7,  0x1.8p-7,   0x1.cp-7,   0.015625,   0.017578125,
    0.01953125, 0.021484375, 0.0234375, 0.025390625, 0.02734375, 0.029296875, 0.03125, 0.03515625, 0.0390625,
    0.04296875,
    0.046875,   0.05078125, 0.0546875, 0.05859375, 0.0625,  0.0703125, 0.078125,   0.0859375,  0.09375,    0.1015625,
    0.109375,   0.1171875,  0.125,     0.140625,   0.15625, 0.171875,  0.1875,     0.203125,   0.21875,    0.234375,
    0.25,       0.28125,    0.3125,    0.34375,    0.375,   0.40625,   0.4375,     0.46875,    0.5,        0.5625,
    0.625,      0.6875,     0.75,      0.8125,     0.875,   0.9375,    1,          1.125,      1.25,       1.375,
    1.5,        1.625,      1.75,      1.875,      2,       2.25,      2.5,        2.75,       3,          3.25,
    3.5,        3.75,       4,         4.5,        5,       5.5,       6,          6.5,        7,          7.5,
    8,          9,          10,        11,         12,      13,        14,         15,         16,         18,
    20,         22,         24,        26,         28,      30,        32,         36,         40,         44,
    48,         52,         56,        60,         64,      72,        80,         88,         96,         104,
    112,        120,        128,       144,        160,     176,       192,        208,        224,        240,
    256,        288,        320,       352,        384,     416,       448};
static const double e5m2[] = {
    0,        0x1p-16, 0x1p-15, 0x1.8p-15, 0x1p-14, 0x1.4p-14, 0x1.8p-14, 0x1.cp-14, 0x1p-13, 0x1.4p-13, 0x1.8p-13,
    0x1.cp-13, 0x1p-12, 0x1.4p-12, 0x1.8p-12, 0x1.cp-12, 0x1p-11, 0x1.4p-11, 0x1.8p-11, 0x1.cp-11, 0x1p-10, 0x1.4p-10,
    0x1.8p-10, 0x1.cp-10, 0x1p-9, 0x1.4p-9, 0x1.8p-9, 0x1.cp-9, 0x1p-8, 0x1.4p-8, 0x1.8p-8, 0x1.cp-8, 0x1p-7,
    0x1.4p-7, 0x1.8p-7, 0x1.cp-7, 0.015625, 0.01953125, 0.0234375, 0.02734375, 0.03125, 0.0390625, 0.046875,
    0.0546875,
    0.0625,   0.078125, 0.09375, 0.109375, 0.125,   0.15625, 0.1875,  0.21875, 0.25,    0.3125,  0.375,   0.4375,
    0.5,      0.625,   0.75,    0.875,   1,       1.25,    1.5,     1.75,    2,       2.5,     3,       3.5,
    4,        5,       6,       7,       8,       10,      12,      14,      16,      20,      24,      28,
    32,       40,      48,      56,      64,      80,      96,      112,     128,     160,     192,     224,
    256,      320,     384,     448,     512,     640,     768,     896,     1024,    1280,    1536,    1792,
    2048,     2560,    3072,    3584,    4096,    5120,    6144,    7168,    8192,    10240,   12288,   14336,
    16384,    20480,   24576,   28672,   32768,   40960,   49152,   57344};
static const struct {
    const double *values;
    unsigned count;
} values[] = {{e4m3, sizeof e4m3 / sizeof *e4m3},
              {e5m2, sizeof e5m2 / sizeof *e5m2},
              {e3m2, sizeof e3m2 / sizeof *e3m2},
              {e2m3, sizeof e2m3 / sizeof *e2m3},
              {e2m1, sizeof e2m1 / sizeof *e2m1}};
enum { OCP = sizeof ocp / sizeof *ocp };

static vprec_format parse(const char *name, const char *suffix)
{
    char text[32];
    snprintf(text, sizeof text, "%s%s", name, suffix);
    vprec_format f;
    cr_assert_eq(vprec_format_parse(text, VPREC_F32, &f, NULL, 0), VPREC_OK, "%s", text);
    return f;
}

Test(presets, ocp_limits)
{
    for (int i = 0; i < OCP; i++) {
        vprec_format f = parse(ocp[i].name, "");
        cr_expect(f.ebits == ocp[i].ebits && f.fbits == ocp[i].fbits && f.bias == ocp[i].bias && f.emax == ocp[i].emax,
                  "%s", ocp[i].name);
        cr_expect(f.max == ocp[i].max && f.min_normal == ocp[i].min_normal && f.min_subnormal == ocp[i].min_subnormal,
                  "%s", ocp[i].name);
        cr_expect_eq(values[i].count, ocp[i].max_code + 1, "%s", ocp[i].name);
        cr_expect_eq(values[i].values[ocp[i].max_code], ocp[i].max);
        cr_expect_eq(values[i].values[1u << ocp[i].fbits], ocp[i].min_normal);
        cr_expect_eq(values[i].values[(1u << ocp[i].fbits) - 1], ocp[i].max_subnormal);
        cr_expect_eq(values[i].values[1], ocp[i].min_subnormal);
        /* The decoder that the other tests rely on knows the same codes. */
        unit_format u = {ocp[i].name, VPREC_F32, ocp[i].ebits, ocp[i].fbits, ocp[i].bias, ocp[i].max, f.flags};
        for (unsigned code = 0; code < values[i].count; code++)
            cr_expect_eq(unit_decode(code, &u), values[i].values[code], "%s, code %#x", ocp[i].name, code);
        for (int j = 0; j < 3 && ocp[i].nan_codes[j]; j++)
            cr_expect(isnan(unit_decode(ocp[i].nan_codes[j], &u)), "%s", ocp[i].name);
        cr_expect(!ocp[i].inf_code || isinf(unit_decode(ocp[i].inf_code, &u)), "%s", ocp[i].name);
    }
}

/* The nearest of the table's values, ties to the even code (the specifications'
 * mandatory rounding); `count` where that is above the last: overflow. */
static unsigned nearest(const double *v, unsigned n, double x)
{
    for (unsigned i = 0; i < n; i++) {
        double next = i + 1 < n ? v[i + 1] : 2 * v[i] - v[i - 1], middle = (v[i] + next) / 2;
        if (x < middle || (x == middle && i % 2 == 0))
            return i;
    }
    return n;
}

/* Rounding to nearest lands on the tables' values and nowhere else: on a grid four times as
 * fine as the subnormals and, above, on quarters of every gap. */
Test(presets, ocp_values)
{
    for (int i = 0; i < OCP; i++) {
        const double *v = values[i].values;
        unsigned n = values[i].count;
        vprec_format plain = parse(ocp[i].name, ""), sat = parse(ocp[i].name, ":sat");
        for (unsigned j = 0; j < n; j++) {
            for (int mode = 0; mode < VPREC_SR; mode++)
                cr_expect(unit_same(vprec_round(v[j], &plain, mode), v[j]), "%s: %g is a value", ocp[i].name, v[j]);
            cr_expect(unit_same(vprec_round_sr(-v[j], &plain, 64, 0), -v[j]), "%s: -%g is a value", ocp[i].name, v[j]);
            double gap = j + 1 < n ? v[j + 1] - v[j] : v[j] - v[j - 1];
            for (int quarter = 0; quarter < 8; quarter++) {
                double x = v[j] + quarter * gap / 8;
                unsigned k = nearest(v, n, x);
                double over = !(plain.flags & VPREC_NOINF) ? INFINITY : plain.flags & VPREC_SAT ? ocp[i].max : NAN;
                cr_expect(unit_same(vprec_round(x, &plain, VPREC_RNE), k < n ? v[k] : over), "%s: %g", ocp[i].name, x);
                cr_expect(unit_same(vprec_round(x, &sat, VPREC_RNE), k < n ? v[k] : ocp[i].max), "%s:sat: %g",
                          ocp[i].name, x);
                cr_expect(unit_same(vprec_round(x, &plain, VPREC_RTZ), v[j]), "%s, rtz: %g", ocp[i].name, x);
            }
        }
    }
}

/* OFP8's table of conversions: NaN; infinities and what is too large, without and
 * with saturation. E5M2 there saturates infinities too; here an exact infinity
 * stays one where the format has it. */
Test(presets, ocp_overflow)
{
    static const struct {
        const char *name, *suffix;
        double x, want;
    } list[] = {{"e4m3fn", "", INFINITY, NAN},       {"e4m3fn", ":sat", -INFINITY, -448},
                {"e4m3fn", "", 1e5, NAN},            {"e4m3fn", ":sat", 1e5, 448},
                {"e5m2", "", -INFINITY, -INFINITY},  {"e5m2", ":sat", INFINITY, INFINITY},
                {"e5m2", "", 1e6, INFINITY},         {"e5m2", ":sat", -1e6, -57344},
                {"e5m2", "", 61440, INFINITY},       {"e5m2", "", 61439, 57344},
                {"e3m2fn", "", 1e6, 28},             {"e2m3fn", "", -1e6, -7.5},
                {"e2m1fn", "", 7, 6},                {"e2m1fn", "", -5, -4},
                {"e4m3fn", "", NAN, NAN},            {"e5m2", "", NAN, NAN}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        vprec_format f = parse(list[i].name, list[i].suffix);
        double got = vprec_round(list[i].x, &f, VPREC_RNE);
        cr_expect(unit_same(got, list[i].want), "%s%s: %g gives %g, want %g", list[i].name, list[i].suffix, list[i].x,
                  got, list[i].want);
    }
}
