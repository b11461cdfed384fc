/* SPDX-License-Identifier: Apache-2.0
 * mca.c: the library's Monte Carlo arithmetic against the same in MPFR with a
 * generator of its own: mean and standard deviation within four standard
 * errors; and what must hold for every word: exact results, neighbours, special
 * values. VPREC_TEST_SCALE multiplies the operands that are drawn. */
#include "vprec.h"

#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 100000, PRECISION = 320 };
enum op { ADD, SUB, MUL, DIV, SQRT, FMA, ROUND, SCALE, OPS };
static const char *const op_names[] = {"add", "sub", "mul", "div", "sqrt", "fma", "round", "scale"};
static const char *const what_names[] = {"", "rr", "pb", "mca"};

static uint64_t state = 20260729;
static unsigned long failures, cases, checks;

/* xorshift64* (S. Vigna, 2016): none of the library's generators. */
static uint64_t random_word(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717);
}

/* Of SCALE: x[1] says it. */
static int exponent(const double x[3])
{
    return fabs(x[1]) < 100 ? (int)(x[1] * 3) : 5;
}

static double library(enum op op, const double x[3], const vprec_format *f, const vprec_noise *n, const uint64_t *words)
{
    switch (op) {
    case ADD:
        return vprec_add_mca(x[0], x[1], f, n, words);
    case SUB:
        return vprec_sub_mca(x[0], x[1], f, n, words);
    case MUL:
        return vprec_mul_mca(x[0], x[1], f, n, words);
    case DIV:
        return vprec_div_mca(x[0], x[1], f, n, words);
    case SQRT:
        return vprec_sqrt_mca(x[0], f, n, words);
    case FMA:
        return vprec_fma_mca(x[0], x[1], x[2], f, n, words);
    case SCALE:
        return vprec_scale_mca(x[0], exponent(x), f, n, words);
    default:
        return vprec_round_mca(x[0], f, n, words);
    }
}

static double plain(enum op op, const double x[3], const vprec_format *f)
{
    switch (op) {
    case ADD:
        return vprec_add(x[0], x[1], f, VPREC_RNE);
    case SUB:
        return vprec_sub(x[0], x[1], f, VPREC_RNE);
    case MUL:
        return vprec_mul(x[0], x[1], f, VPREC_RNE);
    case DIV:
        return vprec_div(x[0], x[1], f, VPREC_RNE);
    case SQRT:
        return vprec_sqrt(x[0], f, VPREC_RNE);
    case FMA:
        return vprec_fma(x[0], x[1], x[2], f, VPREC_RNE);
    case SCALE:
        return vprec_scale(x[0], exponent(x), f, VPREC_RNE);
    default:
        return vprec_round(x[0], f, VPREC_RNE);
    }
}

static int operands_of(enum op op)
{
    return op == SQRT || op >= ROUND ? 1 : op == FMA ? 3 : 2;
}

static mpfr_t operand[3], result, extra;

/* Adds 2^e times a uniform number between -1/2 and 1/2. */
static void add_uniform(mpfr_t x, long e)
{
    mpfr_set_uj_2exp(extra, random_word() >> 2, -62, MPFR_RNDN);
    mpfr_sub_d(extra, extra, 0.5, MPFR_RNDN);
    mpfr_mul_2si(extra, extra, e, MPFR_RNDN);
    mpfr_add(x, x, extra, MPFR_RNDN);
}

static void inexact(mpfr_t x, const vprec_noise *n)
{
    if (!mpfr_regular_p(x))
        return;
    long e = mpfr_get_exp(x);
    if (n->error & VPREC_ERROR_RELATIVE)
        add_uniform(x, e - (long)n->precision);
    if (n->error & VPREC_ERROR_ABSOLUTE)
        add_uniform(x, n->exponent);
}

/* Rounded to the format, which has subnormals and infinities; infinity as bounded() has it. */
static double to_format(mpfr_t x, const vprec_format *f)
{
    if (mpfr_regular_p(x)) {
        long e = mpfr_get_exp(x) - 1, last = (e < f->emin ? f->emin : e) - f->fbits;
        mpfr_mul_2si(x, x, -last, MPFR_RNDN);
        mpfr_rint(x, x, MPFR_RNDN); /* ties to even */
        mpfr_mul_2si(x, x, last, MPFR_RNDN);
    }
    if (mpfr_cmpabs(x, (mpfr_set_d(extra, f->max, MPFR_RNDN), extra)) > 0)
        return mpfr_signbit(x) ? -ldexp(1, f->emax) : ldexp(1, f->emax);
    return mpfr_get_d(x, MPFR_RNDN);
}

static double oracle(enum op op, const double x[3], const vprec_format *f, const vprec_noise *n)
{
    for (int i = 0; i < operands_of(op); i++) {
        mpfr_set_d(operand[i], x[i], MPFR_RNDN);
        if (n->what & VPREC_NOISE_OPERANDS)
            inexact(operand[i], n);
    }
    mpfr_clear_flags();
    switch (op) {
    case ADD:
        mpfr_add(result, operand[0], operand[1], MPFR_RNDN);
        break;
    case SUB:
        mpfr_sub(result, operand[0], operand[1], MPFR_RNDN);
        break;
    case MUL:
        mpfr_mul(result, operand[0], operand[1], MPFR_RNDN);
        break;
    case DIV:
        mpfr_div(result, operand[0], operand[1], MPFR_RNDN);
        break;
    case SQRT:
        mpfr_sqrt(result, operand[0], MPFR_RNDN);
        break;
    case FMA:
        mpfr_fma(result, operand[0], operand[1], operand[2], MPFR_RNDN);
        break;
    case SCALE:
        mpfr_mul_2si(result, operand[0], exponent(x), MPFR_RNDN);
        break;
    default:
        mpfr_set(result, operand[0], MPFR_RNDN);
        break;
    }
    bool held =
        !mpfr_inexflag_p() && mpfr_min_prec(result) <= (mpfr_prec_t)n->precision && !(n->error & VPREC_ERROR_ABSOLUTE);
    if ((n->what & VPREC_NOISE_RESULTS) && !held)
        inexact(result, n);
    return to_format(result, f);
}

typedef struct moments {
    double mean, variance, of_variance;
} moments;

/* Infinity as another number than those near it. */
static double bounded(double x, const vprec_format *f)
{
    return isinf(x) ? copysign(ldexp(1, f->emax), x) : x;
}

static moments moments_of(const double *x)
{
    double sum = 0, s2 = 0, s4 = 0;
    for (int i = 0; i < SAMPLES; i++)
        sum += x[i];
    double mean = sum / SAMPLES;
    for (int i = 0; i < SAMPLES; i++) {
        double d = (x[i] - mean) * (x[i] - mean);
        s2 += d;
        s4 += d * d;
    }
    double v = s2 / SAMPLES;
    return (moments){mean, v, (s4 / SAMPLES - v * v) / SAMPLES};
}

static void compare(enum op op, const double x[3], const vprec_format *f, const vprec_noise *n)
{
    static double ours[SAMPLES], theirs[SAMPLES];
    double centre = bounded(plain(op, x, f), f), unit = 0;
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t words[4] = {random_word(), random_word(), random_word(), random_word()};
        ours[i] = bounded(library(op, x, f, n, words), f);
        theirs[i] = oracle(op, x, f, n);
        unit = fmax(unit, fabs(theirs[i] / 2 - centre / 2));
    }
    for (int i = 0; i < SAMPLES && unit; i++) {
        ours[i] = (ours[i] / 2 - centre / 2) / unit;
        theirs[i] = (theirs[i] / 2 - centre / 2) / unit;
    }
    moments a = moments_of(ours), b = moments_of(theirs);
    double of_mean = sqrt((a.variance + b.variance) / SAMPLES), of_variance = sqrt(fabs(a.of_variance + b.of_variance));
    bool constant = true;
    for (int i = 1; i < SAMPLES; i++)
        constant &= theirs[i] == theirs[0] && ours[i] == ours[0];
    bool ok = constant
                  ? ours[0] == theirs[0]
                  : fabs(a.mean - b.mean) <= 4 * of_mean && fabs(a.variance - b.variance) <= 4 * of_variance + 1e-12;
    cases++;
    if (!ok) {
        failures++;
        printf("%s %s t %u error %u 2^%d e%um%u of %a %a %a: mean %.6f for %.6f (%.1f), sd %.6f for %.6f (%.1f), unit "
               "%a\n",
               what_names[n->what], op_names[op], n->precision, n->error, n->exponent, f->ebits, f->fbits, x[0], x[1],
               x[2], a.mean, b.mean, (a.mean - b.mean) / of_mean, sqrt(a.variance), sqrt(b.variance),
               (a.variance - b.variance) / of_variance, unit);
    }
}

static double draw(int low, int high, bool f64)
{
    double x = (double)(random_word() >> 11 | UINT64_C(1) << 52);
    x = ldexp(x, low + (int)(random_word() % (uint64_t)(high - low + 1)) - 52);
    x = random_word() & 1 ? -x : x;
    return f64 ? x : (float)x;
}

static void distributions(unsigned rounds)
{
    static const struct {
        const char *format;
        vprec_type type;
        unsigned precision, error;
        int exponent;
    } settings[] = {
        {"e8m23", VPREC_F32, 24, 1, 0},  {"e8m23", VPREC_F32, 3, 1, 0},     {"e11m52", VPREC_F64, 53, 1, 0},
        {"e11m52", VPREC_F64, 12, 1, 0}, {"e8m10", VPREC_F32, 9, 1, 0},     {"e5m10", VPREC_F32, 24, 1, 0},
        {"e8m23", VPREC_F32, 24, 2, -9}, {"e11m52", VPREC_F64, 20, 3, -19},
    };
    for (unsigned i = 0; i < rounds * sizeof settings / sizeof *settings; i++) {
        unsigned k = i % (sizeof settings / sizeof *settings);
        vprec_format f;
        char message[160];
        if (vprec_format_parse(settings[k].format, settings[k].type, &f, message, sizeof message))
            abort();
        bool f64 = settings[k].type;
        for (enum op op = 0; op < OPS; op++)
            for (unsigned what = 1; what < 4; what++) {
                double x[3] = {draw(-1, 2, f64), draw(-1, 2, f64), draw(-1, 2, f64)};
                if (op == SQRT)
                    x[0] = fabs(x[0]);
                unsigned place = random_word() % 6;
                if (place == 0 && op <= SUB) { /* cancellation */
                    x[1] = x[0] * (1 + 0x1p-20);
                    x[1] = (op == ADD ? -1 : 1) * (f64 ? x[1] : (float)x[1]);
                } else if (place == 0 && op == FMA) {
                    x[2] = -(f64 ? x[0] * x[1] : (float)(x[0] * x[1]));
                } else if (place == 1) { /* next to a power of two */
                    x[0] = f64 ? nextafter(4, 0) : (double)nextafterf(4, 0);
                    x[1] = op == DIV || op == MUL ? 1 : f64 ? 0x1p-60 : 0x1p-30;
                    x[2] = op == FMA ? 0x1p-30 : 0;
                } else if (place == 2 && !settings[k].exponent) { /* the lower end */
                    int end = f.emin - f.fbits + 3;
                    x[0] = ldexp(x[0], op == DIV || op == SQRT || op >= FMA || op <= SUB ? end : end / 2);
                    x[1] = ldexp(x[1], op == MUL ? end - end / 2 : op <= SUB ? end : 0);
                    x[2] = ldexp(x[2], end);
                    for (int j = 0; j < 3 && !f64; j++)
                        x[j] = (float)x[j];
                } else if (place == 3 && !settings[k].exponent && op != SQRT) { /* the upper end */
                    x[0] = copysign(f.max, x[0]);
                    x[1] = op == MUL || op == DIV || op == FMA ? (f64 ? 1 + 0x1p-52 : 1 + 0x1p-23) : x[1];
                    x[2] = draw(-1, 2, f64);
                }
                bool zero = !x[0];
                for (int j = 1; j < operands_of(op); j++)
                    zero |= !x[j];
                vprec_noise n = {what, settings[k].precision, settings[k].error, settings[k].exponent};
                if (!zero)
                    compare(op, x, &f, &n);
            }
    }
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static void expect(bool ok, const char *what, enum op op, const double x[3], double got, double want)
{
    checks++;
    if (!ok && failures++ < 20)
        printf("%s: %s of %a %a %a: %a for %a\n", what, op_names[op], x[0], x[1], x[2], got, want);
}

static double next_to_zero(double x, bool f64)
{
    return f64 ? nextafter(x, 0) : (double)nextafterf((float)x, 0);
}

/* Mode rr: exact results stay, others are one of the two neighbours of the exact one, so at most an ulp from native. */
static void exactness(unsigned long count)
{
    for (int type = 0; type < VPREC_TYPES; type++) {
        vprec_format f, finer;
        char message[160];
        unsigned p = type ? 53 : 24;
        vprec_format_parse(type ? "e11m52" : "e8m23", (vprec_type)type, &f, message, sizeof message);
        vprec_format_parse("e11m52", VPREC_F64, &finer, message, sizeof message);
        for (unsigned long i = 0; i < count; i++) {
            enum op op = (enum op)(i % ROUND);
            bool wide = random_word() & 1;
            int e = type ? wide ? 1000 : 3 : wide ? 120 : 3;
            double x[3];
            for (int j = 0; j < 3; j++) {
                x[j] = draw(-e, e, type);
                if (random_word() & 1) { /* few bits: exact results */
                    int k;
                    x[j] = frexp(x[j], &k);
                    x[j] = ldexp(rint(x[j] * 64), k - 6);
                }
            }
            if (op == SQRT)
                x[0] = random_word() & 1 ? fabs(x[0]) : x[0] * x[0];
            if (!type)
                x[0] = (float)x[0];
            double low = op == SQRT ? vprec_sqrt(x[0], &f, VPREC_RD) : 0,
                   high = op == SQRT ? vprec_sqrt(x[0], &f, VPREC_RU) : 0;
            switch (op) {
            case ADD:
                low = vprec_add(x[0], x[1], &f, VPREC_RD), high = vprec_add(x[0], x[1], &f, VPREC_RU);
                break;
            case SUB:
                low = vprec_sub(x[0], x[1], &f, VPREC_RD), high = vprec_sub(x[0], x[1], &f, VPREC_RU);
                break;
            case MUL:
                low = vprec_mul(x[0], x[1], &f, VPREC_RD), high = vprec_mul(x[0], x[1], &f, VPREC_RU);
                break;
            case DIV:
                low = vprec_div(x[0], x[1], &f, VPREC_RD), high = vprec_div(x[0], x[1], &f, VPREC_RU);
                break;
            case FMA:
                low = vprec_fma(x[0], x[1], x[2], &f, VPREC_RD), high = vprec_fma(x[0], x[1], x[2], &f, VPREC_RU);
                break;
            default:
                break;
            }
            double native = plain(op, x, &f);
            bool exact = low == high;
            for (int j = 0; j < 4; j++) {
                uint64_t word = j == 0 ? INT64_MAX : j == 1 ? UINT64_C(1) << 63 : random_word();
                double r = library(op, x, &f, &(vprec_noise){VPREC_NOISE_RESULTS, p, VPREC_ERROR_RELATIVE, 0}, &word);
                int k;
                /* just beyond a power of two the noise reaches one number further back */
                bool edge = !exact && fabs(frexp(fabs(low) < fabs(high) ? low : high, &k)) == 0.5 &&
                            r == next_to_zero(fabs(low) < fabs(high) ? low : high, type);
                bool ulp = r == native || r == next_to_zero(native, type) || native == next_to_zero(r, type);
                expect(exact ? same(r, native) : (r == low || r == high || edge) && ulp, "rr at full precision", op, x,
                       r, native);
                unsigned t = 1 + random_word() % p;
                double m = frexp(native, &k);
                if (exact && ldexp(m, (int)t) == rint(ldexp(m, (int)t))) {
                    r = library(op, x, &f, &(vprec_noise){VPREC_NOISE_RESULTS, t, VPREC_ERROR_RELATIVE, 0}, &word);
                    expect(same(r, native), "rr of an exact result", op, x, r, native);
                }
            }
        }
    }
}

/* Zeros, infinities and NaN are those of rounding to nearest, in every mode. */
static void specials(void)
{
    static const double values[] = {0.,        -0., 1,         -1.5,        INFINITY,
                                    -INFINITY, NAN, 0x1p-1074, 0x1.8p-1070, 0x1.fffffffffffffp1023};
    enum { VALUES = sizeof values / sizeof *values };
    vprec_format f;
    char message[160];
    vprec_format_parse("e11m52", VPREC_F64, &f, message, sizeof message);
    for (unsigned what = 1; what < 4; what++)
        for (unsigned error = 1; error < 4; error++)
            for (enum op op = 0; op < OPS; op++)
                for (unsigned v = 0; v < VALUES * VALUES * VALUES; v++) {
                    double x[3] = {values[v % VALUES], values[v / VALUES % VALUES], values[v / VALUES / VALUES]};
                    double native = plain(op, x, &f);
                    bool finite_operands = true, zero_product = op == MUL && (!x[0] || !x[1]);
                    bool zeros = true;
                    for (int j = 0; j < operands_of(op); j++) {
                        finite_operands &= isfinite(x[j]);
                        zeros &= !x[j];
                    }
                    bool division = op == DIV && (!x[0] || !x[1]);
                    if (finite_operands && !zero_product && !zeros && !division && !(op == SQRT && x[0] < 0))
                        continue;
                    uint64_t words[4] = {random_word(), random_word(), random_word(), random_word()};
                    double r = library(op, x, &f, &(vprec_noise){what, 20, error, -30}, words);
                    expect(same(r, native), "special values", op, x, r, native);
                }
}

/* Operands that cancel leave their absolute noise, however far it lies below them: its standard deviation is known. */
static void cancellation(void)
{
    static const struct {
        enum op op;
        double x[3], squares; /* what each operand's noise counts, squared and summed */
    } list[] = {{SUB, {1, 1, 0}, 2},
                {ADD, {0x1.fffffffffffffp60, -0x1.fffffffffffffp60, 0}, 2},
                {FMA, {3, 5, -15}, 9 + 25 + 1},
                {FMA, {-3, 1, 3}, 9 + 1 + 1},
                {FMA, {0x1.8p40, 0x1p-40, -1.5}, 0x1.2p81}};
    static const int exponents[] = {-60, -140, -400, -900};
    vprec_format f;
    vprec_format_parse("e11m52", VPREC_F64, &f, NULL, 0);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        for (size_t e = 0; e < sizeof exponents / sizeof *exponents; e++) {
            double sum = 0, squares = 0, sd = sqrt(list[i].squares / 12);
            for (int k = 0; k < SAMPLES; k++) {
                uint64_t words[4] = {random_word(), random_word(), random_word(), random_word()};
                vprec_noise noise = {VPREC_NOISE_OPERANDS, 53, VPREC_ERROR_ABSOLUTE, exponents[e]};
                double r = ldexp(library(list[i].op, list[i].x, &f, &noise, words), -exponents[e]);
                sum += r;
                squares += r * r;
            }
            double seen = sqrt(squares / SAMPLES);
            /* the kurtosis of a sum of uniform numbers is below 3 */
            bool ok = fabs(sum / SAMPLES) <= 4 * sd / sqrt(SAMPLES) && fabs(seen / sd - 1) <= 4 * sqrt(0.5 / SAMPLES);
            expect(ok, "absolute noise of operands that cancel", list[i].op, list[i].x, seen, sd);
        }
}

int main(int argc, char **argv)
{
    const char *scale = getenv("VPREC_TEST_SCALE");
    unsigned times = scale && atoi(scale) > 0 ? (unsigned)atoi(scale) : 1;
    times *= argc > 1 && atoi(argv[1]) > 0 ? (unsigned)atoi(argv[1]) : 1;
    for (int i = 0; i < 3; i++)
        mpfr_init2(operand[i], PRECISION);
    mpfr_init2(result, 4 * PRECISION);
    mpfr_init2(extra, PRECISION);
    specials();
    cancellation();
    exactness(100000ul * times);
    distributions(times);
    printf("%lu distributions, %lu other checks, %lu failed\n", cases, checks, failures);
    return failures || !cases;
}
