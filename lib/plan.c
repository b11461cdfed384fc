/* SPDX-License-Identifier: Apache-2.0
 * plan.c: owns the check of a rounding and the choice of the sequence that
 * rounds to it. Holds no kernel. */
#include "plan.h"
#include "exact.h"

static vprec_way way_of(vprec_mode mode)
{
    switch (mode) {
    case VPREC_RNE: return VPREC_WAY_NEAREST;
    case VPREC_RTO: return VPREC_WAY_ODD;
    case VPREC_SR: return VPREC_WAY_STOCHASTIC;
    default: return VPREC_WAY_STEP;
    }
}

static bool noise_is_possible(const vprec_rounding *to)
{
    const vprec_noise *noise = to->noise;
    const unsigned both = VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS;
    const unsigned errors = VPREC_ERROR_RELATIVE | VPREC_ERROR_ABSOLUTE;
    return to->mode == VPREC_RNE && to->random.words && !to->outcomes && noise->what - 1 < both &&
           noise->precision - 1 < 53 && noise->error - 1 < errors && noise->exponent >= -1200 &&
           noise->exponent <= 1200;
}

vprec_status vprec_plan_make(vprec_plan *plan, const vprec_rounding *to, vprec_type type)
{
    if (!to || (unsigned)to->mode >= VPREC_MODES)
        return VPREC_EINVAL;
    if (to->mode == VPREC_SR && (to->random.bits < 1 || to->random.bits > 64 || !to->random.words))
        return VPREC_EINVAL;
    if (to->noise && !noise_is_possible(to))
        return VPREC_EINVAL;
    vprec_status status = vprec_format_check(&to->format, type);
    if (status)
        return status;
    const vprec_format *format = &plan->format;
    *plan = (vprec_plan){.format = to->format, .mode = to->mode, .random = to->random, .outcomes = to->outcomes};
    if (to->noise)
        plan->noise = *to->noise;
    plan->way = way_of(to->mode);
    plan->inf = vprec_exact_inf(false, format);
    for (int sign = 0; sign < 2; sign++) {
        bool inward = to->mode == VPREC_RTZ || to->mode == VPREC_RTO || to->mode == (sign ? VPREC_RU : VPREC_RD);
        plan->over[sign] = inward || (format->flags & VPREC_SAT) ? format->max : plan->inf;
    }
    return VPREC_OK;
}

/* Fraction bits and least and largest exponent of the types. */
static const struct {
    int fbits, emin, emax;
} types[VPREC_TYPES] = {[VPREC_F32] = {23, -126, 127}, [VPREC_F64] = {52, -1022, 1023}};

/* How many bits a result must have below the format's last, beside the word
 * whether there is more. Nearest needs to see the half. SR is right with any
 * number, but each bit halves the share of results that the reference must decide. */
static int spare_bits(vprec_way way, vprec_mode mode)
{
    if (way == VPREC_WAY_STOCHASTIC)
        return 8;
    return way == VPREC_WAY_NEAREST || mode == VPREC_RNA;
}

vprec_shape vprec_plan_shape(const vprec_plan *plan, vprec_type lanes, bool exact)
{
    const vprec_format *format = &plan->format;
    int spare = types[lanes].fbits - format->fbits;
    bool flush = format->flags & VPREC_NOSUB, own = format->emin == types[lanes].emin;
    if (spare < 0 || format->emin < types[lanes].emin)
        return VPREC_SHAPE_REFERENCE;
    if (!exact) {
        if (plan->mode == VPREC_RNE && vprec_format_is_native(format, lanes))
            return VPREC_SHAPE_NATIVE;
        int need = spare_bits(plan->way, plan->mode);
        if (spare < need)
            return VPREC_SHAPE_REFERENCE;
        /* FLUSH_OWN doubles small results, which takes a bit more, and SR may ask for that very bit. */
        if (flush && own && (spare < 2 || plan->way == VPREC_WAY_STOCHASTIC))
            return VPREC_SHAPE_REFERENCE;
    }
    if (flush)
        return own ? VPREC_SHAPE_FLUSH_OWN : VPREC_SHAPE_FLUSH;
    if (own)
        return VPREC_SHAPE_OWN;
    if (exact && !spare)
        return VPREC_SHAPE_FULL;
    bool nearest = plan->mode == VPREC_RNE && spare >= (exact ? 1 : 2);
    bool directed = plan->way == VPREC_WAY_STEP && plan->mode != VPREC_RNA && exact && spare >= 2;
    bool inside = format->emax + spare + 1 < types[lanes].emax;
    return (nearest || directed) && inside ? VPREC_SHAPE_INNER : VPREC_SHAPE_NARROW;
}

const vprec_dice *vprec_plan_roll(const vprec_plan *plan, uint64_t index, size_t n, uint32_t *space, vprec_dice *dice)
{
    if (!vprec_plan_draws(plan))
        return NULL;
    *dice = (vprec_dice){NULL, index};
    if (plan->mode == VPREC_SR)
        dice->words = plan->random.words(plan->random.context, index, n, 0, space);
    return dice;
}

static double with_word(const vprec_plan *plan, enum vprec_kernel_op op, double a, double b, double c, uint64_t random)
{
    const vprec_format *format = &plan->format;
    unsigned bits = plan->random.bits;
    switch (op) {
    case VPREC_OP_round: return vprec_round_sr(a, format, bits, random);
    case VPREC_OP_add: return vprec_add_sr(a, b, format, bits, random);
    case VPREC_OP_sub: return vprec_sub_sr(a, b, format, bits, random);
    case VPREC_OP_mul: return vprec_mul_sr(a, b, format, bits, random);
    case VPREC_OP_div: return vprec_div_sr(a, b, format, bits, random);
    case VPREC_OP_sqrt: return vprec_sqrt_sr(a, format, bits, random);
    default: return vprec_fma_sr(a, b, c, format, bits, random);
    }
}

/* Draw 0 decides if the least and the greatest draw 1 give the same. */
static double apply_sr(const vprec_plan *plan, enum vprec_kernel_op op, double a, double b, double c,
                       const vprec_dice *dice, size_t i)
{
    const vprec_random *source = &plan->random;
    uint64_t random = (uint64_t)dice->words[i] << 32;
    double y = with_word(plan, op, a, b, c, random);
    if (source->bits <= 32 || vprec_bits(y) == vprec_bits(with_word(plan, op, a, b, c, random | UINT32_MAX)))
        return y;
    uint32_t space;
    random |= *source->words(source->context, dice->index + i, 1, 1, &space);
    return with_word(plan, op, a, b, c, random);
}

double vprec_plan_apply(const vprec_plan *plan, enum vprec_kernel_op op, double a, double b, double c,
                        const vprec_dice *dice, size_t i)
{
    if (plan->mode == VPREC_SR)
        return apply_sr(plan, op, a, b, c, dice, i);
    switch (op) {
    case VPREC_OP_round: return vprec_round(a, &plan->format, plan->mode);
    case VPREC_OP_add: return vprec_add(a, b, &plan->format, plan->mode);
    case VPREC_OP_sub: return vprec_sub(a, b, &plan->format, plan->mode);
    case VPREC_OP_mul: return vprec_mul(a, b, &plan->format, plan->mode);
    case VPREC_OP_div: return vprec_div(a, b, &plan->format, plan->mode);
    case VPREC_OP_sqrt: return vprec_sqrt(a, &plan->format, plan->mode);
    default: return vprec_fma(a, b, c, &plan->format, plan->mode);
    }
}
