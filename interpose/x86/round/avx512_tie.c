/* SPDX-License-Identifier: Apache-2.0
 * avx512_tie.c: to nearest even in one operation. The native result n, rounded to nearest, lies on the same side of
 * every midpoint of the format as the exact result, or on the midpoint itself, since midpoints are numbers of the
 * container. So s = n + half, cut off, is the exact result's rounding, unless no dropped bit of s is set: then n is a
 * midpoint (a tie). It is not where n is no number, nor, for a narrow range, where n is not a normal number of the
 * format or zero.
 *
 * Where any lane is so, all is left to avx512.c's directed operations, out of the way. Data with many ties goes there
 * all the time, which is dearer than to have gone there at once: so each site asks first whether that was seen:
 *
 *            cmp [often], 0
 *            js asked
 *            n = op, s = n + half
 *            a lane is tied or not plain? jump tied
 *            destination = s, cut off
 *     end:   ...
 *     tied:  count it: often becomes negative where the site's ties follow others soon, time and again
 *     asked: directed operations
 *            jmp end */
#include "avx512.h"

enum { CMP_TRUE = 0x0F, CMP_OTHER = 0x0C /* and no NaN */, UNSIGNED_MORE = 6 };
enum { IF_NOT_CARRY = 3, IF_ZERO = 4, IF_NOT_ZERO = 5, IF_NEGATIVE = 8 };

/* How it is found out that a lane is not to be rounded so. */
enum test {
    TEST_ALL_GOOD,   /* kt: lanes that are; all 8 or 16 of the register, or one */
    TEST_NONE_BAD,   /* kt: lanes that are not */
    TEST_RANGE       /* kt and km: lanes that are not */
};

/* Where MXCSR may hold another direction, the operation names its own: it has registers only, and all 512 bits. */
static bool directs(const vprec_avx512 *e)
{
    return e->site->er || e->context->arith->keeps_direction;
}

static bool brings(const vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    return s->rm == VPREC_REG_MEM && (directs(e) || (s->encoding == VPREC_LEGACY && !s->scalar));
}

/* A sum or quotient next to the least normal number is exact; a product below it may have become it. */
static bool minds_least(const vprec_avx512 *e)
{
    return e->context->arith->minds_mxcsr && (e->site->op == VPREC_OP_MUL || e->site->op == VPREC_OP_FMA);
}

static enum test test_of(const vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    if (e->shape == VPREC_SHAPE_NARROW)
        return TEST_RANGE;
    return s->scalar || s->lanes >= 8 ? TEST_ALL_GOOD : TEST_NONE_BAD;
}

static bool has(const vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    const vprec_arith *arith = e->context->arith;
    if (!e->context->often || !e->context->flags_free || mode_of(e) != VPREC_RNE || arith->fast ||
        arith->round != VPREC_ROUND_RESULTS ||
        (e->shape != VPREC_SHAPE_WIDE && e->shape != VPREC_SHAPE_NARROW))
        return false;
    bool sum = s->op == VPREC_OP_ADD || s->op == VPREC_OP_SUB; /* of numbers of the format: ties time and again */
    if (sum || s->op > VPREC_OP_FMA || (s->scalar && s->mask) || s->mem.address32 || s->from != s->to)
        return false;
    if (s->encoding == VPREC_LEGACY && !e->context->clear_upper)
        return false;
    if (e->shape == VPREC_SHAPE_WIDE && s->width == 64 && !s->scalar && minds_least(e))
        return false; /* three comparisons into opmasks are no better than a second operation */
    /* ties by chance: at most one vector in 32 */
    int dropped = vprec_elem_bits(s->to) - 1 - arith->format[e->type].fbits;
    return dropped < 32 && s->lanes << 5 <= INT64_C(1) << dropped;
}

static uint32_t bit(int reg)
{
    return reg >= 0 && reg < 32 ? 1u << reg : 0;
}

/* D: n and s; M: a memory operand that is brought into a register, that of D if nothing else is in it by then;
 * T: twice the magnitude. */
static void allocate(vprec_avx512 *e, enum test test, vprec_avx512_saved *save)
{
    const vprec_site *s = e->site;
    const vprec_round_context *c = e->context;
    uint32_t busy = bit(s->dst) | bit(s->vvvv) | bit(s->rm), free = c->free_vectors & ~busy;
    uint32_t free_masks = c->free_masks & ~1u & ~(1u << s->mask), busy_masks = 1u | 1u << s->mask;
    int lowest = s->encoding == VPREC_EVEX && s->width == 64 ? 0 : 16; /* as in avx512.c */
    bool wider = directs(e) && !s->scalar && s->width < 64, fused = s->op == VPREC_OP_FMA && brings(e);
    bool in_place = !wider && s->op != VPREC_OP_FMA && s->dst != s->vvvv && s->dst != s->rm && !s->mask;
    e->reg[D] = in_place ? s->dst
                         : vprec_avx512_take(&free, busy, lowest, 32, c->turn, save->vectors, &save->vector_count);
    busy |= bit(e->reg[D]);
    bool third = test == TEST_RANGE || fused || (minds_least(e) && free & ~busy & ~0u << lowest);
    e->reg[T] = -1;
    if (third)
        e->reg[T] = vprec_avx512_take(&free, busy, lowest, 32, c->turn, save->vectors, &save->vector_count);
    e->reg[M] = e->reg[fused ? T : D];
    e->kt = vprec_avx512_take(&free_masks, busy_masks, 1, 8, c->turn + 1, save->masks, &save->mask_count);
    busy_masks |= 1u << e->kt;
    if (test == TEST_RANGE)
        e->km = vprec_avx512_take(&free_masks, busy_masks, 1, 8, c->turn + 1, save->masks, &save->mask_count);
    if (c->taken) {
        c->taken[0] |= c->free_vectors & (bit(e->reg[D]) | (third ? bit(e->reg[T]) : 0));
        c->taken[1] |= c->free_masks & (1u << e->kt | (test == TEST_RANGE ? 1u << e->km : 0));
    }
    int32_t bytes = 64 * save->vector_count + 8 * save->mask_count;
    e->frame = bytes ? 128 + bytes : 0;
}

/* `op` into register `dst` or opmask `dst`, of those lanes of opmask `k`; the last operand is constant `c`. */
static void with(vprec_avx512 *e, uint32_t op, int k, int dst, int src, enum vprec_constant c, int imm)
{
    vprec_evex how = {.length = (uint8_t)e->length, .b = true, .mask = (uint8_t)k};
    vprec_emit_evex(e->code, how, op, dst, src, vprec_absolute(e->context->constants->value[e->type][c]), imm);
}

static void operate(vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    int d = e->reg[D];
    vprec_evex how = {.length = (uint8_t)e->length};
    vprec_rm rm = vprec_reg(s->rm);
    if (brings(e)) {
        if (!vprec_avx512_load(e, e->reg[M]))
            e->code->full = true; /* cannot be: it is a scalar or at least 16 bytes */
        rm = vprec_reg(e->reg[M]);
    } else if (s->rm == VPREC_REG_MEM) {
        vprec_mem mem = s->mem;
        mem.disp += mem.base == 4 ? e->frame : 0;
        rm = vprec_at(mem);
        how.b = s->broadcast;
    }
    if (s->op == VPREC_OP_FMA)
        masked(e, MOVA, e->length, s->mask, s->mask, d, -1, vprec_reg(s->dst));
    if (directs(e))
        how = (vprec_evex){.length = RN, .b = true};
    if (s->mask) { /* what is masked off is not read and has no exceptions */
        how.mask = s->mask;
        how.zeroing = s->op != VPREC_OP_FMA;
    }
    vprec_emit_evex(e->code, how, OP(s->pp, s->map, vprec_elem_size(s->from) == 8, s->opcode), d, s->vvvv, rm, -1);
}

/* k = the scalar's lane */
static void lane(vprec_avx512 *e, int k)
{
    int d = e->reg[D];
    vprec_emit_evex(e->code, (vprec_evex){0}, OP(e->w ? 3 : 2, 1, e->w, 0xC2), k, d, vprec_reg(d), CMP_TRUE);
}

/* km: lanes whose magnitude is not plain, nor zero where that is one of the format's. */
static void find_odd(vprec_avx512 *e)
{
    int d = e->reg[D], t = e->reg[T];
    bool zero = !(e->context->arith->format[e->type].flags & VPREC_NONEGZERO);
    int among = e->site->scalar ? e->kt : 0;
    ev(e, PADD, e->length, t, d, vprec_reg(d), -1);
    if (zero) {
        masked(e, PTESTM, e->length, among, false, e->km, t, vprec_reg(t));
        among = e->km;
    }
    with(e, PSUB, 0, t, t, VPREC_K_PLAIN_LOW, -1);
    with(e, OP(1, 3, e->w, 0x1E), among, e->km, t, VPREC_K_PLAIN_SPAN, UNSIGNED_MORE);
}

/* D = s. Returns the condition under which a lane is tied, or not plain. */
static int find_ties(vprec_avx512 *e, enum test test)
{
    const vprec_site *s = e->site;
    int d = e->reg[D], k = e->kt;
    enum vprec_constant half = VPREC_K_HALF;
    const uint8_t(*konst)[64] = e->context->constants->value[e->type];
    if (test == TEST_RANGE) {
        if (s->scalar)
            lane(e, k);
        find_odd(e);
    } else {
        uint32_t compare = OP(s->scalar ? (e->w ? 3 : 2) : (unsigned)e->w, 1, e->w, 0xC2);
        vprec_evex how = {.length = (uint8_t)e->length};
        if (!minds_least(e)) {
            vprec_emit_evex(e->code, how, compare, k, d, vprec_reg(d), CMP_ORD);
        } else {
            how.b = !s->scalar;
            int x = e->reg[T] >= 0 ? e->reg[T] : d; /* to save a register is dearer than to compare twice */
            if (x != d)
                with(e, PAND, 0, x, d, VPREC_K_ABS, -1);
            vprec_emit_evex(e->code, how, compare, k, x, vprec_absolute(konst[VPREC_K_LEAST]), CMP_OTHER);
            how.mask = (uint8_t)k;
            if (x == d)
                vprec_emit_evex(e->code, how, compare, k, x, vprec_absolute(konst[VPREC_K_LEAST_MINUS]), CMP_OTHER);
        }
    }
    if (s->scalar) /* what lies above stays */
        ev(e, PADD, 0, d, d, vprec_absolute(konst[VPREC_K_HALF_LOW]), -1);
    else
        with(e, PADD, test == TEST_NONE_BAD ? k : 0, d, d, half, -1); /* what is no number looks like a tie, or stays */
    bool good = test == TEST_ALL_GOOD;
    with(e, good ? PTESTM : PTESTNM, good || (test == TEST_RANGE && s->scalar) ? k : 0, k, d, VPREC_K_DROP, -1);
    uint32_t kortest = OP(good && s->lanes == 8, 1, 0, 0x98); /* kortestb, kortestw */
    vprec_emit_vex(e->code, 0, kortest, test == TEST_RANGE ? e->km : k, -1, vprec_reg(k), -1);
    return !good ? IF_NOT_ZERO : s->scalar ? IF_ZERO : IF_NOT_CARRY;
}

static void finish(vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    vprec_rm whole = vprec_absolute(e->context->constants->value[e->type][VPREC_K_KEEP_LOW]);
    vprec_evex how = {.length = (uint8_t)e->length, .b = true, .mask = s->mask, .zeroing = s->zeroing};
    if (s->scalar)
        ev(e, PAND, 0, s->dst, e->reg[D], whole, -1);
    else
        vprec_emit_evex(e->code, how, PAND, s->dst, e->reg[D],
                        vprec_absolute(e->context->constants->value[e->type][VPREC_K_KEEP]), -1);
}

/* A jump to be led elsewhere later; returns the place behind it. */
static uint8_t *jump(vprec_avx512 *e, int condition)
{
    vprec_emit_branch(e->code, condition, (uint64_t)e->code->at);
    return e->code->at;
}

static void lead(const vprec_code *code, uint8_t *behind)
{
    int32_t distance = (int32_t)(code->at - behind);
    memcpy(behind - 4, &distance, 4);
}

bool vprec_avx512_tie(vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    const vprec_round_context *c = e->context;
    if (!has(e))
        return false;
    vprec_avx512_saved save = {0};
    enum test test = test_of(e);
    e->length = s->scalar || s->width == 16 ? 0 : s->width == 32 ? 1 : 2;
    vprec_emit_legacy(e->code, OP(0, 0, 0, 0x80), 7, vprec_absolute(c->often), 0); /* cmp byte */
    uint8_t *asked = jump(e, IF_NEGATIVE);
    allocate(e, test, &save);
    vprec_avx512_enter(e, &save);
    operate(e);
    uint8_t *from = jump(e, find_ties(e, test));
    vprec_emit_leave(e->code);
    finish(e);
    vprec_avx512_leave(e, &save);
    vprec_avx512_cold *cold = vprec_vec_add(c->ties, 1);
    if (cold)
        *cold = (vprec_avx512_cold){*s, save, e->frame, from, asked, e->code->at, c->free_vectors, c->free_masks,
                                    c->often, c->clear_upper};
    else
        e->code->full = true;
    return true;
}

enum { RAX = 0, RDX = 2, RED_ZONE = 128, SOON = 150, STRIKE = 2 };

/* A tie that comes so soon after the thread's last one, by the processor's clock, is a strike; one that does not takes
 * a strike back. 64 of them make the byte negative, for good. The flags are free. */
static void count(vprec_code *code, const uint8_t *often)
{
    const vprec_rm site = vprec_absolute(often), time = noise(offsetof(vprec_thread, tie));
    vprec_emit_move_stack(code, -RED_ZONE);
    vprec_emit_push(code, RAX);
    vprec_emit_push(code, RDX);
    vprec_emit_bytes(code, "\x0F\x31", 2); /* rdtsc */
    vprec_emit_legacy(code, OP(0, 0, 0, 0x8B), RDX, time, -1);
    vprec_emit_legacy(code, OP(0, 0, 0, 0x89), RAX, time, -1);
    vprec_emit_bytes(code, "\x29\xD0\x3D", 3); /* sub eax, edx; cmp eax, SOON */
    vprec_emit_u32(code, SOON);
    vprec_emit_pop(code, RDX);
    vprec_emit_pop(code, RAX);
    vprec_emit_move_stack(code, RED_ZONE);
    vprec_emit_bytes(code, "\x72\x12", 2); /* jb to the addition */
    vprec_emit_legacy(code, OP(0, 0, 0, 0x80), 7, site, 0);
    vprec_emit_bytes(code, "\x74\x10", 2); /* je behind the addition: nothing is written that is so already */
    vprec_emit_legacy(code, OP(0, 0, 0, 0x80), 5, site, STRIKE);
    vprec_emit_bytes(code, "\xEB\x07", 2); /* jmp behind it */
    vprec_emit_legacy(code, OP(0, 0, 0, 0x80), 0, site, STRIKE);
}

void vprec_avx512_tied(vprec_code *code, const vprec_avx512_cold *cold, const vprec_round_context *context)
{
    vprec_avx512 e = {.code = code, .frame = cold->frame};
    vprec_avx512_leave(&e, &cold->save);
    count(code, cold->often);
    lead(code, cold->asked);
    vprec_round_context directed = *context;
    directed.free_vectors = cold->free_vectors;
    directed.free_masks = cold->free_masks;
    directed.clear_upper = cold->clear_upper;
    if (!vprec_avx512_directed(code, &cold->site, &directed))
        code->full = true; /* cannot be: has() */
    vprec_emit_branch(code, -1, (uint64_t)cold->end);
}
