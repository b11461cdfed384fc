/* SPDX-License-Identifier: Apache-2.0
 * test_round.c: rounding itself: every code of every format up to 16 bits, every
 * middle between two codes and their neighbours; the special values' bits. */
#include "support.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void check(enum unit_op op, double x, const unit_format *f, const vprec_format *format)
{
    unit_check(&(unit_case){.op = op, .x = {x}}, f, format);
}

/* Every place where the result of rounding can change lies at a code, at the
 * middle of two, or next to one of these. */
static void check_codes(const unit_format *f)
{
    vprec_format format = unit_parse(f);
    uint64_t codes = UINT64_C(1) << (1 + f->ebits + f->fbits);
    for (uint64_t code = 0; code < codes; code++) {
        double v = unit_decode(code, f);
        check(UNIT_sqrt, v, f, &format);
        check(UNIT_round, v, f, &format);
        check(UNIT_round, nextafter(v, INFINITY), f, &format);
        check(UNIT_round, nextafter(v, -INFINITY), f, &format);
        double next = unit_decode(code + 1, f);
        if (code + 1 == codes || !isfinite(v) || !isfinite(next) || signbit(v) != signbit(next))
            continue;
        double middle = v / 2 + next / 2;
        check(UNIT_round, middle, f, &format);
        check(UNIT_round, nextafter(middle, INFINITY), f, &format);
        check(UNIT_round, nextafter(middle, -INFINITY), f, &format);
    }
}

Test(round, every_code_up_to_16_bits)
{
    int formats = 0;
    for (size_t i = 0; i < unit_formats_count; i++) {
        if (1 + unit_formats[i].ebits + unit_formats[i].fbits > 16)
            continue;
        check_codes(&unit_formats[i]);
        formats++;
    }
    cr_assert_gt(formats, 25);
    unit_finish(UNIT_round);
    unit_finish(UNIT_sqrt);
    cr_assert(unit_seen.tie && unit_seen.tiny && unit_seen.inexact < unit_seen.cases);
}

/* Past the largest finite: at half an ulp, and the next ulps. */
Test(round, overflow_thresholds)
{
    for (size_t i = 0; i < unit_formats_count; i++) {
        const unit_format *f = &unit_formats[i];
        vprec_format format = unit_parse(f);
        int unit = ilogb(f->max) - f->fbits;
        for (int halves = -4; halves <= 8; halves++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                double v = sign * (f->max + ldexp(halves, unit - 1));
                check(UNIT_round, v, f, &format);
                check(UNIT_round, nextafter(v, INFINITY), f, &format);
                check(UNIT_round, nextafter(v, -INFINITY), f, &format);
            }
        }
    }
    unit_finish(UNIT_round);
    cr_assert_gt(unit_seen.overflow, 0);
}

static vprec_format parse(const char *text)
{
    vprec_format format;
    cr_assert(vprec_format_parse(text, VPREC_F64, &format, NULL, 0) == VPREC_OK, "%s", text);
    return format;
}

static void is(const char *text, vprec_mode mode, double x, double want)
{
    vprec_format format = parse(text);
    double got = vprec_round(x, &format, mode);
    cr_expect(unit_same(got, want), "round(%a) to %s, mode %s: got %a, want %a", x, text, unit_mode_names[mode], got,
              want);
}

/* The OCP and fnuz rules as their texts state them. */
Test(round, formats_without_infinities)
{
    is("e4m3fn", VPREC_RNE, 464, 448);
    is("e4m3fn", VPREC_RNE, nextafter(464, 500), NAN);
    is("e4m3fn", VPREC_RNA, 464, NAN);
    is("e4m3fn:sat", VPREC_RNE, 465, 448);
    is("e4m3fn:sat", VPREC_RNE, -1e30, -448);
    is("e4m3fn", VPREC_RTZ, 1e30, 448);
    is("e4m3fn", VPREC_RU, 448.5, NAN);
    is("e4m3fn", VPREC_RU, -448.5, -448);
    is("e4m3fn", VPREC_RU, -1e30, -448);
    is("e4m3fn", VPREC_RD, 1e30, 448);
    is("e4m3fn", VPREC_RTO, 449, 448); /* the odd neighbour is the NaN's code: overflow */
    is("e4m3fn", VPREC_RNE, INFINITY, NAN);
    is("e4m3fn", VPREC_RTZ, INFINITY, NAN);
    is("e4m3fn:sat", VPREC_RU, -INFINITY, -448);
    is("e4m3fn", VPREC_RNE, -0.0, -0.0);
    is("e5m2fnuz", VPREC_RNE, 57344, 57344);
    is("e5m2fnuz", VPREC_RNE, 61440, NAN);
    is("e5m2fnuz", VPREC_RNE, 61439, 57344);
    is("e5m2fnuz", VPREC_RNE, -0.0, 0.0);
    is("e5m2fnuz", VPREC_RD, -0.0, 0.0);
    is("e4m3fnuz", VPREC_RNE, -0x1p-40, 0.0);
    is("e4m3fnuz", VPREC_RD, -0x1p-40, -0x1p-10);
    is("e4m3fnuz:sat", VPREC_RNE, INFINITY, 240);
    is("e2m1fn", VPREC_RNE, 5, 4);
    is("e2m1fn", VPREC_RNE, 100, 6);
    is("e2m1fn", VPREC_RU, INFINITY, 6);
    is("e2m1fn", VPREC_RNE, NAN, 6);
    is("e2m1fn", VPREC_RNE, -NAN, -6);
    is("e2m1fn", VPREC_RNE, -0.25, -0.0);
    is("e3m2fn", VPREC_RNE, 29.9, 28);
    is("e2m3fn", VPREC_RNE, -9, -7.5);
    is("e5m2:sat", VPREC_RNE, 1e9, 57344);
    is("e5m2:sat", VPREC_RNE, INFINITY, INFINITY); /* an exact infinity is no overflow */
}

/* nosub: rounded first, with unbounded exponent, then flushed. */
Test(round, formats_without_subnormals)
{
    is("fp16:nosub", VPREC_RNE, 0x1.ffep-15, 0x1p-14); /* rounds up into the normal range */
    is("fp16:nosub", VPREC_RNE, 0x1.ffdp-15, 0.0);
    is("fp16:nosub", VPREC_RTZ, 0x1.ffep-15, 0.0);
    is("fp16:nosub", VPREC_RU, 0x1p-20, 0.0);
    is("fp16:nosub", VPREC_RNE, -0x1p-15, -0.0);
    is("fp16:nosub", VPREC_RNE, 0x1p-14, 0x1p-14);
}

/* A mode that does not exist, SR without random bits, or a number of bits that
 * does not exist: NaN, whatever the operands and the format. */
Test(round, invalid_mode_is_loud)
{
    static const char *const texts[] = {"fp16", "fp64", "e4m3fnuz:sat", "e2m1fn"};
    static const double operands[] = {1.25, 0, -0.0, INFINITY, 1, 1e300, NAN};
    static const unsigned modes[] = {VPREC_SR, VPREC_MODES, VPREC_MODES + 1, 255, -1u};
    static const unsigned wrong[] = {0, 65, 66, 128, -1u};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vprec_format f = parse(texts[i]);
        for (size_t j = 0; j < sizeof operands / sizeof *operands; j++) {
            double x = operands[j];
            for (int op = 0; op < UNIT_COUNT; op++) {
                unit_case c = {.op = op, .x = {x, x, x}, .n = 3};
                for (size_t k = 0; k < sizeof modes / sizeof *modes; k++)
                    cr_expect(isnan(unit_apply(&c, &f, modes[k])), "%s %g mode %u", unit_op_names[op], x, modes[k]);
            }
            for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
                unsigned n = wrong[k];
                cr_expect(isnan(vprec_round_sr(x, &f, n, 1)) && isnan(vprec_add_sr(x, x, &f, n, 1)) &&
                              isnan(vprec_sub_sr(x, x, &f, n, 1)) && isnan(vprec_mul_sr(x, x, &f, n, 1)) &&
                              isnan(vprec_div_sr(x, x, &f, n, 1)) && isnan(vprec_sqrt_sr(x, &f, n, 1)) &&
                              isnan(vprec_fma_sr(x, x, x, &f, n, 1)) && isnan(vprec_from_i64_sr(3, &f, n, 1)) &&
                              isnan(vprec_from_u64_sr(3, &f, n, 1)),
                          "%g with %u bits", x, n);
            }
        }
    }
}

/* Probabilities that can be written down. SR of 1.25+2^-k to 24 bits: k=23 is a
 * value; k=24, 25, 26: the larger with 1/2, 1/4, 1/8. */
Test(round, stochastic_probabilities)
{
    static const struct {
        const char *format;
        double x;
        unsigned bits;
        unsigned larger; /* of 2^bits random numbers */
    } list[] = {{"fp32", 1.25 + 0x1p-23, 8, 0},
                {"fp32", 1.25 + 0x1p-24, 8, 128},
                {"fp32", 1.25 + 0x1p-25, 8, 64},
                {"fp32", 1.25 + 0x1p-26, 8, 32},
                {"fp32", -1.25 - 0x1p-26, 8, 32},   /* larger in magnitude */
                {"fp16", 1 + 0x1p-14, 3, 0},        /* f = 1/16: q = 1/2, a tie, to even */
                {"fp16", 1 + 0x1.8p-13, 3, 2},      /* f = 3/16: q = 3/2, a tie, to even */
                {"fp16", 1 + 0x1.4p-13, 3, 1},      /* f = 5/32: q = 5/4 */
                {"fp16", 0x1.fffffp-1, 3, 8},       /* f rounds up to 1: always */
                {"fp16", 0x1p-26, 4, 4},            /* below the smallest subnormal: f = 1/4 */
                {"fp16", -0x1p-29, 4, 0},           /* f = 1/32: q = 1/2, to even */
                {"fp16", 0x1p-400, 8, 0},
                {"fp16", 65512, 4, 4},              /* above 65504 by a quarter of a unit: infinity */
                {"fp16:sat", 65512, 4, 0},          /* the larger is the largest, too */
                {"e4m3fn", 464, 4, 8},              /* between 448 and 480, the NaN's code */
                {"fp16:nosub", 0x1.8p-15, 4, 0},    /* a value with unbounded exponent, flushed */
                {"fp16:nosub", 0x1.fffp-15, 4, 12}, /* f = 3/4: 2^-14, else zero */
                {"e2m1fn", 5, 4, 8},
                {"e2m1fn", 7, 4, 0}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        vprec_format f = parse(list[i].format);
        double low = vprec_round(list[i].x, &f, VPREC_RTZ);
        unsigned larger = 0, end = 1u << list[i].bits;
        for (uint64_t random = 0; random < end; random++) {
            double got = vprec_round_sr(list[i].x, &f, list[i].bits, random << (64 - list[i].bits));
            cr_expect(unit_same(got, low) || larger == random, "%s, %a: the lowest random numbers take the larger",
                      list[i].format, list[i].x);
            larger += !unit_same(got, low);
        }
        cr_expect(larger == list[i].larger, "%s, %a, %u bits: %u of %u take the larger, want %u", list[i].format,
                  list[i].x, list[i].bits, larger, end, list[i].larger);
    }
}

/* 64 bits of the fraction, and what follows them, decide; in the root this is just
 * below a half. */
Test(round, stochastic_64_bits)
{
    vprec_format f = parse("e11m50");
    const uint64_t q = UINT64_C(0xffffffe000000000); /* sqrt(1+h) = 1 + h/2 - h^2/8 + h^3/16 - ..., h = 2^-37 */
    cr_expect_eq(vprec_sqrt_sr(0x1.0000000008p0, &f, 64, q - 1), 0x1.0000000004p0);
    cr_expect_eq(vprec_sqrt_sr(0x1.0000000008p0, &f, 64, q), 0x1.0000000003ffcp0);
    vprec_format e5m10 = parse("fp16"); /* 1/3 = 0x1.554p-2 + ulp * 1/3, as 0x5555555555555555.5p-64 */
    cr_expect_eq(vprec_div_sr(1, 3, &e5m10, 64, UINT64_C(0x5555555555555554)), 0x1.558p-2);
    cr_expect_eq(vprec_div_sr(1, 3, &e5m10, 64, UINT64_C(0x5555555555555555)), 0x1.554p-2);
    /* Bits past the last of a random number: a half of it is even, what is a little more is one. */
    vprec_format fp64 = parse("fp64");
    cr_expect_eq(vprec_add_sr(1, 0x1p-117, &fp64, 64, 0), 1);
    cr_expect_eq(vprec_add_sr(1, 0x1.0000000000001p-117, &fp64, 64, 0), 0x1.0000000000001p0);
    cr_expect_eq(vprec_add_sr(1, 0x1.fffffffffffffp-118, &fp64, 64, 0), 1);
    cr_expect_eq(vprec_fma_sr(1 + 0x1p-52, 0x1.0000000000001p-117, 1, &fp64, 64, 0), 0x1.0000000000001p0);
    const uint64_t even = UINT64_C(0x56cfb5e3a799f35c); /* then 100000000 and more: up to an odd q */
    cr_expect_eq(vprec_sqrt_sr(0x1.a3f1c18d7829dp0, &fp64, 64, even), 0x1.47e175d17accbp+0);
    cr_expect_eq(vprec_sqrt_sr(0x1.a3f1c18d7829dp0, &fp64, 64, even + 1), 0x1.47e175d17accap+0);
    cr_expect_eq(vprec_sub_sr(1, 0x1p-118, &fp64, 64, ~UINT64_C(0)), 1); /* f = 1 - 2^-65, to even: 1 */
    cr_expect_eq(vprec_sub_sr(1, 0x1.0000000000001p-118, &fp64, 64, ~UINT64_C(0)), 0x1.fffffffffffffp-1);
}

static uint64_t bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static double from_bits(uint64_t b)
{
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

#define HEX(x) ((unsigned long long)(x))

/* NaN in, NaN out: quiet, payload and sign kept, the first operand's if there are two. */
Test(round, nan_bits)
{
    const uint64_t signalling = UINT64_C(0xfff0000000000001), quiet = UINT64_C(0x7ff8000000000002);
    const uint64_t quieted = UINT64_C(0xfff8000000000001), indefinite = UINT64_C(0xfff8000000000000);
    double s = from_bits(signalling), q = from_bits(quiet);
    const char *texts[] = {"bf16", "e4m3", "e4m3fn", "e5m2fnuz", "fp64", "e11m1", "e4m3fn:sat"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vprec_format f = parse(texts[i]);
        for (int mode = 0; mode < VPREC_MODES; mode++) {
            const struct {
                const char *what;
                unit_case c;
                uint64_t want;
            } list[] = {{"round", {UNIT_round, {s}}, quieted},
                        {"add s q", {UNIT_add, {s, q}}, quieted},
                        {"sub q s", {UNIT_sub, {q, s}}, quiet},
                        {"sub 1 s", {UNIT_sub, {1, s}}, quieted},
                        {"mul 0 q", {UNIT_mul, {0, q}}, quiet},
                        {"div s 0", {UNIT_div, {s, 0}}, quieted},
                        {"sqrt", {UNIT_sqrt, {s}}, quieted},
                        {"fma 1 1 s", {UNIT_fma, {1, 1, s}}, quieted},
                        {"fma 0 inf q", {UNIT_fma, {0, INFINITY, q}}, quiet},
                        {"fma 1 q s", {UNIT_fma, {1, q, s}}, quiet},
                        {"inf - inf", {UNIT_sub, {INFINITY, INFINITY}}, indefinite},
                        {"0 / 0", {UNIT_div, {0, 0}}, indefinite},
                        {"sqrt -1", {UNIT_sqrt, {-1}}, indefinite}};
            for (size_t j = 0; j < sizeof list / sizeof *list; j++) {
                unit_case c = list[j].c;
                c.bits = 23, c.random = UINT64_C(0x123456789abcdef0);
                uint64_t got = bits(unit_apply(&c, &f, mode));
                cr_expect(got == list[j].want, "%s in %s, mode %s: got %#llx, want %#llx", list[j].what, texts[i],
                          unit_mode_names[mode], HEX(got), HEX(list[j].want));
            }
        }
    }
}
