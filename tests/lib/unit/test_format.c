/* SPDX-License-Identifier: Apache-2.0
 * test_format.c: the formats' text: parsing, printing, presets, every error. */
#include "support.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Fields against the table written by hand. */
Test(format, fields)
{
    for (size_t i = 0; i < unit_formats_count; i++) {
        const unit_format *f = &unit_formats[i];
        vprec_format p = unit_parse(f);
        int emin = 1 - f->bias;
        cr_expect(p.ebits == f->ebits && p.fbits == f->fbits && p.bias == f->bias && p.flags == f->flags,
                  "%s: e%dm%d bias %d flags %#x", f->text, p.ebits, p.fbits, p.bias, p.flags);
        cr_expect(p.emin == emin && p.emax == ilogb(f->max) && p.max == f->max, "%s: emin %d emax %d max %a", f->text,
                  p.emin, p.emax, p.max);
        cr_expect(p.min_normal == ldexp(1, emin) && p.min_subnormal == ldexp(1, emin - f->fbits), "%s: %a %a", f->text,
                  p.min_normal, p.min_subnormal);
    }
}

/* Name, spelling, largest finite, smallest normal, smallest subnormal. */
static const struct {
    const char *name, *spelling;
    double max, min_normal, min_subnormal;
    bool wide;
} presets[] = {
    {"fp64", "e11m52", 0x1.fffffffffffffp1023, 0x1p-1022, 0x1p-1074, true},
    {"fp32", "e8m23", 0x1.fffffep127, 0x1p-126, 0x1p-149, false},
    {"fp16", "e5m10", 65504, 0x1p-14, 0x1p-24, false},
    {"bf16", "e8m7", 0x1.fep127, 0x1p-126, 0x1p-133, false},
    {"tf32", "e8m10", 0x1.ffcp127, 0x1p-126, 0x1p-136, false},
    {"fp24", "e7m16", 0x1.ffffp63, 0x1p-62, 0x1p-78, false},
    {"pxr24", "e8m15", 0x1.fffep127, 0x1p-126, 0x1p-141, false},
    {"e5m2", "e5m2", 57344, 0x1p-14, 0x1p-16, false},
    {"e4m3", "e4m3", 240, 0x1p-6, 0x1p-9, false},
    {"e3m4", "e3m4", 15.5, 0x1p-2, 0x1p-6, false},
    {"e4m3fn", "e4m3:noinf", 448, 0x1p-6, 0x1p-9, false},
    {"e5m2fnuz", "e5m2:noinf:nonegzero:bias=16", 57344, 0x1p-15, 0x1p-17, false},
    {"e4m3fnuz", "e4m3:noinf:nonegzero:bias=8", 240, 0x1p-7, 0x1p-10, false},
    {"e4m3b11fnuz", "e4m3:noinf:nonegzero:bias=11", 30, 0x1p-10, 0x1p-13, false},
    {"e3m2fn", "e3m2:sat:noinf:nonan", 28, 0.25, 0.0625, false},
    {"e2m3fn", "e2m3:sat:noinf:nonan", 7.5, 1, 0.125, false},
    {"e2m1fn", "e2m1:sat:noinf:nonan", 6, 1, 0.5, false},
};
enum { PRESETS = sizeof presets / sizeof *presets };

static bool equal(const vprec_format *a, const vprec_format *b)
{
    return a->ebits == b->ebits && a->fbits == b->fbits && a->flags == b->flags && a->bias == b->bias &&
           a->emin == b->emin && a->emax == b->emax && a->max == b->max && a->min_normal == b->min_normal &&
           a->min_subnormal == b->min_subnormal;
}

Test(format, presets)
{
    for (size_t i = 0; i < PRESETS; i++) {
        const char *spelling = NULL, *name = vprec_format_preset(i, &spelling);
        cr_assert(name && !strcmp(name, presets[i].name), "preset %zu is %s", i, name);
        cr_expect_str_eq(spelling, presets[i].spelling);
        cr_expect_str_eq(vprec_format_preset(i, NULL), name);
        for (int type = 0; type < VPREC_TYPES; type++) {
            vprec_format by_name, by_spelling;
            vprec_status status = vprec_format_parse(name, type, &by_name, NULL, 0);
            cr_expect(status == (presets[i].wide && type == VPREC_F32 ? VPREC_ERANGE : VPREC_OK), "%s", name);
            if (status)
                continue;
            cr_expect(by_name.max == presets[i].max, "%s: max %a", name, by_name.max);
            cr_expect(by_name.min_normal == presets[i].min_normal, "%s", name);
            cr_expect(by_name.min_subnormal == presets[i].min_subnormal, "%s", name);
            cr_expect(vprec_format_parse(spelling, type, &by_spelling, NULL, 0) == VPREC_OK, "%s", spelling);
            cr_expect(equal(&by_name, &by_spelling), "%s is not %s", name, spelling);
            char text[64];
            vprec_format_print(&by_spelling, text, sizeof text);
            cr_expect_str_eq(text, name);
        }
    }
    cr_expect_null(vprec_format_preset(PRESETS, NULL));
}

/* The exact NaN and infinity codes belong to no finite value: the codes of a
 * format and its largest finite agree. */
Test(format, largest_is_the_largest_code)
{
    for (size_t i = 0; i < unit_formats_count; i++) {
        const unit_format *f = &unit_formats[i];
        if (f->ebits + f->fbits > 16)
            continue;
        double largest = 0;
        for (uint64_t code = 0; code < UINT64_C(1) << (f->ebits + f->fbits); code++) {
            double v = unit_decode(code, f);
            if (isfinite(v) && v > largest)
                largest = v;
        }
        cr_expect(unit_parse(f).max == largest, "%s: %g", f->text, largest);
    }
}

static void round_trip(const char *text, vprec_type type, unsigned *parsed)
{
    vprec_format format, again;
    if (vprec_format_parse(text, type, &format, NULL, 0))
        return;
    ++*parsed;
    char printed[64], message[160] = "";
    size_t length = vprec_format_print(&format, printed, sizeof printed);
    cr_expect(length == strlen(printed) && length <= strlen(text), "%s prints as %s (%zu)", text, printed, length);
    vprec_status status = vprec_format_parse(printed, type, &again, message, sizeof message);
    cr_expect(status == VPREC_OK && equal(&format, &again), "%s prints as %s: %s", text, printed, message);
}

/* Every width, every set of suffixes, several biases, every preset with suffixes. */
Test(format, print_round_trip)
{
    static const char *const names[] = {":sat", ":noinf", ":nosub", ":nonan", ":nonegzero"};
    unsigned parsed = 0;
    for (int base = 0; base < 12 * 53 + PRESETS; base++) {
        for (int set = 0; set < 32; set++) {
            for (int bias = -3; bias <= 20; bias += 1) {
                char text[96];
                int used = base < 12 * 53 ? sprintf(text, "e%dm%d", base / 53, base % 53)
                                          : sprintf(text, "%s", presets[base - 12 * 53].name);
                for (int i = 0; i < 5; i++) {
                    if (set >> i & 1)
                        used += sprintf(text + used, "%s", names[i]);
                }
                if (bias > -3)
                    sprintf(text + used, ":bias=%d", bias);
                round_trip(text, VPREC_F32, &parsed);
                if (base % 7 == 0 || base > 12 * 53)
                    round_trip(text, VPREC_F64, &parsed);
            }
        }
    }
    cr_assert_gt(parsed, 50000);
}

Test(format, prints_the_short_form)
{
    static const char *const pairs[][2] = {{"e5m10", "fp16"},
                                           {"e8m7:sat", "bf16:sat"},
                                           {"e4m3:noinf", "e4m3fn"},
                                           {"e4m3:sat:noinf", "e4m3fn:sat"},
                                           {"e4m3fn:nosub:sat", "e4m3fn:sat:nosub"},
                                           {"e4m3:bias=8", "e4m3:bias=8"},
                                           {"e4m3fnuz:bias=7", "e4m3fnuz:bias=7"},
                                           {"e4m3:noinf:bias=8", "e4m3fn:bias=8"},
                                           {"e2m1fn:sat", "e2m1fn"},
                                           {"e6m9", "e6m9"},
                                           {"E6M9:SAT:Bias=30", "e6m9:sat:bias=30"},
                                           {"e06m09:bias=31", "e6m9"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        vprec_format format;
        char text[64], small[5];
        cr_assert(vprec_format_parse(pairs[i][0], VPREC_F32, &format, NULL, 0) == VPREC_OK, "%s", pairs[i][0]);
        size_t length = vprec_format_print(&format, text, sizeof text);
        cr_expect(!strcmp(text, pairs[i][1]), "%s prints as %s", pairs[i][0], text);
        cr_expect_eq(vprec_format_print(&format, small, sizeof small), length);
        cr_expect(!strncmp(small, text, 4) && strlen(small) <= 4, "cut to %s", small);
        cr_expect_eq(vprec_format_print(&format, NULL, 0), length);
    }
}

Test(format, native)
{
    static const struct {
        const char *text;
        bool f32, f64;
    } list[] = {{"fp64", true, true},    {"fp32", true, false},       {"e9m23", true, false},
                {"e8m24", true, false},  {"e8m22", false, false},     {"e7m23", false, false},
                {"tf32", false, false},  {"fp32:sat", false, false},  {"fp64:nosub", false, false},
                {"e11m51", true, false}, {"fp64:bias=1023", true, true}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        vprec_format format;
        cr_assert(vprec_format_parse(list[i].text, VPREC_F64, &format, NULL, 0) == VPREC_OK, "%s", list[i].text);
        cr_expect(vprec_format_is_native(&format, VPREC_F32) == list[i].f32, "%s in binary32", list[i].text);
        cr_expect(vprec_format_is_native(&format, VPREC_F64) == list[i].f64, "%s in binary64", list[i].text);
    }
}

/* Each error: its status, and what the line must say. */
static const struct {
    const char *text;
    vprec_type type;
    vprec_status status;
    const char *message;
} errors[] = {
    {"e9m10", VPREC_F32, VPREC_ERANGE, "`e9m10`: 9 exponent bits do not fit binary32 (2..8); try f64=e9m10"},
    {"e1m10", VPREC_F32, VPREC_ERANGE, "`e1m10`: 1 exponent bit does not fit binary32 (2..8)"},
    {"e0m10", VPREC_F64, VPREC_ERANGE, "`e0m10`: 0 exponent bits do not fit binary64 (2..11)"},
    {"e12m10", VPREC_F64, VPREC_ERANGE, "`e12m10`: 12 exponent bits do not fit binary64 (2..11)"},
    {"e12m10", VPREC_F32, VPREC_ERANGE, "`e12m10`: 12 exponent bits do not fit binary32 (2..8)"},
    {"e5m0", VPREC_F32, VPREC_ERANGE, "`e5m0`: 0 fraction bits do not fit binary32 (1..23)"},
    {"e8m24", VPREC_F32, VPREC_ERANGE, "`e8m24`: 24 fraction bits do not fit binary32 (1..23); try f64=e8m24"},
    {"e8m53", VPREC_F64, VPREC_ERANGE, "`e8m53`: 53 fraction bits do not fit binary64 (1..52)"},
    {"fp64:sat", VPREC_F32, VPREC_ERANGE,
     "`fp64:sat`: 11 exponent bits do not fit binary32 (2..8); try f64=fp64:sat"},
    {"e99999999999999999999m3", VPREC_F64, VPREC_ERANGE,
     "`e99999999999999999999m3`: over 99999 exponent bits do not fit binary64 (2..11)"},
    {"", VPREC_F32, VPREC_EFORMAT,
     "``: the format is missing: give eXmY such as e5m10, or a name such as bf16"},
    {":sat", VPREC_F32, VPREC_EFORMAT,
     "`:sat`: the format is missing: give eXmY such as e5m10, or a name such as bf16"},
    {"real", VPREC_F32, VPREC_EFORMAT,
     "`real`: `real` is neither eXmY such as e5m10 nor a name such as bf16 (vprec-run --formats)"},
    {"halt:sat", VPREC_F32, VPREC_EFORMAT,
     "`halt:sat`: `halt` is neither eXmY such as e5m10 nor a name; did you mean `half`?"},
    {"bf16:satt", VPREC_F32, VPREC_EFORMAT,
     "`bf16:satt`: unknown suffix `satt` (sat, noinf, nosub, nonan, nonegzero, bias=N)"},
    {"bf16:", VPREC_F32, VPREC_EFORMAT,
     "`bf16:`: unknown suffix `` (sat, noinf, nosub, nonan, nonegzero, bias=N)"},
    {"bf16:sat:sat", VPREC_F32, VPREC_EFORMAT, "`bf16:sat:sat`: suffix `sat` is given twice"},
    {"bf16:bias=1:bias=1", VPREC_F32, VPREC_EFORMAT, "`bf16:bias=1:bias=1`: suffix `bias` is given twice"},
    {"e5m2:bias=", VPREC_F32, VPREC_EFORMAT, "`e5m2:bias=`: bias `` is no integer"},
    {"e5m2:bias=1x", VPREC_F32, VPREC_EFORMAT, "`e5m2:bias=1x`: bias `1x` is no integer"},
    {"e5m2:bias=--1", VPREC_F32, VPREC_EFORMAT, "`e5m2:bias=--1`: bias `--1` is no integer"},
    {"e5m2:bias", VPREC_F32, VPREC_EFORMAT,
     "`e5m2:bias`: unknown suffix `bias` (sat, noinf, nosub, nonan, nonegzero, bias=N)"},
    {"e5m10:bias=141", VPREC_F32, VPREC_ERANGE, "`e5m10:bias=141`: bias 141 does not fit binary32 (-97..140 here)"},
    {"e5m10:bias=-98", VPREC_F32, VPREC_ERANGE, "`e5m10:bias=-98`: bias -98 does not fit binary32 (-97..140 here)"},
    {"e5m10:bias=1066", VPREC_F64, VPREC_ERANGE,
     "`e5m10:bias=1066`: bias 1066 does not fit binary64 (-993..1065 here)"},
    {"fp32:bias=126", VPREC_F32, VPREC_ERANGE, "`fp32:bias=126`: bias 126 does not fit binary32 (127..127 here)"},
    {"bf16:noinf", VPREC_F32, VPREC_ERANGE, "`bf16:noinf`: its default bias 127 does not fit binary32 (128..143 here)"},
    {"fp32:noinf", VPREC_F32, VPREC_ERANGE,
     "`fp32:noinf`: no bias lets 8 exponent bits with `noinf` fit binary32; take 7 or fewer"},
    {"fp64:noinf", VPREC_F64, VPREC_ERANGE,
     "`fp64:noinf`: no bias lets 11 exponent bits with `noinf` fit binary64; take 10 or fewer"},
    {"e4m3:nonan", VPREC_F32, VPREC_EFORMAT,
     "`e4m3:nonan`: `nonan` needs `sat` and `noinf`: without NaN and infinities a format can only saturate"},
    {"e4m3fn:nonan", VPREC_F32, VPREC_EFORMAT,
     "`e4m3fn:nonan`: `nonan` needs `sat` and `noinf`: without NaN and infinities a format can only saturate"},
    {"e4m3:nonegzero", VPREC_F32, VPREC_EFORMAT,
     "`e4m3:nonegzero`: `nonegzero` needs `noinf`: the code of -0 then is the only NaN"},
};

Test(format, errors)
{
    vprec_format untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        vprec_format format = untouched;
        char message[160] = "";
        vprec_status status = vprec_format_parse(errors[i].text, errors[i].type, &format, message, sizeof message);
        cr_expect(status == errors[i].status, "%s: status %d", errors[i].text, status);
        cr_expect(!strcmp(message, errors[i].message), "got:  %s\nwant: %s", message, errors[i].message);
        cr_expect(!memcmp(&format, &untouched, sizeof format), "%s: the format was written", errors[i].text);
        cr_expect(vprec_format_parse(errors[i].text, errors[i].type, &format, NULL, 0) == status, "without message");
        char small[8];
        memset(small, '#', sizeof small);
        vprec_format_parse(errors[i].text, errors[i].type, &format, small, 7);
        cr_expect(small[7] == '#' && strnlen(small, 7) < 7, "%s: past the buffer", errors[i].text);
    }
}

/* Junk around a format is no format. */
Test(format, junk)
{
    static const char *const texts[] = {" e5m10", "e5m10 ", "E_5M10", "e5", "m10", "em", "e5m", "e-5m10", "e5m-10",
                                        "e5m10m", "e5m10,bf16", "f32=bf16", "e5m10\n", "bf", "bf166", "fp16;", "5m10",
                                        "e5.0m10", "e5m1e1", "native"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vprec_format format;
        cr_expect(vprec_format_parse(texts[i], VPREC_F32, &format, NULL, 0) == VPREC_EFORMAT, "\"%s\" was accepted",
                  texts[i]);
    }
}

/* Callers are compiled with this size; other kinds' parameters have room in it. */
Test(format, room_for_other_kinds)
{
    vprec_format format;
    memset(&format, 0xff, sizeof format);
    cr_assert(vprec_format_parse("bf16", VPREC_F32, &format, NULL, 0) == VPREC_OK);
    cr_expect(sizeof format == 64);
    cr_expect(format.kind == VPREC_BINARY);
    for (size_t i = 0; i < sizeof format.more / sizeof *format.more; i++)
        cr_expect(format.more[i] == 0);
}

Test(format, bad_arguments)
{
    vprec_format format;
    char message[160] = "";
    cr_expect(vprec_format_parse(NULL, VPREC_F32, &format, message, sizeof message) == VPREC_EINVAL);
    cr_expect(strlen(message) > 0);
    cr_expect(vprec_format_parse("bf16", VPREC_F32, NULL, NULL, 0) == VPREC_EINVAL);
    cr_expect(vprec_format_parse("bf16", VPREC_TYPES, &format, NULL, 0) == VPREC_EINVAL);
    cr_expect(vprec_format_parse("bf16", (vprec_type)-1, &format, NULL, 0) == VPREC_EINVAL);
}

/* Any length of text: the line stays within the 160 bytes that the header promises. */
Test(format, long_text)
{
    char text[4096], message[4096];
    vprec_format format;
    const char *starts[] = {"e", "e9m10:", "e9m1", "bf16:bias=1", "bf16:", "xxxxxxx"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        memset(text, '7', sizeof text - 1);
        text[sizeof text - 1] = 0;
        memcpy(text, starts[i], strlen(starts[i]));
        cr_expect(vprec_format_parse(text, VPREC_F32, &format, message, sizeof message) != VPREC_OK);
        cr_expect(strlen(message) < 160, "%zu bytes: %s", strlen(message), message);
    }
}
