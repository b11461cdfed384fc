/* SPDX-License-Identifier: Apache-2.0
 * round_avx512_noise.c: Monte Carlo arithmetic inline (D. S. Parker, 1997): the
 * exact result of the perturbed operands, perturbed, rounded once to the
 * container.
 *
 * With t bits of virtual precision inexact(x) = x + 2^(e-t) xi, e = floor(log2|x|)+1,
 * xi uniform in [-1/2, 1/2). The native result n and the residual r = exact - n,
 * found by error-free transforms, stand for the exact result; an operand's
 * perturbation d moves it by d times the derivative, which goes into r; the
 * result's perturbation v is added last: n + (r + v), rounded once. Second-order
 * terms are below 2^-2t, what r loses by its own rounding below 2^-22 (2^-51) of
 * half an ulp.
 *
 * Where an operand's or the result's perturbation underflows, or something in
 * between overflows, the site is left to the emulator, which works with
 * integers. */
#include "round_avx512.h"

enum { FMADD213 = 0xA8, FMSUB213 = 0xAA, FNMADD213 = 0xAC, FMADD231 = 0xB8, FMSUB231 = 0xBA, FNMADD231 = 0xBC,
       FNMSUB231 = 0xBE };
enum { CMP_NEQ_OQ = 0x0C, UNSIGNED_LESS = 1 };
enum { QUIET_NAN = 1, DENORMAL = 1 << 5 }; /* of vfpclass */

#define MUL OP(e->w, 1, e->w, 0x59)
#define DIV OP(e->w, 1, e->w, 0x5E)
#define SQRT OP(e->w, 1, e->w, 0x51)

/* The site's operands as registers, and what is negated. */
typedef struct operands {
    int x, y, z;               /* op x y; sqrt y; x * y + z */
    bool minus_xy, minus_last; /* of the product; of y in a sum, of z in a fused one */
} operands;

/* dst = src op rm, rounded to nearest, no exceptions; whole registers. */
static void fp(vprec_avx512 *e, uint32_t op, int dst, int src, int rm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = RN, .b = true}, op, dst, src, vprec_reg(rm), -1);
}

static void fused(vprec_avx512 *e, uint32_t opcode, int dst, int src, int rm)
{
    fp(e, OP(1, 2, e->w, opcode), dst, src, rm);
}

static void copy(vprec_avx512 *e, int dst, int src)
{
    if (dst != src)
        ev(e, MOVA, 2, dst, -1, vprec_reg(src), -1);
}

/* With constant `k` broadcast as the last operand, whole registers. */
static void konst_whole(vprec_avx512 *e, uint32_t op, int dst, int src, enum vprec_constant k, int imm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = 2, .b = true}, op, dst, src,
                    vprec_absolute(e->context->constants->value[e->type][k]), imm);
}

static void constant(vprec_avx512 *e, uint32_t op, int dst, int src, enum vprec_constant k)
{
    konst_whole(e, op, dst, src, k, -1);
}

/* k = lanes of `reg`, of those in opmask `among`, that are of the classes `which`. */
static void classify(vprec_avx512 *e, int k, int among, int reg, int which)
{
    bool scalar = e->site->scalar;
    vprec_emit_evex(e->code, (vprec_evex){.length = scalar ? 0 : 2, .mask = (uint8_t)among},
                    OP(1, 3, e->w, scalar ? 0x67 : 0x66), k, -1, vprec_reg(reg), which);
}

static void suspect(vprec_avx512 *e, int k)
{
    vprec_emit_vex(e->code, 1, OP(0, 1, 0, 0x45), e->kt, e->kt, vprec_reg(k), -1); /* korw */
}

/* A = xi * 2^(1-t), the perturbation of a number in [1, 2) */
static void draw_unit(vprec_avx512 *e)
{
    int a = e->reg[A];
    vprec_avx512_draw(e, a);
    fp(e, e->w ? OP(2, 1, 1, 0xE6) : OP(0, 1, 0, 0x5B), a, -1, a); /* vcvtqq2pd, vcvtdq2ps */
    constant(e, MUL, a, a, VPREC_K_NOISE);
}

/* X = 2^floor(log2|src|) */
static void binade(vprec_avx512 *e, int src)
{
    constant(e, PAND, e->reg[X], src, VPREC_K_EXPONENT);
}

/* A = the perturbation of operand `x`. */
static void perturbation(vprec_avx512 *e, int x)
{
    draw_unit(e);
    binade(e, x);
    fp(e, MUL, e->reg[A], e->reg[A], e->reg[X]);
    classify(e, e->km, 0, e->reg[A], DENORMAL);
    suspect(e, e->km);
}

/* T = s - (p + q) exactly, s = p + q rounded; q is negated where `minus`. X and C are lost (D. E. Knuth, 1969, 4.2.2). */
static void sum_error(vprec_avx512 *e, int s, int p, int q, bool minus)
{
    int t = e->reg[T], c = e->reg[C], x = e->reg[X];
    fp(e, SUB, x, s, p);                 /* what of q is in s */
    fp(e, SUB, c, s, x);
    fp(e, SUB, c, c, p);                 /* -(p - (s - x)) */
    fp(e, minus ? ADD : SUB, t, x, q);   /* -(q - x) */
    fp(e, ADD, t, t, c);
}

/* D = the native result n, T = n - exact. */
static void operate(vprec_avx512 *e, const operands *o)
{
    int d = e->reg[D], t = e->reg[T], u = e->reg[U], a = e->reg[A];
    switch (e->site->op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB:
        fp(e, o->minus_last ? SUB : ADD, d, o->x, o->y);
        sum_error(e, d, o->x, o->y, o->minus_last);
        break;
    case VPREC_OP_MUL:
        fp(e, MUL, d, o->x, o->y);
        copy(e, t, d);
        fused(e, FNMADD231, t, o->x, o->y);
        break;
    case VPREC_OP_DIV: /* (n y - x) / y */
        fp(e, DIV, d, o->x, o->y);
        copy(e, t, d);
        fused(e, FMSUB213, t, o->y, o->x);
        break;
    case VPREC_OP_SQRT: /* (n n - x) / 2n */
        fp(e, SQRT, d, -1, o->y);
        copy(e, t, d);
        fused(e, FMSUB213, t, d, o->y);
        break;
    default: { /* the product's error in U, the sum's in T, and what n is off the sum in A */
        int s = e->reg[S];
        copy(e, d, o->z);
        fused(e, o->minus_xy ? (o->minus_last ? FNMSUB231 : FNMADD231) : o->minus_last ? FMSUB231 : FMADD231, d, o->x,
              o->y);
        fp(e, MUL, a, o->x, o->y);
        copy(e, u, o->x);
        fused(e, FNMADD213, u, o->y, a); /* a - x y, the product's error negated */
        if (o->minus_xy) {
            constant(e, PXOR, a, a, VPREC_K_SIGN);
            constant(e, PXOR, u, u, VPREC_K_SIGN);
        }
        fp(e, o->minus_last ? SUB : ADD, s, a, o->z);
        sum_error(e, s, a, o->z, o->minus_last);
        fp(e, ADD, t, t, u);
        fp(e, SUB, a, d, s);
        fp(e, ADD, t, t, a);
        break;
    }
    }
}

/* T -= what the operands' perturbations add to the exact result, before the division that div and sqrt end with. */
static void perturb_operands(vprec_avx512 *e, const operands *o)
{
    int t = e->reg[T], a = e->reg[A];
    switch (e->site->op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB:
        perturbation(e, o->x);
        fp(e, SUB, t, t, a);
        perturbation(e, o->y);
        fp(e, o->minus_last ? ADD : SUB, t, t, a);
        break;
    case VPREC_OP_DIV: /* (x' - n y') / y */
        perturbation(e, o->x);
        fp(e, SUB, t, t, a);
        perturbation(e, o->y);
        fused(e, FMADD231, t, a, e->reg[D]);
        break;
    case VPREC_OP_SQRT:
        perturbation(e, o->y);
        fp(e, SUB, t, t, a);
        break;
    default:
        perturbation(e, o->x);
        fused(e, o->minus_xy ? FMADD231 : FNMADD231, t, a, o->y);
        perturbation(e, o->y);
        fused(e, o->minus_xy ? FMADD231 : FNMADD231, t, a, o->x);
        if (e->site->op == VPREC_OP_FMA) {
            perturbation(e, o->z);
            fp(e, o->minus_last ? ADD : SUB, t, t, a);
        }
        break;
    }
}

/* The division that div and sqrt end with, by 14 bits of the reciprocal: enough for a residual. */
static void divide_residual(vprec_avx512 *e, const operands *o)
{
    int t = e->reg[T], a = e->reg[A];
    if (e->site->op == VPREC_OP_DIV) {
        ev(e, OP(1, 2, e->w, 0x4C), 2, a, -1, vprec_reg(o->y), -1);
        fp(e, MUL, t, t, a);
    } else if (e->site->op == VPREC_OP_SQRT) {
        fp(e, ADD, a, e->reg[D], e->reg[D]);
        ev(e, OP(1, 2, e->w, 0x4C), 2, a, -1, vprec_reg(a), -1);
        fp(e, MUL, t, t, a);
    }
}

/* Perturbed operands may have cancelled: n and the residual become a rounded sum and its error. */
static void renormalise(vprec_avx512 *e)
{
    int d = e->reg[D], t = e->reg[T], a = e->reg[A], x = e->reg[X], c = e->reg[C];
    fp(e, SUB, a, d, t); /* s = d - t */
    fp(e, SUB, x, a, d);
    fp(e, SUB, c, a, x);
    fp(e, SUB, c, c, d);
    fp(e, ADD, x, x, t);
    fp(e, ADD, t, x, c); /* s - exact */
    copy(e, d, a);
}

/* D = the perturbed, rounded result; kt |= lanes that ask for the emulator. */
static void perturb_result(vprec_avx512 *e)
{
    const vprec_noise *noise = &e->context->arith->noise[e->type];
    int d = e->reg[D], t = e->reg[T], a = e->reg[A], x = e->reg[X];
    bool only = noise->what == VPREC_NOISE_RESULTS;
    unsigned cut = (e->w ? 53 : 24) - noise->precision;
    if (noise->what & VPREC_NOISE_RESULTS) {
        draw_unit(e);
        binade(e, d);
        fused(e, FMADD213, a, x, t);
    } else {
        binade(e, d);
        copy(e, a, t);
    }
    /* of infinities and NaN nothing is asked */
    konst_whole(e, OP(1, 3, e->w, 0x1E), e->km, x, VPREC_K_EXPONENT, UNSIGNED_LESS);
    classify(e, only ? e->kt : e->km, e->km, a, QUIET_NAN | DENORMAL);
    if (!only)
        suspect(e, e->km);
    /* what is exact stays, as far as the virtual precision holds it */
    konst_whole(e, CMP, e->km, t, VPREC_K_ZERO, CMP_NEQ_OQ);
    if (cut) {
        konst_whole(e, PTESTM, e->kn, d, VPREC_K_BEYOND, -1);
        vprec_emit_vex(e->code, 1, OP(0, 1, 0, 0x45), e->km, e->km, vprec_reg(e->kn), -1);
    }
    vprec_evex how = {.length = RN, .b = true, .mask = (uint8_t)e->km};
    vprec_emit_evex(e->code, how, SUB, d, d, vprec_reg(a), -1);
}

/* Which operand each register is; `last` holds what the instruction's last one does. */
static operands operands_of(const vprec_site *s, int last)
{
    operands o = {.x = s->vvvv, .y = last, .minus_last = s->op == VPREC_OP_SUB};
    if (s->op == VPREC_OP_FMA) {
        vprec_fma_form f = vprec_site_fma(s);
        const int reg[] = {s->dst, s->vvvv, last};
        o = (operands){reg[f.a], reg[f.b], reg[f.c], f.negate_product, f.negate_addend};
    }
    return o;
}

bool vprec_avx512_noise_has(const vprec_site *s)
{
    return s->op <= VPREC_OP_FMA && (s->op != VPREC_OP_FMA || !vprec_site_fma(s).alternate);
}

void vprec_avx512_noise(vprec_avx512 *e, int last)
{
    operands o = operands_of(e->site, last);
    bool perturbs = e->context->arith->noise[e->type].what & VPREC_NOISE_OPERANDS;
    operate(e, &o);
    if (perturbs) {
        vprec_emit_vex(e->code, 1, OP(0, 1, 0, 0x47), e->kt, e->kt, vprec_reg(e->kt), -1); /* kxorw */
        perturb_operands(e, &o);
    }
    divide_residual(e, &o);
    if (perturbs)
        renormalise(e);
    perturb_result(e);
}
