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

Test(round, invalid_mode_is_loud)
{
    vprec_format format = parse("fp16");
    cr_expect(isnan(vprec_round(1.25, &format, VPREC_MODES)));
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
                double got;
                uint64_t want;
            } list[] = {{"round", vprec_round(s, &f, mode), quieted},
                        {"add s q", vprec_add(s, q, &f, mode), quieted},
                        {"sub q s", vprec_sub(q, s, &f, mode), quiet},
                        {"sub 1 s", vprec_sub(1, s, &f, mode), quieted},
                        {"mul 0 q", vprec_mul(0, q, &f, mode), quiet},
                        {"div s 0", vprec_div(s, 0, &f, mode), quieted},
                        {"sqrt", vprec_sqrt(s, &f, mode), quieted},
                        {"fma 1 1 s", vprec_fma(1, 1, s, &f, mode), quieted},
                        {"fma 0 inf q", vprec_fma(0, INFINITY, q, &f, mode), quiet},
                        {"fma 1 q s", vprec_fma(1, q, s, &f, mode), quiet},
                        {"inf - inf", vprec_sub(INFINITY, INFINITY, &f, mode), indefinite},
                        {"0 / 0", vprec_div(0, 0, &f, mode), indefinite},
                        {"sqrt -1", vprec_sqrt(-1, &f, mode), indefinite}};
            for (size_t j = 0; j < sizeof list / sizeof *list; j++)
                cr_expect(bits(list[j].got) == list[j].want, "%s in %s, mode %s: got %#llx, want %#llx", list[j].what,
                          texts[i], unit_mode_names[mode], HEX(bits(list[j].got)), HEX(list[j].want));
        }
    }
}
