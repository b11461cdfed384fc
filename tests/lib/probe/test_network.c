/* SPDX-License-Identifier: Apache-2.0
 * test_network.c: a network of four layers probed: convolution, ReLU in place, dense, softmax. Every measure against
 * the same network walked here, layer by layer, with a format for each, and measured by measured.c. */
#include "measured.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LAYERS = 4, SIDE = 8, FILTERS = 3, MIDDLE = FILTERS * SIDE * SIDE, CLASSES = 10 };
static const size_t sizes[LAYERS] = {MIDDLE, MIDDLE, CLASSES, CLASSES};

typedef struct buffers {
    float image[SIDE * SIDE], kernels[FILTERS * 9], middle[MIDDLE], weights[CLASSES * MIDDLE], scores[CLASSES];
    float chances[CLASSES];
} buffers;

static void fill(buffers *b)
{
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++)
        b->image[i] = (float)((long)(i * 53 % 97) - 40) / 50;
    for (size_t i = 0; i < (size_t)FILTERS * 9; i++)
        b->kernels[i] = (float)((long)(i * 29 % 31) - 15) / 20;
    for (size_t i = 0; i < (size_t)CLASSES * MIDDLE; i++)
        b->weights[i] = (float)((long)(i * 71 % 127) - 63) / 200;
}

/* The layers' arithmetic, with a probe's roundings or others. `to` for all but sums. */
static vprec_status compute(buffers *b, int layer, const vprec_rounding *to, const vprec_accumulation *sums)
{
    static const vprec_conv shape = {1, 1, FILTERS, 1, {SIDE, SIDE}, {3, 3}, {1, 1}, {1, 1}, {1, 1}};
    vprec_status status = VPREC_OK;
    switch (layer) {
    case 0: return vprec_conv_f32(b->middle, b->image, b->kernels, NULL, &shape, sums);
    case 1:
        for (size_t i = 0; i < MIDDLE; i++)
            b->middle[i] = b->middle[i] > 0 ? b->middle[i] : 0;
        return VPREC_OK;
    case 2:
        return vprec_gemm_f32(CLASSES, 1, MIDDLE, b->weights, (vprec_strides){MIDDLE, 1}, b->middle,
                              (vprec_strides){1, 1}, b->scores, (vprec_strides){1, 1}, false, sums);
    default: break;
    }
    float most = b->scores[0], sum = 0, all[CLASSES];
    for (size_t i = 0; i < CLASSES; i++)
        most = fmaxf(most, b->scores[i]);
    for (size_t i = 0; i < CLASSES; i++)
        all[i] = most;
    status = vprec_sub_f32(b->chances, b->scores, all, CLASSES, to);
    if (!status)
        status = vprec_libm_f32(VPREC_FN_exp, b->chances, b->chances, NULL, CLASSES, to, NULL);
    for (size_t i = 0; i < CLASSES && !status; i++)
        status = vprec_add_f32(&sum, &sum, &b->chances[i], 1, to);
    for (size_t i = 0; i < CLASSES; i++)
        all[i] = sum;
    return status ? status : vprec_div_f32(b->chances, b->chances, all, CLASSES, to);
}

static const float *outputs_of(const buffers *b, int layer)
{
    return layer < 2 ? b->middle : layer == 2 ? b->scores : b->chances;
}

#define LAYER(name, i)                                                                                                 \
    static vprec_status name(void *context, vprec_probe *probe)                                                        \
    {                                                                                                                  \
        vprec_status status = compute(context, i, vprec_probe_rounding(probe), vprec_probe_sums(probe));               \
        return status ? status : vprec_probe_output_f32(probe, outputs_of(context, i), sizes[i]);                      \
    }
LAYER(conv, 0)
LAYER(relu, 1)
LAYER(dense, 2)
LAYER(softmax, 3)

/* The same with these formats, one a layer; outputs of all layers, and what happened in each. */
static void walk(const char *const formats[LAYERS], double outputs[LAYERS][MIDDLE], vprec_outcomes outcomes[LAYERS])
{
    static buffers b;
    fill(&b);
    for (int l = 0; l < LAYERS; l++) {
        outcomes[l] = (vprec_outcomes){0};
        vprec_rounding to = {.mode = VPREC_RNE, .outcomes = &outcomes[l]};
        vprec_accumulation sums = {.sum = &to};
        cr_assert_eq(vprec_format_parse(formats[l], VPREC_F32, &to.format, NULL, 0), VPREC_OK);
        cr_assert_eq(compute(&b, l, &to, &sums), VPREC_OK);
        for (size_t i = 0; i < sizes[l]; i++)
            outputs[l][i] = outputs_of(&b, l)[i];
    }
}

static double wanted[LAYERS][MIDDLE], native[LAYERS][MIDDLE];

static void check_one(const vprec_measure *got, int layer, const vprec_outcomes *outcomes, const char *of, size_t c,
                      size_t l)
{
    char text[100];
    snprintf(text, sizeof text, "%s, candidate %zu, layer %zu, outputs of %d", of, c, l, layer);
    vprec_measure want = measured(wanted[layer], native[layer], sizes[layer], 1);
    measured_check(got, &want, text);
    cr_assert_eq(got->within, got->sqnr >= 30 && !got->lost, "%s", text);
    cr_assert(measured_same(&got->outcomes, outcomes, sizeof *outcomes), "%s: %d operations, %d overflows", text,
              (int)got->outcomes.operations, (int)got->outcomes.overflows);
}

Test(network, each_layer_alone_and_all_up_to_each)
{
    static const vprec_candidate candidates[] = {{.text = "e4m3"}, {.text = "bf16"}, {.text = "e5m10"},
                                                 {.text = "e5m2"}};
    enum { COUNT = 4 };
    static buffers b;
    fill(&b);
    const vprec_layer layers[LAYERS] = {{"conv", conv, &b}, {"relu", relu, &b}, {"dense", dense, &b},
                                        {NULL, softmax, &b}};
    char message[200] = "";
    vprec_probe_options options = {.candidates = candidates, .count = COUNT, .tolerance = 30, .message = message,
                                   .size = sizeof message};
    vprec_network_result result;
    cr_assert_eq(vprec_probe_network(layers, LAYERS, &options, &result), VPREC_OK, "%s", message);
    cr_assert(result.count == COUNT && result.layers == LAYERS);
    static const char *const plain[LAYERS] = {"fp32", "fp32", "fp32", "fp32"};
    const vprec_outcomes none = {0};
    vprec_outcomes outcomes[LAYERS];
    walk(plain, native, outcomes);
    for (int l = 0; l < LAYERS; l++) {
        cr_assert(measured_same(&result.reference[l].outcomes, &outcomes[l], sizeof *outcomes));
        cr_assert(result.reference[l].outputs == sizes[l] && result.reference[l].within);
    }
    size_t passed = 0;
    for (size_t c = 0; c < COUNT; c++) {
        for (size_t l = 0; l < LAYERS; l++) {
            const char *formats[LAYERS] = {"fp32", "fp32", "fp32", "fp32"};
            formats[l] = candidates[c].text;
            walk(formats, wanted, outcomes);
            const vprec_effect *alone = &result.alone[c * LAYERS + l], *up_to = &result.up_to[c * LAYERS + l];
            check_one(&alone->own, (int)l, &outcomes[l], "alone", c, l);
            check_one(&alone->network, LAYERS - 1, l == LAYERS - 1 ? &outcomes[l] : &none, "alone", c, l);
            for (size_t i = 0; i <= l; i++)
                formats[i] = candidates[c].text;
            walk(formats, wanted, outcomes);
            check_one(&up_to->own, (int)l, &outcomes[l], "up to", c, l);
            check_one(&up_to->network, LAYERS - 1, l == LAYERS - 1 ? &outcomes[l] : &none, "up to", c, l);
            passed += alone->network.within;
        }
    }
    cr_assert(passed > 2 && passed < (size_t)COUNT * LAYERS, "%zu", passed); /* the tolerance tells them apart */
    for (size_t l = 0; l <= LAYERS; l++) {
        size_t best = VPREC_NONE;
        for (size_t c = 0; c < COUNT; c++) {
            const vprec_measure *m =
                l < LAYERS ? &result.alone[c * LAYERS + l].network : &result.up_to[c * LAYERS + LAYERS - 1].network;
            int width = c == 0 || c == 3 ? 8 : 16;
            int least = best == 0 || best == 3 ? 8 : 16;
            const vprec_measure *of_best = best == VPREC_NONE ? NULL
                                           : l < LAYERS ? &result.alone[best * LAYERS + l].network
                                                        : &result.up_to[best * LAYERS + LAYERS - 1].network;
            if (m->within && (!of_best || width < least || (width == least && m->sqnr > of_best->sqnr)))
                best = c;
        }
        cr_assert_eq(l < LAYERS ? result.smallest_alone[l] : result.smallest, best, "layer %zu", l);
    }
    vprec_network_result_free(&result);
    cr_assert(!result.alone && !result.up_to && !result.reference && !result.smallest_alone);
}

/* A layer meets the same random words alone and after others that are stochastic too. */
static vprec_status shake(void *context, vprec_probe *probe)
{
    const float x[8] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f};
    float *y = context;
    vprec_status status = vprec_round_f32(y, x, 8, vprec_probe_rounding(probe));
    return status ? status : vprec_probe_output_f32(probe, y, 8);
}

Test(network, stochastic)
{
    static const vprec_candidate candidates[] = {{.text = "e8m3", .mode = VPREC_SR}};
    float a[8], b[8];
    const vprec_layer layers[] = {{"a", shake, a}, {"b", shake, b}};
    vprec_probe_options options = {.candidates = candidates, .count = 1, .samples = 20};
    vprec_network_result result;
    cr_assert_eq(vprec_probe_network(layers, 2, &options, &result), VPREC_OK);
    cr_assert(measured_same(&result.alone[1], &result.up_to[1], sizeof *result.alone));
    cr_assert(result.alone[0].own.sqnr != result.alone[1].own.sqnr, "two layers have the same words");
    cr_assert(isinf(result.alone[0].network.sqnr) && result.alone[0].network.samples == 20);
    cr_assert(isinf(result.alone[0].network.cnh_bits) && isfinite(result.alone[0].own.cnh_bits));
    vprec_network_result_free(&result);
}
