/* SPDX-License-Identifier: Apache-2.0
 * test_layer.c: one layer probed. Its function keeps what it hands over; what is measured of that is compared with
 * measured.c, and what it computes with libvprec called without a probe. */
#include "measured.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400, OUTPUTS = 300 };

/* A layer that rounds, or multiplies matrices, and keeps what it handed over. */
typedef struct recorded {
    size_t n;             /* outputs */
    const float *x;       /* inputs of a layer that rounds */
    const double *wide;   /* the same in binary64 */
    bool dense;           /* y = x * w, x 3 x 7, w 7 x 11 */
    unsigned runs;
    double (*outputs)[OUTPUTS]; /* [MOST] */
    vprec_rounding given[MOST];
} recorded;

static float weight(size_t i) { return (float)((double)(i * 37 % 64) - 31.4) / 40; }

static vprec_status run_dense(recorded *layer, vprec_probe *probe)
{
    float x[21], w[77], y[33];
    for (size_t i = 0; i < 21; i++)
        x[i] = weight(i + 5);
    for (size_t i = 0; i < 77; i++)
        w[i] = weight(3 * i);
    const vprec_accumulation *how = vprec_probe_sums(probe);
    layer->given[layer->runs] = *how->sum;
    vprec_status status = vprec_gemm_f32(3, 11, 7, x, (vprec_strides){7, 1}, w, (vprec_strides){11, 1}, y,
                                         (vprec_strides){11, 1}, false, how);
    for (size_t i = 0; i < 33; i++)
        layer->outputs[layer->runs][i] = y[i];
    layer->runs++;
    return status ? status : vprec_probe_output_f32(probe, y, 33);
}

static vprec_status run(void *context, vprec_probe *probe)
{
    recorded *layer = context;
    cr_assert(layer->runs < MOST);
    if (layer->dense)
        return run_dense(layer, probe);
    double *outputs = layer->outputs[layer->runs];
    const vprec_rounding *to = vprec_probe_rounding(probe);
    layer->given[layer->runs++] = *to;
    vprec_status status;
    if (layer->wide) {
        status = vprec_round_f64(outputs, layer->wide, layer->n, to);
        return status ? status : vprec_probe_output_f64(probe, outputs, layer->n);
    }
    float y[OUTPUTS];
    status = vprec_round_f32(y, layer->x, layer->n, to);
    for (size_t i = 0; i < layer->n; i++)
        outputs[i] = y[i];
    /* in three parts, one of them empty */
    size_t half = layer->n / 2;
    if (!status)
        status = vprec_probe_output_f32(probe, y, half);
    if (!status)
        status = vprec_probe_output_f32(probe, NULL, 0);
    return status ? status : vprec_probe_output_f32(probe, half ? y + half : y, layer->n - half);
}

static recorded make(size_t n, const float *x)
{
    recorded layer = {.n = n, .x = x, .outputs = calloc(MOST, sizeof *layer.outputs)};
    return layer;
}

static void probe(recorded *layer, const vprec_probe_options *options, vprec_layer_result *result)
{
    layer->runs = 0;
    cr_assert_eq(vprec_probe_layer(run, layer, options, result), VPREC_OK);
}

/* The result of one candidate whose samples begin with run `first`. */
static void check(const recorded *layer, const vprec_measure *got, unsigned first, const char *of)
{
    size_t n = layer->dense ? 33 : layer->n;
    double *x = malloc((got->samples * n + 1) * sizeof *x);
    for (unsigned s = 0; s < got->samples; s++)
        memcpy(x + s * n, layer->outputs[first + s], n * sizeof *x);
    vprec_measure want = measured(x, layer->outputs[0], n, got->samples);
    measured_check(got, &want, of);
    free(x);
}

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = ldexpf((float)((long)(i * 7919 % 1000) - 500) / 333, -(int)(i % 11));
}

Test(layer, by_default_every_number_of_fraction_bits)
{
    float x[OUTPUTS];
    fill(x, OUTPUTS);
    recorded layer = make(OUTPUTS, x);
    vprec_layer_result result;
    probe(&layer, NULL, &result);
    cr_assert_eq(result.count, 22);
    cr_assert_eq(layer.runs, 24);
    measured_check(&result.reference, &(vprec_measure){.samples = 1, .outputs = OUTPUTS, .sqnr = INFINITY, .cosine = 1,
        .worst_bits = INFINITY, .bits = INFINITY, .cnh_bits = NAN,
        .least_exponent = result.reference.least_exponent, .most_exponent = result.reference.most_exponent},
        "reference");
    cr_assert(result.reference.within && vprec_format_is_native(&result.reference.format, VPREC_F32));
    size_t smallest = VPREC_NONE;
    for (size_t c = result.count; c-- > 0;) {
        const vprec_measure *m = &result.measures[c];
        check(&layer, m, (unsigned)c + 1, "default");
        cr_assert(m->format.ebits == 8 && m->format.fbits == c + 1 && m->mode == VPREC_RNE);
        cr_assert(m->format.ebits == layer.given[c + 1].format.ebits && m->format.max == layer.given[c + 1].format.max);
        cr_assert_eq(m->outcomes.operations, OUTPUTS);
        cr_assert_eq(m->within, m->sqnr >= 40);
        if (m->within)
            smallest = c;
    }
    cr_assert_eq(result.smallest, smallest);
    cr_assert(smallest != VPREC_NONE && smallest > 0);
    vprec_layer_result_free(&result);
    cr_assert(!result.measures && !result.count);
    free(layer.outputs);
}

Test(layer, in_binary64)
{
    double x[OUTPUTS];
    for (size_t i = 0; i < OUTPUTS; i++)
        x[i] = ldexp((double)(i * 7919 % 1000) / 333 - 1.1, (int)(i % 200) - 100);
    recorded layer = make(OUTPUTS, NULL);
    layer.wide = x;
    vprec_layer_result result;
    vprec_probe_options options = {.type = VPREC_F64, .metric = VPREC_METRIC_BITS, .tolerance = 20};
    probe(&layer, &options, &result);
    cr_assert_eq(result.count, 51);
    for (size_t c = 0; c < result.count; c++) {
        check(&layer, &result.measures[c], (unsigned)c + 1, "f64");
        cr_assert_eq(result.measures[c].format.fbits, c + 1);
    }
    cr_assert_eq(result.measures[result.smallest].format.fbits, 19); /* half an ulp is 2^-20 */
    vprec_layer_result_free(&result);
    free(layer.outputs);
}

/* What a format gains and loses, counted by hand. */
Test(layer, special_outputs)
{
    const float x[] = {0, 1, -3, 1e-9f, 70000, INFINITY, NAN, -0.0f, 1e-7f, 448};
    recorded layer = make(10, x);
    const vprec_candidate candidates[] = {{.text = "e5m10"}, {.text = "e4m3fn:sat"}, {.text = "fp32"},
                                          {.text = "e8m1"}};
    vprec_probe_options options = {.candidates = candidates, .count = 4, .metric = VPREC_METRIC_MAX_RELATIVE};
    vprec_layer_result result;
    probe(&layer, &options, &result);
    for (unsigned c = 0; c < 4; c++)
        check(&layer, &result.measures[c], c + 1, candidates[c].text);
    const vprec_measure *half = &result.measures[0], *small = &result.measures[1];
    cr_assert(half->outputs == 8 && half->unmeasured == 2 && half->lost == 1 && half->vanished == 1);
    cr_assert(half->outcomes.overflows == 1 && half->outcomes.underflows == 2 && half->outcomes.zeros == 1);
    cr_assert(!half->outcomes.invalids && !half->outcomes.poles); /* inf and NaN were operands */
    cr_assert(isinf(half->max_relative) && half->sqnr < 0 && isinf(half->sqnr) && isnan(half->cosine));
    cr_assert(small->lost == 0 && small->vanished == 2 && small->outcomes.overflows == 1);
    cr_assert(half->least_exponent == -23 && half->most_exponent == 8);
    cr_assert(!half->within && !small->within && result.measures[2].within);
    cr_assert_eq(result.smallest, 2);
    vprec_layer_result_free(&result);
    free(layer.outputs);
}

Test(layer, nothing_but_zeros_or_nothing_at_all)
{
    static const float zeros[8];
    const vprec_candidate candidates[] = {{.text = "e2m1"}};
    vprec_probe_options options = {.candidates = candidates, .count = 1};
    for (size_t n = 0; n <= 8; n += 8) {
        recorded layer = make(n, zeros);
        vprec_layer_result result;
        probe(&layer, &options, &result);
        const vprec_measure *m = &result.measures[0];
        check(&layer, m, 1, "zeros");
        cr_assert(m->outputs == n && m->max_relative == 0 && isinf(m->sqnr) && m->sqnr > 0 && m->cosine == 1);
        cr_assert(isnan(m->bits) && isinf(m->worst_bits) && m->within && result.smallest == 0);
        vprec_layer_result_free(&result);
        free(layer.outputs);
    }
}

Test(layer, a_tolerance_that_nobody_meets)
{
    float x[OUTPUTS];
    fill(x, OUTPUTS);
    recorded layer = make(OUTPUTS, x);
    vprec_layer_result result;
    vprec_probe_options options = {.tolerance = 1000};
    probe(&layer, &options, &result);
    cr_assert_eq(result.smallest, VPREC_NONE);
    for (size_t c = 0; c < result.count; c++)
        cr_assert(!result.measures[c].within);
    vprec_layer_result_free(&result);
    free(layer.outputs);
}

/* The smallest by width, of one width the best. */
Test(layer, the_smallest_of_several)
{
    float x[OUTPUTS];
    fill(x, OUTPUTS);
    const vprec_candidate candidates[] = {{.text = "e8m12"}, {.text = "e5m6"}, {.text = "e4m7"}, {.text = "e8m10"},
                                          {.text = "e5m6", .mode = VPREC_RTZ}, {.text = "e4m3"}};
    recorded layer = make(OUTPUTS, x);
    vprec_layer_result result;
    for (int metric = 0; metric < VPREC_METRICS; metric++) {
        static const double tolerances[] = {35, 0.1, 0.02, 0.99, 5};
        vprec_probe_options options = {.candidates = candidates, .count = 6, .metric = (vprec_metric)metric,
                                       .tolerance = tolerances[metric]};
        probe(&layer, &options, &result);
        const vprec_measure *m = result.measures;
        const double values[][2] = {{m[1].sqnr, m[2].sqnr}, {-m[1].max_relative, -m[2].max_relative},
                                    {-m[1].mean_relative, -m[2].mean_relative}, {m[1].cosine, m[2].cosine},
                                    {m[1].bits, m[2].bits}};
        cr_assert(m[0].within && m[1].within && m[3].within, "metric %d", metric);
        size_t want = m[2].within && values[metric][1] > values[metric][0] ? 2 : 1;
        cr_assert_eq(result.smallest, m[5].within ? 5 : want, "metric %d: %zu", metric, result.smallest);
        vprec_layer_result_free(&result);
    }
    free(layer.outputs);
}

/* ---- arithmetic ---- */

Test(layer, sums_operands_and_modes)
{
    static const vprec_candidate candidates[] = {{.text = "e4m3fn:sat", .sums = "fp32", .operands = true},
                                                 {.text = "bf16", .mode = VPREC_RU},
                                                 {.text = "fp16", .operands = true}};
    recorded layer = make(33, NULL);
    layer.dense = true;
    vprec_layer_result result;
    for (int variant = 0; variant < 3; variant++) {
        vprec_probe_options options = {.candidates = candidates, .count = 3, .order = (vprec_order)variant, .block = 2,
                                       .products = variant == 1, .threads = 1, .uncounted = variant == 2};
        probe(&layer, &options, &result);
        float x[21], w[77], y[33];
        for (size_t c = 0; c < 3; c++) {
            vprec_rounding to = {.mode = candidates[c].mode}, sum = to;
            for (size_t i = 0; i < 21; i++)
                x[i] = weight(i + 5);
            for (size_t i = 0; i < 77; i++)
                w[i] = weight(3 * i);
            cr_assert_eq(vprec_format_parse(candidates[c].text, VPREC_F32, &to.format, NULL, 0), VPREC_OK);
            const char *sums = candidates[c].sums ? candidates[c].sums : candidates[c].text;
            cr_assert_eq(vprec_format_parse(sums, VPREC_F32, &sum.format, NULL, 0), VPREC_OK);
            vprec_accumulation how = {.input = candidates[c].operands ? &to : NULL, .sum = &sum,
                                      .product = variant == 1 ? &sum : NULL, .order = (vprec_order)variant, .block = 2};
            cr_assert_eq(vprec_gemm_f32(3, 11, 7, x, (vprec_strides){7, 1}, w, (vprec_strides){11, 1}, y,
                                        (vprec_strides){11, 1}, false, &how), VPREC_OK);
            for (size_t i = 0; i < 33; i++)
                cr_assert(layer.outputs[c + 1][i] == y[i], "variant %d, candidate %zu, output %zu", variant, c, i);
            check(&layer, &result.measures[c], (unsigned)c + 1, "dense");
            size_t blocks = variant ? (size_t)3 * 33 : 0, terms = (variant == 1 ? 2 : 1) * (size_t)7 * 33;
            size_t operations = variant == 2 ? 0 : terms + blocks + (candidates[c].operands ? 21 + 77 : 0);
            cr_assert_eq(result.measures[c].outcomes.operations, operations);
        }
        vprec_layer_result_free(&result);
    }
    free(layer.outputs);
}

Test(layer, a_reference_that_is_not_native)
{
    float x[OUTPUTS];
    fill(x, OUTPUTS);
    recorded layer = make(OUTPUTS, x);
    vprec_format wide;
    cr_assert_eq(vprec_format_parse("e8m12", VPREC_F32, &wide, NULL, 0), VPREC_OK);
    const vprec_candidate reference = {.format = wide, .mode = VPREC_RTZ}, candidates[] = {{.format = wide}};
    vprec_probe_options options = {.reference = &reference, .candidates = candidates, .count = 1};
    vprec_layer_result result;
    probe(&layer, &options, &result);
    cr_assert(result.reference.mode == VPREC_RTZ && result.reference.format.fbits == 12);
    cr_assert_eq(layer.outputs[0][3], vprec_round(x[3], &wide, VPREC_RTZ));
    cr_assert_eq(layer.outputs[1][3], vprec_round(x[3], &wide, VPREC_RNE));
    check(&layer, &result.measures[0], 1, "reference");
    cr_assert(isfinite(result.measures[0].sqnr));
    vprec_layer_result_free(&result);
    free(layer.outputs);
}

/* ---- stochastic rounding ---- */

Test(layer, samples)
{
    static const vprec_candidate candidates[] = {{.text = "e8m8", .mode = VPREC_SR}, {.text = "e8m8"},
                                                 {.text = "e8m15", .mode = VPREC_SR}};
    recorded layer = make(33, NULL);
    layer.dense = true;
    vprec_probe_options options = {.candidates = candidates, .count = 3, .seed = 5, .metric = VPREC_METRIC_BITS};
    vprec_layer_result result;
    probe(&layer, &options, &result);
    cr_assert_eq(layer.runs, 1 + 30 + 1 + 30 + 1);
    cr_assert(result.measures[0].samples == 30 && result.measures[1].samples == 1);
    check(&layer, &result.measures[0], 1, "sr");
    check(&layer, &result.measures[1], 31, "rne");
    check(&layer, &result.measures[2], 32, "sr, wide");
    cr_assert(result.measures[0].outcomes.operations == (size_t)30 * 7 * 33);
    cr_assert(result.measures[2].cnh_bits > result.measures[0].cnh_bits + 5);
    cr_assert(isnan(result.measures[1].cnh_bits));
    cr_assert(!measured_same(layer.outputs[1], layer.outputs[2], 33 * sizeof(double)), "two samples are the same");
    double first[33];
    memcpy(first, layer.outputs[7], sizeof first);
    double cnh = result.measures[0].cnh_bits;
    vprec_layer_result_free(&result);
    probe(&layer, &options, &result);
    cr_assert(measured_same(first, layer.outputs[7], sizeof first) && cnh == result.measures[0].cnh_bits);
    vprec_layer_result_free(&result);
    options.seed = 6, options.samples = 4, options.bits = 3;
    probe(&layer, &options, &result);
    cr_assert_eq(layer.runs, 1 + 4 + 1 + 4 + 1);
    cr_assert(!measured_same(first, layer.outputs[4], sizeof first));
    cr_assert_eq(layer.given[1].random.bits, 3);
    check(&layer, &result.measures[0], 1, "other");
    vprec_layer_result_free(&result);
    free(layer.outputs);
}

/* Each operation has words of its own, and each rounding of a sum of products. */
static vprec_status draw_words(void *context, vprec_probe *probe)
{
    enum { N = 16, ASKED = 64 };
    (void)context;
    uint32_t found[ASKED + 3][N], space[N];
    const vprec_rounding *all[ASKED + 2];
    for (int i = 0; i < ASKED - 1; i++)
        all[i] = vprec_probe_rounding(probe);
    const vprec_accumulation *sums = vprec_probe_sums(probe);
    all[ASKED - 1] = sums->input, all[ASKED] = sums->product, all[ASKED + 1] = sums->sum;
    for (int i = 0; i < ASKED + 2 && all[0]->mode == VPREC_SR; i++) {
        memcpy(found[i], all[i]->random.words(all[i]->random.context, 0, N, 0, space), sizeof found[i]);
        for (int j = 0; j < i; j++)
            cr_assert(!measured_same(found[i], found[j], sizeof found[i]), "%d and %d have the same words", i, j);
    }
    return vprec_probe_output_f32(probe, (float[]){1}, 1);
}

Test(layer, every_operation_has_its_own_random_words)
{
    static const vprec_candidate candidates[] = {{.text = "e8m8", .mode = VPREC_SR, .operands = true}};
    vprec_probe_options options = {.candidates = candidates, .count = 1, .products = true};
    vprec_layer_result result;
    cr_assert_eq(vprec_probe_layer(draw_words, NULL, &options, &result), VPREC_OK);
    vprec_layer_result_free(&result);
}
