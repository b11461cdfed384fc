/* SPDX-License-Identifier: Apache-2.0
 * test_conv.c: convolutions against the definition: for each output its terms in
 * order, padding included, through the reference sum. And sizes worked out by hand. */
#include "reference.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static size_t below(unit_draw *draw, size_t n) { return unit_random(draw) % n; }

static vprec_conv draw_shape(unit_draw *draw)
{
    size_t groups = 1 + below(draw, 3);
    vprec_conv shape = {.batch = 1 + below(draw, 3), .channels = groups * (1 + below(draw, 2)),
                        .filters = groups * (1 + below(draw, 3)), .groups = groups};
    for (int i = 0; i < 2; i++) {
        shape.size[i] = 1 + below(draw, 9);
        shape.kernel[i] = 1 + below(draw, 3);
        shape.stride[i] = 1 + below(draw, 3);
        shape.pad[i] = below(draw, 3);
        shape.dilation[i] = 1 + below(draw, 2);
    }
    if (below(draw, 4) == 0) /* 1-D */
        shape.size[0] = shape.kernel[0] = shape.stride[0] = shape.dilation[0] = 1, shape.pad[0] = 0;
    return shape;
}

/* x and kernels as doubles, rounded to the input format already, and the bias. */
typedef struct arrays {
    double *x, *kernels, *bias;
    size_t inputs, weights;
} arrays;

/* Output (image, filter, y, x) from the definition; e is its number. */
static double direct(const reference_method *method, const vprec_conv *s, const arrays *in, size_t image, size_t filter,
                     size_t y, size_t x, uint64_t e, uint64_t outputs)
{
    size_t channels = s->channels / s->groups, group = filter / (s->filters / s->groups), k = 0;
    double a[64], b[64];
    for (size_t channel = 0; channel < channels; channel++) {
        for (size_t ky = 0; ky < s->kernel[0]; ky++) {
            for (size_t kx = 0; kx < s->kernel[1]; kx++, k++) {
                long row = (long)(y * s->stride[0] + ky * s->dilation[0]) - (long)s->pad[0];
                long column = (long)(x * s->stride[1] + kx * s->dilation[1]) - (long)s->pad[1];
                bool inside = row >= 0 && row < (long)s->size[0] && column >= 0 && column < (long)s->size[1];
                size_t plane = image * s->channels + group * channels + channel;
                a[k] = in->kernels[((filter * channels + channel) * s->kernel[0] + ky) * s->kernel[1] + kx];
                b[k] = inside ? in->x[(plane * s->size[0] + (size_t)row) * s->size[1] + (size_t)column] : 0.0;
            }
        }
    }
    return reference_sum(method, k, a, b, in->bias ? in->bias[filter] : 0.0, e, outputs);
}

static double *draw_values(unit_draw *draw, vprec_type type, size_t n, bool plain)
{
    double *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = plain ? (double)(int64_t)unit_random(draw) * 0x1p-63 : unit_draw_operand(draw);
        x[i] = type == VPREC_F32 ? (float)x[i] : x[i];
    }
    return x;
}

static void check(unit_draw *draw, const reference_method *method, const vprec_conv *s)
{
    size_t size[2];
    cr_assert_eq(vprec_conv_output(s, size), VPREC_OK);
    bool plain = below(draw, 2);
    arrays in = {.inputs = s->batch * s->channels * s->size[0] * s->size[1],
                 .weights = s->filters * (s->channels / s->groups) * s->kernel[0] * s->kernel[1]};
    draw->format = method->sum->format;
    in.x = draw_values(draw, method->type, in.inputs, plain);
    in.kernels = draw_values(draw, method->type, in.weights, plain);
    in.bias = below(draw, 2) ? draw_values(draw, method->type, s->filters, plain) : NULL;
    size_t outputs = s->batch * s->filters * size[0] * size[1];
    void *x = reference_narrow(method->type, in.x, in.inputs);
    void *kernels = reference_narrow(method->type, in.kernels, in.weights);
    void *bias = in.bias ? reference_narrow(method->type, in.bias, s->filters) : NULL;
    void *out = malloc(outputs * sizeof(double) + 8);
    memset(out, 0x55, outputs * sizeof(double) + 8);
    vprec_rounding roundings[3];
    vprec_accumulation how;
    reference_how(method, roundings, &how);
    how.threads = 1 + below(draw, 3);
    cr_assert_eq(method->type == VPREC_F32 ? vprec_conv_f32(out, x, kernels, bias, s, &how)
                                           : vprec_conv_f64(out, x, kernels, bias, s, &how), VPREC_OK);
    for (size_t i = 0; i < in.inputs; i++)
        in.x[i] = reference_input(method, in.x[i], i);
    for (size_t i = 0; i < in.weights; i++)
        in.kernels[i] = reference_input(method, in.kernels[i], in.inputs + i);
    uint64_t e = 0;
    for (size_t image = 0; image < s->batch; image++) {
        for (size_t filter = 0; filter < s->filters; filter++) {
            for (size_t i = 0; i < size[0] * size[1]; i++, e++) {
                double want = direct(method, s, &in, image, filter, i / size[1], i % size[1], e, outputs);
                double got = method->type == VPREC_F32 ? (double)((float *)out)[e] : ((double *)out)[e];
                cr_assert(reference_same(method->type, got, want),
                          "%s, image %zu filter %zu output %zu: %a, not %a (batch %zu channels %zu filters %zu "
                          "groups %zu size %zu %zu kernel %zu %zu stride %zu %zu pad %zu %zu dilation %zu %zu)",
                          reference_print(method), image, filter, i, got, want, s->batch, s->channels, s->filters,
                          s->groups, s->size[0], s->size[1], s->kernel[0], s->kernel[1], s->stride[0], s->stride[1],
                          s->pad[0], s->pad[1], s->dilation[0], s->dilation[1]);
            }
        }
    }
    unsigned char *end = (unsigned char *)out + outputs * (method->type == VPREC_F32 ? 4 : 8);
    cr_assert_eq(*end, 0x55);
    void *const list[] = {x, kernels, bias, out, in.x, in.kernels, in.bias};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        free(list[i]);
}

Test(conv, against_the_definition)
{
    unit_draw draw = {.state = 1, .format = &unit_formats[0], .last = 1};
    size_t empty = 0, full = 0;
    for (uint64_t i = unit_scaled(250) + 50; i; i--) {
        reference_rounding roundings[3];
        reference_method method;
        vprec_conv shape = draw_shape(&draw);
        size_t size[2], k = shape.channels / shape.groups * shape.kernel[0] * shape.kernel[1];
        reference_draw(&draw, i % 2 ? VPREC_F32 : VPREC_F64, k, roundings, &method);
        method.oracle = i % 4 < 2;
        check(&draw, &method, &shape);
        vprec_conv_output(&shape, size);
        *(size[0] ? &full : &empty) += 1;
    }
    cr_assert(full && empty, "kernels larger than the input were not drawn");
}

/* Larger images: several tiles, rows of output that tiles cut. */
Test(conv, larger)
{
    unit_draw draw = {.state = 2, .format = &unit_formats[0], .last = 1};
    for (int i = 0; i < 6; i++) {
        reference_rounding roundings[3];
        reference_method method;
        vprec_conv shape = {.batch = 2, .channels = 6, .filters = 4 + 2 * i, .groups = 2, .size = {23, 31 + i},
                            .kernel = {3, 3}, .stride = {1, 1 + i % 2}, .pad = {1, i % 3}, .dilation = {1, 1 + i % 2}};
        reference_draw(&draw, i % 2 ? VPREC_F32 : VPREC_F64, 27, roundings, &method);
        check(&draw, &method, &shape);
    }
}

Test(conv, output_sizes)
{
    static const struct {
        size_t size, kernel, stride, pad, dilation, out;
    } cases[] = {
        {28, 3, 1, 1, 1, 28}, {28, 3, 2, 1, 1, 14}, {28, 5, 1, 0, 1, 24}, {224, 7, 2, 3, 1, 112}, {7, 3, 1, 0, 2, 3},
        {3, 3, 1, 0, 1, 1},   {2, 3, 1, 0, 1, 0},   {1, 3, 1, 1, 1, 1},   {5, 3, 1, 0, 3, 0},     {5, 1, 3, 0, 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vprec_conv shape = {.batch = 1, .channels = 1, .filters = 1, .groups = 1, .size = {cases[i].size, 9},
                            .kernel = {cases[i].kernel, 1}, .stride = {cases[i].stride, 1}, .pad = {cases[i].pad, 0},
                            .dilation = {cases[i].dilation, 1}};
        size_t size[2];
        cr_assert_eq(vprec_conv_output(&shape, size), VPREC_OK);
        cr_assert_eq(size[0], cases[i].out, "case %zu: %zu", i, size[0]);
        cr_assert_eq(size[1], cases[i].out ? 9u : 0u);
    }
}
