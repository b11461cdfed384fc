/* SPDX-License-Identifier: Apache-2.0
 * avx.h: what avx.c and avx_tie.c share: the state of one
 * site's emission, and instructions that come out VEX or legacy encoded alike. */
#ifndef VPREC_X86_ROUND_AVX_H
#define VPREC_X86_ROUND_AVX_H

#include "round.h"

#define OP(pp, map, w, op) VPREC_OPCODE(pp, map, w, op)

/* Scratch registers of a site: native result; inexact lanes; tied lanes; rounded
 * magnitude; constant or temporary; memory operand; prepared operands. */
enum vprec_avx_scratch { N, X, D, Y, C, M, G, H, VPREC_AVX_SCRATCH };

/* A site's code; its ties' code goes on from it. */
typedef struct vprec_avx {
    vprec_code *code;
    const vprec_round_context *context;
    vprec_site site;
    enum vprec_site_shape shape;
    vprec_type type;  /* of the results */
    bool vex;
    int w;            /* 1: 64-bit result elements */
    int l;            /* VEX.L of operations on results */
    int a, b, c;      /* registers of the operands; c: an FMA's addend */
    int reg[VPREC_AVX_SCRATCH];
    uint32_t busy;    /* registers that hold something for this site */
    uint32_t free;    /* registers that may be overwritten */
    int spilled[16], spills;
    int slot;         /* bytes of a saved register */
    bool rcx;         /* it is used, so it is saved */
    int32_t frame;    /* bytes that rsp was lowered by */
    uint8_t *leave;   /* behind the jump to the ties' code */
    uint8_t *end;     /* of the site */
} vprec_avx;

/* Legacy encodings have two operands: dst becomes a copy of `a` first, so
 * `rm` must not be dst then. a -1: no first source. */
static inline void vprec_avx_op(vprec_avx *e, int l, uint32_t op, int dst, int a, vprec_rm rm, int imm)
{
    if (e->vex) {
        vprec_emit_vex(e->code, l, op, dst, a, rm, imm);
        return;
    }
    if (a >= 0 && a != dst)
        vprec_emit_legacy(e->code, OP(0, 1, 0, 0x28), dst, vprec_reg(a), -1);
    vprec_emit_legacy(e->code, op, dst, rm, imm);
}

/* Opcode bytes of map 1, named as the packed float or 32-bit form. */
enum vprec_avx_fp_op {
    FP_SQRT = 0x51, FP_ADD = 0x58, FP_MUL = 0x59, FP_SUB = 0x5C, FP_MIN = 0x5D, FP_DIV = 0x5E, FP_MAX = 0x5F
};
enum { AND = 0x54, ANDN = 0x55, OR = 0x56, XOR = 0x57 };
/* LT raises the invalid flag for a quiet NaN too; the quiet forms are VEX's. */
enum { CMP_EQ, CMP_LT, CMP_UNORD = 3, CMP_NEQ, CMP_ORD = 7, CMP_LT_QUIET = 0x11, CMP_NLE_QUIET = 0x16, CMP_GT_QUIET = 0x1E };

/* Floating-point operation on the result's type, scalar where the site is. */
static inline void vprec_avx_fp(vprec_avx *e, int op, int dst, int a, vprec_rm rm)
{
    int pp = e->site.scalar ? 2 + e->w : e->w;
    vprec_avx_op(e, e->site.scalar ? 0 : e->l, OP((uint32_t)pp, 1, 0, (uint32_t)op), dst, a, rm, -1);
}

static inline void vprec_avx_cmp(vprec_avx *e, int predicate, int dst, int a, vprec_rm rm)
{
    int pp = e->site.scalar ? 2 + e->w : e->w;
    vprec_avx_op(e, e->site.scalar ? 0 : e->l, OP((uint32_t)pp, 1, 0, 0xC2), dst, a, rm, predicate);
}

/* Bitwise, on whole registers. */
static inline void vprec_avx_bits(vprec_avx *e, int op, int dst, int a, vprec_rm rm)
{
    vprec_avx_op(e, e->l, OP(0, 1, 0, (uint32_t)op), dst, a, rm, -1);
}

/* Integer operation of map 1 under prefix 66. */
static inline void vprec_avx_int(vprec_avx *e, int op, int dst, int a, vprec_rm rm)
{
    vprec_avx_op(e, e->l, OP(1, 1, 0, (uint32_t)op), dst, a, rm, -1);
}

static inline void vprec_avx_add(vprec_avx *e, int dst, int a, vprec_rm rm)
{
    vprec_avx_int(e, e->w ? 0xD4 : 0xFE, dst, a, rm);
}

/* Logical right shift of the result's elements. */
static inline void vprec_avx_shift(vprec_avx *e, int dst, int a, int bits)
{
    uint32_t op = OP(1, 1, 0, e->w ? 0x73u : 0x72u);
    if (e->vex) {
        vprec_emit_vex(e->code, e->l, op, 2, dst, vprec_reg(a), bits);
        return;
    }
    if (a != dst)
        vprec_emit_legacy(e->code, OP(0, 1, 0, 0x28), dst, vprec_reg(a), -1);
    vprec_emit_legacy(e->code, op, 2, vprec_reg(dst), bits);
}

static inline void vprec_avx_copy(vprec_avx *e, int dst, int src)
{
    if (dst != src)
        vprec_avx_op(e, e->l, OP(0, 1, 0, 0x28), dst, -1, vprec_reg(src), -1);
}

static inline vprec_rm vprec_avx_konst(const vprec_avx *e, enum vprec_constant k)
{
    return vprec_absolute(e->context->constants->value[e->type][k]);
}

/* mov rcx to or from its place on the stack, above the saved registers. */
static inline void vprec_avx_move_rcx(vprec_avx *e, bool restore)
{
    int32_t at = e->slot * e->spills;
    vprec_emit_legacy(e->code, OP(0, 0, 1, restore ? 0x8Bu : 0x89u), 1, vprec_at_stack(at), -1);
    if (!restore) /* loaded again it may be changed again: its place counts until it is given up */
        vprec_emit_note(e->code, VPREC_MOVE_SAVE, (vprec_spilled){VPREC_SPILL_GENERAL, 1, 8}, at);
}

/* rcx becomes 0 unless a lane (the lowest, of a scalar) of `reg` is set, of elements 4 << w bytes. */
static inline void vprec_avx_test(vprec_avx *e, int l, int w, int reg)
{
    if (e->site.scalar)
        vprec_avx_op(e, 0, OP(1, 1, (uint32_t)w, 0x7E), reg, -1, vprec_reg(1), -1);
    else
        vprec_avx_op(e, l, OP((uint32_t)w, 1, 0, 0x50), 1, -1, vprec_reg(reg), -1);
}

/* dst = lanes of `dst` whose bits are constant `k`'s; y is lost where legacy instructions compare 64 bits. */
static inline void vprec_avx_equal(vprec_avx *e, int dst, enum vprec_constant k, int y)
{
    if (e->w && e->vex) {
        vprec_avx_op(e, e->l, OP(1, 2, 0, 0x29), dst, dst, vprec_avx_konst(e, k), -1); /* pcmpeqq */
        return;
    }
    vprec_avx_int(e, 0x76, dst, dst, vprec_avx_konst(e, k)); /* pcmpeqd */
    if (e->w) {
        vprec_avx_op(e, 0, OP(1, 1, 0, 0x70), y, -1, vprec_reg(dst), 0xB1); /* pshufd */
        vprec_avx_bits(e, AND, dst, dst, vprec_reg(y));
    }
}

/* Whether results may be the least normal number that are below it, and to be flushed: sums are exact there, quotients
 * not so near. Only where the program may set flush-to-zero. */
static inline bool vprec_avx_minds_least(const vprec_avx *e)
{
    const vprec_site *s = &e->site;
    bool near = s->op == VPREC_OP_MUL || s->op == VPREC_OP_FMA || (s->op == VPREC_OP_CVT && s->from == VPREC_E_F64);
    return e->context->arith->minds_mxcsr && e->shape == VPREC_SHAPE_WIDE && near;
}

/* A register that may be overwritten; without a free one, one to be saved. */
int vprec_avx_take(vprec_avx *e);
/* Saves or restores spilled registers from number `first` on, in slots from rsp + disp. */
void vprec_avx_move_spilled(vprec_avx *e, int first, int32_t disp, bool restore);

/* reg[Y] from reg[N] for VPREC_SHAPE_NARROW; `ties`: reg[D] becomes the lanes tied. */
void vprec_avx_quantise(vprec_avx *e, bool ties);

#endif
