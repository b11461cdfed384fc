/* SPDX-License-Identifier: Apache-2.0
 * test_noise.c: Monte Carlo arithmetic of arrays, sums of products, conversions and elementary functions: element by
 * element the scalar functions with the words that vprec.h says; and, by statistics alone, what that noise is. */
#include "support.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum { N = 300, DRAWS = 8, MOST = 4 };

/* Words that anybody can compute, and how many of each draw were asked for. */
static uint64_t asked[DRAWS];

static uint32_t word(uint64_t index, unsigned draw)
{
    unit_draw state = {.state = index * DRAWS + draw + 12345};
    return (uint32_t)(unit_random(&state) >> 17);
}

static const uint32_t *words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    (void)context;
    asked[draw] += n;
    for (size_t i = 0; i < n; i++)
        space[i] = word(index + i, draw);
    return space;
}

static void words_of(uint64_t index, uint64_t to[MOST])
{
    for (unsigned w = 0; w < MOST; w++)
        to[w] = (uint64_t)word(index, 2 * w) << 32 | word(index, 2 * w + 1);
}

static vprec_format format_of(const char *text)
{
    vprec_format format;
    cr_assert_eq(vprec_format_parse(text, VPREC_F64, &format, NULL, 0), VPREC_OK, "%s", text);
    return format;
}

static vprec_rounding rounding(const char *format, const vprec_noise *noise)
{
    return (vprec_rounding){.format = format_of(format), .random = {.words = words}, .noise = noise};
}

static double scalar(enum unit_op op, const double x[3], const vprec_format *f, const vprec_noise *noise,
                     uint64_t index)
{
    uint64_t w[MOST];
    words_of(index, w);
    switch (op) {
    case UNIT_round: return vprec_round_mca(x[0], f, noise, w);
    case UNIT_add: return vprec_add_mca(x[0], x[1], f, noise, w);
    case UNIT_sub: return vprec_sub_mca(x[0], x[1], f, noise, w);
    case UNIT_mul: return vprec_mul_mca(x[0], x[1], f, noise, w);
    case UNIT_div: return vprec_div_mca(x[0], x[1], f, noise, w);
    case UNIT_sqrt: return vprec_sqrt_mca(x[0], f, noise, w);
    default: return vprec_fma_mca(x[0], x[1], x[2], f, noise, w);
    }
}

#define ARRAYS(type, T)                                                                                                \
    static vprec_status array_##type(enum unit_op op, T *out, const T *a, const T *b, const T *c,                      \
                                     const vprec_rounding *to)                                                         \
    {                                                                                                                  \
        switch (op) {                                                                                                  \
        case UNIT_round: return vprec_round_##type(out, a, N, to);                                                     \
        case UNIT_add: return vprec_add_##type(out, a, b, N, to);                                                      \
        case UNIT_sub: return vprec_sub_##type(out, a, b, N, to);                                                      \
        case UNIT_mul: return vprec_mul_##type(out, a, b, N, to);                                                      \
        case UNIT_div: return vprec_div_##type(out, a, b, N, to);                                                      \
        case UNIT_sqrt: return vprec_sqrt_##type(out, a, N, to);                                                       \
        default: return vprec_fma_##type(out, a, b, c, N, to);                                                         \
        }                                                                                                              \
    }                                                                                                                  \
    static void check_##type(enum unit_op op, const char *text, const vprec_noise *noise, uint64_t seed)               \
    {                                                                                                                  \
        unit_format wide = {text, sizeof(T) == 4 ? VPREC_F32 : VPREC_F64, 0, 0, 0, 0, 0};                              \
        const vprec_rounding to = rounding(text, noise);                                                               \
        wide.ebits = to.format.ebits, wide.fbits = to.format.fbits, wide.bias = to.format.bias;                        \
        wide.max = to.format.max;                                                                                      \
        unit_draw draw = {.state = seed, .format = &wide, .last = 1};                                                  \
        T x[3][N], out[N];                                                                                             \
        for (int k = 0; k < 3; k++)                                                                                    \
            for (int i = 0; i < N; i++)                                                                                \
                x[k][i] = (T)unit_draw_operand(&draw);                                                                 \
        memset(asked, 0, sizeof asked);                                                                                \
        cr_assert_eq(array_##type(op, out, x[0], x[1], x[2], &to), VPREC_OK);                                          \
        for (unsigned d = 0; d < DRAWS; d++) {                                                                         \
            const unsigned w = d / 2;                                                                                  \
            const bool needed = w ? noise->what & VPREC_NOISE_OPERANDS && w <= (unsigned)unit_arities[op]              \
                                  : noise->what & VPREC_NOISE_RESULTS;                                                 \
            cr_assert_eq(asked[d], needed ? N : 0, "draw %u was asked for %zu times", d, (size_t)asked[d]);            \
        }                                                                                                              \
        for (int i = 0; i < N; i++) {                                                                                  \
            const double operands[3] = {x[0][i], x[1][i], x[2][i]};                                                    \
            const double want = scalar(op, operands, &to.format, noise, (uint64_t)i);                                  \
            cr_assert(unit_same(out[i], want), "%s %s what %u t %u error %u 2^%d [%d]: %a %a %a gives %a not %a",     \
                      unit_op_names[op], text, noise->what, noise->precision, noise->error, noise->exponent, i,        \
                      operands[0], operands[1], operands[2], (double)out[i], want);                                    \
        }                                                                                                              \
        cr_assert_eq(array_##type(op, x[0], x[0], x[1], x[2], &to), VPREC_OK); /* in place */                          \
        for (int i = 0; i < N; i++)                                                                                    \
            cr_assert(unit_same(x[0][i], out[i]));                                                                     \
    }
ARRAYS(f32, float)
ARRAYS(f64, double)

Test(noise, elements)
{
    static const char *const narrow[] = {"e8m23", "bf16", "e5m2", "e4m3fn"};
    static const char *const wide[] = {"e11m52", "e11m20", "fp16"};
    unit_draw draw = {.state = 5};
    for (unsigned what = 1; what <= 3; what++)
        for (unsigned error = 1; error <= 3; error++)
            for (enum unit_op op = 0; op < UNIT_from_i64; op++) {
                const int exponent = (int)(unit_random(&draw) % 60) - 40;
                const vprec_noise noise = {what, 1 + unit_random(&draw) % 53, error, exponent};
                check_f32(op, narrow[unit_random(&draw) % 4], &noise, unit_random(&draw));
                check_f64(op, wide[unit_random(&draw) % 3], &noise, unit_random(&draw));
            }
}

#if defined(__x86_64__)
Test(noise, environment)
{
    const unsigned before = _mm_getcsr();
    const vprec_noise noise = {3, 20, VPREC_ERROR_RELATIVE, 0};
    _mm_setcsr(0xffc0); /* toward zero, FTZ, DAZ */
    check_f32(UNIT_add, "e8m23", &noise, 7);
    check_f64(UNIT_fma, "e11m52", &noise, 8);
    _mm_setcsr(before);
}
#endif

/* ---- what the noise is ---- */

enum { MANY = 20000, BINS = 20 };

/* That the values are uniform on (-1/2, 1/2), with a chance of some 1e-6 to be wrong about it. */
static void check_uniform(const double *x, const char *what)
{
    double sum = 0, squares = 0, chi2 = 0, follow = 0;
    const double expected = (double)MANY / BINS;
    int bins[BINS] = {0};
    for (int i = 0; i < MANY; i++) {
        cr_assert(fabs(x[i]) <= 0.5, "%s: %g lies beyond", what, x[i]);
        int bin = (int)((x[i] + 0.5) * BINS);
        bins[bin < BINS ? bin : BINS - 1]++;
        sum += x[i];
        squares += x[i] * x[i];
        follow += i ? x[i] * x[i - 1] : 0;
    }
    for (int b = 0; b < BINS; b++)
        chi2 += (bins[b] - expected) * (bins[b] - expected) / expected;
    cr_assert(fabs(sum / MANY) < 5 * sqrt(1 / 12. / MANY), "%s: mean %g", what, sum / MANY);
    cr_assert(fabs(squares / MANY - 1 / 12.) < 5 * sqrt(1 / 180. / MANY), "%s: variance %g", what, squares / MANY);
    cr_assert(fabs(follow / MANY) < 5 / 12. / sqrt(MANY), "%s: neighbours are alike by %g", what, follow / MANY);
    cr_assert(chi2 < 62, "%s: chi-square %g with %d degrees of freedom", what, chi2, BINS - 1);
}

static double values[MANY], others[MANY], results[MANY];

static void fill(double *to, double value)
{
    for (int i = 0; i < MANY; i++)
        to[i] = value;
}

static vprec_rounding drawn(vprec_source *source, uint64_t seed, const vprec_noise *noise)
{
    vprec_source_init(source, seed);
    return (vprec_rounding){.format = format_of("e11m52"), .random = vprec_source_random(source, 32), .noise = noise};
}

/* inexact(x) of 5/3, whose e is 1, and of 7 * 5/3, whose e is 4. */
Test(noise, results)
{
    const vprec_noise noise = {VPREC_NOISE_RESULTS, 20, VPREC_ERROR_RELATIVE, 0};
    vprec_source source;
    const vprec_rounding to = drawn(&source, 1, &noise);
    fill(values, 5. / 3);
    fill(others, 7);
    cr_assert_eq(vprec_round_f64(results, values, MANY, &to), VPREC_OK);
    for (int i = 0; i < MANY; i++)
        results[i] = (results[i] - 5. / 3) * 0x1p19;
    check_uniform(results, "round");
    cr_assert_eq(vprec_mul_f64(results, values, others, MANY, &to), VPREC_OK);
    for (int i = 0; i < MANY; i++)
        results[i] = (results[i] - 35. / 3) * 0x1p16;
    check_uniform(results, "mul");
    fill(values, 3); /* an exact result of few bits has none */
    cr_assert_eq(vprec_mul_f64(results, values, others, MANY, &to), VPREC_OK);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(results[i], 21);
}

/* Of a sum of operands, each has its own: 2^-20 for 1.5, and 2^-10 for 1500; a result has none. */
Test(noise, operands)
{
    const vprec_noise noise = {VPREC_NOISE_OPERANDS, 20, VPREC_ERROR_RELATIVE, 0};
    vprec_source source;
    const vprec_rounding to = drawn(&source, 2, &noise);
    fill(values, 1500);
    fill(others, 0);
    cr_assert_eq(vprec_add_f64(results, values, others, MANY, &to), VPREC_OK);
    for (int i = 0; i < MANY; i++)
        results[i] = (results[i] - 1500) * 0x1p9;
    check_uniform(results, "one operand");
    fill(others, 1500);
    double squares = 0, most = 0;
    cr_assert_eq(vprec_sub_f64(results, values, others, MANY, &to), VPREC_OK);
    for (int i = 0; i < MANY; i++) {
        const double x = results[i] * 0x1p9;
        squares += x * x;
        most = fmax(most, fabs(x));
    }
    /* the difference of two independent ones: variance 1/6, fourth moment 1/15; 0: they were the same */
    cr_assert(fabs(squares / MANY - 1 / 6.) < 5 * sqrt((1 / 15. - 1 / 36.) / MANY), "variance %g", squares / MANY);
    cr_assert(most > 0.9 && most <= 1, "most %g", most);
}

Test(noise, absolute)
{
    const vprec_noise noise = {VPREC_NOISE_RESULTS, 53, VPREC_ERROR_ABSOLUTE, -3};
    vprec_source source;
    const vprec_rounding to = drawn(&source, 3, &noise);
    fill(values, 1);
    cr_assert_eq(vprec_round_f64(results, values, MANY, &to), VPREC_OK);
    for (int i = 0; i < MANY; i++)
        results[i] = (results[i] - 1) * 8;
    check_uniform(results, "absolute");
}

Test(noise, elementary)
{
    const vprec_noise noise = {VPREC_NOISE_RESULTS, 20, VPREC_ERROR_RELATIVE, 0};
    vprec_noise operands = noise;
    operands.what = VPREC_NOISE_OPERANDS;
    vprec_source source;
    vprec_rounding to = drawn(&source, 4, &noise);
    size_t unproven = 1;
    fill(values, 0.5);
    for (int way = 0; way < 2; way++, to.noise = &operands) {
        cr_assert_eq(vprec_libm_f64(VPREC_FN_exp, results, values, NULL, MANY, &to, &unproven), VPREC_OK);
        cr_assert_eq(unproven, 0);
        for (int i = 0; i < MANY; i++)
            results[i] = (results[i] - 1.6487212707001281468) * 0x1p19;
        check_uniform(results, way ? "exp, as an operand" : "exp");
    }
    fill(values, 8);
    cr_assert_eq(vprec_libm_f64(VPREC_FN_log2, results, values, NULL, MANY, &to, NULL), VPREC_OK);
    for (int i = 0; i < MANY; i++)
        results[i] = (results[i] - 3) * 0x1p18;
    check_uniform(results, "log2(8), as an operand");
    to.noise = &noise;
    cr_assert_eq(vprec_libm_f64(VPREC_FN_log2, results, values, NULL, MANY, &to, NULL), VPREC_OK);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(results[i], 3);
}

/* ---- sums of products, conversions ---- */

enum { M = 5, K = 37, COLUMNS = 3 };

/* By the indices of vprec.h: step p of output e has p*E + e, the i-th combination k + i. */
static double sum_of(const double *a, const double *b, size_t e, const vprec_accumulation *how)
{
    const size_t i = e / COLUMNS, j = e % COLUMNS, outputs = (size_t)M * COLUMNS;
    double total = 0;
    for (size_t p = 0, combined = 0; p < K;) {
        double block = 0;
        const bool first = !p;
        for (size_t end = p + how->block < K ? p + how->block : K; p < end; p++) {
            const double x = a[i * K + p], y = b[p * COLUMNS + j];
            const uint64_t index = p * outputs + e;
            if (how->product) {
                const double product = scalar(UNIT_mul, (double[]){x, y, 0}, &how->product->format, how->product->noise,
                                              index);
                block = scalar(UNIT_add, (double[]){block, product, 0}, &how->sum->format, how->sum->noise, index);
            } else {
                block = scalar(UNIT_fma, (double[]){x, y, block}, &how->sum->format, how->sum->noise, index);
            }
        }
        total = first ? block : scalar(UNIT_add, (double[]){total, block, 0}, &how->sum->format, how->sum->noise,
                                       (K + combined++) * outputs + e);
    }
    return total;
}

Test(noise, products)
{
    const vprec_noise noise = {VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS, 11, VPREC_ERROR_RELATIVE, 0};
    const vprec_rounding sum = rounding("e8m10", &noise), product = rounding("e8m12", &noise);
    unit_draw draw = {.state = 9};
    double a[M * K], b[K * COLUMNS], c[M * COLUMNS], again[M * COLUMNS];
    for (int i = 0; i < M * K; i++)
        a[i] = (double)(unit_random(&draw) >> 40) * 0x1p-23 - 1;
    for (int i = 0; i < K * COLUMNS; i++)
        b[i] = (double)(unit_random(&draw) >> 40) * 0x1p-23 - 1;
    for (int which = 0; which < 4; which++) {
        vprec_accumulation how = {.sum = &sum, .product = which & 1 ? &product : NULL,
                                  .order = which & 2 ? VPREC_BLOCKED : VPREC_SEQUENTIAL, .block = which & 2 ? 8 : K,
                                  .threads = 1};
        cr_assert_eq(vprec_gemm_f64(M, COLUMNS, K, a, (vprec_strides){K, 1}, b, (vprec_strides){COLUMNS, 1}, c,
                                    (vprec_strides){COLUMNS, 1}, false, &how), VPREC_OK);
        for (size_t e = 0; e < (size_t)M * COLUMNS; e++) {
            const double want = sum_of(a, b, e, &how);
            cr_assert(unit_same(c[e], want), "%d: output %zu is %a, not %a", which, e, c[e], want);
        }
        how.threads = 3;
        cr_assert_eq(vprec_gemm_f64(M, COLUMNS, K, a, (vprec_strides){K, 1}, b, (vprec_strides){COLUMNS, 1}, again,
                                    (vprec_strides){COLUMNS, 1}, false, &how), VPREC_OK);
        for (size_t e = 0; e < (size_t)M * COLUMNS; e++)
            cr_assert(unit_same(c[e], again[e]), "%d: other threads, another result", which);
    }
    /* both operands first: element j of the second is number j behind the first's */
    const vprec_rounding exact = {.format = format_of("e11m52")};
    const vprec_accumulation how = {.sum = &exact, .input = &sum, .threads = 1};
    double dot;
    cr_assert_eq(vprec_dot_f64(&dot, a, b, 1, false, &how), VPREC_OK);
    cr_assert_eq(dot, scalar(UNIT_round, (double[]){a[0], 0, 0}, &sum.format, &noise, 0) *
                          scalar(UNIT_round, (double[]){b[0], 0, 0}, &sum.format, &noise, 1));
}

Test(noise, conversions)
{
    const vprec_noise noise = {VPREC_NOISE_RESULTS, 6, VPREC_ERROR_RELATIVE, 0};
    const vprec_rounding to = rounding("e5m4", &noise);
    unit_draw draw = {.state = 11};
    double x[N];
    int64_t whole[N];
    float out[N], values[N];
    uint16_t codes[N];
    for (int i = 0; i < N; i++) {
        x[i] = (double)(unit_random(&draw) >> 40) * 0x1p-20 - 8;
        whole[i] = (int64_t)(unit_random(&draw) >> 48) - 32768;
        values[i] = (float)x[i];
    }
    cr_assert_eq(vprec_convert_f64_f32(out, x, N, &to), VPREC_OK);
    for (size_t i = 0; i < N; i++)
        cr_assert(unit_same(out[i], scalar(UNIT_round, (double[]){x[i], 0, 0}, &to.format, &noise, i)), "%zu", i);
    cr_assert_eq(vprec_convert_i64_f32(out, whole, N, &to), VPREC_OK);
    for (size_t i = 0; i < N; i++) {
        uint64_t w[MOST];
        words_of(i, w);
        cr_assert(unit_same(out[i], vprec_from_i64_mca(whole[i], &to.format, &noise, w)), "%zu", i);
    }
    cr_assert_eq(vprec_encode_f32_u16(codes, values, N, &to), VPREC_OK);
    cr_assert_eq(vprec_round_f32(out, values, N, &to), VPREC_OK);
    for (size_t i = 0; i < N; i++)
        cr_assert(unit_same(vprec_decode(codes[i], &to.format), out[i]), "%zu", i);
}

Test(noise, refused)
{
    static const vprec_noise good = {VPREC_NOISE_RESULTS, 10, VPREC_ERROR_RELATIVE, 0};
    vprec_noise bad[] = {good, good, good, good, good, good, good, good};
    bad[0].what = 0, bad[1].what = 4, bad[2].precision = 0, bad[3].precision = 54, bad[4].error = 0, bad[5].error = 4;
    bad[6].exponent = 1201, bad[7].exponent = -1201;
    double x = 1.3, y = 7;
    vprec_rounding to = rounding("bf16", &good);
    cr_assert_eq(vprec_round_f64(&y, &x, 1, &to), VPREC_OK);
    y = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        to.noise = &bad[i];
        cr_assert_eq(vprec_round_f64(&y, &x, 1, &to), VPREC_EINVAL, "%zu", i);
    }
    vprec_outcomes outcomes = {0};
    const vprec_rounding with_outcomes = {.format = to.format, .random = to.random, .outcomes = &outcomes,
                                          .noise = &good};
    const vprec_rounding wordless = {.format = to.format, .noise = &good};
    vprec_rounding other = rounding("bf16", &good);
    other.mode = VPREC_SR, other.random.bits = 32;
    cr_assert_eq(vprec_round_f64(&y, &x, 1, &with_outcomes), VPREC_EINVAL);
    cr_assert_eq(vprec_round_f64(&y, &x, 1, &wordless), VPREC_EINVAL);
    cr_assert_eq(vprec_round_f64(&y, &x, 1, &other), VPREC_EINVAL);
    cr_assert_eq(y, 7);
}
