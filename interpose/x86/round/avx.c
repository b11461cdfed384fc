/* SPDX-License-Identifier: Apache-2.0
 * avx.c: inline code for processors without AVX-512: VEX sites need AVX2
 * and FMA, legacy sites SSE2 (and keep to legacy encodings: a change between the
 * two is expensive, and legacy ones leave the upper halves alone).
 *
 * The operation is executed once, to nearest, into a scratch register. Its
 * result n lies on the same side of every midpoint of the format as the exact
 * result, or on the midpoint itself, since midpoints are numbers of the
 * container. So n's rounding is the exact result's, unless n is a midpoint (a
 * tie) and inexact: such lanes leave for avx_tie.c's code.
 *
 * Relies on MXCSR's rounding direction being to nearest, or leaves for the
 * emulator where it is not. FTZ and DAZ act as in the native operation, but a
 * result just below the least normal number, which n is, is the emulator's. The
 * additional operations raise neither invalid nor zero-divide; inexact, underflow
 * and denormal they may. */
#include "avx.h"

enum { PSHUFD = 0x70, PCMPEQD = 0x76, PMAXSW = 0xEE, PMINSW = 0xEA };

int vprec_avx_take(vprec_avx *e)
{
    for (int i = 15; i >= 0; i--)
        if (e->free >> i & 1 && !(e->busy >> i & 1)) {
            e->busy |= 1u << i;
            return i;
        }
    for (int i = 15; i >= 0; i--)
        if (!(e->busy >> i & 1)) {
            e->busy |= 1u << i;
            return e->spilled[e->spills++] = i;
        }
    e->code->full = true; /* cannot be: a site's registers and the scratch ones are fewer than 16 */
    return 0;
}

void vprec_avx_move_spilled(vprec_avx *e, int first, int32_t disp, bool restore)
{
    uint32_t op = OP(0, 1, 0, restore ? 0x10u : 0x11u);
    for (int i = first; i < e->spills; i++) {
        vprec_rm at = vprec_at_stack(disp + e->slot * (i - first));
        if (e->slot == 64)
            vprec_emit_evex(e->code, (vprec_evex){.length = 2}, op, e->spilled[i], -1, at, -1);
        else
            vprec_avx_op(e, 1, op, e->spilled[i], -1, at, -1);
        vprec_emit_note(e->code, restore ? VPREC_MOVE_RESTORE : VPREC_MOVE_SAVE,
                        (vprec_spilled){VPREC_SPILL_VECTOR, (uint8_t)e->spilled[i], (uint8_t)e->slot},
                        (int32_t)at.mem.disp);
    }
}

/* Every value of the source is one of the format's. */
static bool keeps_values(const vprec_avx *e)
{
    return e->site.op == VPREC_OP_CVT && e->shape == VPREC_SHAPE_WIDE &&
           e->context->arith->format[e->type].fbits + 1 >= vprec_elem_bits(e->site.from);
}

static bool supported(const vprec_avx *e)
{
    const vprec_site *s = &e->site;
    uint32_t both = VPREC_OPS_ADD | VPREC_OPS_SUB;
    if (s->encoding == VPREC_EVEX || (s->encoding == VPREC_VEX && e->context->isa < VPREC_ISA_AVX2))
        return false;
    if (s->rm == VPREC_REG_MEM && s->mem.address32)
        return false;
    switch (s->op) {
    case VPREC_OP_DP:
    case VPREC_OP_VALUE:
    case VPREC_OP_SCALEF:
        return false;
    case VPREC_OP_ADDSUB:
        return (e->context->arith->ops & both) == both;
    case VPREC_OP_CVT:
        return s->rm != VPREC_REG_GPR + 4; /* rsp has moved */
    default:
        return true;
    }
}

/* Brings the memory operand, or a general register, into M, reading what the instruction reads. */
static void load(vprec_avx *e)
{
    const vprec_site *s = &e->site;
    uint32_t wide = vprec_elem_size(s->from) == 8;
    int bytes = s->lanes << (wide ? 3 : 2);
    vprec_rm from = vprec_at(s->mem);
    if (s->rm != VPREC_REG_MEM)
        from = vprec_reg(s->rm - VPREC_REG_GPR);
    else if (s->mem.base == 4)
        from.mem.disp += e->frame;
    uint32_t op;
    bool integer = !vprec_elem_is_float(s->from);
    if (s->scalar && integer && wide && s->rm == VPREC_REG_MEM)
        op = OP(2, 1, 0, 0x7E); /* movq */
    else if (s->scalar && integer)
        op = OP(1, 1, wide, 0x6E); /* movd, movq */
    else if (s->scalar)
        op = OP(wide ? 3 : 2, 1, 0, 0x10); /* movss, movsd */
    else
        op = OP(0, 1, 0, e->vex ? 0x10 : 0x28); /* a legacy operand must be aligned */
    vprec_avx_op(e, bytes > 16, op, e->reg[M], -1, from, -1);
}

/* How lanes are found that the rounding of n may get wrong. */
enum test {
    TEST_TIE,     /* D: tied */
    TEST_INEXACT, /* D and X: tied and inexact */
    TEST_EQUAL,   /* D and not X */
    TEST_DOUBLES  /* D and X, whose lanes are doubles, of a result of floats */
};

static enum test test_of(const vprec_avx *e)
{
    switch (e->site.op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB:
    case VPREC_OP_ADDSUB:
    case VPREC_OP_HADD:
    case VPREC_OP_HSUB:
        return TEST_INEXACT;
    case VPREC_OP_MUL: /* products of operands that are in a small format are often exact ties */
        return e->vex ? TEST_INEXACT : TEST_TIE;
    case VPREC_OP_CVT:
        return e->site.from == VPREC_E_F64 ? TEST_DOUBLES : TEST_EQUAL;
    default: /* quotients and roots of operands in the format are no ties, fused sums seldom */
        return TEST_TIE;
    }
}

/* N: the native result, not yet in the format. */
static void operate(vprec_avx *e)
{
    const vprec_site *s = &e->site;
    int n = e->reg[N], a = e->a, b = e->b, m = e->reg[M], g = e->reg[G], h = e->reg[H];
    uint32_t op = OP(s->pp, s->map, s->op == VPREC_OP_FMA ? (uint32_t)e->w : 0, s->opcode);
    int wide = s->width == 32;
    switch (s->op) {
    case VPREC_OP_SQRT:
        vprec_avx_op(e, e->l, op, n, e->vex && s->scalar ? b : -1, vprec_reg(b), -1);
        break;
    case VPREC_OP_FMA:
        vprec_avx_copy(e, n, s->dst);
        vprec_avx_op(e, e->l, op, n, s->vvvv, vprec_reg(s->rm == VPREC_REG_MEM ? m : s->rm), -1);
        break;
    case VPREC_OP_ADDSUB:
        vprec_avx_op(e, e->l, op, n, a, vprec_reg(b), -1);
        vprec_avx_bits(e, XOR, g, b, vprec_avx_konst(e, VPREC_K_ALTERNATE)); /* x - y = x + -y */
        e->b = g;
        break;
    case VPREC_OP_HADD:
    case VPREC_OP_HSUB:
        if (e->w) {
            vprec_avx_op(e, e->l, OP(1, 1, 0, 0x14), g, a, vprec_reg(b), -1); /* unpcklpd: first of each pair */
            vprec_avx_op(e, e->l, OP(1, 1, 0, 0x15), h, a, vprec_reg(b), -1);
        } else {
            vprec_avx_op(e, e->l, OP(0, 1, 0, 0xC6), g, a, vprec_reg(b), 0x88); /* shufps */
            vprec_avx_op(e, e->l, OP(0, 1, 0, 0xC6), h, a, vprec_reg(b), 0xDD);
        }
        vprec_avx_fp(e, s->op == VPREC_OP_HADD ? FP_ADD : FP_SUB, n, g, vprec_reg(h));
        e->a = g;
        e->b = h;
        break;
    case VPREC_OP_CVT:
        if (s->from == VPREC_E_F64) {
            vprec_avx_op(e, wide, op, n, e->vex && s->scalar ? b : -1, vprec_reg(b), -1);
        } else if (s->from == VPREC_E_I32) { /* the packed form does what the scalar one does */
            vprec_avx_op(e, e->l, OP(0, 1, 0, 0x5B), n, -1, vprec_reg(b), -1);
        } else {
            int general = s->rm - VPREC_REG_GPR;
            if (s->rm == VPREC_REG_MEM) {
                general = 1;
                vprec_avx_op(e, 0, OP(1, 1, 1, 0x7E), m, -1, vprec_reg(general), -1); /* movq rcx, m */
            }
            if (!e->vex)
                vprec_avx_bits(e, XOR, n, n, vprec_reg(n)); /* not to wait for its old value */
            vprec_avx_op(e, 0, OP(s->pp, 1, 1, 0x2A), n, e->vex ? m : -1, vprec_reg(general), -1);
        }
        break;
    default:
        vprec_avx_op(e, e->l, op, n, a, vprec_reg(b), -1);
        break;
    }
}

static void load_konst(vprec_avx *e, int dst, enum vprec_constant k)
{
    vprec_avx_op(e, e->l, OP(0, 1, 0, 0x28), dst, -1, vprec_avx_konst(e, k), -1);
}

void vprec_avx_quantise(vprec_avx *e, bool ties)
{
    int n = e->reg[N], c = e->reg[C], d = e->reg[D], y = e->reg[Y];
    vprec_avx_bits(e, AND, c, n, vprec_avx_konst(e, VPREC_K_EXPONENT));
    /* the exponent field lies in the highest 16 bits, the others are 0 in all three */
    vprec_avx_int(e, PMAXSW, c, c, vprec_avx_konst(e, VPREC_K_EXP_LOW));
    vprec_avx_int(e, PMINSW, c, c, vprec_avx_konst(e, VPREC_K_EXP_HIGH));
    vprec_avx_add(e, c, c, vprec_avx_konst(e, VPREC_K_MAGIC));
    vprec_avx_bits(e, AND, d, n, vprec_avx_konst(e, VPREC_K_ABS));
    vprec_avx_fp(e, FP_ADD, y, d, vprec_reg(c));
    vprec_avx_fp(e, FP_SUB, y, y, vprec_reg(c));
    if (!ties)
        return;
    int t = e->reg[X];
    load_konst(e, t, VPREC_K_EXPONENT);
    vprec_avx_cmp(e, CMP_EQ, t, t, vprec_reg(d));
    vprec_avx_bits(e, ANDN, t, t, vprec_reg(d)); /* infinity minus itself would raise the invalid flag */
    vprec_avx_fp(e, FP_SUB, d, t, vprec_reg(y)); /* exact: half a quantum at a tie */
    vprec_avx_bits(e, AND, d, d, vprec_avx_konst(e, VPREC_K_ABS));
    vprec_avx_add(e, c, c, vprec_avx_konst(e, VPREC_K_TIE));
    vprec_avx_cmp(e, CMP_EQ, d, d, vprec_reg(c));
}

/* D: lanes where n is a midpoint of the format; or where it may be tiny, which under FTZ the emulator has to tell. */
static void find_ties(vprec_avx *e)
{
    int n = e->reg[N], d = e->reg[D];
    if (e->shape == VPREC_SHAPE_NARROW) {
        vprec_avx_quantise(e, true);
        return;
    }
    vprec_avx_bits(e, AND, d, n, vprec_avx_konst(e, VPREC_K_DROP));
    vprec_avx_equal(e, d, VPREC_K_HALF, e->reg[Y]);
    if (vprec_avx_minds_least(e)) {
        int x = e->reg[X];
        vprec_avx_bits(e, AND, x, n, vprec_avx_konst(e, VPREC_K_ABS));
        vprec_avx_equal(e, x, VPREC_K_LEAST, e->reg[Y]);
        vprec_avx_bits(e, OR, d, d, vprec_reg(x));
    }
}

/* A scratch register that holds nothing between the search for ties and the rounding. */
static int spare(const vprec_avx *e)
{
    return e->reg[e->shape == VPREC_SHAPE_NARROW ? C : Y];
}

/* X: lanes where n is inexact (TEST_EQUAL: exact). Lanes that are not tied, which may be infinite, count as zeros:
 * the difference of two infinities would raise the invalid flag. */
static void find_inexact(vprec_avx *e)
{
    const vprec_site *s = &e->site;
    int n = spare(e), a = e->a, b = e->b, x = e->reg[X];
    bool subtract = s->op == VPREC_OP_SUB || s->op == VPREC_OP_HSUB;
    vprec_avx_bits(e, AND, n, e->reg[N], vprec_reg(e->reg[D]));
    switch (s->op) {
    case VPREC_OP_MUL:
        /* ab - n and n - ab: a negative sign on either, though it underflow to zero, says that they differ */
        vprec_avx_copy(e, x, a);
        vprec_avx_op(e, e->l, OP(1, 2, (uint32_t)e->w, s->scalar ? 0xAB : 0xAA), x, b, vprec_reg(n), -1); /* fmsub213 */
        vprec_avx_op(e, e->l, OP(1, 2, (uint32_t)e->w, s->scalar ? 0xBD : 0xBC), n, a, vprec_reg(b), -1); /* fnmadd231 */
        vprec_avx_bits(e, OR, x, x, vprec_reg(n));
        if (s->scalar)
            vprec_avx_shift(e, x, x, e->w ? 63 : 31);
        break;
    case VPREC_OP_CVT:
        if (s->from == VPREC_E_F64) {
            int wide = s->width == 32;
            vprec_avx_op(e, wide, OP(s->scalar ? 2 : 0, 1, 0, 0x5A), x, e->vex && s->scalar ? n : -1, vprec_reg(n), -1);
            vprec_avx_op(e, wide, OP(s->scalar ? 3 : 1, 1, 0, 0xC2), x, x, vprec_reg(b), CMP_NEQ);
        } else if (s->from == VPREC_E_I32) {
            vprec_avx_int(e, 0x5B, x, -1, vprec_reg(n)); /* cvtps2dq */
            vprec_avx_int(e, PCMPEQD, x, x, vprec_reg(b));
        } else {
            vprec_avx_op(e, 0, OP(s->pp, 1, 1, 0x2D), 1, -1, vprec_reg(n), -1); /* cvtsd2si rcx, n */
            vprec_avx_op(e, 0, OP(1, 1, 1, 0x6E), x, -1, vprec_reg(1), -1);     /* movq x, rcx */
            vprec_avx_int(e, PCMPEQD, x, x, vprec_reg(e->reg[M]));
            vprec_avx_op(e, 0, OP(1, 1, 0, PSHUFD), n, -1, vprec_reg(x), 0xB1); /* both halves */
            vprec_avx_bits(e, AND, x, x, vprec_reg(n));
        }
        break;
    default: /* the part of the larger operand subtracts exactly from a sum; what is left is the other or is not */
        vprec_avx_fp(e, FP_SUB, x, subtract ? a : n, vprec_reg(subtract ? n : a));
        vprec_avx_cmp(e, CMP_NEQ, x, x, vprec_reg(b));
        vprec_avx_fp(e, subtract ? FP_ADD : FP_SUB, n, n, vprec_reg(b));
        vprec_avx_cmp(e, CMP_NEQ, n, n, vprec_reg(a));
        vprec_avx_bits(e, OR, x, x, vprec_reg(n));
        break;
    }
}

/* Marks lanes of `mask` (VEX.L `l`) where MXCSR holds another direction than to nearest: n and what follows is wrong. */
static void mark_direction(vprec_avx *e, int l, int mask)
{
    int t = spare(e);
    vprec_rm at = vprec_at_stack(e->slot * e->spills + 8);
    vprec_emit_legacy(e->code, OP(0, 1, 0, 0xAE), 3, at, -1); /* stmxcsr */
    vprec_avx_op(e, 0, OP(1, 1, 0, 0x6E), t, -1, at, -1);     /* movd */
    vprec_avx_op(e, 0, OP(0, 1, 0, AND), t, t, vprec_avx_konst(e, VPREC_K_DIRECTION), -1);
    vprec_avx_op(e, 0, OP(1, 1, 0, 0x66), t, t, vprec_avx_konst(e, VPREC_K_ZERO), -1); /* pcmpgtd */
    vprec_avx_op(e, 0, OP(1, 1, 0, PSHUFD), t, -1, vprec_reg(t), 0);
    vprec_avx_op(e, l, OP(0, 1, 0, OR), mask, mask, vprec_reg(t), -1);
}

/* Leaves for the ties' code if a lane needs it. */
static void branch(vprec_avx *e, enum test test)
{
    int x = e->reg[X], d = e->reg[D], mask = test == TEST_TIE ? d : x, l = e->l, w = e->w;
    if (test == TEST_DOUBLES && !e->site.scalar) {
        int t = spare(e);
        if (e->vex) {
            vprec_avx_op(e, e->site.width == 32, OP(1, 2, 0, 0x25), t, -1, vprec_reg(d), -1); /* pmovsxdq */
        } else {
            vprec_avx_copy(e, t, d);
            vprec_avx_op(e, 0, OP(0, 1, 0, 0x14), t, t, vprec_reg(d), -1); /* unpcklps */
        }
        l = e->site.width == 32;
        w = 1;
        vprec_avx_op(e, l, OP(0, 1, 0, AND), x, x, vprec_reg(t), -1);
    } else if (test != TEST_TIE) {
        vprec_avx_bits(e, test == TEST_EQUAL ? ANDN : AND, x, x, vprec_reg(d));
    }
    if (e->context->arith->keeps_direction)
        mark_direction(e, l, mask);
    vprec_avx_test(e, l, w, mask);
    vprec_emit_bytes(e->code, "\xE3\x05", 2); /* jrcxz over the jump */
    vprec_emit_branch(e->code, -1, (uint64_t)e->code->at);
    vprec_emit_leave(e->code);
    e->leave = e->code->at;
}

/* The last operation of a site: `op` of register a and `rm` into the
 * destination, with the instruction's own write rules. `a` is lost. */
static void finish(vprec_avx *e, int op, int a, vprec_rm rm, int upper)
{
    const vprec_site *s = &e->site;
    if (e->vex && !s->scalar) {
        vprec_avx_bits(e, op, s->dst, a, rm);
        return;
    }
    vprec_avx_bits(e, op, a, a, rm);
    if (s->scalar)
        vprec_avx_op(e, 0, OP(e->w ? 3 : 2, 1, 0, 0x10), s->dst, e->vex ? upper : -1, vprec_reg(a), -1);
    else
        vprec_avx_copy(e, s->dst, a);
}

/* Full exponent range: n + half-1 + last kept bit. */
static void round_wide(vprec_avx *e, int upper)
{
    int n = e->reg[N], x = e->reg[X], d = e->reg[D];
    int dropped = vprec_elem_bits(e->site.to) - 1 - e->context->arith->format[e->type].fbits;
    vprec_avx_cmp(e, CMP_ORD, x, n, vprec_reg(n)); /* a NaN of all ones would wrap */
    vprec_avx_shift(e, d, n, dropped);
    vprec_avx_bits(e, AND, d, d, vprec_avx_konst(e, VPREC_K_ONE));
    vprec_avx_add(e, d, d, vprec_avx_konst(e, VPREC_K_HALF1));
    vprec_avx_bits(e, AND, d, d, vprec_reg(x));
    vprec_avx_add(e, n, n, vprec_reg(d));
    finish(e, AND, n, vprec_avx_konst(e, VPREC_K_KEEP), upper);
}

/* t = lanes whose sign is set. Legacy comparisons for order would raise the invalid flag for a quiet NaN. */
static void spread_sign(vprec_avx *e, int t)
{
    vprec_emit_legacy(e->code, OP(1, 1, 0, 0x72), 4, vprec_reg(t), 31); /* psrad */
    if (e->w)
        vprec_avx_op(e, 0, OP(1, 1, 0, PSHUFD), t, -1, vprec_reg(t), 0xF5);
}

/* Narrow range: Y is the magnitude rounded with unbounded exponent. */
static void round_narrow(vprec_avx *e, int upper)
{
    int n = e->reg[N], c = e->reg[C], d = e->reg[D], y = e->reg[Y];
    uint16_t flags = e->context->arith->format[e->type].flags;
    if (flags & VPREC_NOSUB) { /* zero where y < min */
        if (e->vex) {
            vprec_avx_cmp(e, CMP_LT_QUIET, c, y, vprec_avx_konst(e, VPREC_K_MIN_NORMAL));
        } else {
            vprec_avx_fp(e, FP_SUB, c, y, vprec_avx_konst(e, VPREC_K_MIN_NORMAL));
            spread_sign(e, c);
        }
        vprec_avx_bits(e, ANDN, c, c, vprec_reg(y));
        vprec_avx_copy(e, y, c);
    }
    if (e->vex) {
        vprec_avx_cmp(e, flags & VPREC_NONAN ? CMP_NLE_QUIET : CMP_GT_QUIET, c, y, vprec_avx_konst(e, VPREC_K_MAX));
    } else { /* max - y < 0 */
        load_konst(e, c, VPREC_K_MAX);
        vprec_avx_fp(e, FP_SUB, c, c, vprec_reg(y));
        spread_sign(e, c);
        if (flags & VPREC_NONAN) {
            vprec_avx_cmp(e, CMP_UNORD, d, y, vprec_reg(y));
            vprec_avx_bits(e, OR, c, c, vprec_reg(d));
        }
    }
    vprec_avx_bits(e, ANDN, d, c, vprec_reg(y));
    vprec_avx_bits(e, AND, c, c, vprec_avx_konst(e, VPREC_K_OVERFLOW));
    vprec_avx_bits(e, OR, y, c, vprec_reg(d));
    vprec_avx_bits(e, AND, y, y, vprec_avx_konst(e, VPREC_K_KEEP)); /* of a NaN's payload */
    vprec_avx_bits(e, AND, n, n, vprec_avx_konst(e, VPREC_K_SIGN));
    if (flags & VPREC_NONEGZERO) {
        vprec_avx_cmp(e, CMP_NEQ, c, y, vprec_avx_konst(e, VPREC_K_ZERO));
        vprec_avx_bits(e, AND, n, n, vprec_reg(c));
    }
    finish(e, OR, n, vprec_reg(y), upper);
}

static void round_result(vprec_avx *e, int upper)
{
    if (e->shape == VPREC_SHAPE_WIDE)
        round_wide(e, upper);
    else
        round_narrow(e, upper);
}

static uint32_t bit(int reg)
{
    return reg >= 0 && reg < 16 ? 1u << reg : 0;
}

/* Registers for everything; then the stack is lowered and what they held is saved. */
static void enter(vprec_avx *e, bool value, enum test test)
{
    const vprec_site *s = &e->site;
    bool narrow = e->shape == VPREC_SHAPE_NARROW, tests = !value && !e->context->arith->fast;
    bool horizontal = s->op == VPREC_OP_HADD || s->op == VPREC_OP_HSUB;
    bool is_source = s->op == VPREC_OP_FMA || s->dst == s->vvvv || s->dst == s->rm;
    bool partial = s->scalar && (!e->vex || value);
    e->busy = bit(s->dst) | bit(s->vvvv) | bit(s->rm);
    bool needed[VPREC_AVX_SCRATCH] = {
        [X] = !narrow || tests, [D] = true,
        [Y] = narrow || (tests && (test != TEST_TIE || (e->w && !e->vex) || e->context->arith->keeps_direction)),
        [C] = narrow, [M] = !value && (s->rm == VPREC_REG_MEM || s->rm >= VPREC_REG_GPR),
        [G] = horizontal || s->op == VPREC_OP_ADDSUB, [H] = horizontal,
    };
    needed[N] = partial || (is_source && !value);
    e->reg[N] = s->dst; /* if nothing in it is needed any more */
    for (int i = 0; i < VPREC_AVX_SCRATCH; i++)
        if (needed[i])
            e->reg[i] = vprec_avx_take(e);
    e->rcx = tests || (!value && (s->rm == VPREC_REG_MEM && s->from == VPREC_E_I64));
    if (!e->spills && !e->rcx)
        return;
    e->frame = (128 + 16 + e->slot * e->spills + 63) & ~63; /* rcx, MXCSR and what was spilled */
    vprec_emit_move_stack(e->code, -e->frame);
    vprec_avx_move_spilled(e, 0, 0, false);
    if (e->rcx)
        vprec_avx_move_rcx(e, false);
}

static void leave(vprec_avx *e)
{
    if (!e->frame)
        return;
    if (e->rcx)
        vprec_avx_move_rcx(e, true);
    vprec_avx_move_spilled(e, 0, 0, true);
    vprec_emit_move_stack(e->code, e->frame);
}

/* The original instruction, then its destination rounded in place. */
static void emit_value(vprec_avx *e)
{
    const vprec_site *s = &e->site;
    vprec_round_copy_site(e->code, s);
    if (e->shape == VPREC_SHAPE_CONTAINER || keeps_values(e))
        return;
    enter(e, true, TEST_TIE);
    vprec_avx_copy(e, e->reg[N], s->dst);
    if (e->shape == VPREC_SHAPE_NARROW)
        vprec_avx_quantise(e, false);
    round_result(e, s->dst);
    leave(e);
}

static void emit_operation(vprec_avx *e)
{
    const vprec_site *s = &e->site;
    bool tests = !e->context->arith->fast;
    enum test test = test_of(e);
    enter(e, false, test);
    int operand[3] = {s->dst, s->vvvv, s->rm};
    if (s->rm == VPREC_REG_MEM || s->rm >= VPREC_REG_GPR) {
        load(e);
        operand[2] = e->reg[M];
    }
    vprec_fma_form form = vprec_site_fma(s);
    bool fma = s->op == VPREC_OP_FMA;
    e->a = operand[fma ? form.a : 1];
    e->b = operand[fma ? form.b : 2];
    e->c = operand[fma ? form.c : 0];
    operate(e);
    if (tests) {
        find_ties(e);
        if (test != TEST_TIE)
            find_inexact(e);
        branch(e, test);
    } else if (e->shape == VPREC_SHAPE_NARROW) {
        vprec_avx_quantise(e, false);
    }
    round_result(e, fma ? s->dst : s->vvvv);
    leave(e);
    e->end = e->code->at;
    if (!tests)
        return;
    vprec_avx *later = vprec_vec_add(e->context->ties, 1);
    if (later)
        *later = *e;
    else
        e->code->full = true;
}

bool vprec_round_emit_avx(vprec_code *code, const vprec_site *site, const vprec_round_context *context)
{
    vprec_type type = vprec_elem_type(site->to);
    vprec_avx e = {.code = code, .site = *site, .context = context, .type = type, .w = type == VPREC_F64,
                   .shape = vprec_round_shape(context->arith, type), .vex = site->encoding == VPREC_VEX,
                   .free = context->free_vectors};
    e.l = !site->scalar && site->lanes * vprec_elem_size(site->to) > 16;
    e.slot = !e.vex ? 16 : context->zmm ? 64 : 32;
    bool guards = context->arith->keeps_direction;
    bool unrounded = e.shape == VPREC_SHAPE_NATIVE || (e.shape == VPREC_SHAPE_CONTAINER && site->encoding != VPREC_EVEX &&
                                                      context->arith->mode == VPREC_RNE && !guards);
    if (unrounded) {
        vprec_round_copy_site(code, site);
        return true;
    }
    /* nothing that tests, so nothing that looks at the direction */
    bool guarded = e.shape == VPREC_SHAPE_WIDE || (e.shape == VPREC_SHAPE_NARROW && !vprec_is_value(site));
    if (guards && (!guarded || context->arith->fast))
        return false;
    if (e.shape == VPREC_SHAPE_NONE || context->arith->mode != VPREC_RNE || e.shape == VPREC_SHAPE_NOISE || !supported(&e))
        return false;
    if (vprec_is_value(site))
        emit_value(&e);
    else
        emit_operation(&e);
    return true;
}
