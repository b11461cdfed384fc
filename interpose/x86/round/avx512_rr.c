/* SPDX-License-Identifier: Apache-2.0
 * avx512_rr.c: random rounding to the container's own precision, inline:
 * mode rr of sums, products and fused operations. What else there is of Monte
 * Carlo arithmetic is avx512_noise.c's.
 *
 * The operation rounded down and up gives the neighbours d and u of the exact
 * result; their gap g = u - d is the unit of its noise, whatever its binade, and
 * 0 or NaN where it is exact, infinite or NaN: there the native result stays. Else
 * it is d + (T + g xi), rounded once, with T = exact - d from error-free
 * transforms and xi the middle of one of 2^22 (2^51) equal parts of (-1/2, 1/2):
 *
 *   T' = T - (3/2 - 2^-23) g       xi + 3/2 - 2^-23 = 1 + f, f of 22 (51) random bits
 *   A = T' + g (1 + f)             g (1 + f): the bits of f or-ed into those of g
 *
 * T is right to 2^-23 (2^-52) g. No rounding on the way passes its bounds -g/2 < g xi < g/2
 * and 0 <= T <= g: both ends are numbers of the container.
 *
 * g/2 <= -T' <= 3g/2: where T' is subnormal or no number, so that g is too small or too large, the emulator does it.
 * Where MXCSR flushes results, a residual below the least normal number counts as zero, and results whose ulp is below
 * it (float: below 2^-102) get no noise. */
#include "avx512_noise.h"

enum { CMP_NEQ_OQ = 0x0C, SELECT = 0xE4 /* third ? first : second */ };

/* D = the native result, X = g, U = d; of a fused operation -d. */
static void neighbours(vprec_avx512 *e, uint32_t op, const operands *o)
{
    int d = e->reg[D], u = e->reg[U], x = e->reg[X];
    fp(e, op, d, o->x, o->y);
    directed(e, RU, op, x, o->x, o->y);
    directed(e, RD, op, u, o->x, o->y);
    fp(e, SUB, x, x, u);
}

static void fused_neighbours(vprec_avx512 *e, const operands *o)
{
    int d = e->reg[D], u = e->reg[U], x = e->reg[X];
    uint32_t op = OP(1, 2, e->w, fused_opcode(o, false)), negated = OP(1, 2, e->w, fused_opcode(o, true));
    copy(e, d, o->z);
    copy(e, x, o->z);
    copy(e, u, o->z);
    fp(e, op, d, o->x, o->y);
    directed(e, RU, op, x, o->x, o->y);
    directed(e, RU, negated, u, o->x, o->y);
    fp(e, ADD, x, x, u);
}

/* T = exact - d */
static void residual(vprec_avx512 *e, const operands *o)
{
    int u = e->reg[U], t = e->reg[T], c = e->reg[C];
    switch (e->site->op) {
    case VPREC_OP_ADD:
    case VPREC_OP_SUB:
        neighbours(e, o->minus_last ? SUB : ADD, o);
        vprec_avx512_sum_residual(e, t, u, o->x, vprec_avx512_summand(e, o->y, o->minus_last), false);
        break;
    case VPREC_OP_MUL:
        neighbours(e, MUL, o);
        copy(e, t, u);
        fused(e, FMSUB231, t, o->x, o->y);
        break;
    default: { /* z - d rounded, and its error; the product goes to the former */
        fused_neighbours(e, o);
        int z = vprec_avx512_summand(e, o->z, o->minus_last);
        fp(e, ADD, t, z, u);
        vprec_avx512_sum_residual(e, c, t, z, u, false);
        fused(e, o->minus_xy ? FNMADD231 : FMADD231, t, o->x, o->y);
        fp(e, ADD, t, t, c);
        break;
    }
    }
}

void vprec_avx512_rr(vprec_avx512 *e, const operands *o)
{
    int d = e->reg[D], t = e->reg[T], a = e->reg[A], x = e->reg[X];
    residual(e, o);
    constant_among(e, CMP, 0, e->km, x, VPREC_K_ZERO, CMP_NEQ_OQ);
    ev(e, PBROADCAST, 2, a, -1, vprec_absolute(e->context->constants->value[e->type][VPREC_K_RR_CENTRE]), -1);
    fused(e, FNMADD231, t, x, a);
    vprec_emit_evex(e->code, (vprec_evex){.length = 2, .mask = (uint8_t)e->km}, FPCLASS, e->kt, -1, vprec_reg(t),
                    QUIET_NAN | INFINITE | DENORMAL | ZEROS);
    vprec_avx512_draw_shared(e, a);
    constant_among(e, PTERNLOG, 0, a, x, VPREC_K_RR_BITS, SELECT);
    fp(e, ADD, a, a, t);
    vprec_evex how = {.length = RN, .b = true, .mask = (uint8_t)e->km};
    vprec_emit_evex(e->code, how, e->site->op == VPREC_OP_FMA ? SUB : ADD, d, a, vprec_reg(e->reg[U]), -1);
}

bool vprec_avx512_rr_has(const vprec_noise *noise, const vprec_site *site)
{
    bool quick = site->op != VPREC_OP_DIV && site->op != VPREC_OP_SQRT;
    return quick && noise->what == VPREC_NOISE_RESULTS && noise->precision == vprec_elem_bits(site->to);
}
