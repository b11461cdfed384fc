/* SPDX-License-Identifier: Apache-2.0
 * edges.c: libm's replacements where the libraries' doubles say too little: results that are exact, beyond double's
 * range, or beside a number, in every direction and saturating; and what is random, whose two values and mean are
 * known. MPFR is the oracle. Patches nothing. */
#include "../emulate/known.h"
#include "libm/libm.h"
#include "runtime/arith.h"
#include "runtime/draws.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xmmintrin.h>

static unsigned long failures, checks, exact_results, large, small, noisy[VPREC_TYPES];

/* Numbers at which exact results are, tiny ones, and huge ones. */
static const double operands[] = {
    0.,      1,     2,        3,          4,          5,          6,           7,         8,       10,        20,
    22,      27,    64,       100,        125,        1000,       1e6,         1e15,      1e22,    0.5,       0.25,
    0.125,   0.75,  1.5,      2.25,       0x1p-15,    0x1.bp-15,  0x1p20,      1.1,       0.3,     0x1p-20,   0x1p-40,
    0x1p-100, 0x1p-149, 0x1.8p-140, 0x1p-300, 0x1p-800, 0x1p-1060, 88.5,        89,        103,     150,       200,
    700,     709.5, 745,      746,        800,        1e4,        1e10,        0x1p60,    0x1p100, 0x1p127,   0x1p900,
};
enum { OPERANDS = sizeof operands / sizeof *operands };

static const struct {
    const char *text;
    vprec_type type;
    bool sat;
} formats[] = {{"bf16", VPREC_F32, false},     {"e5m10", VPREC_F32, false},  {"e8m22", VPREC_F32, false},
               {"e5m2:sat", VPREC_F32, true},  {"e8m7", VPREC_F64, false},   {"e11m30", VPREC_F64, false},
               {"e11m30:sat", VPREC_F64, true}, {"e5m10", VPREC_F64, false}};

static const struct {
    vprec_mode mode;
    mpfr_rnd_t direction;
} modes[] = {{VPREC_RNE, MPFR_RNDN}, {VPREC_RTZ, MPFR_RNDZ}, {VPREC_RU, MPFR_RNDU}, {VPREC_RD, MPFR_RNDD}};

/* The value at (x, y) in precision `bits`; its ternary value. */
static int evaluate(mpfr_t r, int k, double x, double y, mpfr_prec_t bits, mpfr_rnd_t direction)
{
    mpfr_t a, b;
    mpfr_inits2(53, a, b, (mpfr_ptr)NULL);
    mpfr_set_d(a, x, MPFR_RNDN);
    mpfr_set_d(b, y, MPFR_RNDN);
    mpfr_set_prec(r, bits);
    int t = known[k].f1 ? known[k].f1(r, a, direction) : known[k].f2(r, a, b, direction);
    mpfr_clears(a, b, (mpfr_ptr)NULL);
    return t;
}

/* What the format makes of it. */
static double reference(int k, double x, double y, const vprec_format *f, bool sat, mpfr_rnd_t direction)
{
    mpfr_t r;
    mpfr_init(r);
    mpfr_clear_flags();
    int t = evaluate(r, k, x, y, f->fbits + 1, direction);
    bool finite = mpfr_number_p(r) || mpfr_overflow_p(); /* even in MPFR */
    exact_results += finite && !t && !mpfr_zero_p(r);
    large += finite && mpfr_get_exp(r) > 1100;
    small += finite && !mpfr_zero_p(r) && mpfr_get_exp(r) < -1100;
    double d = known_settle(r, t, f, direction);
    mpfr_clear(r);
    return sat && finite && isinf(d) ? copysign(f->max, d) : d;
}

static const vprec_libm_entry *entry(const char *name, vprec_type type)
{
    char full[32];
    size_t n;
    const vprec_libm_entry *table = vprec_libm_table(&n);
    snprintf(full, sizeof full, "%s%s", name, type == VPREC_F32 ? "f" : "");
    while (n && strcmp(table[n - 1].name, full))
        n--;
    return &table[n - 1];
}

static double call(const vprec_libm_entry *e, double x, double y)
{
    if (e->type == VPREC_F32)
        return ((float (*)(float, float))e->replacement)((float)x, (float)y);
    return ((double (*)(double, double))e->replacement)(x, y);
}

/* The sign of an exact zero is libm's: MPFR has other rules for log(1) and lgamma(1) in a direction. */
static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == 0 ? b == 0 : !memcmp(&a, &b, sizeof a);
}

static void check(int k, double x, double y, size_t format)
{
    const vprec_format *f = &vprec_arith_current.format[formats[format].type];
    const vprec_libm_entry *e = entry(known[k].name, formats[format].type);
    if (e->type == VPREC_F32 && ((double)(float)x != x || (known[k].f2 && (double)(float)y != y)))
        return;
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        vprec_arith_current.mode = modes[m].mode;
        double want = reference(k, x, y, f, formats[format].sat, modes[m].direction), got = call(e, x, y);
        checks++;
        if (!same(want, got) && failures++ < 40)
            printf("%s(%a, %a) in %s, mode %d: expected %a got %a\n", e->name, x, y, formats[format].text, modes[m].mode,
                   want, got);
        const unsigned mxcsr = _mm_getcsr(), direction = (m + 1) % 4u << 13; /* the program's, for what is native */
        _mm_setcsr(mxcsr | direction);
        double again = call(e, x, y);
        bool kept = (_mm_getcsr() & 0x6000) == direction;
        _mm_setcsr(mxcsr);
        checks++;
        if ((!same(again, got) || !kept) && failures++ < 40)
            printf("%s(%a, %a) in %s, mode %d: %a, under direction %#x %a, which is %s\n", e->name, x, y,
                   formats[format].text, modes[m].mode, got, direction, again, kept ? "kept" : "lost");
    }
}

static void edges(void)
{
    for (size_t format = 0; format < sizeof formats / sizeof *formats; format++) {
        vprec_type type = formats[format].type;
        vprec_format_parse(formats[format].text, type, &vprec_arith_current.format[type], NULL, 0);
        for (int k = 0; k < KNOWN; k++)
            for (int i = 0; i < 2 * OPERANDS; i++) {
                double x = i % 2 ? -operands[i / 2] : operands[i / 2];
                bool bessel = known[k].f1 == mpfr_j0 || known[k].f1 == mpfr_y0;
                if (known[k].f1 && !(bessel && fabs(x) > 1e5)) /* beyond, glibc's are not good */
                    check(k, x, 0, format);
                for (int j = i % 7; j < 2 * OPERANDS && known[k].f2; j += 7)
                    check(k, x, j % 2 ? -operands[j / 2] : operands[j / 2], format);
            }
    }
}

typedef double d2 __attribute__((vector_size(16)));

/* The same function of libmvec on 128 bits, or NULL. */
static const vprec_libm_entry *vector_entry(int k)
{
    char full[32];
    size_t n;
    const vprec_libm_entry *table = vprec_libmvec_table(&n);
    snprintf(full, sizeof full, "_ZGVbN2%s_%s", known[k].f2 ? "vv" : "v", known[k].name);
    while (n && strcmp(table[n - 1].name, full))
        n--;
    return n ? &table[n - 1] : NULL;
}

static double call_vector(const vprec_libm_entry *e, double x, double y)
{
    return ((d2(*)(d2, d2))e->replacement)((d2){1, x}, (d2){1, y})[1];
}

/* The value rounded down (or up) to `type`, which holds it in its normal range. */
static double neighbour(mpfr_srcptr value, vprec_type type, mpfr_rnd_t direction)
{
    return type == VPREC_F32 ? (double)mpfr_get_flt(value, direction) : mpfr_get_d(value, direction);
}

static void sample(int k, double x, double y, vprec_type type, const vprec_libm_entry *vector)
{
    enum { SAMPLES = 4000 };
    mpfr_t r, difference;
    mpfr_inits2(200, r, difference, (mpfr_ptr)NULL);
    int ternary = evaluate(r, k, x, y, 200, MPFR_RNDN), power;
    double lo = neighbour(r, type, MPFR_RNDD), hi = neighbour(r, type, MPFR_RNDU);
    bool edge = fabs(frexp(lo, &power)) == 0.5 || fabs(frexp(hi, &power)) == 0.5; /* the noise is asymmetric there */
    if (ternary && !mpfr_nan_p(r) && !edge) {
        const vprec_libm_entry *scalar = entry(known[k].name, type);
        unsigned ups = 0, others = 0;
        for (int n = 0; n < SAMPLES; n++) {
            double got = vector ? call_vector(vector, x, y) : call(scalar, x, y);
            ups += got == hi;
            others += got != hi && got != lo;
        }
        mpfr_sub_d(difference, r, lo, MPFR_RNDN);
        double p = mpfr_get_d(difference, MPFR_RNDN) / (hi - lo), off = ups / (double)SAMPLES - p;
        checks++;
        noisy[type] += ups && ups < SAMPLES; /* the wider function's own error: some 2^-10 of a unit */
        if ((others || fabs(off) > 4.5 * sqrt(p * (1 - p) / SAMPLES) + 0x1p-8) && failures++ < 40)
            printf("random: %s(%a, %a): %u of %u up for %g, %u other values; mode %d\n",
                   vector ? vector->name : scalar->name, x, y, ups, SAMPLES, p * SAMPLES, others,
                   vprec_arith_current.mode);
    }
    mpfr_clears(r, difference, (mpfr_ptr)NULL);
}

/* Mode rr, then SR, at the type's own precision: one of the two numbers around the value, and the value on average. */
static void noise(void)
{
    static const double points[][2] = {{0.3, 1.7}, {0.9, 2.6}, {1.25, 0.4}, {2.4, -1.3}, {0x1.8p-14, 1.1},
                                       {0x1.8p-3, 3}};
    vprec_format_parse("e11m52", VPREC_F64, &vprec_arith_current.format[VPREC_F64], NULL, 0);
    vprec_format_parse("e8m23", VPREC_F32, &vprec_arith_current.format[VPREC_F32], NULL, 0);
    vprec_noise_start(20261129, 0);
    for (int stochastic = 0; stochastic < 2; stochastic++) {
        for (int type = 0; type < VPREC_TYPES; type++) {
            vprec_arith_current.bits[type] = 32;
            vprec_arith_current.noise[type] =
                (vprec_noise){stochastic ? 0 : VPREC_NOISE_RESULTS, type ? 53 : 24, VPREC_ERROR_RELATIVE, 0};
        }
        vprec_arith_current.mode = stochastic ? VPREC_SR : VPREC_RNE;
        for (int k = 0; k < KNOWN; k++)
            for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
                double x = (float)points[i][0] + !strcmp(known[k].name, "acosh"), y = (float)points[i][1];
                sample(k, x, y, VPREC_F32, NULL);
                sample(k, x, y, VPREC_F64, NULL);
                if (i < 2 && vector_entry(k))
                    sample(k, x, y, VPREC_F64, vector_entry(k));
            }
    }
}

int main(void)
{
    void *libm = dlopen("libm.so.6", RTLD_NOW);
    if (!libm)
        return 77;
    size_t n;
    const vprec_libm_entry *table = vprec_libm_table(&n);
    for (size_t i = 0; i < n; i++)
        *table[i].original = dlsym(libm, table[i].name);
    void *libmvec = dlopen("libmvec.so.1", RTLD_NOW);
    table = vprec_libmvec_table(&n);
    for (size_t i = 0; i < n && libmvec; i++)
        *table[i].original = dlsym(libmvec, table[i].name);
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    vprec_arith_current = (vprec_arith){.use = {VPREC_USE_FORMAT, VPREC_USE_FORMAT}, .ops = VPREC_OPS_ALL,
                                        .round = VPREC_ROUND_RESULTS, .keeps_direction = true};
    edges();
    if (!exact_results || !large || !small) {
        printf("%lu exact results, %lu too large, %lu too small\n", exact_results, large, small);
        failures++;
    }
    noise();
    if (noisy[VPREC_F32] < 100 || noisy[VPREC_F64] < 100) {
        printf("noise was seen in %lu and %lu places\n", noisy[VPREC_F32], noisy[VPREC_F64]);
        failures++;
    }
    printf("%lu checks (%lu exact, %lu too large, %lu too small for double), %lu failed\n", checks, exact_results, large,
           small, failures);
    return failures != 0;
}
