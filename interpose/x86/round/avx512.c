/* SPDX-License-Identifier: Apache-2.0
 * avx512.c: inline code for AVX-512 processors. Legacy and VEX sites use
 * it too: their scratch registers are 16..31, which they cannot name. A legacy
 * instruction that finds bits set above 128 in any of registers 0..15 costs
 * hundreds of cycles, so a legacy destination is never written as a zmm.
 *
 * An operation is executed twice, rounded down and up (d and u). Both native
 * results enclose the exact one, so z = the one nearer to zero holds its
 * leading bits, and d != u says that bits follow: a sticky bit. One rounding of
 * z with that bit is the exact result's rounding. Modes that turn to one side
 * need one native result, rounded to that side. */
#include "avx512.h"

/* `src` rounded to the format into scratch `to`. A signalling NaN is made quiet
 * first: its payload could vanish. */
static void round_operand(vprec_avx512 *e, int src, int to)
{
    ev(e, MOVA, 2, e->reg[D], -1, vprec_reg(src), -1);
    compare(e, e->reg[D], CMP_UNORD);
    konst(e, POR, e->kt, e->reg[D], e->reg[D], VPREC_K_QUIET, -1);
    e->to = to;
    vprec_avx512_round(e, true);
    e->to = -1;
}

bool vprec_avx512_load(vprec_avx512 *e, int to)
{
    const vprec_site *s = e->site;
    int size = vprec_elem_size(s->from), bytes = s->lanes * size, wide = size == 8;
    vprec_mem mem = s->mem;
    if (mem.base == 4)
        mem.disp += e->frame;
    vprec_rm rm = vprec_at(mem);
    vprec_evex how = {.mask = s->mask, .zeroing = s->mask != 0};
    uint32_t op;
    if (s->scalar) {
        op = OP(wide ? 3 : 2, 1, wide, 0x10); /* vmovss, vmovsd */
    } else if (s->broadcast) {
        op = OP(1, 2, wide, wide ? 0x59 : 0x58);
        how.length = bytes > 32 ? 2 : bytes > 16 ? 1 : 0;
    } else if (bytes >= 16) {
        bool aligned = s->encoding == VPREC_LEGACY && bytes == 16;
        op = OP(wide, 1, wide, aligned ? 0x28 : 0x10);
        how.length = bytes > 32 ? 2 : bytes > 16 ? 1 : 0;
    } else {
        return false;
    }
    vprec_emit_evex(e->code, how, op, to, -1, rm, -1);
    return true;
}

/* `op` of vvvv and `rm` into `dst`, rounding `rc`; an FMA starts from a copy of its destination. */
static void operate(vprec_avx512 *e, int dst, uint32_t op, int vvvv, int rm, int rc)
{
    const vprec_site *s = e->site;
    vprec_evex how = {.length = (uint8_t)rc, .b = true};
    int old = e->inbound ? e->reg[C] : s->dst;
    if (s->op == VPREC_OP_FMA && dst != old)
        ev(e, MOVA, 2, dst, -1, vprec_reg(old), -1);
    vprec_emit_evex(e->code, how, op, dst, vvvv, vprec_reg(rm), -1);
}

/* The packed conversion that does what a scalar one does from memory. */
static uint32_t packed_conversion(const vprec_site *s)
{
    bool f64 = s->to == VPREC_E_F64;
    switch (s->from) {
    case VPREC_E_I32: return OP(0, 1, 0, 0x5B);
    case VPREC_E_U32: return OP(3, 1, 0, 0x7A);
    case VPREC_E_I64: return f64 ? OP(2, 1, 1, 0xE6) : OP(0, 1, 1, 0x5B);
    default: return f64 ? OP(2, 1, 1, 0x7A) : OP(3, 1, 1, 0x7A);
    }
}

static bool emit_operation(vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    int d = e->reg[D], u = e->reg[U], t = e->reg[T], m = e->reg[M], vvvv = s->vvvv, rm = s->rm;
    uint32_t op = OP(s->pp, s->map, vprec_elem_size(s->from) == 8, s->opcode);
    if (rm == VPREC_REG_MEM) {
        if (!vprec_avx512_load(e, m))
            return false;
        rm = m;
        bool integer = s->op == VPREC_OP_CVT && s->scalar && !vprec_elem_is_float(s->from);
        if (integer) {
            op = packed_conversion(s);
            vvvv = -1;
        }
    } else if (rm >= VPREC_REG_GPR) {
        rm -= VPREC_REG_GPR;
    }
    if (e->inbound) {
        round_operand(e, rm, m);
        rm = m;
        if (e->reg[A] >= 0) {
            round_operand(e, vvvv, e->reg[A]);
            vvvv = e->reg[A];
        }
        if (e->reg[C] >= 0)
            round_operand(e, s->dst, e->reg[C]);
    }
    switch (s->op) {
    case VPREC_OP_ADDSUB: /* x - y = x + -y */
        if (rm != m)
            ev(e, MOVA, 2, m, -1, vprec_reg(rm), -1);
        ordered(e, rm); /* a NaN keeps its sign */
        masked(e, PXOR, 2, e->kt, false, m, rm,
               vprec_absolute(e->context->constants->value[e->type][VPREC_K_ALTERNATE]));
        op = ADD;
        rm = m;
        break;
    case VPREC_OP_HADD:
    case VPREC_OP_HSUB:
        if (e->w) {
            ev(e, OP(1, 1, 1, 0x14), 2, t, vvvv, vprec_reg(rm), -1); /* unpcklpd: first of each pair */
            ev(e, OP(1, 1, 1, 0x15), 2, m, vvvv, vprec_reg(rm), -1);
        } else {
            ev(e, OP(0, 1, 0, 0xC6), 2, t, vvvv, vprec_reg(rm), 0x88); /* shufps */
            ev(e, OP(0, 1, 0, 0xC6), 2, m, vvvv, vprec_reg(rm), 0xDD);
        }
        op = s->op == VPREC_OP_HADD ? ADD : SUB;
        vvvv = t;
        rm = m;
        break;
    default:
        break;
    }
    vprec_mode mode = mode_of(e);
    bool exact = e->shape == VPREC_SHAPE_CONTAINER || e->context->arith->fast;
    bool once = exact || !needs_both(mode);
    operate(e, d, op, vvvv, rm, !once ? RD : e->context->arith->fast ? RN : native_direction(mode));
    if (!once)
        operate(e, u, op, vvvv, rm, RU);
    if (!s->scalar && s->op == VPREC_OP_CVT && s->lanes * vprec_elem_size(s->to) == 8) { /* upper half becomes 0 */
        ev(e, MOVQ, 0, d, -1, vprec_reg(d), -1);
        if (!once)
            ev(e, MOVQ, 0, u, -1, vprec_reg(u), -1);
    }
    vprec_avx512_round(e, exact);
    return true;
}

/* Whether the operation itself exists with embedded rounding. */
static bool supported(const vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    if (s->op == VPREC_OP_DP || s->mem.address32 || s->rm == VPREC_REG_GPR + 4) /* rsp moves here */
        return false;
    /* two narrowed results: the upper half becomes 0 whatever the mask says */
    if (s->mask && s->op == VPREC_OP_CVT && s->lanes * vprec_elem_size(s->to) == 8)
        return false;
    if (s->rm == VPREC_REG_MEM && !s->scalar && !s->broadcast && s->lanes * vprec_elem_size(s->from) < 16)
        return false;
    return true;
}

/* `turn`: who saves what was just restored waits for the memory both ways, so sites save other registers by turns. */
int vprec_avx512_take(uint32_t *free, uint32_t busy, int low, int count, int *turn, int *spilled, int *spill_count)
{
    for (int i = count - 1; i >= low; i--)
        if (*free >> i & 1) {
            *free &= ~(1u << i);
            return i;
        }
    for (int n = 0; n < count - low; n++) {
        int i = count - 1 - (*turn + n) % (count - low);
        bool used = busy >> i & 1;
        for (int j = 0; j < *spill_count; j++)
            used |= spilled[j] == i;
        if (!used) {
            *turn = (*turn + n + 1) % (count - low);
            return spilled[(*spill_count)++] = i;
        }
    }
    return -1;
}

static uint32_t vector_bit(int reg)
{
    return reg >= 0 && reg < 32 ? 1u << reg : 0;
}

/* Nothing of the destination survives, and widening it costs nothing. */
static bool overwrites(const vprec_site *s)
{
    return !s->scalar && !s->mask && s->encoding != VPREC_LEGACY && s->width >= 32;
}

static void allocate(vprec_avx512 *e, vprec_avx512_saved *save, bool value)
{
    const vprec_site *s = e->site;
    uint32_t busy = vector_bit(s->dst) | vector_bit(s->vvvv) | vector_bit(s->rm);
    uint32_t free = e->context->free_vectors & ~busy, free_masks = e->context->free_masks & ~1u & ~(1u << s->mask);
    bool noise = e->shape == VPREC_SHAPE_NOISE;
    bool needs_m = !value && (e->inbound || s->rm == VPREC_REG_MEM || s->op == VPREC_OP_ADDSUB || s->op == VPREC_OP_HADD ||
                              s->op == VPREC_OP_HSUB);
    bool rounds = e->shape == VPREC_SHAPE_WIDE || e->shape == VPREC_SHAPE_NARROW;
    /* a 512-bit result in 0..15 would cost what follows in narrower code dearly */
    int lowest = s->encoding == VPREC_EVEX && s->width == 64 ? 0 : 16;
    uint32_t taken = busy;
    bool horizontal = s->op == VPREC_OP_HADD || s->op == VPREC_OP_HSUB;
    for (int i = 0; i < SCRATCH; i++) {
        bool needed = i == D || (i == M && needs_m) || i == T || (i == U && rounds) ||
                      (i == A && e->inbound && s->vvvv >= 0 && s->op != VPREC_OP_SQRT) ||
                      (i == C && e->inbound && s->op == VPREC_OP_FMA) ||
                      (i == X && e->shape == VPREC_SHAPE_NARROW && mode_of(e) == VPREC_RTO);
        if (noise && i != M)
            needed = vprec_avx512_noise_needs(&e->context->arith->noise[e->type], s, i);
        if (!needed)
            e->reg[i] = -1;
        else if (i == U && !value && !e->inbound && !noise && overwrites(s)) /* the second operation is the last to read the sources */
            e->reg[U] = s->dst;
        else if (i == M && !horizontal && !e->inbound && !noise) /* read for the last time before T is written */
            e->reg[M] = e->reg[T];
        else
            e->reg[i] = vprec_avx512_take(&free, taken, lowest, 32, e->context->turn, save->vectors, &save->vector_count);
        if (needed)
            taken |= vector_bit(e->reg[i]);
    }
    if (e->context->taken)
        e->context->taken[0] |= e->context->free_vectors & taken & ~busy;
    uint32_t taken_masks = 1u | 1u << s->mask;
    int *const masks[] = {&e->kt, &e->km, &e->kn};
    for (int i = 0; i < (noise ? 3 : rounds || s->op == VPREC_OP_ADDSUB); i++) {
        *masks[i] = vprec_avx512_take(&free_masks, taken_masks, 1, 8, e->context->turn + 1, save->masks,
                                      &save->mask_count);
        taken_masks |= 1u << *masks[i];
    }
    if (e->context->taken)
        e->context->taken[1] |= e->context->free_masks & taken_masks & ~1u;
}

static void move_saved(vprec_avx512 *e, const vprec_avx512_saved *save, bool restore)
{
    enum vprec_move_kind what = restore ? VPREC_MOVE_RESTORE : VPREC_MOVE_SAVE;
    for (int i = 0; i < save->vector_count; i++) {
        ev(e, OP(0, 1, 0, restore ? 0x10 : 0x11), 2, save->vectors[i], -1, vprec_at_stack(64 * i), -1);
        vprec_emit_note(e->code, what, (vprec_spilled){VPREC_SPILL_VECTOR, (uint8_t)save->vectors[i], 64}, 64 * i);
    }
    for (int i = 0; i < save->mask_count; i++) {
        int32_t at = 64 * save->vector_count + 8 * i;
        vprec_emit_vex(e->code, 0, OP(0, 1, 1, restore ? 0x90 : 0x91), save->masks[i], -1, vprec_at_stack(at), -1);
        vprec_emit_note(e->code, what, (vprec_spilled){VPREC_SPILL_MASK, (uint8_t)save->masks[i], 8}, at);
    }
}

void vprec_avx512_enter(vprec_avx512 *e, const vprec_avx512_saved *save)
{
    if (e->frame) {
        vprec_emit_move_stack(e->code, -e->frame);
        move_saved(e, save, false);
    }
}

void vprec_avx512_leave(vprec_avx512 *e, const vprec_avx512_saved *save)
{
    if (e->frame) {
        move_saved(e, save, true);
        vprec_emit_move_stack(e->code, e->frame);
    }
}

const size_t vprec_round_tie_size_avx512 = sizeof(vprec_avx512_cold);

enum { RCX = 1 };

/* A site with noise: where a lane is beyond the inline form, all is undone and the emulator does it. */
static void emit_noise(vprec_avx512 *e, const vprec_avx512_saved *save)
{
    const vprec_site *s = e->site;
    int last = s->rm;
    if (s->rm == VPREC_REG_MEM) {
        if (!vprec_avx512_load(e, e->reg[M]))
            e->code->full = true; /* cannot be: supported() */
        last = e->reg[M];
    }
    vprec_avx512_noise(e, last);
    vprec_emit_push(e->code, RCX);
    vprec_emit_vex(e->code, 0, OP(0, 1, 0, 0x93), 1, -1, vprec_reg(e->kt), -1); /* kmovw ecx, kt */
    vprec_emit_bytes(e->code, "\xE3\x05", 2);                                   /* jrcxz over the jump */
    vprec_emit_branch(e->code, -1, (uint64_t)e->code->at);
    uint8_t *from = e->code->at;
    vprec_emit_leave(e->code);
    vprec_emit_pop(e->code, RCX);
    vprec_avx512_finish(e, MOVA, -1, e->reg[D], VPREC_K_ONE); /* a register's move costs no port */
    vprec_avx512_leave(e, save);
    vprec_avx512_cold *c = vprec_vec_add(e->context->ties, 1);
    if (c)
        *c = (vprec_avx512_cold){.site = *s, .save = *save, .frame = e->frame, .from = from, .end = e->code->at};
    else
        e->code->full = true;
}

void vprec_round_emit_ties_avx512(vprec_code *code, const vprec_round_context *context)
{
    for (size_t i = 0; i < context->ties->count && !code->full; i++) {
        const vprec_avx512_cold *c = &VPREC_AT(*context->ties, vprec_avx512_cold, i);
        int32_t distance = (int32_t)(code->at - c->from);
        memcpy(c->from - 4, &distance, 4);
        if (context->tie)
            context->tie(context->enter_data, &c->site);
        if (c->asked) {
            vprec_avx512_tied(code, c, context);
            continue;
        }
        vprec_avx512 e = {.code = code, .frame = c->frame};
        vprec_emit_pop(code, RCX);
        vprec_avx512_leave(&e, &c->save);
        context->enter(context->enter_data, &c->site);
        vprec_emit_branch(code, -1, (uint64_t)c->end);
    }
    context->ties->count = 0;
}

static vprec_avx512 begun(vprec_code *code, const vprec_site *site, const vprec_round_context *context)
{
    vprec_type type = vprec_elem_type(site->to);
    return (vprec_avx512){.code = code, .site = site, .context = context, .type = type, .w = type == VPREC_F64,
                          .length = site->scalar ? 0 : 2, .shape = vprec_round_shape(context->arith, type), .to = -1};
}

bool vprec_round_emit_avx512(vprec_code *code, const vprec_site *site, const vprec_round_context *context)
{
    vprec_avx512 e = begun(code, site, context);
    return vprec_avx512_tie(&e) || vprec_avx512_directed(code, site, context);
}

bool vprec_avx512_directed(vprec_code *code, const vprec_site *site, const vprec_round_context *context)
{
    vprec_avx512 e = begun(code, site, context);
    vprec_type type = e.type;
    if (e.shape == VPREC_SHAPE_NOISE && vprec_avx512_noise_idle(&context->arith->noise[type], site))
        e.shape = VPREC_SHAPE_CONTAINER;
    if (e.shape == VPREC_SHAPE_NATIVE) {
        vprec_round_copy_site(code, site);
        return true;
    }
    bool random = e.shape == VPREC_SHAPE_NOISE || (e.shape == VPREC_SHAPE_WIDE && mode_of(&e) == VPREC_SR);
    if (e.shape == VPREC_SHAPE_NONE || (random && !context->aes))
        return false;
    if (e.shape == VPREC_SHAPE_NOISE && !vprec_avx512_noise_has(site))
        return false;
    bool value = vprec_is_value(site);
    if (context->arith->round & VPREC_ROUND_OPERANDS) {
        bool rounds = e.shape == VPREC_SHAPE_WIDE || e.shape == VPREC_SHAPE_NARROW;
        bool basic = site->op <= VPREC_OP_FMA && !context->arith->fast;
        bool as_given = vprec_elem_type(site->from) == VPREC_TYPES; /* no format for such operands */
        e.inbound = rounds && basic;
        if (!e.inbound && !as_given)
            return false;
    }
    bool as_it_is = site->encoding != VPREC_EVEX && mode_of(&e) == VPREC_RNE && !context->arith->keeps_direction;
    if (e.shape == VPREC_SHAPE_CONTAINER && as_it_is) {
        vprec_round_copy_site(code, site);
        return true;
    }
    if (!value && !supported(&e))
        return false;
    if (value) { /* the instruction as it is, then its destination rounded in place */
        vprec_round_copy_site(code, site);
        if (e.shape == VPREC_SHAPE_CONTAINER)
            return true;
    }
    vprec_avx512_saved save = {0};
    allocate(&e, &save, value);
    bool bounces = site->encoding == VPREC_LEGACY && !context->clear_upper;
    int32_t saved_bytes = 64 * save.vector_count + 8 * save.mask_count;
    e.bounce = bounces ? saved_bytes : -1;
    if (saved_bytes || bounces || e.shape == VPREC_SHAPE_NOISE) {
        e.frame = 128 + saved_bytes + (bounces ? 16 : 0);
        vprec_avx512_enter(&e, &save);
    }
    bool done = true;
    if (value) {
        vprec_site in_place = *site;
        if (site->scalar)
            in_place.vvvv = site->dst;
        e.site = &in_place;
        vprec_emit_evex(code, (vprec_evex){.length = 2}, OP(e.w, 1, e.w, 0x28), e.reg[D], -1, vprec_reg(site->dst), -1);
        vprec_avx512_round(&e, true);
        e.site = site;
        vprec_avx512_leave(&e, &save);
    } else if (e.shape == VPREC_SHAPE_NOISE) {
        emit_noise(&e, &save);
    } else {
        done = emit_operation(&e);
        vprec_avx512_leave(&e, &save);
    }
    if (!done)
        code->full = true;
    return true;
}
