/* SPDX-License-Identifier: Apache-2.0
 * test_outcomes.c: what vprec_outcomes counts, against MPFR's exact values; that counting changes no result; and of
 * sums of products, conversions and elementary functions that each rounding is counted once. */
#include "measured.h"
#include "support.h"
#include <criterion/criterion.h>
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT = 6700, NEAR = 400, CASES = 24 };

/* ---- the oracle ---- */

static uint64_t word_at(uint64_t index)
{
    uint64_t z = index * UINT64_C(0x9e3779b97f4a7c15) + 77;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Draws of the words from *context on. */
static const uint32_t *words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    for (size_t i = 0; i < n; i++)
        space[i] = (uint32_t)(word_at(*(const uint64_t *)context + index + i) >> (draw ? 0 : 32));
    return space;
}

static mpfr_t value, rounded, part, ulp;

static void begin(void)
{
    mpfr_inits2(EXACT, value, rounded, part, ulp, (mpfr_ptr)NULL);
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
}

static void end(void)
{
    mpfr_clears(value, rounded, part, ulp, (mpfr_ptr)NULL);
    mpfr_free_cache();
}

/* |value| rounded with unbounded exponent, in `rounded`. */
static void round_magnitude(bool negative, int fbits, vprec_mode mode, unsigned bits, uint64_t random)
{
    mpfr_set_prec(rounded, (mpfr_prec_t)fbits + 1);
    mpfr_prec_t exponent = mpfr_get_exp(value) - 1;
    bool inexact = mpfr_set(rounded, value, MPFR_RNDZ) != 0;
    mpfr_set_ui_2exp(ulp, 1, exponent - fbits, MPFR_RNDZ);
    mpfr_sub(part, value, rounded, MPFR_RNDZ);
    mpfr_div(part, part, ulp, MPFR_RNDZ); /* of an ulp, exact */
    bool up = false;
    switch (mode) {
    case VPREC_RNE: mpfr_set(rounded, value, MPFR_RNDN); break;
    case VPREC_RNA: up = mpfr_cmp_d(part, 0.5) >= 0; break;
    case VPREC_RTZ: break;
    case VPREC_RU: up = inexact && !negative; break;
    case VPREC_RD: up = inexact && negative; break;
    case VPREC_RTO: {
        mpfr_t units;
        mpfr_init2(units, 64);
        mpfr_div(units, rounded, ulp, MPFR_RNDZ);
        up = inexact && mpfr_get_uj(units, MPFR_RNDZ) % 2 == 0;
        mpfr_clear(units);
        break;
    }
    default: {
        mpfr_t q;
        mpfr_init2(q, 80);
        mpfr_mul_2ui(part, part, bits, MPFR_RNDZ);
        mpfr_rint(q, part, MPFR_RNDN); /* ties to even */
        up = mpfr_cmp_ui(q, random >> (64 - bits)) > 0;
        mpfr_clear(q);
    }
    }
    if (up)
        mpfr_add(rounded, rounded, ulp, MPFR_RNDN); /* a value of the format, or the next power of two */
}

/* Adds what happened to an exact value, in `value`, that became `out`. */
static void expect_value(vprec_outcomes *want, const unit_format *f, vprec_mode mode, unsigned bits, uint64_t random,
                         double out)
{
    bool negative = mpfr_signbit(value) != 0, same = mpfr_cmp_d(value, out) == 0;
    mpfr_abs(value, value, MPFR_RNDZ);
    mpfr_set_ui_2exp(part, 1, 1 - f->bias, MPFR_RNDZ);
    if (mpfr_cmp(value, part) < 0) {
        want->underflows += !same;
        want->zeros += out == 0;
        return;
    }
    round_magnitude(negative, f->fbits, mode, bits, random);
    want->overflows += mpfr_cmp_d(rounded, f->max) > 0;
}

static void expect_result(vprec_outcomes *want, double out)
{
    want->operations++;
    if (out == 0 || !isfinite(out))
        return;
    want->most = fmax(want->most, fabs(out));
    want->least = want->least > 0 ? fmin(want->least, fabs(out)) : fabs(out);
}

static void expect(vprec_outcomes *want, const unit_case *c, const unit_format *f, vprec_mode mode, unsigned bits,
                   uint64_t random, double out)
{
    mpfr_t x[3];
    int t = 0;
    bool finite = true, nan = false;
    bool quotient = c->op == UNIT_div || c->op == UNIT_sqrt;
    expect_result(want, out);
    mpfr_set_prec(value, quotient ? NEAR : EXACT);
    for (int i = 0; i < 3; i++) {
        mpfr_init2(x[i], 53);
        mpfr_set_d(x[i], i < unit_arities[c->op] ? c->x[i] : 0, MPFR_RNDN);
        nan = nan || mpfr_nan_p(x[i]);
        finite = finite && mpfr_number_p(x[i]);
    }
    switch (c->op) {
    case UNIT_round: mpfr_set(value, x[0], MPFR_RNDZ); break;
    case UNIT_add: mpfr_add(value, x[0], x[1], MPFR_RNDZ); break;
    case UNIT_sub: mpfr_sub(value, x[0], x[1], MPFR_RNDZ); break;
    case UNIT_mul: mpfr_mul(value, x[0], x[1], MPFR_RNDZ); break;
    case UNIT_div: t = mpfr_div(value, x[0], x[1], MPFR_RNDZ); break;
    case UNIT_sqrt: t = mpfr_sqrt(value, x[0], MPFR_RNDZ); break;
    case UNIT_fma: mpfr_fma(value, x[0], x[1], x[2], MPFR_RNDZ); break;
    case UNIT_from_i64: mpfr_set_sj(value, (int64_t)c->n, MPFR_RNDZ); break;
    default: mpfr_set_uj(value, c->n, MPFR_RNDZ); break;
    }
    if (t > 0) /* it lies between what was kept and the next: the tail must show */
        mpfr_nextbelow(value);
    else if (t < 0)
        mpfr_nextabove(value);
    if (nan)
        ;
    else if (mpfr_nan_p(value))
        want->invalids++;
    else if (mpfr_inf_p(value))
        want->poles += finite;
    else if (!mpfr_zero_p(value))
        expect_value(want, f, mode, bits, random, out);
    mpfr_clears(x[0], x[1], x[2], (mpfr_ptr)NULL);
}

static bool same_outcomes(const vprec_outcomes *a, const vprec_outcomes *b)
{
    return a->operations == b->operations && a->overflows == b->overflows && a->underflows == b->underflows &&
           a->zeros == b->zeros && a->invalids == b->invalids && a->poles == b->poles && a->least == b->least &&
           a->most == b->most;
}

static const char *print(const vprec_outcomes *a)
{
    static char text[4][200];
    static int i;
    i = (i + 1) % 4;
    snprintf(text[i], sizeof text[i], "%d operations, %d over, %d under, %d zeros, %d invalid, %d poles, %a..%a",
             (int)a->operations, (int)a->overflows, (int)a->underflows, (int)a->zeros, (int)a->invalids, (int)a->poles,
             a->least, a->most);
    return text[i];
}

static void add(vprec_outcomes *to, const vprec_outcomes *more)
{
    to->operations += more->operations;
    to->overflows += more->overflows;
    to->underflows += more->underflows;
    to->zeros += more->zeros;
    to->invalids += more->invalids;
    to->poles += more->poles;
    to->most = fmax(to->most, more->most);
    if (more->least > 0)
        to->least = to->least > 0 ? fmin(to->least, more->least) : more->least;
}

/* ---- array functions ---- */

typedef struct batch {
    double x[3][CASES], out[CASES];
    uint64_t n[CASES];
} batch;

#define APPLY(type, T)                                                                                                 \
    static void apply_##type(enum unit_op op, batch *b, size_t first, size_t n, const vprec_rounding *to)              \
    {                                                                                                                  \
        T x[3][CASES], out[CASES];                                                                                     \
        vprec_status status = VPREC_OK;                                                                                \
        for (int i = 0; i < 3; i++) {                                                                                  \
            for (size_t j = 0; j < n; j++)                                                                             \
                x[i][j] = (T)b->x[i][first + j];                                                                       \
        }                                                                                                              \
        switch (op) {                                                                                                  \
        case UNIT_round: status = vprec_round_##type(out, x[0], n, to); break;                                         \
        case UNIT_add: status = vprec_add_##type(out, x[0], x[1], n, to); break;                                       \
        case UNIT_sub: status = vprec_sub_##type(out, x[0], x[1], n, to); break;                                       \
        case UNIT_mul: status = vprec_mul_##type(out, x[0], x[1], n, to); break;                                       \
        case UNIT_div: status = vprec_div_##type(out, x[0], x[1], n, to); break;                                       \
        case UNIT_sqrt: status = vprec_sqrt_##type(out, x[0], n, to); break;                                           \
        case UNIT_fma: status = vprec_fma_##type(x[2], x[0], x[1], x[2], n, to); break; /* in place */                 \
        case UNIT_from_i64: status = vprec_convert_i64_##type(out, (int64_t *)b->n + first, n, to); break;             \
        default: status = vprec_convert_u64_##type(out, b->n + first, n, to); break;                                   \
        }                                                                                                              \
        cr_assert_eq(status, VPREC_OK);                                                                                \
        for (size_t j = 0; j < n; j++)                                                                                 \
            b->out[first + j] = op == UNIT_fma ? x[2][j] : out[j];                                                     \
    }
APPLY(f32, float)
APPLY(f64, double)

static void apply(vprec_type type, enum unit_op op, batch *b, size_t first, size_t n, const vprec_rounding *to)
{
    if (type == VPREC_F32)
        apply_f32(op, b, first, n, to);
    else
        apply_f64(op, b, first, n, to);
}

static vprec_outcomes seen; /* by all tests of this process */

static void check_batch(batch *b, enum unit_op op, const unit_format *f, vprec_rounding *to, uint64_t *offset)
{
    vprec_outcomes all = {0}, sum = {0};
    batch plain = *b;
    to->outcomes = NULL;
    apply(f->type, op, &plain, 0, CASES, to);
    to->outcomes = &all;
    apply(f->type, op, b, 0, CASES, to);
    cr_assert(measured_same(plain.out, b->out, sizeof b->out), "%s %s: counting changes results", f->text, unit_op_names[op]);
    uint64_t base = *offset;
    for (size_t i = 0; i < CASES; i++) {
        vprec_outcomes one = {0}, want = {0};
        unit_case c = {.op = op, .n = b->n[i], .x = {b->x[0][i], b->x[1][i], b->x[2][i]}};
        *offset = base + i;
        to->outcomes = &one;
        apply(f->type, op, b, i, 1, to);
        unsigned bits = to->mode == VPREC_SR ? to->random.bits : 0;
        expect(&want, &c, f, to->mode, bits, word_at(base + i), b->out[i]);
        cr_assert(same_outcomes(&one, &want), "%s %s %s %u bits, %a %a %a %llx -> %a: %s, not %s", f->text,
                  unit_op_names[op], unit_mode_names[to->mode], bits, c.x[0], c.x[1], c.x[2], (unsigned long long)c.n,
                  b->out[i], print(&one), print(&want));
        add(&sum, &one);
    }
    *offset = base;
    cr_assert(same_outcomes(&all, &sum), "%s %s: %s, not %s", f->text, unit_op_names[op], print(&all), print(&sum));
    add(&seen, &sum);
}

Test(outcomes, of_array_functions_as_mpfr_has_them)
{
    unit_draw draw = {.state = 11, .last = 1};
    begin();
    for (uint64_t repeat = 0; repeat < unit_scaled(1); repeat++) {
        for (size_t k = 0; k < unit_formats_count; k++) {
            const unit_format *f = &unit_formats[k];
            draw.format = f;
            for (int op = 0; op < UNIT_COUNT; op++) {
                for (int mode = 0; mode < VPREC_MODES; mode++) {
                    batch b;
                    uint64_t offset = unit_random(&draw);
                    const unsigned bits[] = {1, 8, 32, 33, 64};
                    vprec_rounding to = {unit_parse(f), mode, {bits[unit_random(&draw) % 5], words, &offset}, NULL};
                    for (size_t i = 0; i < CASES; i++) {
                        unit_case c = {.op = op};
                        unit_draw_case(&draw, op, &c);
                        for (int j = 0; j < 3; j++)
                            b.x[j][i] = f->type == VPREC_F32 ? (double)(float)c.x[j] : c.x[j];
                        b.n[i] = c.n;
                    }
                    check_batch(&b, op, f, &to, &offset);
                }
            }
        }
    }
    cr_assert(seen.overflows > 1000 && seen.underflows > 1000 && seen.zeros > 300 && seen.invalids > 100 &&
                  seen.poles > 50, "%s", print(&seen));
    end();
}

/* ---- elementary functions ---- */

Test(outcomes, of_elementary_functions)
{
    static const struct {
        vprec_function function;
        int (*compute)(mpfr_t, const mpfr_t, mpfr_rnd_t);
        double from, to;
    } functions[] = {{VPREC_FN_exp, mpfr_exp, -120, 120}, {VPREC_FN_log, mpfr_log, -1, 30},
                     {VPREC_FN_sinh, mpfr_sinh, -100, 100}, {VPREC_FN_atanh, mpfr_atanh, -1.25, 1.25},
                     {VPREC_FN_tgamma, mpfr_gamma, -20, 40}, {VPREC_FN_erfc, mpfr_erfc, -3, 14},
                     {VPREC_FN_exp2, mpfr_exp2, -180, 180}, {VPREC_FN_expm1, mpfr_expm1, -1e-6, 1e-6}};
    enum { N = 513 };
    static const char *const formats[] = {"e5m10", "e4m3", "e8m7", "e4m3fn", "e5m2:sat", "e5m10:nosub", "e8m23"};
    vprec_outcomes all = {0};
    begin();
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        for (size_t j = 0; j < sizeof formats / sizeof *formats; j++) {
            vprec_rounding to = {.mode = j % 2 ? VPREC_RTZ : VPREC_RNE};
            cr_assert_eq(vprec_format_parse(formats[j], VPREC_F32, &to.format, NULL, 0), VPREC_OK);
            unit_format f = {.type = VPREC_F32, .ebits = to.format.ebits, .fbits = to.format.fbits,
                             .bias = to.format.bias, .max = to.format.max};
            float x[N], out[N], plain[N];
            for (int i = 0; i < N; i++)
                x[i] = (float)(functions[k].from + (functions[k].to - functions[k].from) * i / (N - 1));
            x[0] = -INFINITY, x[1] = INFINITY, x[2] = NAN, x[3] = 0, x[4] = 1;
            vprec_outcomes got = {0}, want = {0};
            cr_assert_eq(vprec_libm_f32(functions[k].function, plain, x, NULL, N, &to, NULL), VPREC_OK);
            to.outcomes = &got;
            cr_assert_eq(vprec_libm_f32(functions[k].function, out, x, NULL, N, &to, NULL), VPREC_OK);
            cr_assert(measured_same(out, plain, sizeof out));
            for (int i = 0; i < N; i++) {
                expect_result(&want, out[i]);
                mpfr_t operand;
                mpfr_init2(operand, 53);
                mpfr_set_d(operand, x[i], MPFR_RNDN);
                mpfr_set_prec(value, NEAR);
                functions[k].compute(value, operand, MPFR_RNDZ);
                bool undefined = functions[k].function == VPREC_FN_tgamma && x[i] < 0 && x[i] == floorf(x[i]);
                if (isnan(x[i]))
                    ;
                else if (mpfr_nan_p(value) || undefined)
                    want.invalids++;
                else if (mpfr_inf_p(value))
                    want.poles += isfinite(x[i]);
                else if (!mpfr_zero_p(value))
                    expect_value(&want, &f, to.mode, 0, 0, out[i]);
                mpfr_clear(operand);
            }
            cr_assert(same_outcomes(&got, &want), "%s %s: %s, not %s", vprec_function_name(functions[k].function),
                      formats[j], print(&got), print(&want));
            add(&all, &got);
        }
    }
    bool met = all.overflows > 100 && all.underflows > 100 && all.zeros > 10 && all.invalids > 10 && all.poles > 10;
    cr_assert(met, "%s", print(&all));
    end();
}

/* ---- conversions ---- */

Test(outcomes, of_conversions)
{
    enum { N = 700 };
    static double x[N];
    static float out[N], plain[N];
    static uint16_t codes[N];
    for (int i = 0; i < N; i++)
        x[i] = ldexp(1 + i % 7 / 7.0, i / 4 - 90) * (i % 2 ? 1 : -1);
    vprec_outcomes whole = {0}, apart = {0}, coded = {0};
    vprec_rounding to = {.mode = VPREC_RNE};
    cr_assert_eq(vprec_format_parse("e5m10", VPREC_F32, &to.format, NULL, 0), VPREC_OK);
    to.outcomes = &whole;
    cr_assert_eq(vprec_convert_f64_f32(out, x, N, &to), VPREC_OK);
    static double wide[N];
    to.outcomes = &apart;
    cr_assert_eq(vprec_round_f64(wide, x, N, &to), VPREC_OK);
    cr_assert(same_outcomes(&whole, &apart), "%s, not %s", print(&whole), print(&apart));
    for (int i = 0; i < N; i++)
        plain[i] = (float)x[i];
    to.outcomes = &coded;
    cr_assert_eq(vprec_encode_f32_u16(codes, plain, N, &to), VPREC_OK);
    cr_assert_eq(coded.operations, N);
    cr_assert(coded.overflows && coded.overflows == whole.overflows && coded.zeros && coded.zeros == whole.zeros);
}

/* ---- sums of products ---- */

typedef struct sums {
    vprec_rounding input, product, sum;
    bool inputs, split;
    vprec_order order;
    size_t block, k, outputs;
    uint64_t base; /* of the random words */
} sums;

/* One operation on single elements, which the tests above have checked, with the word of `index`. */
static float step(const sums *s, const vprec_rounding *with, int op, float a, float b, float c, uint64_t index,
                  vprec_outcomes *want)
{
    vprec_rounding to = *with;
    uint64_t offset = s->base + index;
    float out;
    to.random.context = &offset;
    to.outcomes = want;
    if (op == 0)
        cr_assert_eq(vprec_round_f32(&out, &a, 1, &to), VPREC_OK);
    else if (op == 1)
        cr_assert_eq(vprec_mul_f32(&out, &a, &b, 1, &to), VPREC_OK);
    else if (op == 2)
        cr_assert_eq(vprec_add_f32(&out, &a, &b, 1, &to), VPREC_OK);
    else
        cr_assert_eq(vprec_fma_f32(&out, &a, &b, &c, 1, &to), VPREC_OK);
    return out;
}

static float sum_block(const sums *s, const float *a, const float *b, size_t first, size_t last, size_t e, float sum,
                       vprec_outcomes *want)
{
    for (size_t p = first; p < last; p++) {
        uint64_t index = p * s->outputs + e;
        if (s->split)
            sum = step(s, &s->sum, 2, sum, step(s, &s->product, 1, a[p], b[p], 0, index, want), 0, index, want);
        else
            sum = step(s, &s->sum, 3, a[p], b[p], sum, index, want);
    }
    return sum;
}

/* Blocks first..last-1 as a tree. */
static float sum_tree(const sums *s, const float *a, const float *b, size_t first, size_t last, size_t e,
                      size_t *combined, vprec_outcomes *want)
{
    if (last - first == 1) {
        size_t end = last * s->block < s->k ? last * s->block : s->k;
        return sum_block(s, a, b, first * s->block, end, e, 0, want);
    }
    size_t half = 1;
    while (2 * half < last - first)
        half *= 2;
    float left = sum_tree(s, a, b, first, first + half, e, combined, want);
    float right = sum_tree(s, a, b, first + half, last, e, combined, want);
    return step(s, &s->sum, 2, left, right, 0, (s->k + (*combined)++) * s->outputs + e, want);
}

static float sum_all(const sums *s, const float *a, const float *b, size_t e, vprec_outcomes *want)
{
    size_t blocks = s->order == VPREC_SEQUENTIAL ? 1 : (s->k + s->block - 1) / s->block, combined = 0;
    if (blocks <= 1)
        return sum_block(s, a, b, 0, s->k, e, 0, want);
    if (s->order == VPREC_PAIRWISE)
        return sum_tree(s, a, b, 0, blocks, e, &combined, want);
    float sum = sum_block(s, a, b, 0, s->block, e, 0, want);
    for (size_t i = 1; i < blocks; i++) {
        size_t end = (i + 1) * s->block < s->k ? (i + 1) * s->block : s->k;
        float more = sum_block(s, a, b, i * s->block, end, e, 0, want);
        sum = step(s, &s->sum, 2, sum, more, 0, (s->k + combined++) * s->outputs + e, want);
    }
    return sum;
}

static float draw_float(unit_draw *draw)
{
    return (float)ldexp((double)(int64_t)unit_random(draw) * 0x1p-63, (int)(unit_random(draw) % 24) - 16);
}

static void draw_sums(unit_draw *draw, sums *s, vprec_accumulation *how)
{
    static const char *const formats[] = {"e5m10", "e4m3fn:sat", "e3m4", "e5m2", "e8m7", "e5m3:nosub", "e4m3fnuz"};
    vprec_rounding *all[] = {&s->input, &s->product, &s->sum};
    *s = (sums){.inputs = unit_random(draw) % 2, .split = unit_random(draw) % 2, .order = unit_random(draw) % 3,
                .block = 1 + unit_random(draw) % 9, .base = unit_random(draw)};
    for (int i = 0; i < 3; i++) {
        *all[i] = (vprec_rounding){.mode = unit_random(draw) % VPREC_MODES, .random = {16, words, &s->base}};
        cr_assert_eq(vprec_format_parse(formats[unit_random(draw) % 7], VPREC_F32, &all[i]->format, NULL, 0), VPREC_OK);
    }
    *how = (vprec_accumulation){.input = s->inputs ? &s->input : NULL, .product = s->split ? &s->product : NULL,
                                .sum = &s->sum, .order = s->order, .block = s->block,
                                .threads = 1 + unit_random(draw) % 3};
}

Test(outcomes, of_matrix_products)
{
    unit_draw draw = {.state = 5, .format = &unit_formats[0], .last = 1};
    vprec_outcomes all = {0};
    for (uint64_t repeat = 0; repeat < unit_scaled(80); repeat++) {
        sums s;
        vprec_accumulation how;
        draw_sums(&draw, &s, &how);
        size_t m = 1 + unit_random(&draw) % 9, n = 1 + unit_random(&draw) % 40, k = 1 + unit_random(&draw) % 30;
        if (repeat % 10 == 0)
            n = 300, k = 5;
        if (repeat % 10 == 1)
            m = 90, n = 2, k = 3;
        s.k = k, s.outputs = m * n;
        float *a = malloc(m * k * sizeof *a), *b = malloc(k * n * sizeof *b), *row = malloc(k * sizeof *row);
        float *c = malloc(m * n * sizeof *c), *plain = malloc(m * n * sizeof *c), *column = malloc(k * sizeof *column);
        for (size_t i = 0; i < m * k; i++)
            a[i] = draw_float(&draw);
        for (size_t i = 0; i < k * n; i++)
            b[i] = draw_float(&draw);
        cr_assert_eq(vprec_gemm_f32(m, n, k, a, (vprec_strides){k, 1}, b, (vprec_strides){n, 1}, plain,
                                    (vprec_strides){n, 1}, false, &how), VPREC_OK);
        vprec_outcomes got = {0}, want = {0}, inputs = {0};
        s.sum.outcomes = s.product.outcomes = &got;
        s.input.outcomes = &inputs;
        cr_assert_eq(vprec_gemm_f32(m, n, k, a, (vprec_strides){k, 1}, b, (vprec_strides){n, 1}, c,
                                    (vprec_strides){n, 1}, false, &how), VPREC_OK);
        cr_assert(measured_same(c, plain, m * n * sizeof *c), "counting changes results");
        vprec_outcomes rounded = {0};
        for (size_t i = 0; i < m * k && s.inputs; i++)
            a[i] = step(&s, &s.input, 0, a[i], 0, 0, i, &rounded);
        for (size_t i = 0; i < k * n && s.inputs; i++)
            b[i] = step(&s, &s.input, 0, b[i], 0, 0, m * k + i, &rounded);
        for (size_t e = 0; e < m * n; e++) {
            for (size_t p = 0; p < k; p++) {
                row[p] = a[e / n * k + p];
                column[p] = b[p * n + e % n];
            }
            float x = sum_all(&s, row, column, e, &want);
            cr_assert(x == c[e] || (isnan(x) && isnan(c[e])), "the test's own sum is another");
        }
        cr_assert(same_outcomes(&got, &want), "%zux%zux%zu order %d block %zu split %d: %s, not %s", m, n, k, s.order,
                  s.block, s.split, print(&got), print(&want));
        cr_assert(same_outcomes(&inputs, &rounded), "%s, not %s", print(&inputs), print(&rounded));
        add(&all, &got);
        free(a), free(b), free(c), free(plain), free(row), free(column);
    }
    cr_assert(all.overflows > 1000 && all.underflows > 1000 && all.zeros > 100, "%s", print(&all));
}

Test(outcomes, of_convolutions)
{
    unit_draw draw = {.state = 6, .format = &unit_formats[0], .last = 1};
    for (uint64_t repeat = 0; repeat < unit_scaled(12); repeat++) {
        sums s;
        vprec_accumulation how;
        draw_sums(&draw, &s, &how);
        enum { C = 2, F = 3, H = 5, W = 6, K = 3, TERMS = C * K * K };
        vprec_conv shape = {.batch = 2, .channels = C, .filters = F, .groups = 1, .size = {H, W}, .kernel = {K, K},
                            .stride = {1 + repeat % 2, 1}, .pad = {1, 1}, .dilation = {1, 1}};
        size_t out[2];
        cr_assert_eq(vprec_conv_output(&shape, out), VPREC_OK);
        float x[2 * C * H * W], kernels[F * TERMS], y[2 * F * H * W];
        for (size_t i = 0; i < sizeof x / sizeof *x; i++)
            x[i] = draw_float(&draw);
        for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
            kernels[i] = draw_float(&draw);
        s.k = TERMS, s.outputs = (size_t)2 * F * out[0] * out[1], how.input = NULL;
        vprec_outcomes got = {0}, want = {0};
        s.sum.outcomes = s.product.outcomes = &got;
        cr_assert_eq(vprec_conv_f32(y, x, kernels, NULL, &shape, &how), VPREC_OK);
        for (size_t e = 0; e < s.outputs; e++) {
            size_t column = e % out[1], row = e / out[1] % out[0], filter = e / out[1] / out[0] % F;
            size_t image = e / out[1] / out[0] / F;
            float terms[TERMS];
            for (size_t p = 0; p < TERMS; p++) {
                long i = (long)(row * shape.stride[0] + p / K % K) - 1, j = (long)(column + p % K) - 1;
                bool inside = i >= 0 && i < H && j >= 0 && j < W;
                terms[p] = inside ? x[((image * C + p / K / K) * H + (size_t)i) * W + (size_t)j] : 0;
            }
            float sum = sum_all(&s, kernels + filter * TERMS, terms, e, &want);
            cr_assert(sum == y[e] || (isnan(sum) && isnan(y[e])));
        }
        cr_assert(same_outcomes(&got, &want), "order %d block %zu split %d: %s, not %s", s.order, s.block, s.split,
                  print(&got), print(&want));
    }
}
