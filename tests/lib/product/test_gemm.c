/* SPDX-License-Identifier: Apache-2.0
 * test_gemm.c: products of matrices and dot products against the reference:
 * small ones by the exact-value oracle in drawn formats, modes and orders, larger
 * ones by the scalar functions; any number of threads; sums with known answers. */
#include "reference.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One problem: shapes, where the elements lie, the operands. */
typedef struct problem {
    size_t m, n, k;
    vprec_strides as, bs, cs;
    bool add;
    double *a, *b, *c; /* by the strides */
} problem;

static size_t stretch(size_t m, size_t n, vprec_strides s)
{
    return m && n ? (m - 1) * s.row + (n - 1) * s.column + 1 : 0;
}

static vprec_strides draw_strides(unit_draw *draw, size_t m, size_t n)
{
    size_t gap = unit_random(draw) % 3, step = 1 + (unit_random(draw) % 4 == 0);
    if (unit_random(draw) % 2)
        return (vprec_strides){n * step + gap, step};
    return (vprec_strides){step, m * step + gap};
}

static double contain(vprec_type type, double x) { return type == VPREC_F32 ? (float)x : x; }

/* Operands: drawn around the boundaries of the sum's format, or plain numbers of similar size, whose
 * sums do not end in inf. */
static void draw_values(unit_draw *draw, vprec_type type, double *x, size_t n, bool plain)
{
    for (size_t i = 0; i < n; i++) {
        double any = (double)(int64_t)unit_random(draw) * 0x1p-63;
        if (unit_random(draw) % 4 == 0)
            any = round(any * 8) / 8;
        x[i] = contain(type, plain ? any : unit_draw_operand(draw));
    }
}

static void draw_problem(unit_draw *draw, const reference_method *method, size_t m, size_t n, size_t k, problem *p)
{
    draw->format = method->sum->format;
    bool plain = unit_random(draw) % 2;
    *p = (problem){.m = m, .n = n, .k = k, .as = draw_strides(draw, m, k), .bs = draw_strides(draw, k, n),
                   .cs = draw_strides(draw, m, n), .add = unit_random(draw) % 2};
    size_t sizes[3] = {stretch(m, k, p->as), stretch(k, n, p->bs), stretch(m, n, p->cs)};
    double **data[3] = {&p->a, &p->b, &p->c};
    for (int i = 0; i < 3; i++) {
        *data[i] = malloc((sizes[i] + 1) * sizeof(double));
        draw_values(draw, method->type, *data[i], sizes[i], plain);
    }
}

static void free_problem(problem *p)
{
    free(p->a);
    free(p->b);
    free(p->c);
}

static double element(vprec_type type, const void *x, size_t i)
{
    return type == VPREC_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

/* The library's C, as the type; free it. */
static void *compute(const reference_method *method, const problem *p, unsigned threads)
{
    vprec_rounding roundings[3];
    vprec_accumulation how;
    reference_how(method, roundings, &how);
    how.threads = threads;
    void *a = reference_narrow(method->type, p->a, stretch(p->m, p->k, p->as));
    void *b = reference_narrow(method->type, p->b, stretch(p->k, p->n, p->bs));
    void *c = reference_narrow(method->type, p->c, stretch(p->m, p->n, p->cs));
    vprec_status status;
    if (method->type == VPREC_F32)
        status = vprec_gemm_f32(p->m, p->n, p->k, a, p->as, b, p->bs, c, p->cs, p->add, &how);
    else
        status = vprec_gemm_f64(p->m, p->n, p->k, a, p->as, b, p->bs, c, p->cs, p->add, &how);
    cr_assert_eq(status, VPREC_OK);
    free(a);
    free(b);
    return c;
}

static void check_problem(const reference_method *method, const problem *p, unsigned threads)
{
    void *c = compute(method, p, threads);
    double *a = malloc((p->k + 1) * sizeof *a), *b = malloc((p->k + 1) * sizeof *b);
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            for (size_t q = 0; q < p->k; q++) {
                a[q] = reference_input(method, p->a[i * p->as.row + q * p->as.column], i * p->k + q);
                b[q] = reference_input(method, p->b[q * p->bs.row + j * p->bs.column], p->m * p->k + q * p->n + j);
            }
            size_t at = i * p->cs.row + j * p->cs.column;
            double want = reference_sum(method, p->k, a, b, p->add ? p->c[at] : 0.0, i * p->n + j, p->m * p->n);
            double got = element(method->type, c, at);
            cr_assert(reference_same(method->type, got, want),
                      "%s, %zux%zux%zu, %u threads, add %d: (%zu,%zu) %a, not %a", reference_print(method), p->m, p->n,
                      p->k, threads, p->add, i, j, got, want);
        }
    }
    free(a);
    free(b);
    /* between the elements nothing was written */
    for (size_t at = 0; at < stretch(p->m, p->n, p->cs); at++) {
        size_t small = p->cs.row < p->cs.column ? p->cs.row : p->cs.column;
        size_t large = p->cs.row < p->cs.column ? p->cs.column : p->cs.row;
        size_t inner = p->cs.row < p->cs.column ? p->m : p->n;
        bool ours = at % large % small == 0 && at % large / small < inner;
        cr_assert(ours || !memcmp(&(double){element(method->type, c, at)}, &p->c[at], 8) || isnan(p->c[at]));
    }
    free(c);
}

static void finish_drawing(void)
{
    for (int order = 0; order < VPREC_ORDERS; order++)
        cr_assert(reference_orders[order]);
    for (int i = 0; i < 3; i++) {
        for (int mode = 0; mode < VPREC_MODES; mode++)
            cr_assert(reference_modes[i][mode], "mode %d not drawn", mode);
    }
}

static void drawn(bool oracle, uint64_t seed, double count, size_t most_mn, size_t most_k)
{
    unit_draw draw = {.state = seed, .format = &unit_formats[0], .last = 1};
    for (uint64_t i = unit_scaled(count) + 60; i; i--) {
        reference_rounding roundings[3];
        reference_method method;
        problem p;
        size_t m = 1 + unit_random(&draw) % most_mn, n = 1 + unit_random(&draw) % most_mn;
        size_t k = unit_random(&draw) % (most_k + 1);
        if (unit_random(&draw) % 4 == 0)
            m = 1 + unit_random(&draw) % 4;
        if (unit_random(&draw) % 4 == 0)
            n = 1 + unit_random(&draw) % 4;
        reference_draw(&draw, i % 2 ? VPREC_F32 : VPREC_F64, k, roundings, &method);
        method.oracle = oracle;
        draw_problem(&draw, &method, m, n, k, &p);
        check_problem(&method, &p, 1 + unit_random(&draw) % 4);
        free_problem(&p);
    }
    finish_drawing();
}

Test(gemm, small_against_the_exact_oracle) { drawn(true, 1, 1500, 7, 9); }
Test(gemm, larger_against_the_scalar_functions) { drawn(false, 2, 60, 70, 300); }

/* Formats that lose few bits of the type's, which kernels treat apart, beside unit_formats. */
static const unit_format fine_formats[] = {
    {"e7m23", VPREC_F32, 7, 23, 63, 0x1.fffffep63, 0},
    {"e5m23:noinf", VPREC_F32, 5, 23, 15, 0x1.fffffcp16, VPREC_NOINF},
    {"e4m23:nosub", VPREC_F32, 4, 23, 7, 0x1.fffffep7, VPREC_NOSUB},
    {"e4m22", VPREC_F32, 4, 22, 7, 0x1.fffffcp7, 0},
    {"e5m22:sat", VPREC_F32, 5, 22, 15, 0x1.fffffcp15, VPREC_SAT},
    {"e5m22:noinf", VPREC_F32, 5, 22, 15, 0x1.fffff8p16, VPREC_NOINF},
    {"e5m21", VPREC_F32, 5, 21, 15, 0x1.fffff8p15, 0},
    {"e4m21:noinf:sat", VPREC_F32, 4, 21, 7, 0x1.fffffp8, VPREC_NOINF | VPREC_SAT},
    {"e5m20", VPREC_F32, 5, 20, 15, 0x1.fffffp15, 0},
    {"e5m20:sat", VPREC_F32, 5, 20, 15, 0x1.fffffp15, VPREC_SAT},
    {"e4m23", VPREC_F32, 4, 23, 7, 0x1.fffffep7, 0},
    {"e3m22", VPREC_F32, 3, 22, 3, 0x1.fffffcp3, 0},
    {"e2m23", VPREC_F32, 2, 23, 1, 0x1.fffffep1, 0},
    {"e5m23:bias=50", VPREC_F32, 5, 23, 50, 0x1.fffffep-20, 0},
    {"e5m52", VPREC_F64, 5, 52, 15, 0x1.fffffffffffffp15, 0},
    {"e10m51", VPREC_F64, 10, 51, 511, 0x1.ffffffffffffep511, 0},
    {"e8m50", VPREC_F64, 8, 50, 127, 0x1.ffffffffffffcp127, 0},
    {"e9m52", VPREC_F64, 9, 52, 255, 0x1.fffffffffffffp255, 0},
    {"e5m51", VPREC_F64, 5, 51, 15, 0x1.ffffffffffffep15, 0},
    {"e5m50", VPREC_F64, 5, 50, 15, 0x1.ffffffffffffcp15, 0},
    {"e5m49", VPREC_F64, 5, 49, 15, 0x1.ffffffffffff8p15, 0},
};
enum { FINE = sizeof fine_formats / sizeof *fine_formats };

static size_t formats_count(void) { return unit_formats_count + FINE; }

static const unit_format *format_at(size_t f)
{
    return f < FINE ? &fine_formats[f] : &unit_formats[f - FINE];
}

/* Every format that may have a kernel of its own, fused and split, with operands at its boundaries. */
Test(gemm, every_format)
{
    unit_draw draw = {.state = 3, .last = 1};
    for (uint64_t repeat = 0; repeat < unit_scaled(6); repeat++) {
        for (size_t f = 0; f < formats_count(); f++) {
            for (int split = 0; split < 2; split++) {
                reference_rounding sum = {format_at(f), VPREC_RNE, 0, 0}, product = sum;
                reference_method method = {.type = sum.format->type, .oracle = true, .sum = &sum,
                                           .product = split ? &product : NULL};
                for (unsigned other = unit_random(&draw) % 3; split && other; other--) {
                    do
                        product.format = format_at(unit_random(&draw) % formats_count());
                    while (product.format->type != method.type);
                }
                problem p;
                draw_problem(&draw, &method, 1 + unit_random(&draw) % 6, 1 + unit_random(&draw) % 40, 4, &p);
                check_problem(&method, &p, 1);
                free_problem(&p);
            }
        }
    }
}

/* Each single step: one term, so that the drawn operands meet the rounding as they are; C is aimed at ties. */
Test(gemm, single_steps)
{
    enum { N = 64 };
    unit_draw draw = {.state = 4, .last = 1};
    for (uint64_t repeat = 0; repeat < unit_scaled(40); repeat++) {
        for (size_t f = 0; f < formats_count(); f++) {
            reference_rounding sum = {format_at(f), VPREC_RNE, 0, 0};
            reference_method method = {.type = sum.format->type, .oracle = true, .sum = &sum};
            problem p;
            draw_problem(&draw, &method, 1, N, 1, &p);
            for (size_t j = 0; j < N; j++) { /* B is its own matrix of one row: a is shared */
                unit_case one;
                unit_draw_case(&draw, UNIT_fma, &one);
                if (unit_random(&draw) % 2 && j) {
                    one.x[2] = contain(method.type, fma(-p.a[0], one.x[1], one.x[2] + one.x[0] * 0));
                } else if (!j) {
                    p.a[0] = one.x[0];
                }
                p.b[j * p.bs.column] = one.x[1];
                p.c[j * p.cs.column] = one.x[2];
            }
            p.add = true;
            check_problem(&method, &p, 1);
            method.product = &sum;
            check_problem(&method, &p, 1);
            free_problem(&p);
        }
    }
}

/* Sums of k terms that reach about the format's largest number, or half of it, from some part of that on: kernels do
 * not look for overflow where half suffices. Terms of C's sign, which may be just more than half of its ulp; or the
 * later ones lead back again. */
static void draw_brim(unit_draw *draw, const unit_format *format, problem *p)
{
    static const double parts[] = {0.2, 0.245, 0.25, 0.48, 0.49, 0.5, 0.51, 0.98, 1, 1.05};
    double reach = fmin(parts[unit_random(draw) % 10] * format->max, DBL_MAX);
    double start = reach / 4 * (double)(unit_random(draw) % 5), term = (reach - start) / (double)p->k;
    size_t turn = p->k >> unit_random(draw) % 2;
    if (start > 0 && unit_random(draw) % 2)
        term = ldexp(1.01, ilogb(start) - format->fbits - 1);
    for (size_t i = 0; i < p->m * p->k; i++)
        p->a[i / p->k * p->as.row + i % p->k * p->as.column] = 1;
    for (size_t j = 0; j < p->n; j++) {
        double sign = unit_random(draw) % 2 ? 1 : -1;
        for (size_t q = 0; q < p->k; q++)
            p->b[q * p->bs.row + j * p->bs.column] = contain(format->type, q < turn ? sign * term : sign * -term);
        for (size_t i = 0; i < p->m; i++)
            p->c[i * p->cs.row + j * p->cs.column] = contain(format->type, sign * start);
    }
}

Test(gemm, sums_that_just_overflow)
{
    unit_draw draw = {.state = 7, .last = 1};
    for (uint64_t repeat = 0; repeat < unit_scaled(10); repeat++) {
        for (size_t f = 0; f < formats_count(); f++) {
            reference_rounding sum = {format_at(f), VPREC_RNE, 0, 0};
            size_t m = 1 + unit_random(&draw) % 2, n = 1 + unit_random(&draw) % 40, k = 1 + unit_random(&draw) % 16;
            reference_method method = {.type = sum.format->type, .oracle = true, .sum = &sum,
                                       .order = unit_random(&draw) % VPREC_ORDERS, .block = 1 + unit_random(&draw) % k};
            problem p;
            draw_problem(&draw, &method, m, n, k, &p);
            p.add = true;
            draw_brim(&draw, sum.format, &p);
            double *const last[] = {&p.a[(k - 1) * p.as.column], &p.b[(k - 1) * p.bs.row], p.c};
            if (unit_random(&draw) % 8 == 0)
                *last[unit_random(&draw) % 3] = ((double[]){INFINITY, -INFINITY, NAN})[unit_random(&draw) % 3];
            check_problem(&method, &p, 1);
            method.product = &sum;
            check_problem(&method, &p, 1);
            free_problem(&p);
        }
    }
}

/* A term for each column that takes its sum to about the least normal number n or lets it stay there: a product of that
 * size, zero, or the sum's opposite, whose remainder has bits far below the format's; or one so `large`, for the next
 * to take back, that n is about its last place. a is the row's. */
static double draw_small_term(unit_draw *draw, const unit_format *format, double a, double sum, bool large)
{
    double least = ldexp(1, 1 - format->bias), any = (double)(int64_t)unit_random(draw) * 0x1p-63;
    double near = ldexp(any, (int)(unit_random(draw) % 8) - 4) * least / a;
    double far = ldexp(any, (int)(unit_random(draw) % 8) + format->fbits) * least / a;
    switch (unit_random(draw) % 8) {
    case 0: return 0;
    case 1: return large && fabs(far) < format->max ? far : near;
    case 2:
    case 3: return isfinite(sum) ? -sum / a : near;
    case 4: return isfinite(sum) ? (near * a - sum) / a : near;
    default: return near;
    }
}

/* Such terms for every column, each from the sum so far; C may be no number of the format. */
static void draw_small(unit_draw *draw, const reference_method *method, problem *p)
{
    const unit_format *format = method->sum->format;
    double *a = malloc(p->k * sizeof *a), *b = malloc(p->k * sizeof *b);
    bool large = unit_random(draw) % 2;
    for (size_t q = 0; q < p->k; q++) {
        double any = (double)(unit_random(draw) >> 11) * 0x1p-53;
        a[q] = p->a[q * p->as.column] = contain(method->type, unit_random(draw) % 2 ? 1 + any : 2);
    }
    for (size_t j = 0; j < p->n; j++) {
        double start = draw_small_term(draw, format, 1, 0, false);
        start = contain(method->type, ldexp(start, large ? format->fbits + 4 : 0));
        p->c[j * p->cs.column] = start;
        for (size_t q = 0; q < p->k; q++) {
            double so_far = reference_sum(method, q, a, b, start, j, p->n);
            b[q] = contain(method->type, draw_small_term(draw, format, a[q], so_far, large));
            p->b[q * p->bs.row + j * p->bs.column] = b[q];
        }
    }
    free(a);
    free(b);
}

/* Subnormal sums and products at any term, alone and in runs; some sums are longer than what is packed at once. */
Test(gemm, sums_around_the_least_normal_number)
{
    unit_draw draw = {.state = 8, .last = 1};
    for (uint64_t repeat = 0; repeat < unit_scaled(12); repeat++) {
        for (size_t f = 0; f < formats_count(); f++) {
            reference_rounding sum = {format_at(f), VPREC_RNE, 0, 0}, product = sum;
            bool longer = unit_random(&draw) % 32 == 0;
            size_t n = 1 + unit_random(&draw) % (longer ? 2 : 40), k = 1 + unit_random(&draw) % 12 + (longer ? 125 : 0);
            reference_method method = {.type = sum.format->type, .oracle = true, .sum = &sum,
                                       .order = unit_random(&draw) % VPREC_ORDERS, .block = 1 + unit_random(&draw) % k};
            while (unit_random(&draw) % 4 == 0) {
                do
                    product.format = format_at(unit_random(&draw) % formats_count());
                while (product.format->type != method.type);
            }
            method.product = unit_random(&draw) % 2 ? &product : NULL;
            problem p;
            draw_problem(&draw, &method, 1, n, k, &p);
            p.add = true;
            draw_small(&draw, &method, &p);
            check_problem(&method, &p, 1 + unit_random(&draw) % 3);
            free_problem(&p);
        }
    }
}

Test(gemm, threads_do_not_show)
{
    unit_draw draw = {.state = 5, .format = &unit_formats[0], .last = 1};
    for (int i = 0; i < 12; i++) {
        reference_rounding roundings[3];
        reference_method method;
        problem p;
        reference_draw(&draw, i % 2 ? VPREC_F32 : VPREC_F64, 50, roundings, &method);
        draw_problem(&draw, &method, 40 + unit_random(&draw) % 200, 10 + unit_random(&draw) % 300, 50, &p);
        size_t bytes = stretch(p.m, p.n, p.cs) * (method.type == VPREC_F32 ? 4 : 8);
        void *one = compute(&method, &p, 1);
        for (unsigned threads = 0; threads <= 7; threads++) {
            void *many = compute(&method, &p, threads);
            cr_assert(!memcmp(one, many, bytes), "%s: %u threads", reference_print(&method), threads);
            free(many);
        }
        free(one);
        free_problem(&p);
    }
}

Test(gemm, dot_is_a_product_of_one_row_and_one_column)
{
    unit_draw draw = {.state = 6, .format = &unit_formats[0], .last = 1};
    for (uint64_t i = unit_scaled(300); i; i--) {
        reference_rounding roundings[3];
        reference_method method;
        double a[40], b[40], start = 0.5;
        size_t k = unit_random(&draw) % 40;
        bool add = unit_random(&draw) % 2;
        reference_draw(&draw, i % 2 ? VPREC_F32 : VPREC_F64, k, roundings, &method);
        method.oracle = true;
        draw.format = method.sum->format;
        draw_values(&draw, method.type, a, k, i % 4 < 2);
        draw_values(&draw, method.type, b, k, i % 4 < 2);
        vprec_rounding to[3];
        vprec_accumulation how;
        reference_how(&method, to, &how);
        void *x = reference_narrow(method.type, a, k), *y = reference_narrow(method.type, b, k);
        void *out = reference_narrow(method.type, &start, 1);
        cr_assert_eq(method.type == VPREC_F32 ? vprec_dot_f32(out, x, y, k, add, &how)
                                              : vprec_dot_f64(out, x, y, k, add, &how), VPREC_OK);
        for (size_t p = 0; p < k; p++) {
            a[p] = reference_input(&method, a[p], p);
            b[p] = reference_input(&method, b[p], k + p);
        }
        double want = reference_sum(&method, k, a, b, add ? start : 0, 0, 1), got = element(method.type, out, 0);
        cr_assert(reference_same(method.type, got, want), "%s, %zu terms: %a, not %a", reference_print(&method), k, got,
                  want);
        free(x);
        free(y);
        free(out);
    }
}

/* ---- known answers ---- */

static float dot_of(const char *format, vprec_order order, size_t block, const float *x, size_t n)
{
    vprec_rounding to = {.mode = VPREC_RNE};
    cr_assert_eq(vprec_format_parse(format, VPREC_F32, &to.format, NULL, 0), VPREC_OK);
    vprec_accumulation how = {.input = &to, .product = &to, .sum = &to, .order = order, .block = block};
    float *ones = malloc(n * sizeof *ones), out;
    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    cr_assert_eq(vprec_dot_f32(&out, x, ones, n, false, &how), VPREC_OK);
    free(ones);
    return out;
}

/* N. Higham, 1993: the harmonic series converges in floating point; and where 0.1 added 10^4 times stalls. */
Test(known, sums_that_stall)
{
    enum { N = 10000 };
    static float tenth[N], harmonic[N];
    for (int i = 0; i < N; i++) {
        tenth[i] = 0.1f;
        harmonic[i] = (float)(1.0 / (i + 1));
    }
    cr_assert_eq(dot_of("fp16", VPREC_SEQUENTIAL, 0, tenth, N), 256);
    cr_assert_eq(dot_of("bf16", VPREC_SEQUENTIAL, 0, tenth, N), 32);
    cr_assert_eq(dot_of("fp16", VPREC_SEQUENTIAL, 0, harmonic, N), 7.0859375f);
    cr_assert_eq(dot_of("bf16", VPREC_SEQUENTIAL, 0, harmonic, N), 5.0625f);
    cr_assert_eq(dot_of("e4m3", VPREC_SEQUENTIAL, 0, harmonic, N), 3);
    cr_assert_eq(dot_of("e5m2", VPREC_SEQUENTIAL, 0, harmonic, N), 2);
    /* a tree of equal numbers doubles without error: 2^13 * bf16(0.1) */
    cr_assert_eq(dot_of("bf16", VPREC_PAIRWISE, 1, tenth, 8192), 8192 * 0x1.9ap-4f);
    /* 16 ones stall in e4m3 at 16 only if they are added one by one */
    float ones[64];
    for (int i = 0; i < 64; i++)
        ones[i] = 1;
    cr_assert_eq(dot_of("e4m3", VPREC_SEQUENTIAL, 0, ones, 64), 16);
    cr_assert_eq(dot_of("e4m3", VPREC_BLOCKED, 8, ones, 64), 64);
    cr_assert_eq(dot_of("e4m3", VPREC_PAIRWISE, 1, ones, 64), 64);
}
