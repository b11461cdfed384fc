/* SPDX-License-Identifier: Apache-2.0
 * product.c: owns the public sums of products: checks the arguments, rounds the
 * operands, starts the threads. The sums are product_sums.inc's. */
#include "product.h"
#include "range.h"
#include "outcomes.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t size_of(vprec_type type) { return type == VPREC_F32 ? 4 : 8; }

static bool multiply(size_t *product, size_t a, size_t b) { return !__builtin_mul_overflow(a, b, product); }

/* Elements from the first of an m x n matrix to its last; m, n > 0. */
static bool stretch(size_t *count, size_t m, size_t n, vprec_strides strides)
{
    size_t down, across;
    return multiply(&down, m - 1, strides.row) && multiply(&across, n - 1, strides.column) &&
           !__builtin_add_overflow(down, across, count) && !__builtin_add_overflow(*count, 1, count);
}

/* Whether no two elements are one: a step along one index passes all of the other's. */
static bool elements_apart(size_t m, size_t n, vprec_strides strides)
{
    size_t row = (m - 1) * strides.row, column = (n - 1) * strides.column;
    if (m == 1 || n == 1)
        return (m == 1 || strides.row) && (n == 1 || strides.column);
    return (strides.column && strides.row > column) || (strides.row && strides.column > row);
}

static bool draws(const vprec_plan *plan) { return plan && vprec_plan_draws(plan); }

/* What `how` says, checked. */
typedef struct method {
    const vprec_accumulation *how;
    vprec_plan plans[3];
    const vprec_plan *input, *product, *sum;
} method;

static vprec_status method_make(method *method, const vprec_accumulation *how, vprec_type type)
{
    if (!how || !how->sum || (unsigned)how->order >= VPREC_ORDERS || (how->order != VPREC_SEQUENTIAL && !how->block))
        return VPREC_EINVAL;
    const vprec_rounding *const roundings[3] = {how->input, how->product, how->sum};
    const vprec_plan **plans[3] = {&method->input, &method->product, &method->sum};
    method->how = how;
    for (int i = 0; i < 3; i++) {
        vprec_status status = roundings[i] ? vprec_plan_make(&method->plans[i], roundings[i], type) : VPREC_OK;
        if (status)
            return status;
        *plans[i] = roundings[i] ? &method->plans[i] : NULL;
    }
    return VPREC_OK;
}

/* ---- operands ---- */

enum { WORDS = 1024 }; /* random words asked for at once */

/* `n` elements in place, elements index, index+1, ... of their source. */
static void round_elements(void *data, size_t n, uint64_t index, const vprec_plan *plan, vprec_type type)
{
    uint32_t space[WORDS];
    char *at = data;
    for (size_t i = 0; i < n; i += WORDS, at += WORDS * size_of(type)) {
        size_t count = n - i < WORDS ? n - i : WORDS;
        vprec_dice dice;
        const vprec_dice *roll = vprec_plan_roll(plan, index + i, count, space, &dice);
        if (type == VPREC_F32)
            vprec_outcomes_run_f32(VPREC_OP_round, (float *)at, (float *)at, NULL, NULL, count, plan, roll);
        else
            vprec_outcomes_run_f64(VPREC_OP_round, (double *)at, (double *)at, NULL, NULL, count, plan, roll);
    }
}

/* A rounded copy of an m x n operand, by rows; NULL: no memory. Its strides become the copy's. */
static void *round_operand(const void *data, size_t m, size_t n, vprec_strides *strides, uint64_t index,
                           const vprec_plan *plan, vprec_type type)
{
    size_t size = size_of(type), count, bytes;
    if (!multiply(&count, m, n) || !multiply(&bytes, count, size))
        return NULL;
    char *copy = malloc(bytes), *to = copy;
    for (size_t i = 0; copy && i < m; i++) {
        const char *from = (const char *)data + i * strides->row * size;
        for (size_t j = 0; j < n; j++, to += size, from += strides->column * size)
            memcpy(to, from, size);
    }
    if (copy)
        round_elements(copy, count, index, plan, type);
    *strides = (vprec_strides){n, 1};
    return copy;
}

/* ---- threads ---- */

typedef struct share {
    const vprec_sums *sums;
    vprec_type type;
    size_t first, last;
    void *space;
    pthread_t thread;
    bool started;
} share;

static void *run_share(void *argument)
{
    const share *part = argument;
    if (part->type == VPREC_F32)
        vprec_sums_run_f32(part->sums, part->first, part->last, part->space);
    else
        vprec_sums_run_f64(part->sums, part->first, part->last, part->space);
    return NULL;
}

/* How many threads work that was left to us is worth: one starts in the time of some 10^5 terms. */
static size_t threads_for(const vprec_sums *sums)
{
    cpu_set_t set;
    size_t processors = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    double terms = (double)sums->m * sums->n * sums->k * sums->parts;
    return terms < 0x1p18 * processors ? (size_t)(terms / 0x1p18) + 1 : processors;
}

enum { THREADS = 1024 }; /* at most */

/* The share of a thread that could not start is done by this one. */
static vprec_status run(vprec_sums *sums, unsigned threads, vprec_type type)
{
    size_t count = threads ? threads : threads_for(sums);
    count = count < THREADS ? count : THREADS;
    size_t items = type == VPREC_F32 ? vprec_sums_cut_f32(sums, count) : vprec_sums_cut_f64(sums, count);
    size_t space = type == VPREC_F32 ? vprec_sums_space_f32(sums) : vprec_sums_space_f64(sums);
    count = count < items ? count : items;
    space = (space + 63) / 64 * 64;
    share *shares = calloc(count, sizeof *shares);
    char *memory = NULL;
    while (shares && !(memory = aligned_alloc(64, count * space)) && count > 1)
        count /= 2;
    if (!memory) {
        free(shares);
        return VPREC_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        shares[i] = (share){sums, type, items / count * i + (i < items % count ? i : items % count), 0,
                            memory + i * space, 0, false};
        shares[i].last = shares[i].first + items / count + (i < items % count);
        shares[i].started = i && !pthread_create(&shares[i].thread, NULL, run_share, &shares[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!shares[i].started)
            run_share(&shares[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (shares[i].started)
            pthread_join(shares[i].thread, NULL);
    }
    free(memory);
    free(shares);
    return VPREC_OK;
}

/* Vectors lie along the output's columns: a tall narrow output is computed as its
 * transpose. Products commute but for the sign of a NaN, which only formats without NaN
 * show; random words are numbered along the rows. */
static void lie_down(vprec_sums *sums)
{
    bool signs = (sums->product && sums->product->format.flags & VPREC_NONAN) || sums->sum->format.flags & VPREC_NONAN;
    if (sums->n >= sums->m || sums->n >= 32 || signs || draws(sums->product) || draws(sums->sum))
        return;
    const vprec_sums t = *sums;
    sums->m = t.n, sums->n = t.m;
    sums->a = t.b, sums->b = t.a;
    sums->as = (vprec_strides){t.bs.column, t.bs.row};
    sums->bs = (vprec_strides){t.as.column, t.as.row};
    sums->cs = (vprec_strides){t.cs.column, t.cs.row};
    sums->ss = (vprec_strides){t.ss.column, t.ss.row};
}

/* An operand as the caller counts its elements: where its matrix and strides stand in vprec_sums. */
typedef struct operand {
    const void **data;
    vprec_strides *strides;
    size_t rows, columns;
} operand;

/* Fills in what the method says, rounds the operands, runs. */
static vprec_status finish(vprec_sums *sums, const method *method, const operand operands[2], vprec_type type)
{
    const vprec_accumulation *how = method->how;
    void *copies[2] = {NULL, NULL};
    vprec_status status = VPREC_OK;
    uint64_t index = 0;
    sums->product = method->product;
    sums->sum = method->sum;
    sums->order = how->order;
    sums->block = how->order == VPREC_SEQUENTIAL || how->block > sums->k ? sums->k : how->block;
    if (how->block >= sums->k)
        sums->order = VPREC_SEQUENTIAL;
    for (int i = 0; i < 2 && method->input && sums->k; i++) {
        const operand *o = &operands[i];
        copies[i] = round_operand(*o->data, o->rows, o->columns, o->strides, index, method->input, type);
        *o->data = copies[i];
        index += (uint64_t)o->rows * o->columns;
        if (!copies[i])
            status = VPREC_ENOMEM;
    }
    if (!sums->conv)
        lie_down(sums);
    if (!status)
        status = run(sums, how->threads, type);
    free(copies[0]);
    free(copies[1]);
    return status;
}

/* ---- matrices ---- */

static vprec_status gemm(vprec_type type, size_t m, size_t n, size_t k, const void *a, vprec_strides as, const void *b,
                         vprec_strides bs, void *c, vprec_strides cs, bool add, const vprec_accumulation *how)
{
    method method;
    vprec_status status = method_make(&method, how, type);
    if (status || !m || !n)
        return status;
    size_t count, outputs, steps;
    vprec_range rc, ra, rb;
    if (!stretch(&count, m, n, cs) || !vprec_range_of(&rc, c, count, size_of(type)) || !elements_apart(m, n, cs))
        return VPREC_EINVAL;
    if (k && (!stretch(&count, m, k, as) || !vprec_range_of(&ra, a, count, size_of(type)) ||
              !vprec_range_apart(ra, rc)))
        return VPREC_EINVAL;
    if (k && (!stretch(&count, k, n, bs) || !vprec_range_of(&rb, b, count, size_of(type)) ||
              !vprec_range_apart(rb, rc)))
        return VPREC_EINVAL;
    if (!multiply(&outputs, m, n) || __builtin_add_overflow(k, k, &steps) || !multiply(&steps, steps, outputs))
        return VPREC_EINVAL;
    vprec_sums sums = {.m = m, .n = n, .k = k, .parts = 1, .a = a, .b = b, .c = c, .start = add ? c : NULL, .as = as,
                       .bs = bs, .cs = cs, .ss = cs, .outputs = outputs};
    const operand operands[2] = {{&sums.a, &sums.as, m, k}, {&sums.b, &sums.bs, k, n}};
    return finish(&sums, &method, operands, type);
}

/* ---- convolutions ---- */

static vprec_status output_size(const vprec_conv *shape, size_t size[2])
{
    if (!shape || !shape->batch || !shape->channels || !shape->filters || !shape->groups)
        return VPREC_EINVAL;
    if (shape->channels % shape->groups || shape->filters % shape->groups)
        return VPREC_EINVAL;
    for (int i = 0; i < 2; i++) {
        if (!shape->size[i] || !shape->kernel[i] || !shape->stride[i] || !shape->dilation[i])
            return VPREC_EINVAL;
        size_t padded, reach;
        if (!multiply(&padded, shape->pad[i], 2) || __builtin_add_overflow(padded, shape->size[i], &padded) ||
            !multiply(&reach, shape->kernel[i] - 1, shape->dilation[i]) || padded > PTRDIFF_MAX || reach > PTRDIFF_MAX)
            return VPREC_EINVAL;
        size[i] = padded > reach ? (padded - reach - 1) / shape->stride[i] + 1 : 0;
    }
    if (!size[0] || !size[1])
        size[0] = size[1] = 0;
    return VPREC_OK;
}

vprec_status vprec_conv_output(const vprec_conv *shape, size_t size[2])
{
    size_t out[2];
    vprec_status status = size ? output_size(shape, out) : VPREC_EINVAL;
    if (!status)
        memcpy(size, out, sizeof out);
    return status;
}

static bool multiply4(size_t *product, size_t a, size_t b, size_t c, size_t d)
{
    return multiply(product, a, b) && multiply(product, *product, c) && multiply(product, *product, d);
}

static vprec_status conv(vprec_type type, void *out, const void *x, const void *kernels, const void *bias,
                         const vprec_conv *shape, const vprec_accumulation *how)
{
    method method;
    size_t size[2], inputs, weights, outputs, steps;
    vprec_status status = method_make(&method, how, type);
    if (!status)
        status = output_size(shape, size);
    if (status || !size[0])
        return status;
    size_t channels = shape->channels / shape->groups;
    vprec_range ro, rx, rk, rb;
    if (!multiply4(&inputs, shape->batch, shape->channels, shape->size[0], shape->size[1]) ||
        !multiply4(&weights, shape->filters, channels, shape->kernel[0], shape->kernel[1]) ||
        !multiply4(&outputs, shape->batch, shape->filters, size[0], size[1]))
        return VPREC_EINVAL;
    size_t k = weights / shape->filters;
    if (__builtin_add_overflow(k, k, &steps) || !multiply(&steps, steps, outputs))
        return VPREC_EINVAL;
    if (!vprec_range_of(&ro, out, outputs, size_of(type)) || !vprec_range_of(&rx, x, inputs, size_of(type)) ||
        !vprec_range_of(&rk, kernels, weights, size_of(type)) || !vprec_range_apart(ro, rx) ||
        !vprec_range_apart(ro, rk))
        return VPREC_EINVAL;
    if (bias && (!vprec_range_of(&rb, bias, shape->filters, size_of(type)) || !vprec_range_apart(ro, rb)))
        return VPREC_EINVAL;
    size_t pixels = size[0] * size[1];
    vprec_sums sums = {.m = shape->filters / shape->groups, .n = pixels, .k = k, .parts = shape->batch * shape->groups,
                       .a = kernels, .b = x, .c = out, .start = bias, .as = {k, 1}, .cs = {pixels, 1}, .ss = {1, 0},
                       .conv = shape, .out = {size[0], size[1]}, .outputs = outputs};
    vprec_strides flat = {inputs, 1};
    const operand operands[2] = {{&sums.b, &flat, 1, inputs}, {&sums.a, &sums.as, shape->filters, k}};
    return finish(&sums, &method, operands, type);
}

#define PUBLIC(type, TYPE, T)                                                                                          \
    vprec_status vprec_gemm_##type(size_t m, size_t n, size_t k, const T *a, vprec_strides as, const T *b,             \
                                   vprec_strides bs, T *c, vprec_strides cs, bool add, const vprec_accumulation *how)  \
    {                                                                                                                  \
        return gemm(TYPE, m, n, k, a, as, b, bs, c, cs, add, how);                                                     \
    }                                                                                                                  \
    vprec_status vprec_dot_##type(T *out, const T *a, const T *b, size_t n, bool add, const vprec_accumulation *how)   \
    {                                                                                                                  \
        const vprec_strides row = {n, 1}, column = {1, 1};                                                             \
        return gemm(TYPE, 1, 1, n, a, row, b, column, out, row, add, how);                                             \
    }                                                                                                                  \
    vprec_status vprec_conv_##type(T *out, const T *x, const T *kernels, const T *bias, const vprec_conv *shape,       \
                                   const vprec_accumulation *how)                                                      \
    {                                                                                                                  \
        return conv(TYPE, out, x, kernels, bias, shape, how);                                                          \
    }
PUBLIC(f32, VPREC_F32, float)
PUBLIC(f64, VPREC_F64, double)
