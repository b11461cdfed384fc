/* SPDX-License-Identifier: Apache-2.0
 * keyed.c: --noise operands, one operation at a time: every spelling of an operation gives the same bits; operations
 * that are not the same draw words that have nothing to do with each other; results are distributed as the exact ones
 * ask for. Whole programs are operands.py's. */
#include "x86/emulate/step.h"
#include "x86/emulate/enter.h"
#include "libm/libm.h"
#include "libm_entry.h"
#include "runtime/draws.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 3000, SHOWN = 30 };

static unsigned long checks, failures;

static void check(bool ok, const char *what, double value, double bound)
{
    checks++;
    if (!ok && failures++ < SHOWN)
        printf("%s: %.17g, %.17g\n", what, value, bound);
}

/* xorshift64* (S. Vigna, 2016): none of the library's generators. */
static uint64_t random64(void)
{
    static uint64_t state = 20261122;
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return state * UINT64_C(2685821657736338717);
}

/* An element of `type`: of any size, or special. */
static uint64_t element(vprec_type type)
{
    static const double special[] = {0., 1, INFINITY, 0x1p-140, 0x1p-1060, 3, 0x1.fffffep127};
    uint64_t r = random64(), sign = r & 1 ? 0 : UINT64_C(1) << (type ? 63 : 31);
    double x = ldexp((double)(random64() >> 11), (int)(r >> 8 & 7) - 56);
    if ((r >> 16 & 7) == 0)
        x = special[(r >> 24) % (sizeof special / sizeof *special)];
    return sign | vprec_narrow(type, type ? x : (double)(float)x);
}

static uint64_t negative(vprec_type type, uint64_t bits)
{
    return bits ^ UINT64_C(1) << (type ? 63 : 31);
}

static vprec_stepper stepper(vprec_type type, enum vprec_op op)
{
    vprec_stepper s;
    vprec_site site = {.op = op, .to = type, .lanes = 1};
    vprec_stepper_start(&s, &site, 0x1f80, &vprec_arith_current, 0);
    s.lane = (uint8_t)(random64() & 7); /* who it is must not matter */
    uint32_t others[VPREC_NOISE_VECTOR];
    if (random64() & 1) /* nor what was drawn before */
        vprec_noise_words(others);
    return s;
}

static uint64_t step(vprec_type type, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c, unsigned negate)
{
    vprec_stepper s = stepper(type, VPREC_OP_ADD);
    return vprec_step(&s, op, a, b, c, negate, true);
}

static uint64_t convert(vprec_type type, unsigned from, uint64_t a)
{
    vprec_stepper s = stepper(type, VPREC_OP_CVT);
    return vprec_step_convert(&s, from, a);
}

static uint64_t scalef(vprec_type type, uint64_t a, uint64_t b)
{
    vprec_stepper s = stepper(type, VPREC_OP_SCALEF);
    return vprec_step_scalef(&s, a, b);
}

static void same(vprec_type type, const char *what, uint64_t got, uint64_t want)
{
    bool nan = isnan(vprec_widen(type, got)) && isnan(vprec_widen(type, want));
    check(nan || got == want, what, vprec_widen(type, got), vprec_widen(type, want));
}

static float single(uint64_t bits)
{
    return (float)vprec_widen(VPREC_F32, bits);
}

static void spellings(vprec_type type)
{
    enum { P = VPREC_NEGATE_PRODUCT, A = VPREC_NEGATE_ADDEND };
    bool as_given = vprec_arith_current.round == VPREC_ROUND_RESULTS; /* vscalef's power is a number that is rounded */
    for (int i = 0; i < CASES; i++) {
        uint64_t a = element(type), b = element(type), c = element(type);
        uint64_t na = negative(type, a), nb = negative(type, b), nc = negative(type, c);
        uint64_t sum = step(type, VPREC_BASIC_ADD, a, b, 0, 0), product = step(type, VPREC_BASIC_MUL, a, b, 0, 0);
        same(type, "b + a", step(type, VPREC_BASIC_ADD, b, a, 0, 0), sum);
        same(type, "a - -b", step(type, VPREC_BASIC_SUB, a, nb, 0, 0), sum);
        same(type, "b - -a", step(type, VPREC_BASIC_SUB, b, na, 0, 0), sum);
        same(type, "b * a", step(type, VPREC_BASIC_MUL, b, a, 0, 0), product);
        same(type, "-a * -b", step(type, VPREC_BASIC_MUL, na, nb, 0, 0), product);
        same(type, "-a / -b", step(type, VPREC_BASIC_DIV, na, nb, 0, 0), step(type, VPREC_BASIC_DIV, a, b, 0, 0));
        uint64_t fused = step(type, VPREC_BASIC_FMA, a, b, c, 0);
        same(type, "b * a + c", step(type, VPREC_BASIC_FMA, b, a, c, 0), fused);
        same(type, "-(-a * b) + c", step(type, VPREC_BASIC_FMA, na, b, c, P), fused);
        same(type, "-(a * -b) + c", step(type, VPREC_BASIC_FMA, a, nb, c, P), fused);
        same(type, "a * b - -c", step(type, VPREC_BASIC_FMA, a, b, nc, A), fused);
        same(type, "-(b * -a) - -c", step(type, VPREC_BASIC_FMA, b, na, nc, P | A), fused);
        int n = (int)(random64() % 40) - 20;
        uint64_t scaled = scalef(type, a, vprec_narrow(type, n));
        if (type == VPREC_F32) {
            float x = ((float (*)(float, float, float))find("fmaf"))(single(a), single(b), single(c));
            same(type, "fmaf", vprec_narrow(type, x), fused);
            x = ((float (*)(float, int))find("ldexpf"))(single(a), n);
            if (as_given)
                same(type, "ldexpf", vprec_narrow(type, x), scaled);
            if (as_given && single(a) > single(b)) { /* else libm's own is called */
                x = ((float (*)(float, float))find("fdimf"))(single(a), single(b));
                same(type, "fdimf", vprec_narrow(type, x), step(type, VPREC_BASIC_SUB, a, b, 0, 0));
            }
            uint64_t wide = element(VPREC_F64);
            if (vprec_arith_current.mode == VPREC_SR)
                same(type, "of -double", convert(type, VPREC_E_F64, negative(VPREC_F64, wide)),
                     negative(type, convert(type, VPREC_E_F64, wide)));
        } else {
            double x = ((double (*)(double, double, double))find("fma"))(vprec_from_bits(a), vprec_from_bits(b),
                                                                         vprec_from_bits(c));
            same(type, "fma", vprec_bits(x), fused);
            x = ((double (*)(double, long))find("scalbln"))(vprec_from_bits(a), n);
            if (as_given)
                same(type, "scalbln", vprec_bits(x), scaled);
            if (!(a >> 63)) {
                x = ((double (*)(double))find("sqrt"))(vprec_from_bits(a));
                same(type, "sqrt", vprec_bits(x), step(type, VPREC_BASIC_SQRT, a, 0, 0, 0));
            }
        }
        int64_t whole = (int64_t)random64() >> (random64() & 63);
        uint64_t converted = convert(type, VPREC_E_I64, (uint64_t)whole);
        if (whole >= 0)
            same(type, "of an unsigned integer", convert(type, VPREC_E_U64, (uint64_t)whole), converted);
        if (whole == (int32_t)whole)
            same(type, "of 32 bits", convert(type, VPREC_E_I32, (uint32_t)whole), converted);
    }
}

/* Words of operations whose operands are neighbours, against independent uniform ones. */
enum { DRAWN = 1 << 16, BINS = 256 };

static uint64_t word(enum vprec_basic op, vprec_type type, double a, double b)
{
    vprec_operation o = {op, a, b, 0};
    uint64_t words[8];
    vprec_once_draw(&vprec_arith_current, type, &vprec_arith_current.format[type],
                    vprec_once_settle(&vprec_arith_current, type, &o), words);
    return words[0];
}

static void uniform(const char *what, const uint64_t *words)
{
    unsigned long bins[BINS] = {0}, pairs[BINS] = {0};
    for (int i = 0; i < DRAWN; i++) {
        bins[words[i] >> 56]++;
        if (i)
            pairs[(words[i] >> 60) << 4 | words[i - 1] >> 60]++;
    }
    double chi = 0, chi_pairs = 0, each = (double)DRAWN / BINS;
    for (int i = 0; i < BINS; i++) {
        chi += (bins[i] - each) * (bins[i] - each) / each;
        chi_pairs += (pairs[i] - each) * (pairs[i] - each) / each;
    }
    double bound = 4 * sqrt(2. * (BINS - 1));
    check(fabs(chi - (BINS - 1)) <= bound, what, chi, BINS - 1 + bound);
    check(fabs(chi_pairs - (BINS - 1)) <= bound, what, chi_pairs, BINS - 1 + bound);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void words(void)
{
    static uint64_t w[DRAWN], all[8 * DRAWN];
    size_t total = 0;
    for (int way = 0; way < 7; way++) {
        for (int i = 0; i < DRAWN; i++) {
            double x = 1 + i * 0x1p-52, y = 1 + i * 0x1p-23, z = ldexp(1, i % 2000 - 1000) + i % 7;
            w[i] = way == 0   ? word(VPREC_BASIC_ADD, VPREC_F64, x, 1)
                   : way == 1 ? word(VPREC_BASIC_ADD, VPREC_F64, i + 2, -1) /* 1, 2, 3, ... less one */
                   : way == 2 ? word(VPREC_BASIC_MUL, VPREC_F64, x, 1)
                   : way == 3 ? word(VPREC_BASIC_MUL, VPREC_F32, y, y)
                   : way == 4 ? word(VPREC_BASIC_DIV, VPREC_F64, i + 2, 3)
                   : way == 5 ? word(VPREC_BASIC_SQRT, VPREC_F32, y, 0)
                              : word(VPREC_BASIC_MUL, VPREC_F64, z, i + 1);
            all[total++] = w[i];
        }
        char what[40];
        snprintf(what, sizeof what, "words of operations %d", way);
        uniform(what, w);
    }
    qsort(all, total, sizeof *all, ascending);
    unsigned equal = 0;
    for (size_t i = 1; i < total; i++)
        equal += all[i] == all[i - 1];
    check(!equal, "operations that draw the same", equal, 0);
    /* Each bit of an operand, the kind and the type turn half of a word's bits. */
    for (int bit = 0; bit < 66; bit++) {
        unsigned long turned = 0;
        for (int i = 0; i < 1000; i++) {
            double x = vprec_from_bits(random64() & ~(UINT64_C(1) << 62)), y = 1.5;
            if (isnan(x))
                continue;
            double z = bit < 62 ? vprec_from_bits(vprec_bits(x) ^ UINT64_C(1) << bit) : x;
            if (isnan(z))
                continue;
            uint64_t one = word(VPREC_BASIC_DIV, VPREC_F64, x, y);
            uint64_t two = word(bit == 64 ? VPREC_BASIC_ADD : VPREC_BASIC_DIV, bit == 65 ? VPREC_F32 : VPREC_F64, z,
                                bit == 62 || bit == 63 ? 1.5 + ldexp(1, 40 - bit) : y);
            turned += (unsigned)__builtin_popcountll(one ^ two);
        }
        check(labs((long)turned - 32000) < 1500, "bits turned by a bit", turned, bit);
    }
}

/* Over operands, and over seeds for one operation: sums rounded up as often as they lie above the lower neighbour. */
static void shares(void)
{
    double expected = 0, variance = 0;
    long up = 0;
    for (int i = 1; i < 100000; i++) { /* 1 + i 2^-27, of which the format holds 10 bits */
        double x = i * 0x1p-27, exact = 1 + x, low = floor(exact * 1024) / 1024, share = (exact - low) * 1024;
        double got = vprec_widen(VPREC_F32, step(VPREC_F32, VPREC_BASIC_ADD, vprec_narrow(VPREC_F32, 1),
                                                 vprec_narrow(VPREC_F32, x), 0, 0));
        check(got == low || got == low + 0x1p-10, "neither neighbour", got, exact);
        up += got > low;
        expected += share;
        variance += share * (1 - share);
    }
    check(fabs((double)up - expected) <= 4 * sqrt(variance), "sums rounded up", (double)up, expected);
    enum { SEEDS = 4000 };
    up = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        vprec_noise_start(seed, 0);
        double got = vprec_widen(VPREC_F32, step(VPREC_F32, VPREC_BASIC_ADD, vprec_narrow(VPREC_F32, 1),
                                                 vprec_narrow(VPREC_F32, 0x1.8p-12), 0, 0));
        up += got > 1;
    }
    check(fabs((double)up - 0.375 * SEEDS) <= 4 * sqrt(0.375 * 0.625 * SEEDS), "seeds that round up", (double)up,
          0.375 * SEEDS);
}

int main(void)
{
    static const struct {
        const char *f32, *f64;
        vprec_mode mode;
        vprec_noise noise;
    } modes[] = {
        {"e8m23", "e11m52", VPREC_RNE, {VPREC_NOISE_RESULTS, 20, VPREC_ERROR_RELATIVE, 0}},
        {"e8m23", "e11m52", VPREC_RNE, {VPREC_NOISE_OPERANDS, 12, VPREC_ERROR_RELATIVE, 0}},
        {"e8m23", "e11m52", VPREC_RNE, {3, 24, VPREC_ERROR_RELATIVE | VPREC_ERROR_ABSOLUTE, -6}},
        {"e5m10", "e8m23", VPREC_RNE, {3, 9, VPREC_ERROR_RELATIVE, 0}},
        {"e8m10", "e11m40", VPREC_SR, {0}},
        {"e5m2", "e11m10", VPREC_SR, {0}},
    };
    vprec_noise_start(3, 0);
    for (size_t i = 0; i < 4 * sizeof modes / sizeof *modes; i++) {
        size_t m = i / 4;
        vprec_arith_current = (vprec_arith){.use = {VPREC_USE_FORMAT, VPREC_USE_FORMAT},
                                            .mode = modes[m].mode,
                                            .bits = {32, 32},
                                            .noise = {modes[m].noise, modes[m].noise},
                                            .silent = i & 1 ? UINT32_C(1) << 31 : 0,
                                            .round = VPREC_ROUND_RESULTS | (i & 2 ? VPREC_ROUND_OPERANDS : 0),
                                            .ops = VPREC_OPS_ALL,
                                            .keyed = true};
        if (vprec_format_parse(modes[m].f32, VPREC_F32, &vprec_arith_current.format[0], NULL, 0) ||
            vprec_format_parse(modes[m].f64, VPREC_F64, &vprec_arith_current.format[1], NULL, 0))
            return 1;
        spellings(VPREC_F32);
        spellings(VPREC_F64);
    }
    vprec_format_parse("e8m10", VPREC_F32, &vprec_arith_current.format[0], NULL, 0);
    vprec_arith_current.round = VPREC_ROUND_RESULTS;
    words();
    shares();
    printf("%lu checks, %lu failed\n", checks, failures);
    return failures != 0;
}
