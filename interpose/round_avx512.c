/* SPDX-License-Identifier: Apache-2.0
 * round_avx512.c: inline code for AVX-512 processors. Legacy and VEX sites use
 * it too: their scratch registers are 16..31, which they cannot name. A legacy
 * instruction that finds bits set above 128 in any of registers 0..15 costs
 * hundreds of cycles, so a legacy destination is never written as a zmm.
 *
 * An operation is executed twice, rounded down and up (d and u). Both native
 * results enclose the exact one, so z = the one nearer to zero holds its
 * leading bits, and d != u says that bits follow: a sticky bit. One rounding of
 * z with that bit is the exact result's rounding. */
#include "round.h"

#define OP(pp, map, w, op) VPREC_OPCODE(pp, map, w, op)

/* Scratch vectors: the two native results, a temporary, the last operand; under --round both the first operand and
 * the destination's old value too. */
enum { D, U, T, M, A, C, SCRATCH };
enum { RN = 0, RD = 1, RU = 2 };    /* L'L under embedded rounding */
enum { CMP_UNORD = 3, CMP_ORD = 7, CMP_GT = 0x1E, CMP_NLE = 0x16, CMP_NLT = 0x15 };

typedef struct emitter {
    vprec_code *code;
    const vprec_site *site;
    const vprec_round_context *context;
    enum vprec_shape shape;
    vprec_type type;   /* of the results */
    int w;             /* 1: 64-bit elements */
    int length;        /* L'L of the rounding: 0 for scalars, 2 for packed */
    int reg[SCRATCH];
    int kt;            /* temporary opmask */
    bool inbound;      /* operands are rounded first (--round both) */
    int to;            /* register that finish() writes instead of the destination, -1 none */
    int32_t frame;     /* bytes that rsp was lowered by */
    int32_t bounce;    /* where in it a legacy destination's 16 bytes pass through, -1 nowhere */
} emitter;

static void ev(emitter *e, uint32_t op, int length, int dst, int src, vprec_rm rm, int imm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = (uint8_t)length}, op, dst, src, rm, imm);
}

static void masked(emitter *e, uint32_t op, int length, int k, bool zeroing, int dst, int src, vprec_rm rm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = (uint8_t)length, .mask = (uint8_t)k, .zeroing = zeroing}, op, dst,
                    src, rm, -1);
}

/* With constant `k` broadcast as the last operand. */
static void konst(emitter *e, uint32_t op, int mask, int dst, int src, enum vprec_constant k, int imm)
{
    vprec_evex how = {.length = (uint8_t)e->length, .b = true, .mask = (uint8_t)mask};
    vprec_emit_evex(e->code, how, op, dst, src, vprec_absolute(e->context->constants->value[e->type][k]), imm);
}

/* Integer operations on the elements: the opcode's W follows the type. */
#define PAND OP(1, 1, e->w, 0xDB)
#define POR OP(1, 1, e->w, 0xEB)
#define PXOR OP(1, 1, e->w, 0xEF)
#define PMINU OP(1, 2, e->w, 0x3B)
#define PMAXU OP(1, 2, e->w, 0x3F)
#define PADD (e->w ? OP(1, 1, 1, 0xD4) : OP(1, 1, 0, 0xFE))
#define PTERNLOG OP(1, 3, e->w, 0x25)
#define PTESTM OP(1, 2, e->w, 0x27)
#define MOVA OP(e->w, 1, e->w, 0x28)
#define ADD OP(e->w, 1, e->w, 0x58)
#define SUB OP(e->w, 1, e->w, 0x5C)
#define CMP OP(e->w, 1, e->w, 0xC2)
#define PBROADCAST OP(1, 2, e->w, e->w ? 0x59 : 0x58)
#define MOVQ OP(2, 1, 1, 0x7E)

static void shift_right(emitter *e, int dst, int src, int bits)
{
    ev(e, OP(1, 1, e->w, e->w ? 0x73 : 0x72), e->length, 2, dst, vprec_reg(src), bits);
}

/* The last operation of a site: `op` of register a and b (or constant k when
 * b < 0) into the destination, with the instruction's own write rules. */
static void finish(emitter *e, uint32_t op, int a, int b, enum vprec_constant k)
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
            ev(e, OP(0, 1, 0, 0x11), 0, t, -1, vprec_stack(e->bounce), -1);
            vprec_emit_legacy(e->code, OP(0, 1, 0, 0x10), s->dst, vprec_stack(e->bounce), -1);
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

/* kt = lanes that are no NaN. Without exceptions: what lies above a scalar may be a signalling one. */
static void compare(emitter *e, int reg, int predicate)
{
    uint32_t op = e->site->scalar ? OP(e->w ? 3 : 2, 1, e->w, 0xC2) : CMP;
    vprec_emit_evex(e->code, (vprec_evex){.b = true}, op, e->kt, reg, vprec_reg(reg), predicate);
}

static void ordered(emitter *e, int reg)
{
    compare(e, reg, CMP_ORD);
}

/* Full exponent range, s bits dropped: z + half-1 + (last kept bit or sticky). */
static void round_wide(emitter *e, bool exact)
{
    int d = e->reg[D], u = e->reg[U], t = e->reg[T];
    int dropped = (e->type == VPREC_F32 ? 23 : 52) - e->context->arith->format[e->type].fbits;
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
    finish(e, PAND, t, -1, VPREC_K_KEEP);
}

/* Narrow range: round to odd, then add and subtract a constant whose ulp is the
 * quantum at the value's exponent. */
static void round_narrow(emitter *e, bool exact)
{
    int d = e->reg[D], u = e->reg[U], t = e->reg[T];
    uint16_t flags = e->context->arith->format[e->type].flags;
    vprec_evex nearest = {.length = RN, .b = true};
    if (exact) {
        ev(e, MOVA, e->length, u, -1, vprec_reg(d), -1);
    } else { /* of two neighbours one is odd; where they are equal, either */
        konst(e, PTESTM, 0, e->kt, d, VPREC_K_ONE, -1);
        masked(e, MOVA, e->length, e->kt, false, u, -1, vprec_reg(d));
    }
    konst(e, PAND, 0, t, u, VPREC_K_EXPONENT, -1);
    konst(e, PMAXU, 0, t, t, VPREC_K_EXP_LOW, -1);
    konst(e, PMINU, 0, t, t, VPREC_K_EXP_HIGH, -1);
    konst(e, PADD, 0, t, t, VPREC_K_MAGIC, -1);
    konst(e, PAND, 0, d, u, VPREC_K_ABS, -1);
    /* embedded rounding implies 512 bits for packed operands; a scalar's upper lanes do not matter */
    vprec_emit_evex(e->code, nearest, ADD, d, d, vprec_reg(t), -1);
    vprec_emit_evex(e->code, nearest, SUB, d, d, vprec_reg(t), -1);
    if (flags & VPREC_NOSUB) {
        konst(e, CMP, 0, e->kt, d, VPREC_K_MIN_NORMAL, CMP_NLT);
        masked(e, MOVA, e->length, e->kt, true, d, -1, vprec_reg(d));
    }
    konst(e, CMP, 0, e->kt, d, VPREC_K_MAX, flags & VPREC_NONAN ? CMP_NLE : CMP_GT);
    masked(e, PBROADCAST, e->length, e->kt, false, d, -1,
           vprec_absolute(e->context->constants->value[e->type][VPREC_K_OVERFLOW]));
    if (flags & VPREC_NONEGZERO) {
        ev(e, PTESTM, e->length, e->kt, d, vprec_reg(d), -1);
        vprec_evex how = {.length = (uint8_t)e->length, .b = true, .mask = (uint8_t)e->kt, .zeroing = true};
        vprec_emit_evex(e->code, how, PAND, u, u,
                        vprec_absolute(e->context->constants->value[e->type][VPREC_K_SIGN]), -1);
        ev(e, POR, e->length, u, u, vprec_reg(d), -1);
    } else {
        konst(e, PTERNLOG, 0, u, d, VPREC_K_SIGN, 0xEC); /* (u & sign) | d */
    }
    finish(e, PAND, u, -1, VPREC_K_KEEP); /* of a NaN's payload */
}

static void round_result(emitter *e, bool exact)
{
    switch (e->shape) {
    case VPREC_SHAPE_WIDE: round_wide(e, exact); break;
    case VPREC_SHAPE_NARROW: round_narrow(e, exact); break;
    default: /* as it is: x & x, since finish() takes two operands */
        finish(e, PAND, e->reg[D], e->reg[D], VPREC_K_ONE);
        break;
    }
}

/* `src` rounded to the format into scratch `to`. A signalling NaN is made quiet
 * first: its payload could vanish. */
static void round_operand(emitter *e, int src, int to)
{
    ev(e, MOVA, 2, e->reg[D], -1, vprec_reg(src), -1);
    compare(e, e->reg[D], CMP_UNORD);
    konst(e, POR, e->kt, e->reg[D], e->reg[D], VPREC_K_QUIET, -1);
    e->to = to;
    round_result(e, true);
    e->to = -1;
}

/* Brings the memory operand into scratch M, reading what the instruction reads. */
static bool load(emitter *e)
{
    const vprec_site *s = e->site;
    int m = e->reg[M], size = vprec_elem_size(s->from), bytes = s->lanes * size, wide = size == 8;
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
    vprec_emit_evex(e->code, how, op, m, -1, rm, -1);
    return true;
}

/* `op` of vvvv and `rm` into `dst`, rounding `rc`; an FMA starts from a copy of its destination. */
static void operate(emitter *e, int dst, uint32_t op, int vvvv, int rm, int rc)
{
    const vprec_site *s = e->site;
    vprec_evex how = {.length = (uint8_t)rc, .b = true};
    if (e->shape == VPREC_SHAPE_NATIVE)
        how = (vprec_evex){.length = s->width == 64 ? 2 : s->width == 32 ? 1 : 0};
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

static bool emit_operation(emitter *e)
{
    const vprec_site *s = e->site;
    int d = e->reg[D], u = e->reg[U], t = e->reg[T], m = e->reg[M], vvvv = s->vvvv, rm = s->rm;
    uint32_t op = OP(s->pp, s->map, vprec_elem_size(s->from) == 8, s->opcode);
    if (rm == VPREC_REG_MEM) {
        if (!load(e))
            return false;
        rm = m;
        bool integer = s->op == VPREC_OP_CVT && s->scalar && s->from != VPREC_E_F64;
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
    bool once = e->shape == VPREC_SHAPE_NATIVE || e->shape == VPREC_SHAPE_CONTAINER || e->context->arith->fast;
    operate(e, d, op, vvvv, rm, once ? RN : RD);
    if (!once)
        operate(e, u, op, vvvv, rm, RU);
    if (!s->scalar && s->op == VPREC_OP_CVT && s->lanes * vprec_elem_size(s->to) == 8) { /* upper half becomes 0 */
        ev(e, MOVQ, 0, d, -1, vprec_reg(d), -1);
        if (!once)
            ev(e, MOVQ, 0, u, -1, vprec_reg(u), -1);
    }
    round_result(e, once);
    return true;
}

/* Whether the operation itself exists with embedded rounding. */
static bool supported(const emitter *e)
{
    const vprec_site *s = e->site;
    if (s->op == VPREC_OP_DP || s->mem.address32 || s->rm == VPREC_REG_GPR + 4) /* rsp moves here */
        return false;
    /* two narrowed results: the upper half becomes 0 whatever the mask says */
    if (s->mask && s->op == VPREC_OP_CVT && s->lanes * vprec_elem_size(s->to) == 8)
        return false;
    if (e->shape == VPREC_SHAPE_NATIVE)
        return s->op != VPREC_OP_ADDSUB && s->op != VPREC_OP_HADD && s->op != VPREC_OP_HSUB && !s->er &&
               !(s->rm == VPREC_REG_MEM && s->op == VPREC_OP_CVT);
    if (s->rm == VPREC_REG_MEM && !s->scalar && !s->broadcast && s->lanes * vprec_elem_size(s->from) < 16)
        return false;
    return true;
}

/* Scratch registers: free ones, else saved on the stack below the red zone. */
typedef struct saved {
    int vectors[SCRATCH], vector_count;
    int masks[2], mask_count;
} saved;

static int take(uint32_t *free, uint32_t busy, int low, int count, int *spilled, int *spill_count)
{
    for (int i = count - 1; i >= low; i--)
        if (*free >> i & 1) {
            *free &= ~(1u << i);
            return i;
        }
    for (int i = count - 1; i >= low; i--)
        if (!(busy >> i & 1)) {
            bool used = false;
            for (int j = 0; j < *spill_count; j++)
                used |= spilled[j] == i;
            if (!used)
                return spilled[(*spill_count)++] = i;
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

static void allocate(emitter *e, saved *save, bool value)
{
    const vprec_site *s = e->site;
    uint32_t busy = vector_bit(s->dst) | vector_bit(s->vvvv) | vector_bit(s->rm);
    uint32_t free = e->context->free_vectors & ~busy, free_masks = e->context->free_masks & ~1u & ~(1u << s->mask);
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
                      (i == C && e->inbound && s->op == VPREC_OP_FMA);
        if (!needed)
            e->reg[i] = -1;
        else if (i == U && !value && !e->inbound && overwrites(s)) /* the second operation is the last to read the sources */
            e->reg[U] = s->dst;
        else if (i == M && !horizontal && !e->inbound) /* read for the last time before T is written */
            e->reg[M] = e->reg[T];
        else
            e->reg[i] = take(&free, taken, lowest, 32, save->vectors, &save->vector_count);
        if (needed)
            taken |= vector_bit(e->reg[i]);
    }
    uint32_t taken_masks = 1u | 1u << s->mask;
    if (rounds)
        e->kt = take(&free_masks, taken_masks, 1, 8, save->masks, &save->mask_count);
}

static void move_saved(emitter *e, const saved *save, bool restore)
{
    for (int i = 0; i < save->vector_count; i++)
        ev(e, OP(0, 1, 0, restore ? 0x10 : 0x11), 2, save->vectors[i], -1, vprec_stack(64 * i), -1);
    for (int i = 0; i < save->mask_count; i++)
        vprec_emit_vex(e->code, 0, OP(0, 1, 1, restore ? 0x90 : 0x91), save->masks[i], -1,
                       vprec_stack(64 * save->vector_count + 8 * i), -1);
}

bool vprec_round_emit_avx512(vprec_code *code, const vprec_site *site, const vprec_round_context *context)
{
    vprec_type type = site->to == VPREC_E_F64 ? VPREC_F64 : VPREC_F32;
    emitter e = {.code = code, .site = site, .context = context, .type = type, .w = type == VPREC_F64,
                 .length = site->scalar ? 0 : 2, .shape = vprec_round_shape(context->arith, type), .to = -1};
    if (e.shape == VPREC_SHAPE_NONE)
        return false;
    bool value = vprec_is_value(site);
    if (context->arith->round & VPREC_ROUND_OPERANDS) {
        bool rounds = e.shape == VPREC_SHAPE_WIDE || e.shape == VPREC_SHAPE_NARROW;
        bool basic = site->op <= VPREC_OP_FMA && !context->arith->fast;
        bool from_integer = site->from != VPREC_E_F32 && site->from != VPREC_E_F64;
        e.inbound = rounds && basic;
        if (!e.inbound && !from_integer && !(e.shape == VPREC_SHAPE_NATIVE && site->from == site->to))
            return false;
    }
    if (e.shape == VPREC_SHAPE_CONTAINER && site->encoding != VPREC_EVEX) {
        vprec_round_copy(code, site->address);
        return true;
    }
    if (e.shape == VPREC_SHAPE_NATIVE && (value || !supported(&e))) {
        vprec_round_copy(code, site->address);
        return true;
    }
    if (!value && !supported(&e))
        return false;
    if (value) { /* the instruction as it is, then its destination rounded in place */
        vprec_round_copy(code, site->address);
        if (e.shape == VPREC_SHAPE_CONTAINER)
            return true;
    }
    saved save = {0};
    allocate(&e, &save, value);
    bool bounces = site->encoding == VPREC_LEGACY && !context->clear_upper;
    int32_t saved_bytes = 64 * save.vector_count + 8 * save.mask_count;
    e.bounce = bounces ? saved_bytes : -1;
    if (saved_bytes || bounces) {
        e.frame = 128 + saved_bytes + (bounces ? 16 : 0);
        vprec_emit_move_stack(code, -e.frame);
        move_saved(&e, &save, false);
    }
    bool done = true;
    if (value) {
        vprec_site in_place = *site;
        if (site->scalar)
            in_place.vvvv = site->dst;
        e.site = &in_place;
        vprec_emit_evex(code, (vprec_evex){.length = 2}, OP(e.w, 1, e.w, 0x28), e.reg[D], -1, vprec_reg(site->dst), -1);
        round_result(&e, true);
        e.site = site;
    } else {
        done = emit_operation(&e);
    }
    if (e.frame) {
        move_saved(&e, &save, true);
        vprec_emit_move_stack(code, e.frame);
    }
    if (!done)
        code->full = true;
    return true;
}
