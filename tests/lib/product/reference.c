/* SPDX-License-Identifier: Apache-2.0
 * reference.c: see reference.h. */
#include "reference.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t reference_modes[3][VPREC_MODES], reference_orders[VPREC_ORDERS];

#if defined(__x86_64__)
/* Without the instruction set that it was started for a test would repeat another one: it skips. */
static __attribute__((constructor)) void skip(void)
{
    const char *cpu = getenv("VPREC_CPU");
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (cpu && ((!strcmp(cpu, "avx2") && !avx2) || (!strcmp(cpu, "avx512") && !__builtin_cpu_supports("avx512dq"))))
        exit(77);
}
#endif

static uint32_t word(uint64_t seed, uint64_t index, unsigned draw)
{
    unit_draw state = {.state = seed * 0x9e3779b97f4a7c15 + index * 0xd1342543de82ef95 + draw};
    return (uint32_t)(unit_random(&state) >> 13);
}

const uint32_t *reference_words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    for (size_t i = 0; i < n; i++)
        space[i] = word(*(const uint64_t *)context, index + i, draw);
    return space;
}

/* The operation's result by the reference of the method's choice, rounded as `to` says with the words of `index`. */
static double step(const reference_method *method, enum unit_op op, double a, double b, double c,
                   const reference_rounding *to, uint64_t index)
{
    unit_case one = {.op = op, .x = {a, b, c}};
    if (to->mode == VPREC_SR) {
        one.bits = to->bits;
        one.random = (uint64_t)word(to->seed, index, 0) << 32 | word(to->seed, index, 1);
    }
    if (method->oracle) {
        unit_answer answer;
        unit_exact(&one, to->format, &answer);
        double want = to->mode == VPREC_SR ? unit_stochastic(&answer, one.bits, one.random) : answer.want[to->mode];
        if (!isnan(want))
            return want;
        /* The oracle leaves out the sign, which a later format without NaN shows: that of the first NaN,
         * of an infinity or overflow that has become one, else x86's. */
        double exact = op == UNIT_fma ? fma(a, b, c) : op == UNIT_add ? a + b : op == UNIT_mul ? a * b : a;
        double first = isnan(a) ? a : isnan(b) ? b : isnan(c) ? c : isnan(exact) ? -1.0 : exact;
        return copysign(NAN, first);
    }
    static const unit_format *last; /* parsing is slow */
    static vprec_format format;
    if (to->format != last) {
        format = unit_parse(to->format);
        last = to->format;
    }
    return unit_apply(&one, &format, to->mode);
}

double reference_input(const reference_method *method, double x, uint64_t index)
{
    return method->input ? step(method, UNIT_round, x, 0, 0, method->input, index) : x;
}

typedef struct sum {
    const reference_method *method;
    size_t k, block, combined;
    const double *a, *b;
    double start;
    uint64_t e, outputs;
} sum;

static double block_sum(const sum *s, size_t number)
{
    double value = number ? 0.0 : s->start;
    for (size_t p = number * s->block; p < s->k && p < (number + 1) * s->block; p++) {
        uint64_t index = p * s->outputs + s->e;
        if (s->method->product) {
            double product = step(s->method, UNIT_mul, s->a[p], s->b[p], 0, s->method->product, index);
            value = step(s->method, UNIT_add, value, product, 0, s->method->sum, index);
        } else {
            value = step(s->method, UNIT_fma, s->a[p], s->b[p], value, s->method->sum, index);
        }
    }
    return value;
}

static double combine(sum *s, double left, double right)
{
    return step(s->method, UNIT_add, left, right, 0, s->method->sum, (s->k + s->combined++) * s->outputs + s->e);
}

/* The tree over blocks first..first+q-1. */
static double tree(sum *s, size_t first, size_t q)
{
    if (q == 1)
        return block_sum(s, first);
    size_t left = 1;
    while (2 * left < q)
        left *= 2;
    double l = tree(s, first, left), r = tree(s, first + left, q - left);
    return combine(s, l, r);
}

double reference_sum(const reference_method *method, size_t k, const double *a, const double *b, double start,
                     uint64_t e, uint64_t outputs)
{
    sum s = {method, k, method->order == VPREC_SEQUENTIAL ? k : method->block, 0, a, b, start, e, outputs};
    if (!k)
        return start;
    size_t blocks = (k - 1) / s.block + 1;
    if (method->order == VPREC_PAIRWISE)
        return tree(&s, 0, blocks);
    double value = block_sum(&s, 0);
    for (size_t i = 1; i < blocks; i++) {
        double next = block_sum(&s, i);
        value = combine(&s, value, next);
    }
    return value;
}

void reference_how(const reference_method *method, vprec_rounding roundings[3], vprec_accumulation *how)
{
    const reference_rounding *from[3] = {method->input, method->product, method->sum};
    const vprec_rounding **to[3] = {&how->input, &how->product, &how->sum};
    *how = (vprec_accumulation){.order = method->order, .block = method->block};
    for (int i = 0; i < 3; i++) {
        if (!from[i])
            continue;
        roundings[i] = (vprec_rounding){.format = unit_parse(from[i]->format), .mode = from[i]->mode,
                                        .random = {from[i]->bits, reference_words, (void *)&from[i]->seed}};
        *to[i] = &roundings[i];
    }
}

void reference_draw(unit_draw *draw, vprec_type type, size_t k, reference_rounding roundings[3],
                    reference_method *method)
{
    static unsigned turn; /* every mode has its turn, however few are drawn */
    bool nearest = unit_random(draw) % 2; /* the mode that has kernels of its own, half of the time */
    for (int i = 0; i < 3; i++) {
        const unit_format *format;
        do
            format = &unit_formats[unit_random(draw) % unit_formats_count];
        while (format->type != type);
        vprec_mode mode = nearest ? VPREC_RNE : (vprec_mode)(turn++ % VPREC_MODES);
        roundings[i] = (reference_rounding){format, mode, 1 + unit_random(draw) % 64, unit_random(draw)};
        reference_modes[i][mode]++;
    }
    uint64_t which = unit_random(draw);
    *method = (reference_method){.type = type, .input = which & 1 ? &roundings[0] : NULL,
                                 .product = which & 2 ? &roundings[1] : NULL, .sum = &roundings[2],
                                 .order = (which >> 2) % VPREC_ORDERS, .block = 1 + (which >> 8) % (k + 1)};
    reference_orders[method->order]++;
}

void *reference_narrow(vprec_type type, const double *x, size_t n)
{
    void *copy = malloc(n * sizeof(double) + 8);
    for (size_t i = 0; i < n; i++) {
        if (type == VPREC_F32)
            ((float *)copy)[i] = (float)x[i];
        else
            ((double *)copy)[i] = x[i];
    }
    return copy;
}

const char *reference_print(const reference_method *method)
{
    static char text[300];
    static const char *const orders[VPREC_ORDERS] = {"sequential", "blocked", "pairwise"};
    const reference_rounding *const list[3] = {method->input, method->product, method->sum};
    int at = snprintf(text, sizeof text, "%s", method->type == VPREC_F32 ? "f32" : "f64");
    for (int i = 0; i < 3; i++) {
        if (list[i])
            at += snprintf(text + at, sizeof text - at, " %s %s %s", (const char *[]){"input", "product", "sum"}[i],
                           list[i]->format->text, unit_mode_names[list[i]->mode]);
    }
    snprintf(text + at, sizeof text - at, " %s block %zu", orders[method->order], method->block);
    return text;
}

bool reference_plain_nan(vprec_type type, const void *element)
{
    const uint32_t nan32 = 0xffc00000;
    const uint64_t nan64 = 0xfff8000000000000;
    return type == VPREC_F32 ? !memcmp(element, &nan32, 4) : !memcmp(element, &nan64, 8);
}

bool reference_same(vprec_type type, double got, double want)
{
    if (!isnan(want))
        return unit_same(got, want);
    float narrow = (float)got; /* of a NaN: keeps sign and payload */
    return type == VPREC_F32 ? reference_plain_nan(type, &narrow) : reference_plain_nan(type, &got);
}
