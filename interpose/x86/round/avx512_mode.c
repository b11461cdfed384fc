/* SPDX-License-Identifier: Apache-2.0
 * avx512_mode.c: rounds native results to the format, in every mode but
 * those that add noise. Which operation they come from is avx512.c's. */
#include "avx512.h"

/* The last operation of a site: `op` of register a and b (or constant k when
 * b < 0) into the destination, with the instruction's own write rules. */
void vprec_avx512_finish(vprec_avx512 *e, uint32_t op, int a, int b, enum vprec_constant k)
{
    const vprec_site *s = e->site;
    vprec_rm rm = b < 0 ? vprec_absolute(e->context->constants->value[e->type][k]) : vprec_reg(b);
    vprec_evex how = {.length = (uint8_t)e->length, .b = b < 0};
    if (e->to >= 0) {
        vprec_emit_evex(e->code, how, op, e->to, a, rm, -1);
        return;
    }
    if (s->encoding == VPREC_LEGACY && (e->bounce >= 0 || s->scalar)) {
        int t = e->reg[T];
        how.length = 0;
        vprec_emit_evex(e->code, how, op, t, a, rm, -1);
        int to = e->bounce >= 0 ? t : s->dst;
        if (s->scalar)
            ev(e, OP(e->w ? 3 : 2, 1, e->w, 0x10), 0, to, s->dst, vprec_reg(t), -1);
        if (e->bounce >= 0) { /* a legacy load keeps the bits above 128 */
            ev(e, OP(0, 1, 0, 0x11), 0, t, -1, vprec_at_stack(e->bounce), -1);
            vprec_emit_legacy(e->code, OP(0, 1, 0, 0x10), s->dst, vprec_at_stack(e->bounce), -1);
        }
    } else if (s->encoding == VPREC_LEGACY) {
        how.length = 0;
        vprec_emit_evex(e->code, how, op, s->dst, a, rm, -1);
    } else if (s->scalar) {
        vprec_emit_evex(e->code, how, op, e->reg[T], a, rm, -1);
        int rest = s->op == VPREC_OP_FMA ? s->dst : s->vvvv; /* gives the upper lanes */
        masked(e, OP(e->w ? 3 : 2, 1, e->w, 0x10), 0, s->mask, s->zeroing, s->dst, rest, vprec_reg(e->reg[T]));
    } else {
        int bytes = s->lanes * vprec_elem_size(s->to);
        how.length = bytes > 32 ? 2 : bytes > 16 ? 1 : 0;
        how.mask = s->mask;
        how.zeroing = s->zeroing;
        vprec_emit_evex(e->code, how, op, s->dst, a, rm, -1);
    }
}

/* Full exponent range, s bits dropped: z + half-1 + (last kept bit or sticky). */
static void round_wide_nearest(vprec_avx512 *e, bool exact, int dropped)
{
    int d = e->reg[D], u = e->reg[U], t = e->reg[T];
    ordered(e, d); /* a NaN of all ones would wrap */
    if (exact) {
        ev(e, MOVA, e->length, t, -1, vprec_reg(d), -1);
        shift_right(e, d, t, dropped);
        konst(e, PAND, 0, d, d, VPREC_K_ONE, -1);
    } else {
        ev(e, PMINU, e->length, t, d, vprec_reg(u), -1);
        ev(e, PXOR, e->length, u, d, vprec_reg(u), -1);
        shift_right(e, d, t, dropped);
        konst(e, PTERNLOG, 0, d, u, VPREC_K_ONE, 0xA8); /* (d | u) & 1 */
    }
    konst(e, PADD, e->kt, t, t, VPREC_K_HALF1, -1);
    masked(e, PADD, e->length, e->kt, false, t, t, vprec_reg(d));
    vprec_avx512_finish(e, PAND, t, -1, VPREC_K_KEEP);
}

/* Truncated; where bits were lost, in z or below it, the last kept bit is set. */
static void round_wide_odd(vprec_avx512 *e, bool exact)
{
    int d = e->reg[D], u = e->reg[U], t = e->reg[T];
    ordered(e, d);
    if (exact) {
        ev(e, MOVA, e->length, t, -1, vprec_reg(d), -1);
    } else {
        ev(e, PMINU, e->length, t, d, vprec_reg(u), -1);
        ev(e, PTERNLOG, e->length, d, u, vprec_reg(t), 0xBE); /* (d ^ u) | t; the sign differs where the sum is zero */
    }
    konst(e, PTESTM, e->kt, e->kt, d, VPREC_K_DROP, -1);
    konst(e, POR, e->kt, t, t, VPREC_K_LAST, -1);
    vprec_avx512_finish(e, PAND, t, -1, VPREC_K_KEEP);
}

void vprec_avx512_draw(vprec_avx512 *e, int t)
{
    ev(e, OP(1, 1, 1, 0x6F), 2, t, -1, vprec_absolute(e->context->constants->value[e->type][VPREC_K_STEP]), -1);
    ev(e, OP(1, 1, 1, 0xD4), 2, t, t, noise(offsetof(vprec_thread, counter)), -1);
    ev(e, OP(1, 1, 1, 0x7F), 2, t, -1, noise(offsetof(vprec_thread, counter)), -1);
    for (size_t i = 0; i < 3; i++) /* vaesenc */
        ev(e, OP(1, 2, 0, 0xDC), 2, t, t, noise(offsetof(vprec_thread, keys) + 64 * i), -1);
}

/* To the next site of the type. */
static void leave_words(vprec_avx512 *e, int t)
{
    ev(e, OP(1, 1, 1, 0x7F), 2, t, -1, noise(offsetof(vprec_thread, words)), -1);
    *e->context->halves = 1 + (int)e->type;
}

void vprec_avx512_draw_shared(vprec_avx512 *e, int t)
{
    int *halves = e->context->halves;
    if (*halves == 1 + (int)e->type) {
        ev(e, OP(1, 1, e->w, 0x72), 2, 1, t, noise(offsetof(vprec_thread, words)), e->w ? 32 : 16); /* vprold, vprolq */
        *halves = 0;
        return;
    }
    vprec_avx512_draw(e, t);
    leave_words(e, t);
}

/* t = as many random bits in each element as are dropped. Where they are at most half an element, the next site takes
 * the lower half of the same words. */
static void draw_bits(vprec_avx512 *e, int dropped)
{
    int t = e->reg[T], element = e->w ? 64 : 32;
    int *halves = e->context->halves, mine = 1 + (int)e->type;
    bool divided = dropped <= element / 2;
    if (divided && *halves == mine) {
        ev(e, OP(1, 1, 1, 0x6F), 2, t, -1, noise(offsetof(vprec_thread, words)), -1);
        konst(e, PAND, 0, t, t, VPREC_K_DROP, -1);
        *halves = 0;
        return;
    }
    vprec_avx512_draw(e, t);
    if (divided)
        leave_words(e, t);
    shift_right(e, t, t, element - dropped);
}

static void round_wide(vprec_avx512 *e, bool exact)
{
    int d = e->reg[D], t = e->reg[T];
    int dropped = vprec_elem_bits(e->site->to) - 1 - e->context->arith->format[e->type].fbits;
    vprec_mode mode = mode_of(e);
    switch (mode) {
    case VPREC_RNE: round_wide_nearest(e, exact, dropped); return;
    case VPREC_RTO: round_wide_odd(e, exact); return;
    case VPREC_RTZ: break;
    case VPREC_SR: /* what is cut off, plus a random number below one unit */
        draw_bits(e, dropped);
        ordered(e, d);
        masked(e, PADD, e->length, e->kt, false, d, d, vprec_reg(t));
        break;
    case VPREC_RNA:
        ordered(e, d);
        konst(e, PADD, e->kt, d, d, VPREC_K_HALF, -1);
        break;
    default: /* away from zero on one side: all dropped bits are added */
        ordered(e, d);
        ev(e, PSRA, e->length, 4, t, vprec_reg(d), e->w ? 63 : 31);
        konst(e, mode == VPREC_RU ? PANDN : PAND, 0, t, t, VPREC_K_DROP, -1);
        masked(e, PADD, e->length, e->kt, false, d, d, vprec_reg(t));
        break;
    }
    vprec_avx512_finish(e, PAND, d, -1, VPREC_K_KEEP);
}

/* d = u, or its magnitude, with what is subnormal in the container made its least normal number: to the narrow format's
 * rounding that is the same, and under DAZ it would count as zero. */
static void lift(vprec_avx512 *e, bool magnitude)
{
    int d = e->reg[D], u = e->reg[U];
    konst(e, PAND, 0, d, u, VPREC_K_ABS, -1);
    konst(e, PTESTM, 0, e->kt, d, VPREC_K_ABS, -1);
    konst(e, PMAXU, e->kt, d, d, VPREC_K_LEAST, -1);
    if (!magnitude)
        konst(e, PTERNLOG, 0, d, u, VPREC_K_SIGN, 0xF8); /* d | (u & sign) */
}

/* d = |u| rounded to a multiple of the quantum, of which t is the constant. */
static void round_to_quantum(vprec_avx512 *e)
{
    int d = e->reg[D], u = e->reg[U], t = e->reg[T];
    vprec_mode mode = mode_of(e);
    int direction = mode == VPREC_RNE ? RN : mode == VPREC_RU ? RU : mode == VPREC_RD ? RD : RZ;
    /* embedded rounding implies 512 bits for packed operands; a scalar's upper lanes do not matter */
    vprec_evex how = {.length = (uint8_t)direction, .b = true}, exactly = {.length = RN, .b = true};
    if (direction == RU || direction == RD) { /* by sign: the constant is 1.5 powers of two, so that it takes both */
        bool minds = e->context->arith->minds_mxcsr;
        if (minds)
            lift(e, false);
        vprec_emit_evex(e->code, how, ADD, d, minds ? d : u, vprec_reg(t), -1);
        vprec_emit_evex(e->code, exactly, SUB, d, d, vprec_reg(t), -1);
        konst(e, PAND, 0, d, d, VPREC_K_ABS, -1);
        return;
    }
    if (mode == VPREC_RTO && e->context->arith->minds_mxcsr)
        lift(e, true);
    else
        konst(e, PAND, 0, d, u, VPREC_K_ABS, -1);
    if (mode == VPREC_RNA) { /* half a quantum, then truncate */
        konst(e, PADD, 0, t, t, VPREC_K_TIE, -1);
        vprec_emit_evex(e->code, how, ADD, d, d, vprec_reg(t), -1);
        konst(e, PSUB, 0, t, t, VPREC_K_TIE, -1);
    }
    if (mode == VPREC_RTO) { /* of the two neighbours that are not the same, one is odd */
        vprec_evex up = {.length = RU, .b = true};
        vprec_emit_evex(e->code, how, ADD, e->reg[X], d, vprec_reg(t), -1);
        vprec_emit_evex(e->code, up, ADD, d, d, vprec_reg(t), -1);
        konst(e, PTESTM, 0, e->kt, e->reg[X], VPREC_K_ONE, -1);
        masked(e, MOVA, e->length, e->kt, false, d, -1, vprec_reg(e->reg[X]));
    } else {
        vprec_emit_evex(e->code, how, ADD, d, d, vprec_reg(t), -1);
    }
    vprec_emit_evex(e->code, exactly, SUB, d, d, vprec_reg(t), -1);
}

/* d, a magnitude, where it lies beyond the largest finite number. Where the
 * direction turns away from infinity it is that number, unless u, the result
 * before rounding to the format, is infinite: then the exact one was. */
static void round_overflow(vprec_avx512 *e)
{
    int d = e->reg[D], u = e->reg[U], t = e->reg[T];
    vprec_mode mode = mode_of(e);
    bool nonan = e->context->arith->format[e->type].flags & VPREC_NONAN;
    konst(e, CMP, 0, e->kt, d, VPREC_K_MAX, nonan ? CMP_NLE : CMP_GT);
    if (mode == VPREC_RNE || mode == VPREC_RNA) {
        broadcast(e, d, VPREC_K_OVERFLOW);
        return;
    }
    broadcast(e, d, VPREC_K_MAX);
    if (mode == VPREC_RU || mode == VPREC_RD) {
        konst(e, mode == VPREC_RU ? PTESTNM : PTESTM, e->kt, e->kt, u, VPREC_K_SIGN, -1);
        broadcast(e, d, VPREC_K_OVERFLOW);
    }
    konst(e, PAND, 0, t, u, VPREC_K_ABS, -1);
    konst(e, PCMPEQ, 0, e->kt, t, VPREC_K_EXPONENT, -1);
    broadcast(e, d, VPREC_K_OVERFLOW);
}

/* Narrow range: from a result whose rounding is the exact one's (to odd, where
 * both native results are there), add and subtract a constant whose ulp is the
 * quantum at the value's exponent. */
static void round_narrow(vprec_avx512 *e, bool exact)
{
    int d = e->reg[D], u = e->reg[U], t = e->reg[T];
    uint16_t flags = e->context->arith->format[e->type].flags;
    if (exact || !needs_both(mode_of(e))) {
        ev(e, MOVA, e->length, u, -1, vprec_reg(d), -1);
    } else if (mode_of(e) == VPREC_RTO && e->context->arith->minds_mxcsr) {
        ev(e, PMINU, e->length, t, d, vprec_reg(u), -1); /* cut off, and a sticky bit; a flushed zero has none */
        ev(e, PXOR, e->length, u, d, vprec_reg(u), -1);
        konst(e, PTERNLOG, 0, t, u, VPREC_K_ONE, 0xF8); /* t | (u & 1) */
        ev(e, MOVA, e->length, u, -1, vprec_reg(t), -1);
    } else { /* of two neighbours one is odd; where they are equal, either */
        konst(e, PTESTM, 0, e->kt, d, VPREC_K_ONE, -1);
        masked(e, MOVA, e->length, e->kt, false, u, -1, vprec_reg(d));
    }
    konst(e, PAND, 0, t, u, VPREC_K_EXPONENT, -1);
    konst(e, PMAXU, 0, t, t, VPREC_K_EXP_LOW, -1);
    konst(e, PMINU, 0, t, t, VPREC_K_EXP_HIGH, -1);
    konst(e, PADD, 0, t, t, VPREC_K_MAGIC, -1);
    round_to_quantum(e);
    if (flags & VPREC_NOSUB) {
        konst(e, CMP, 0, e->kt, d, VPREC_K_MIN_NORMAL, CMP_NLT);
        masked(e, MOVA, e->length, e->kt, true, d, -1, vprec_reg(d));
    }
    round_overflow(e);
    if (flags & VPREC_NONEGZERO) {
        ev(e, PTESTM, e->length, e->kt, d, vprec_reg(d), -1);
        vprec_evex how = {.length = (uint8_t)e->length, .b = true, .mask = (uint8_t)e->kt, .zeroing = true};
        vprec_emit_evex(e->code, how, PAND, u, u,
                        vprec_absolute(e->context->constants->value[e->type][VPREC_K_SIGN]), -1);
        ev(e, POR, e->length, u, u, vprec_reg(d), -1);
    } else {
        konst(e, PTERNLOG, 0, u, d, VPREC_K_SIGN, 0xEC); /* (u & sign) | d */
    }
    vprec_avx512_finish(e, PAND, u, -1, VPREC_K_KEEP); /* of a NaN's payload */
}

void vprec_avx512_round(vprec_avx512 *e, bool exact)
{
    switch (e->shape) {
    case VPREC_SHAPE_WIDE: round_wide(e, exact); break;
    case VPREC_SHAPE_NARROW: round_narrow(e, exact); break;
    default: /* as it is: x & x, since vprec_avx512_finish() takes two operands */
        vprec_avx512_finish(e, PAND, e->reg[D], e->reg[D], VPREC_K_ONE);
        break;
    }
}

