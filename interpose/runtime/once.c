/* SPDX-License-Identifier: Apache-2.0
 * once.c: one operation rounded once: the words that it draws, and the choice among libvprec's functions. Integers
 * only, so that the program's floating-point environment stays as it is. */
#include "once.h"
#include "draws.h"

uint64_t vprec_once_key(const vprec_arith *arith, uint32_t kind, vprec_type type, const uint64_t *operands, size_t n)
{
    if (!arith->keyed)
        return 0;
    uint64_t key = (uint64_t)kind << 1 | type;
    for (size_t i = 0; i < n; i++)
        key = vprec_key_child(key, operands[i]);
    return key;
}

uint64_t vprec_once_number_key(const vprec_arith *arith, vprec_type type, double x)
{
    const uint64_t magnitude = vprec_bits(x) & INT64_MAX;
    return vprec_once_key(arith, VPREC_KIND_NUMBER, type, &magnitude, 1);
}

uint64_t vprec_once_scale_key(const vprec_arith *arith, vprec_type type, double x, int n)
{
    const uint64_t operands[] = {vprec_bits(x), (uint64_t)n};
    return vprec_once_key(arith, VPREC_KIND_SCALE, type, operands, 2);
}

/* The lesser in the order of their bits first. */
static void sort(double *a, double *b)
{
    if (vprec_bits(*a) > vprec_bits(*b)) {
        double x = *a;
        *a = *b;
        *b = x;
    }
}

/* A product's or quotient's sign moves to the first operand. */
static void move_sign(vprec_operation *o)
{
    bool negative = vprec_bits(o->b) >> 63;
    o->a = vprec_double_negated(o->a, negative);
    o->b = vprec_double_negated(o->b, negative);
}

/* The factors' magnitudes in order, their sign on the first. */
static void sort_factors(vprec_operation *o)
{
    move_sign(o);
    bool negative = vprec_bits(o->a) >> 63;
    o->a = vprec_double_negated(o->a, negative);
    sort(&o->a, &o->b);
    o->a = vprec_double_negated(o->a, negative);
}

static bool is_nan(double x)
{
    return (vprec_bits(x) & INT64_MAX) > UINT64_C(0x7ff) << 52;
}

uint64_t vprec_once_settle(const vprec_arith *arith, vprec_type type, vprec_operation *o)
{
    if (!arith->keyed)
        return 0;
    if (is_nan(o->a) || is_nan(o->b) || is_nan(o->c)) /* which NaN comes through depends on the order */
        return 0;
    switch (o->op) {
    case VPREC_BASIC_SUB:
        o->op = VPREC_BASIC_ADD;
        o->b = vprec_double_negated(o->b, true);
        sort(&o->a, &o->b);
        break;
    case VPREC_BASIC_ADD: sort(&o->a, &o->b); break;
    case VPREC_BASIC_MUL:
    case VPREC_BASIC_FMA: sort_factors(o); break;
    case VPREC_BASIC_DIV: move_sign(o); break;
    default: break;
    }
    const uint64_t operands[3] = {vprec_bits(o->a), vprec_bits(o->b), vprec_bits(o->c)};
    return vprec_once_key(arith, o->op, type, operands, 3);
}

vprec_once vprec_once_draw(const vprec_arith *arith, vprec_type type, const vprec_format *format, uint64_t key,
                           uint64_t words[8])
{
    const vprec_noise *noise = &arith->noise[type];
    vprec_once once = {.format = format, .mode = arith->mode, .words = words, .bits = arith->bits[type]};
    if (!noise->what && arith->mode != VPREC_SR)
        return once;
    uint32_t drawn[VPREC_NOISE_VECTOR];
    if (arith->keyed)
        vprec_noise_words_of(key, drawn);
    else
        vprec_noise_words(drawn);
    __builtin_memcpy(words, drawn, sizeof drawn);
    once.random = words[0];
    if (noise->what && drawn[15] >= arith->silent)
        once.noise = noise;
    return once;
}

double vprec_once_operand(const vprec_arith *arith, vprec_type type, double x)
{
    vprec_once once = {.format = &arith->format[type], .mode = arith->mode};
    uint64_t words[8];
    if (arith->mode == VPREC_SR)
        once = vprec_once_draw(arith, type, once.format, vprec_once_number_key(arith, type, x), words);
    return VPREC_ONCE(&once, round, x);
}

double vprec_once_evaluate(const vprec_operation *o, const vprec_once *once)
{
    switch (o->op) {
    case VPREC_BASIC_ADD: return VPREC_ONCE(once, add, o->a, o->b);
    case VPREC_BASIC_SUB: return VPREC_ONCE(once, sub, o->a, o->b);
    case VPREC_BASIC_MUL: return VPREC_ONCE(once, mul, o->a, o->b);
    case VPREC_BASIC_DIV: return VPREC_ONCE(once, div, o->a, o->b);
    case VPREC_BASIC_SQRT: return VPREC_ONCE(once, sqrt, o->a);
    default: return VPREC_ONCE(once, fma, o->a, o->b, o->c);
    }
}
