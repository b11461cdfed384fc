/* SPDX-License-Identifier: Apache-2.0
 * avx512_noise.c: Monte Carlo arithmetic inline (D. S. Parker, 1997): the
 * exact result of the perturbed operands, perturbed, rounded once to the
 * container.
 *
 * With t bits of virtual precision inexact(x) = x + 2^(e-t) xi, e = floor(log2|x|)+1,
 * xi uniform in [-1/2, 1/2). The native result n and the residual r = exact - n,
 * found by error-free transforms, stand for the exact result; what the operands'
 * perturbations add to it goes into r; the result's perturbation v is added last:
 * n + (r + v), rounded once. The binade e is that of the exact result, not of n,
 * which may have been rounded up to a power of two. What r loses by its own
 * rounding is below 2^-22 (2^-51) of half an ulp, of the operands' noise below
 * 2^-13 of that noise (square roots: the third power of its relative size).
 *
 * Where a residual underflows, the noise nearly does, or something in between
 * overflows, the site is left to the emulator, which works with integers. That
 * never depends on the random words: it draws others. Two things stay that
 * only a zero shows: a product below half the least number that is added to
 * something counts as zero where MXCSR flushes results, and so does any exact
 * result below half the least number. */
#include "avx512_noise.h"

enum { CMP_NEQ_UQ = 0x04, UNSIGNED_LESS = 1, MIN_ABS = 6, MAX_ABS = 7 };

/* k = lanes, of those in opmask `among` (0: all), where the bits of `reg` are below constant `c`. */
static void less(vprec_avx512 *e, int k, int among, int reg, enum vprec_constant c)
{
    constant_among(e, OP(1, 3, e->w, 0x1E), among, k, reg, c, UNSIGNED_LESS);
}

/* Lanes of opmask `k` ask for the emulator. */
static void suspect(vprec_avx512 *e, int k)
{
    mask_op(e, 0x45, e->kt, e->kt, k); /* korw */
}

/* So do lanes, of those in opmask `among`, where `reg` is of the classes `which`. kn is lost. */
static void suspect_class(vprec_avx512 *e, int among, int reg, int which)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = 2, .mask = (uint8_t)among}, FPCLASS, e->kn, -1,
                    vprec_reg(reg), which);
    suspect(e, e->kn);
}

/* A = xi * 2^(1-t), the perturbation of a number in [1, 2). Truncated: rounding could make xi 1/2, and a tie. */
static void draw_unit(vprec_avx512 *e)
{
    int a = e->reg[A];
    vprec_avx512_draw(e, a);
    directed(e, RZ, e->w ? OP(2, 1, 1, 0xE6) : OP(0, 1, 0, 0x5B), a, -1, a); /* vcvtqq2pd, vcvtdq2ps */
    constant(e, MUL, a, a, VPREC_K_NOISE);
}

/* X = 2^floor(log2|src|) */
static void binade(vprec_avx512 *e, int src)
{
    constant(e, PAND, e->reg[X], src, VPREC_K_EXPONENT);
}

/* A * X = the perturbation of operand `x`; what has no binade is left to the emulator. */
static void perturbation(vprec_avx512 *e, int x)
{
    draw_unit(e);
    binade(e, x);
    suspect_class(e, 0, x, DENORMAL);
}

int vprec_avx512_summand(vprec_avx512 *e, int reg, bool minus)
{
    if (!minus)
        return reg;
    constant(e, PXOR, e->reg[C], reg, VPREC_K_SIGN);
    return e->reg[C];
}

static void range(vprec_avx512 *e, int dst, int a, int b, int which)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = RN, .b = true}, OP(1, 3, e->w, 0x50), dst, a, vprec_reg(b), which);
}

void vprec_avx512_sum_residual(vprec_avx512 *e, int low, int s, int a, int b, bool negated)
{
    int high = e->reg[A];
    range(e, high, a, b, MAX_ABS);
    range(e, low, a, b, MIN_ABS);
    fp(e, SUB, high, s, high);
    fp(e, SUB, low, negated ? high : low, negated ? low : high);
}

/* So do lanes where `reg` is no zero but too small for the residual that is found from it. X, km and kn are lost. */
static void suspect_small(vprec_avx512 *e, int reg)
{
    binade(e, reg);
    constant_among(e, PTESTM, 0, e->km, reg, VPREC_K_ABS, -1);
    less(e, e->kn, e->km, e->reg[X], VPREC_K_NOISE_LOW);
    suspect(e, e->kn);
}

/* A residual found by a fused operation, rounded up: 0 where n is exact, else not, but for underflow: there it is
 * subnormal or -0. */
static void residual(vprec_avx512 *e, uint32_t opcode, int r, int x, int y)
{
    directed(e, RU, OP(1, 2, e->w, opcode), r, x, y);
}

/* D = the native result n, T = n - exact (for div and sqrt: what divide_residual() makes that). */
static void operate(vprec_avx512 *e, const operands *o)
{
    int d = e->reg[D], t = e->reg[T], x = e->reg[X], c = e->reg[C];
    uint32_t add = o->minus_last ? SUB : ADD;
    switch (e->site->op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB:
        fp(e, add, d, o->x, o->y);
        vprec_avx512_sum_residual(e, t, d, o->x, vprec_avx512_summand(e, o->y, o->minus_last), true);
        break;
    case VPREC_OP_MUL:
        fp(e, MUL, d, o->x, o->y);
        copy(e, t, d);
        residual(e, FNMADD231, t, o->x, o->y);
        suspect_class(e, 0, t, DENORMAL | NEGATIVE_ZERO);
        break;
    case VPREC_OP_DIV: /* (n y - x) / y */
        fp(e, DIV, d, o->x, o->y);
        copy(e, t, d);
        residual(e, FMSUB213, t, o->y, o->x);
        suspect_small(e, o->x);
        suspect_class(e, 0, t, INFINITE); /* overflow: an infinity by rights has NaN here */
        suspect_class(e, 0, o->y, DENORMAL);
        break;
    case VPREC_OP_SQRT: /* (n n - x) / 2n */
        fp(e, SQRT, d, -1, o->y);
        copy(e, t, d);
        residual(e, FMSUB213, t, d, o->y);
        suspect_small(e, o->y);
        break;
    default: { /* z - n rounded, and its error; the product goes to the former */
        copy(e, d, o->z);
        copy(e, x, o->z);
        fused(e, fused_opcode(o, false), d, o->x, o->y);
        fused(e, fused_opcode(o, true), x, o->x, o->y);
        int z = vprec_avx512_summand(e, o->z, o->minus_last);
        fp(e, ADD, t, z, x);
        vprec_avx512_sum_residual(e, c, t, z, x, true);
        residual(e, o->minus_xy ? FNMADD231 : FMADD231, t, o->x, o->y);
        suspect_class(e, 0, t, DENORMAL | NEGATIVE_ZERO);
        fp(e, SUB, t, c, t);
        break;
    }
    }
}

/* X = 2^floor(log2|exact result|) of the unperturbed operands; for div and sqrt, whose truncated results would cost as
 * much again, that of D - T. Its exponent field is all ones only where the result is infinite or NaN by rights. */
static void exact_binade(vprec_avx512 *e, const operands *o)
{
    int x = e->reg[X];
    uint32_t add = o->minus_last ? SUB : ADD;
    switch (e->site->op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB: directed(e, RZ, add, x, o->x, o->y); break;
    case VPREC_OP_MUL: directed(e, RZ, MUL, x, o->x, o->y); break;
    case VPREC_OP_DIV:
    case VPREC_OP_SQRT: directed(e, RZ, SUB, x, e->reg[D], e->reg[T]); break;
    default:
        copy(e, x, o->z);
        directed(e, RZ, OP(1, 2, e->w, fused_opcode(o, false)), x, o->x, o->y);
        break;
    }
    binade(e, x);
}

/* T -= what the operands' perturbations add to the exact result, before the division that div and sqrt end with.
 * C = the perturbed y of a division. */
static void perturb_operands(vprec_avx512 *e, const operands *o)
{
    int t = e->reg[T], a = e->reg[A], x = e->reg[X], c = e->reg[C], s = e->reg[S];
    uint32_t product = o->minus_xy ? FMADD231 : FNMADD231;
    switch (e->site->op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB:
        perturbation(e, o->x);
        fused(e, FNMADD231, t, a, x);
        perturbation(e, o->y);
        fused(e, o->minus_last ? FMADD231 : FNMADD231, t, a, x);
        break;
    case VPREC_OP_DIV: /* (x' - n y') / y' */
        perturbation(e, o->x);
        fused(e, FNMADD231, t, a, x);
        perturbation(e, o->y);
        copy(e, c, o->y);
        fused(e, FMADD231, c, a, x);
        fp(e, MUL, x, x, e->reg[D]);
        fused(e, FMADD231, t, a, x);
        break;
    case VPREC_OP_SQRT:
        perturbation(e, o->y);
        fused(e, FNMADD231, t, a, x);
        break;
    default: /* x' y' = x y + dx y + x' dy; the binade times the other factor first, which cannot underflow */
        perturbation(e, o->x);
        copy(e, c, o->x);
        fused(e, FMADD231, c, a, x);
        fp(e, MUL, s, x, o->y);
        fused(e, product, t, a, s);
        perturbation(e, o->y);
        fp(e, MUL, s, x, c);
        fused(e, product, t, a, s);
        if (e->site->op == VPREC_OP_FMA) {
            perturbation(e, o->z);
            fused(e, o->minus_last ? FMADD231 : FNMADD231, t, a, x);
        }
        break;
    }
}

/* The division that div and sqrt end with, by 14 bits of the reciprocal: enough for a residual. */
static void divide_residual(vprec_avx512 *e, const operands *o, bool perturbed)
{
    int t = e->reg[T], a = e->reg[A], c = e->reg[C], x = e->reg[X];
    const uint32_t rcp14 = OP(1, 2, e->w, 0x4C);
    if (e->site->op == VPREC_OP_DIV) {
        ev(e, rcp14, 2, a, -1, vprec_reg(perturbed ? c : o->y), -1);
    } else if (e->site->op == VPREC_OP_SQRT) {
        fp(e, ADD, c, e->reg[D], e->reg[D]);
        ev(e, rcp14, 2, a, -1, vprec_reg(c), -1);
        if (perturbed) { /* by the sum of both roots: n + n - T / 2n */
            fp(e, MUL, x, t, a);
            fp(e, SUB, c, c, x);
            ev(e, rcp14, 2, a, -1, vprec_reg(c), -1);
        }
    } else {
        return;
    }
    /* a zero neither changes its sign nor meets infinity */
    constant_among(e, CMP, 0, e->km, t, VPREC_K_ZERO, CMP_NEQ_UQ);
    vprec_evex how = {.length = RN, .b = true, .mask = (uint8_t)e->km};
    vprec_emit_evex(e->code, how, MUL, t, t, vprec_reg(a), -1);
}

/* Perturbed operands may have cancelled: in the lanes of kn n and the residual become a rounded sum and its error. */
static void renormalise(vprec_avx512 *e)
{
    int d = e->reg[D], t = e->reg[T], a = e->reg[A], x = e->reg[X], c = e->reg[C];
    fp(e, SUB, a, d, t); /* s = d - t */
    fp(e, SUB, x, a, d);
    fp(e, SUB, c, a, x);
    fp(e, SUB, c, c, d);
    fp(e, ADD, x, x, t);
    fp(e, ADD, t, x, c); /* s - exact */
    masked(e, MOVA, 2, e->kn, false, d, -1, vprec_reg(a));
}

/* Lanes outside the site's operation ask for nothing. */
static void forget_idle_lanes(vprec_avx512 *e)
{
    const vprec_site *s = e->site;
    int lanes = s->scalar ? 1 : s->lanes;
    if (s->mask)
        mask_op(e, 0x41, e->kt, e->kt, s->mask); /* kandw */
    if (lanes * vprec_elem_size(s->to) < 64)
        vprec_emit_vex(e->code, 0, OP(1, 3, 1, 0x32), e->kt, -1, vprec_reg(e->kt), 16 - lanes); /* kshiftlw */
}

/* D = D - A in the lanes of opmask `k`. */
static void finish_sum(vprec_avx512 *e, int k)
{
    vprec_evex how = {.length = RN, .b = true, .mask = (uint8_t)k};
    vprec_emit_evex(e->code, how, SUB, e->reg[D], e->reg[D], vprec_reg(e->reg[A]), -1);
}

/* A site in mode rr: D = the rounded sum of D - T and noise. What is exact stays, as far as the virtual precision
 * holds it; so do infinities and NaN. */
static void perturb_result(vprec_avx512 *e, const operands *o)
{
    int d = e->reg[D], t = e->reg[T], a = e->reg[A], x = e->reg[X];
    draw_unit(e);
    exact_binade(e, o);
    fused(e, FMADD213, a, x, t);
    constant_among(e, CMP, 0, e->km, t, VPREC_K_ZERO, CMP_NEQ_UQ);
    if ((e->w ? 53u : 24u) != e->context->arith->noise[e->type].precision) {
        constant_among(e, PTESTM, 0, e->kn, d, VPREC_K_BEYOND, -1);
        mask_op(e, 0x45, e->km, e->km, e->kn);
    }
    less(e, e->km, e->km, x, VPREC_K_EXPONENT);
    suspect_class(e, e->km, a, QUIET_NAN | INFINITE);
    less(e, e->kn, e->km, x, VPREC_K_NOISE_LOW);
    suspect(e, e->kn);
    finish_sum(e, e->km);
}

/* In modes pb and mca, the operands being perturbed: D = the rounded sum of D - T and, in mca, noise. */
static void perturb_sum(vprec_avx512 *e, const operands *o)
{
    int d = e->reg[D], t = e->reg[T], a = e->reg[A], x = e->reg[X], u = e->reg[U], s = e->reg[S];
    if (e->site->op == VPREC_OP_DIV || e->site->op == VPREC_OP_SQRT)
        binade(e, d);
    else
        exact_binade(e, o);
    less(e, e->kn, 0, x, VPREC_K_EXPONENT);
    copy(e, s, d);
    renormalise(e);
    ev(e, POR, 2, s, s, vprec_reg(a), -1); /* zero where both are: MXCSR may take a subnormal n for zero */
    if (e->context->arith->noise[e->type].what & VPREC_NOISE_RESULTS) {
        directed(e, RZ, SUB, u, d, t);
        draw_unit(e);
        binade(e, u);
        fused(e, FMADD213, a, x, t);
        finish_sum(e, e->kn);
    } else {
        binade(e, d);
    }
    constant_among(e, PTESTM, e->kn, e->km, s, VPREC_K_ABS, -1); /* no zero */
    less(e, e->km, e->km, x, VPREC_K_NOISE_LOW);
    suspect(e, e->km);
    suspect_class(e, e->kn, d, QUIET_NAN | INFINITE);
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

bool vprec_avx512_noise_idle(const vprec_noise *noise, const vprec_site *s)
{
    bool unchanged = !(noise->what & VPREC_NOISE_RESULTS) || vprec_elem_bits(s->from) <= noise->precision;
    return s->op == VPREC_OP_CVT && unchanged;
}

bool vprec_avx512_noise_needs(const vprec_noise *noise, const vprec_site *s, int scratch)
{
    if (scratch == U)
        return vprec_avx512_rr_has(noise, s) || (noise->what & VPREC_NOISE_OPERANDS);
    return scratch != S || (noise->what & VPREC_NOISE_OPERANDS);
}

void vprec_avx512_noise(vprec_avx512 *e, int last)
{
    operands o = operands_of(e->site, last);
    const vprec_noise *noise = &e->context->arith->noise[e->type];
    bool perturbs = noise->what & VPREC_NOISE_OPERANDS;
    if (vprec_avx512_rr_has(noise, e->site)) {
        vprec_avx512_rr(e, &o);
        forget_idle_lanes(e);
        return;
    }
    mask_op(e, 0x47, e->kt, e->kt, e->kt); /* kxorw */
    operate(e, &o);
    if (perturbs)
        perturb_operands(e, &o);
    divide_residual(e, &o, perturbs);
    if (perturbs)
        perturb_sum(e, &o);
    else
        perturb_result(e, &o);
    forget_idle_lanes(e);
}
