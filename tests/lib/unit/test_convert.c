/* SPDX-License-Identifier: Apache-2.0
 * test_convert.c: conversions between element types against the exact-value
 * oracle, codes against unit_decode and against the specifications' numbers, and
 * what both refuse. */
#include "cpu.h"
#include "support.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* From, to, and how an element becomes a case of the oracle. */
#define CONVERSIONS(X)                                                                                                 \
    X(f64, double, f32, float, VPREC_F32, REAL)                                                                        \
    X(f32, float, f64, double, VPREC_F64, REAL)                                                                        \
    X(i32, int32_t, f32, float, VPREC_F32, SIGNED)                                                                     \
    X(i32, int32_t, f64, double, VPREC_F64, SIGNED)                                                                    \
    X(u32, uint32_t, f32, float, VPREC_F32, UNSIGNED)                                                                  \
    X(u32, uint32_t, f64, double, VPREC_F64, UNSIGNED)                                                                 \
    X(i64, int64_t, f32, float, VPREC_F32, SIGNED)                                                                     \
    X(i64, int64_t, f64, double, VPREC_F64, SIGNED)                                                                    \
    X(u64, uint64_t, f32, float, VPREC_F32, UNSIGNED)                                                                  \
    X(u64, uint64_t, f64, double, VPREC_F64, UNSIGNED)
enum kind { REAL, SIGNED, UNSIGNED };
static const enum unit_op ops[] = {UNIT_round, UNIT_from_i64, UNIT_from_u64};

enum { N = 1300 }; /* two blocks of the library and a rest, whatever their size */

static vprec_rounding rounding(const unit_format *f, vprec_type type, vprec_mode mode)
{
    unit_format contained = *f;
    contained.type = type;
    return (vprec_rounding){.format = unit_parse(&contained), .mode = mode};
}

/* Random words that anybody can compute, and how often each draw was asked for. */
typedef struct source {
    uint64_t asked[2];
    bool late; /* draw 0 decides nothing: all ones, a random integer just below the top */
} source;

static uint32_t word(uint64_t index, unsigned draw, bool late)
{
    unit_draw state = {.state = index * 2 + draw};
    return late && !draw ? (uint32_t)(index % 3 - 1) : unit_random(&state);
}

static const uint32_t *words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    source *s = context;
    s->asked[draw] += n;
    for (size_t i = 0; i < n; i++)
        space[i] = word(index + i, draw, s->late);
    return space;
}

static double apply_sr(const unit_case *c, const vprec_format *f, unsigned bits, uint64_t random)
{
    switch (c->op) {
    case UNIT_round: return vprec_round_sr(c->x[0], f, bits, random);
    case UNIT_from_i64: return vprec_from_i64_sr((int64_t)c->n, f, bits, random);
    default: return vprec_from_u64_sr(c->n, f, bits, random);
    }
}

static uint64_t compared[VPREC_MODES], inexact;

/* Draws N elements, converts them in every mode, compares. */
#define CHECK(from, F, dest, T, TYPE, kind)                                                                            \
    static void check_##from##_##dest(const unit_format *f, uint64_t seed)                                             \
    {                                                                                                                  \
        unit_format wide = *f; /* doubles are drawn, or floats where the input is float */                             \
        wide.type = sizeof(F) == 4 && f->type == VPREC_F32 ? VPREC_F32 : VPREC_F64;                                    \
        unit_draw draw = {.state = seed, .format = &wide, .last = 1};                                                  \
        static F x[N];                                                                                                 \
        static T out[N];                                                                                               \
        static unit_case cases[N];                                                                                     \
        static unit_answer want[N];                                                                                    \
        for (int i = 0; i < N; i++) {                                                                                  \
            unit_draw_case(&draw, ops[kind], &cases[i]);                                                               \
            x[i] = kind == REAL ? (F)cases[i].x[0] : (F)cases[i].n;                                                    \
            cases[i].x[0] = kind == REAL ? (double)x[i] : 0;                                                           \
            cases[i].n = kind == REAL ? 0 : (uint64_t)x[i];                                                            \
            unit_exact(&cases[i], &wide, &want[i]);                                                                    \
            inexact += want[i].inexact;                                                                                \
        }                                                                                                              \
        for (int mode = 0; mode < VPREC_SR; mode++) {                                                                  \
            vprec_rounding to = rounding(f, TYPE, mode);                                                               \
            cr_assert_eq(vprec_convert_##from##_##dest(out, x, N, &to), VPREC_OK);                                     \
            for (int i = 0; i < N; i++) {                                                                              \
                compared[mode]++;                                                                                      \
                cr_assert(unit_same(out[i], want[i].want[mode]),                                                       \
                          #from " to " #dest ", element %d, %a or %#llx, in %s, mode %s: got %a, want %a", i,          \
                          cases[i].x[0], (unsigned long long)cases[i].n, f->text, unit_mode_names[mode], out[i],       \
                          want[i].want[mode]);                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        for (unsigned bits = 1; bits <= 64; bits += bits == 1 ? 30 : 11) { /* 1 31 42 53 64 */                         \
            source source = {.late = bits == 53};                                                                      \
            vprec_rounding to = rounding(f, TYPE, VPREC_SR);                                                           \
            to.random = (vprec_random){bits, words, &source};                                                          \
            cr_assert_eq(vprec_convert_##from##_##dest(out, x, N, &to), VPREC_OK);                                     \
            cr_assert_eq(source.asked[0], N);                                                                          \
            cr_assert(bits > 32 || !source.asked[1]);                                                                  \
            for (int i = 0; i < N; i++) {                                                                              \
                uint64_t random = (uint64_t)word(i, 0, source.late) << 32 | word(i, 1, source.late);                   \
                double sr = apply_sr(&cases[i], &to.format, bits, random);                                             \
                compared[VPREC_SR]++;                                                                                  \
                cr_assert(unit_same(out[i], sr),                                                                       \
                          #from " to " #dest ", element %d, %a or %#llx, in %s, %u random bits: got %a, want %a", i,   \
                          cases[i].x[0], (unsigned long long)cases[i].n, f->text, bits, out[i], sr);                   \
            }                                                                                                          \
        }                                                                                                              \
    }
CONVERSIONS(CHECK)

/* Every format that fits, whatever container its table row names. */
#define TEST(from, F, dest, T, TYPE, kind)                                                                             \
    Test(convert, from##_to_##dest)                                                                                    \
    {                                                                                                                  \
        for (uint64_t round = unit_scaled(4); round; round--) {                                                        \
            for (size_t i = 0; i < unit_formats_count; i++) {                                                          \
                if (TYPE == VPREC_F64 || unit_formats[i].type == VPREC_F32)                                            \
                    check_##from##_##dest(&unit_formats[i], round * 1000 + i);                                         \
            }                                                                                                          \
        }                                                                                                              \
        for (int mode = 0; mode < VPREC_MODES; mode++)                                                                 \
            cr_assert(compared[mode] > 10000, "mode %d", mode);                                                        \
        cr_assert(inexact > 1000);                                                                                     \
    }
CONVERSIONS(TEST)

/* 2^24 + 2^-30 is no float; by way of float it would be the tie, and go down. */
Test(convert, double_is_never_a_float_first)
{
    double x[] = {1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-8 - 0x1p-40, 0x1p-150 + 0x1p-200, -0x1p-150};
    float out[4], want[] = {1 + 0x1p-7, 1, 0x1p-149f, -0.0f};
    vprec_rounding to = {.mode = VPREC_RNE};
    vprec_format_parse("bf16", VPREC_F32, &to.format, NULL, 0);
    cr_assert_eq(vprec_convert_f64_f32(out, x, 2, &to), VPREC_OK);
    vprec_format_parse("fp32", VPREC_F32, &to.format, NULL, 0);
    cr_assert_eq(vprec_convert_f64_f32(out + 2, x + 2, 2, &to), VPREC_OK);
    cr_assert(!memcmp(out, want, sizeof out), "%a %a %a %a", out[0], out[1], out[2], out[3]);
}

/* ---- codes ---- */

static unsigned code_width(const unit_format *f) { return 1 + f->ebits + f->fbits; }

/* What a code must decode to: without subnormals their codes are zeros. */
static double decoded(uint64_t code, const unit_format *f)
{
    double v = unit_decode(code, f);
    if (v != 0 && (f->flags & VPREC_NOSUB) && fabs(v) < ldexp(1, 1 - f->bias))
        v = f->flags & VPREC_NONEGZERO ? 0 : copysign(0, v);
    return v;
}

/* Every code of every format of up to 16 bits, there and back, alone and in arrays. */
Test(convert, every_code)
{
    static uint16_t codes[65536], back[65536];
    static uint8_t codes8[65536], back8[65536];
    static float values[65536], values8[65536];
    unsigned formats = 0;
    for (size_t k = 0; k < unit_formats_count; k++) {
        const unit_format *f = &unit_formats[k];
        if (code_width(f) > 16)
            continue;
        formats++;
        vprec_format format = unit_parse(f);
        size_t count = (size_t)1 << code_width(f);
        for (size_t i = 0; i < count; i++) {
            double want = decoded(i, f), got = vprec_decode(i, &format);
            cr_assert(unit_same(got, want), "%s code %#zx: got %a, want %a", f->text, i, got, want);
            cr_assert(unit_same(vprec_decode(i | ~(uint64_t)0 << code_width(f), &format), want));
            uint64_t code = 77;
            cr_assert_eq(vprec_encode(got, &format, &code), VPREC_OK, "%s code %#zx", f->text, i);
            cr_assert_lt(code, count);
            if (isnan(want)) { /* quiet where the format can say so */
                bool ieee = !(f->flags & VPREC_NOINF);
                cr_assert_eq(code, ieee ? i | (size_t)1 << (f->fbits - 1) : i, "%s NaN %#zx", f->text, i);
            } else {
                bool alias = want == 0 && (f->flags & VPREC_NONEGZERO); /* there is one zero, and two codes without a NaN */
                cr_assert(code == i || unit_decode(i, f) != want || alias, "%s: %#zx came back as %#llx", f->text, i,
                          (unsigned long long)code);
                cr_assert(unit_same(unit_decode(code, f), want), "%s %a", f->text, want);
            }
            codes[i] = i;
            codes8[i] = i & 255;
        }
        if (f->type != VPREC_F32)
            continue;
        vprec_rounding to = {.format = format, .mode = VPREC_RTO};
        cr_assert_eq(vprec_decode_u16_f32(values, codes, count, &format), VPREC_OK);
        cr_assert_eq(vprec_encode_f32_u16(back, values, count, &to), VPREC_OK);
        bool small = code_width(f) <= 8;
        cr_assert_eq(vprec_decode_u8_f32(values8, codes8, count, &format), small ? VPREC_OK : VPREC_ERANGE);
        cr_assert_eq(vprec_encode_f32_u8(back8, values, count, &to), small ? VPREC_OK : VPREC_ERANGE);
        for (size_t i = 0; i < count; i++) {
            double want = decoded(i, f);
            uint64_t code;
            cr_assert_eq(vprec_encode(vprec_decode(i, &format), &format, &code), VPREC_OK);
            cr_assert(unit_same(values[i], want) && back[i] == code, "%s %#zx", f->text, i);
            cr_assert(!small || (unit_same(values8[i], want) && back8[i] == code), "%s %#zx", f->text, i);
        }
    }
    cr_assert(formats >= 25, "only %u formats", formats);
}

/* Every combination of suffixes in every format of up to 8 bits: each code's value is one of the format's, which
 * rounding in any mode leaves alone, and has a code that gives the same value. */
Test(convert, every_suffix)
{
    static const char *const names[] = {"sat", "noinf", "nosub", "nonan", "nonegzero"}; /* in the order of the flags */
    unsigned formats = 0, refused = 0;
    for (unsigned widths = 0; widths < 5 * 5; widths++)
        for (unsigned flags = 0; flags < 32; flags++)
            for (int shift = -2; shift <= 2; shift++) {
                unit_format f = {.type = VPREC_F32, .ebits = 2 + widths / 5, .fbits = 1 + widths % 5, .flags = flags};
                char text[80];
                if (code_width(&f) > 8)
                    continue;
                f.bias = (1 << (f.ebits - 1)) - 1 + shift;
                int used = snprintf(text, sizeof text, "e%um%u:bias=%d", f.ebits, f.fbits, f.bias);
                for (unsigned i = 0; i < 5; i++)
                    if (flags >> i & 1)
                        used += snprintf(text + used, sizeof text - used, ":%s", names[i]);
                f.text = text;
                vprec_format format;
                if (vprec_format_parse(text, VPREC_F32, &format, NULL, 0)) {
                    refused++;
                    continue;
                }
                formats++;
                for (uint64_t code = 0; code < 1u << code_width(&f); code++) {
                    double want = decoded(code, &f), got = vprec_decode(code, &format);
                    uint64_t back = 999;
                    cr_assert(unit_same(got, want), "%s code %#x: got %a, want %a", text, (unsigned)code, got, want);
                    cr_assert(!isnan(got) || !(flags & VPREC_NONAN), "%s code %#x is NaN", text, (unsigned)code);
                    cr_assert_eq(vprec_encode(got, &format, &back), VPREC_OK, "%s code %#x", text, (unsigned)code);
                    cr_assert(unit_same(decoded(back, &f), want), "%s: %#x came back as %#x", text, (unsigned)code,
                              (unsigned)back);
                    for (int mode = 0; mode < VPREC_SR; mode++)
                        cr_assert(unit_same(vprec_round(got, &format, (vprec_mode)mode), want), "%s %a mode %d", text, got,
                                  mode);
                    cr_assert(unit_same(vprec_round_sr(got, &format, 8, ~UINT64_C(0)), want), "%s %a", text, got);
                }
            }
    cr_assert(formats > 500 && refused > 500, "%u formats, %u refused", formats, refused);
}

/* Wider formats: drawn values, rounded to the format, against the independent decoder. */
Test(convert, drawn_values)
{
    for (size_t k = 0; k < unit_formats_count; k++) {
        const unit_format *f = &unit_formats[k];
        vprec_format format = unit_parse(f);
        unit_draw draw = {.state = k, .format = f, .last = 1};
        for (uint64_t n = unit_scaled(3000); n; n--) {
            double v = vprec_round(unit_draw_operand(&draw), &format, VPREC_RTZ);
            uint64_t code;
            cr_assert_eq(vprec_encode(v, &format, &code), VPREC_OK, "%s %a", f->text, v);
            cr_assert(unit_same(unit_decode(code, f), v), "%s %a gave the code %#llx", f->text, v,
                      (unsigned long long)code);
            cr_assert(unit_same(vprec_decode(code, &format), v), "%s %a", f->text, v);
            if (isnan(v) || (format.flags & ~(unsigned)VPREC_SAT) || format.bias != (1 << (format.ebits - 1)) - 1)
                continue;
            float narrow = (float)v; /* the processor's own codes */
            uint32_t bits32;
            uint64_t bits64;
            memcpy(&bits32, &narrow, sizeof narrow);
            memcpy(&bits64, &v, sizeof v);
            cr_assert(f->ebits != 8 || code == bits32 >> (23 - f->fbits), "%s %a", f->text, v);
            cr_assert(f->ebits != 11 || code == bits64 >> (52 - f->fbits), "%s %a", f->text, v);
        }
    }
}

/* OFP8 1.0 tables 1 and 2, MX 1.0 tables 3 to 6, IEEE 754-2019 table 3.5, and what makers of
 * FNUZ processors publish (one NaN, at the code of -0). */
Test(convert, published_codes)
{
    static const struct {
        const char *format;
        unsigned code;
        double value;
    } list[] = {
        {"e4m3fn", 0x7e, 448},      {"e4m3fn", 0xfe, -448},       {"e4m3fn", 0x08, 0x1p-6},
        {"e4m3fn", 0x07, 0x1.cp-7}, {"e4m3fn", 0x01, 0x1p-9},     {"e4m3fn", 0x7f, NAN},
        {"e4m3fn", 0xff, NAN},      {"e4m3fn", 0x80, -0.0},       {"e4m3fn", 0x78, 256},
        {"e5m2", 0x7b, 57344},      {"e5m2", 0x04, 0x1p-14},      {"e5m2", 0x03, 0x1.8p-15},
        {"e5m2", 0x01, 0x1p-16},    {"e5m2", 0x7c, INFINITY},     {"e5m2", 0xfc, -INFINITY},
        {"e5m2", 0x7e, NAN},        {"e5m2", 0x80, -0.0},         {"e3m2fn", 0x1f, 28},
        {"e3m2fn", 0x04, 0.25},     {"e3m2fn", 0x03, 0.1875},     {"e3m2fn", 0x01, 0.0625},
        {"e3m2fn", 0x3f, -28},      {"e2m3fn", 0x1f, 7.5},        {"e2m3fn", 0x08, 1},
        {"e2m3fn", 0x07, 0.875},    {"e2m3fn", 0x01, 0.125},      {"e2m3fn", 0x20, -0.0},
        {"e2m1fn", 0x0, 0},         {"e2m1fn", 0x1, 0.5},         {"e2m1fn", 0x2, 1},
        {"e2m1fn", 0x3, 1.5},       {"e2m1fn", 0x4, 2},           {"e2m1fn", 0x5, 3},
        {"e2m1fn", 0x6, 4},         {"e2m1fn", 0x7, 6},           {"e2m1fn", 0xf, -6},
        {"e4m3fnuz", 0x7f, 240},    {"e4m3fnuz", 0x01, 0x1p-10},  {"e4m3fnuz", 0x80, NAN},
        {"e4m3fnuz", 0x08, 0x1p-7}, {"e5m2fnuz", 0x7f, 57344},    {"e5m2fnuz", 0x01, 0x1p-17},
        {"e5m2fnuz", 0x80, NAN},    {"fp16", 0x3c00, 1},          {"fp16", 0x7bff, 65504},
        {"fp16", 0x0001, 0x1p-24},  {"fp16", 0x0400, 0x1p-14},    {"fp16", 0x7c00, INFINITY},
        {"bf16", 0x3f80, 1},        {"bf16", 0x7f7f, 0x1.fep127}, {"bf16", 0x0001, 0x1p-133},
        {"bf16", 0xff80, -INFINITY}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        vprec_format format;
        uint64_t code;
        cr_assert_eq(vprec_format_parse(list[i].format, VPREC_F32, &format, NULL, 0), VPREC_OK);
        double got = vprec_decode(list[i].code, &format);
        cr_expect(unit_same(got, list[i].value), "%s %#x: %a", list[i].format, list[i].code, got);
        cr_expect_eq(vprec_encode(list[i].value, &format, &code), VPREC_OK);
        cr_expect(isnan(list[i].value) || code == list[i].code, "%s %a", list[i].format, list[i].value);
    }
}

/* A NaN keeps its sign and the top of its payload. */
Test(convert, codes_of_nan)
{
    static const struct {
        const char *format;
        unsigned plain, negative, payload;
    } list[] = {{"fp16", 0x7e00, 0xfe00, 0x7e80}, {"e5m2", 0x7e, 0xfe, 0x7e},         {"bf16", 0x7fc0, 0xffc0, 0x7fd0},
                {"e4m3fn", 0x7f, 0xff, 0x7f},     {"e4m3fnuz", 0x80, 0x80, 0x80}, {"e4m3", 0x7c, 0xfc, 0x7d}};
    uint64_t bits = UINT64_C(0x7ffa) << 48 | 1; /* quiet; of the payload one high and one low bit */
    double payload;
    memcpy(&payload, &bits, sizeof payload);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        vprec_format format;
        cr_assert_eq(vprec_format_parse(list[i].format, VPREC_F32, &format, NULL, 0), VPREC_OK);
        uint64_t code[3];
        vprec_encode(NAN, &format, &code[0]);
        vprec_encode(copysign(NAN, -1), &format, &code[1]);
        vprec_encode(payload, &format, &code[2]);
        cr_expect(code[0] == list[i].plain && code[1] == list[i].negative && code[2] == list[i].payload,
                  "%s: %#llx %#llx %#llx", list[i].format, (unsigned long long)code[0], (unsigned long long)code[1],
                  (unsigned long long)code[2]);
    }
}

static bool refuses(double value, const vprec_format *format)
{
    uint64_t code = 12345;
    return vprec_encode(value, format, &code) == VPREC_EINVAL && code == 12345;
}

/* What is none of the format's values has no code. */
Test(convert, encode_refuses)
{
    for (size_t k = 0; k < unit_formats_count; k++) {
        const unit_format *f = &unit_formats[k];
        vprec_format format = unit_parse(f);
        uint64_t code;
        bool sub = !(f->flags & VPREC_NOSUB);
        double least = ldexp(1, 1 - f->bias - f->fbits), normal = ldexp(1, 1 - f->bias);
        cr_expect_eq(refuses(NAN, &format), !!(f->flags & VPREC_NONAN), "%s", f->text);
        cr_expect_eq(refuses(INFINITY, &format), !!(f->flags & VPREC_NOINF), "%s", f->text);
        cr_expect_eq(refuses(-INFINITY, &format), !!(f->flags & VPREC_NOINF), "%s", f->text);
        cr_expect_eq(refuses(-0.0, &format), !!(f->flags & VPREC_NONEGZERO), "%s", f->text);
        cr_expect_eq(refuses(least, &format), !sub, "%s", f->text);
        cr_expect_eq(vprec_encode(f->max, &format, &code), VPREC_OK, "%s", f->text);
        cr_expect_eq(vprec_encode(normal, &format, &code), VPREC_OK, "%s", f->text);
        cr_expect_eq(vprec_encode(1, NULL, &code), VPREC_EINVAL);
        cr_expect_eq(vprec_encode(1, &format, NULL), VPREC_EINVAL);
        if (isfinite(f->max * 2))
            cr_expect(refuses(f->max * 2, &format) && refuses(-f->max * 2, &format), "%s", f->text);
        if (isfinite(f->max + ldexp(f->max, -f->fbits)) && f->fbits < 52)
            cr_expect(refuses(f->max + ldexp(1, ilogb(f->max) - f->fbits), &format), "%s", f->text);
        if (least > 0x1p-1074)
            cr_expect(refuses(least / 2, &format) && refuses(0x1p-1074, &format), "%s", f->text);
        if (f->fbits < 52)
            cr_expect(refuses(nextafter(f->max, 0), &format), "%s", f->text);
        if (least < normal && least > 0x1p-1070)
            cr_expect(refuses(least * 1.5, &format), "%s", f->text);
    }
}

/* Encoding an array rounds it: each code is that of the rounded value. */
Test(convert, encoding_rounds)
{
    static float x[N];
    static uint16_t codes[N];
    for (size_t k = 0; k < unit_formats_count; k++) {
        const unit_format *f = &unit_formats[k];
        if (code_width(f) > 16 || f->type != VPREC_F32)
            continue;
        unit_draw draw = {.state = k, .format = f, .last = 1};
        for (int i = 0; i < N; i++)
            x[i] = (float)unit_draw_operand(&draw);
        for (int mode = 0; mode < VPREC_MODES; mode++) {
            source source = {0};
            vprec_rounding to = rounding(f, VPREC_F32, mode);
            to.random = (vprec_random){40, words, &source};
            cr_assert_eq(vprec_encode_f32_u16(codes, x, N, &to), VPREC_OK);
            for (int i = 0; i < N; i++) {
                unit_answer answer;
                unit_exact(&(unit_case){.op = UNIT_round, .x = {x[i]}}, f, &answer);
                uint64_t random = (uint64_t)word(i, 0, false) << 32 | word(i, 1, false);
                double want = mode == VPREC_SR ? vprec_round_sr(x[i], &to.format, 40, random) : answer.want[mode];
                cr_assert(unit_same(unit_decode(codes[i], f), want), "%s mode %d, %a: code %#x, value %a", f->text, mode,
                          x[i], codes[i], want);
            }
        }
    }
}

/* ---- the environment and the contract ---- */

Test(convert, independent_of_mxcsr)
{
#if !defined(__x86_64__)
    cr_skip_test("MXCSR is x86's");
#else
    enum { M = 600 };
    const unsigned controls[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80, 0x9fc0, 0x1fc0, 0xffc0, 0xffff, 0x0000};
    static const unit_format formats[] = {{"fp32", VPREC_F32, 8, 23, 127, 0x1.fffffep127, 0},
                                          {"e5m10:bias=130", VPREC_F32, 5, 10, 130, 0x1.ffcp-100, 0}};
    for (size_t k = 0; k < 2; k++) {
        unit_format wide = formats[k];
        wide.type = VPREC_F64;
        unit_draw draw = {.state = 3, .format = &wide, .last = 1};
        static double x[M], y[2][M];
        static float z[M], w[2][M];
        static int32_t n[M];
        static float v[2][M], u[2][M];
        static uint16_t codes[2][M];
        for (int i = 0; i < M; i++) {
            x[i] = unit_draw_operand(&draw);
            z[i] = i % 3 ? (float)x[i] : (float)ldexp((double)(unit_random(&draw) >> 41), -149); /* subnormals */
            n[i] = (int32_t)unit_random(&draw);
        }
        for (int mode = 0; mode < VPREC_MODES; mode++) {
            source source = {0};
            vprec_rounding to = rounding(&formats[k], VPREC_F32, mode);
            to.random = (vprec_random){20, words, &source};
            for (size_t c = 0; c < sizeof controls / sizeof *controls; c++) {
                bool first = c == 0;
                errno = 0;
                _mm_setcsr(controls[c]);
                vprec_status status = vprec_convert_f64_f32(w[!first], x, M, &to);
                status |= vprec_convert_f32_f64(y[!first], z, M, &to);
                status |= vprec_convert_i32_f32(v[!first], n, M, &to);
                if (k)
                    status |= vprec_encode_f32_u16(codes[!first], z, M, &to);
                if (k)
                    status |= vprec_decode_u16_f32(u[!first], codes[!first], M, &to.format);
                unsigned after = _mm_getcsr();
                _mm_setcsr(0x1f80);
                cr_assert(!status && after == controls[c] && !errno, "%s, mode %d, MXCSR %#x became %#x",
                          formats[k].text, mode, controls[c], after);
                if (first)
                    continue;
                cr_assert(!memcmp(w[0], w[1], sizeof *w) && !memcmp(y[0], y[1], sizeof *y) &&
                              !memcmp(v[0], v[1], sizeof *v) && !memcmp(codes[0], codes[1], sizeof *codes) &&
                              !memcmp(u[0], u[1], sizeof *u),
                          "%s, mode %d, MXCSR %#x", formats[k].text, mode, controls[c]);
            }
        }
    }
#endif
}

/* The status of each function on arrays at these addresses. */
typedef struct call {
    void *out;
    const void *x;
    size_t n;
    const vprec_rounding *to;
} call;
#define STATUS(from, F, dest, T, TYPE, kind)                                                                           \
    static vprec_status status_##from##_##dest(const call *c)                                                          \
    {                                                                                                                  \
        return vprec_convert_##from##_##dest(c->out, c->x, c->n, c->to);                                               \
    }
CONVERSIONS(STATUS)
static vprec_status status_f32_u8(const call *c) { return vprec_encode_f32_u8(c->out, c->x, c->n, c->to); }
static vprec_status status_f32_u16(const call *c) { return vprec_encode_f32_u16(c->out, c->x, c->n, c->to); }
static vprec_status status_u8_f32(const call *c)
{
    return vprec_decode_u8_f32(c->out, c->x, c->n, c->to ? &c->to->format : NULL);
}
static vprec_status status_u16_f32(const call *c)
{
    return vprec_decode_u16_f32(c->out, c->x, c->n, c->to ? &c->to->format : NULL);
}

static const struct {
    const char *name;
    vprec_status (*status)(const call *c);
    size_t out, in; /* sizes of elements */
    vprec_type type;
    bool rounds;
} functions[] = {
#define ROW(from, F, dest, T, TYPE, kind)                                                                              \
    {"vprec_convert_" #from "_" #dest, status_##from##_##dest, sizeof(T), sizeof(F), TYPE, true},
    CONVERSIONS(ROW)
#undef ROW
    {"vprec_encode_f32_u8", status_f32_u8, 1, 4, VPREC_F32, true},
    {"vprec_encode_f32_u16", status_f32_u16, 2, 4, VPREC_F32, true},
    {"vprec_decode_u8_f32", status_u8_f32, 4, 1, VPREC_F32, false},
    {"vprec_decode_u16_f32", status_u16_f32, 4, 2, VPREC_F32, false},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static unsigned char memory[4096] __attribute__((aligned(64)));

/* The call's status is `want`, and where that is an error nothing was written. */
static void expect(size_t i, call c, vprec_status want, const char *what)
{
    unsigned char before[sizeof memory];
    memcpy(before, memory, sizeof memory);
    vprec_status got = functions[i].status(&c);
    cr_expect(got == want, "%s, %s: status %d", functions[i].name, what, got);
    cr_expect(!want || !memcmp(before, memory, sizeof memory), "%s, %s: wrote", functions[i].name, what);
}

Test(convert, contract)
{
    vprec_rounding good = {.mode = VPREC_RNE};
    vprec_format_parse("e4m3", VPREC_F32, &good.format, NULL, 0);
    for (size_t i = 0; i < FUNCTIONS; i++) {
        size_t out = functions[i].out, in = functions[i].in, n = 16;
        unsigned char *o = memory, *x = memory + 2048;
        expect(i, (call){o, x, n, &good}, VPREC_OK, "good");
        expect(i, (call){NULL, NULL, 0, &good}, VPREC_OK, "n = 0 looks at no pointer");
        expect(i, (call){NULL, NULL, 0, NULL}, VPREC_EINVAL, "n = 0 without rounding");
        expect(i, (call){NULL, x, n, &good}, VPREC_EINVAL, "out NULL");
        expect(i, (call){o, NULL, n, &good}, VPREC_EINVAL, "x NULL");
        expect(i, (call){o, x, n, NULL}, VPREC_EINVAL, "rounding NULL");
        if (out > 1)
            expect(i, (call){o + 1, x, n, &good}, VPREC_EINVAL, "out misaligned");
        if (in > 1)
            expect(i, (call){o, x + in / 2, n, &good}, VPREC_EINVAL, "x misaligned");
        expect(i, (call){o, x, SIZE_MAX, &good}, VPREC_EINVAL, "n = SIZE_MAX");
        expect(i, (call){o, x, SIZE_MAX / in / 2, &good}, VPREC_EINVAL, "beyond the address space");

        expect(i, (call){o, o, n, &good}, VPREC_EINVAL, "the same array");
        expect(i, (call){x, x + (n - 1) * out / in * in, n, &good}, VPREC_EINVAL, "x begins in out's last element");
        expect(i, (call){x + (n - 1) * in / out * out, x, n, &good}, VPREC_EINVAL, "out begins in x's last element");
        expect(i, (call){x, x + n * out, n, &good}, VPREC_OK, "x begins where out ends");
        expect(i, (call){x + n * in, x, n, &good}, VPREC_OK, "out begins where x ends");

        vprec_rounding bad = good;
        bad.format.max *= 2;
        expect(i, (call){o, x, n, &bad}, VPREC_EINVAL, "a handmade format");
        bad = good;
        bad.format.flags |= 1 << 9;
        expect(i, (call){o, x, n, &bad}, VPREC_EINVAL, "an unknown flag");
        bad = good;
        vprec_format_parse("e9m3", VPREC_F64, &bad.format, NULL, 0);
        if (functions[i].type == VPREC_F32)
            expect(i, (call){o, x, n, &bad}, VPREC_ERANGE, "a format that does not fit float");
        vprec_format_parse("e8m8", VPREC_F64, &bad.format, NULL, 0);
        if (functions[i].in < 4 || functions[i].out < 4)
            expect(i, (call){o, x, n, &bad}, VPREC_ERANGE, "a code that does not fit");
        if (!functions[i].rounds)
            continue;
        bad = good;
        bad.mode = VPREC_MODES;
        expect(i, (call){o, x, n, &bad}, VPREC_EINVAL, "no such mode");
        bad.mode = VPREC_SR;
        expect(i, (call){o, x, n, &bad}, VPREC_EINVAL, "SR without words");
        bad.random.words = words;
        expect(i, (call){o, x, n, &bad}, VPREC_EINVAL, "SR without bits");
        bad.random.bits = 65;
        expect(i, (call){o, x, n, &bad}, VPREC_EINVAL, "65 random bits");
    }
}

/* A processor that cannot do what VPREC_CPU asks for has nothing to test. */
int main(int argc, char **argv)
{
    static const char *const names[VPREC_LEVELS] = {"sse2", "avx2", "avx512"};
    const char *wanted = getenv("VPREC_CPU");
    for (int level = vprec_cpu_detect() + 1; wanted && level < VPREC_LEVELS; level++) {
        if (!strcmp(wanted, names[level]))
            return 77;
    }
    struct criterion_test_set *tests = criterion_initialize();
    bool good = !criterion_handle_args(argc, argv, true) || criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return !good;
}
