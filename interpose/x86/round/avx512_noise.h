/* SPDX-License-Identifier: Apache-2.0
 * avx512_noise.h: what the two emitters of Monte Carlo arithmetic on
 * AVX-512 share: avx512_noise.c (every operation and mode) and
 * avx512_rr.c (the quick form of mode rr). */
#ifndef VPREC_X86_ROUND_AVX512_NOISE_H
#define VPREC_X86_ROUND_AVX512_NOISE_H

#include "avx512.h"

enum { FMADD213 = 0xA8, FMSUB213 = 0xAA, FNMADD213 = 0xAC, FMADD231 = 0xB8, FMSUB231 = 0xBA, FNMADD231 = 0xBC,
       FNMSUB231 = 0xBE };
enum { QUIET_NAN = 1, ZEROS = 3 << 1, NEGATIVE_ZERO = 1 << 2, INFINITE = 3 << 3, DENORMAL = 1 << 5 }; /* of vfpclass */

#define MUL OP(e->w, 1, e->w, 0x59)
#define DIV OP(e->w, 1, e->w, 0x5E)
#define SQRT OP(e->w, 1, e->w, 0x51)
#define FPCLASS OP(1, 3, e->w, 0x66)

/* The site's operands as registers, and what is negated. */
typedef struct operands {
    int x, y, z;               /* op x y; sqrt y; x * y + z */
    bool minus_xy, minus_last; /* of the product; of y in a sum, of z in a fused one */
} operands;

/* dst = src op rm, rounded in direction `rc`, no exceptions; whole registers. */
static inline void directed(vprec_avx512 *e, int rc, uint32_t op, int dst, int src, int rm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = (uint8_t)rc, .b = true}, op, dst, src, vprec_reg(rm), -1);
}

static inline void fp(vprec_avx512 *e, uint32_t op, int dst, int src, int rm)
{
    directed(e, RN, op, dst, src, rm);
}

static inline void fused(vprec_avx512 *e, uint32_t opcode, int dst, int src, int rm)
{
    fp(e, OP(1, 2, e->w, opcode), dst, src, rm);
}

static inline void copy(vprec_avx512 *e, int dst, int src)
{
    if (dst != src)
        ev(e, MOVA, 2, dst, -1, vprec_reg(src), -1);
}

/* With constant `k` broadcast as the last operand, whole registers, in the lanes of opmask `among`. */
static inline void constant_among(vprec_avx512 *e, uint32_t op, int among, int dst, int src, enum vprec_constant k,
                                  int imm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = 2, .b = true, .mask = (uint8_t)among}, op, dst, src,
                    vprec_absolute(e->context->constants->value[e->type][k]), imm);
}

static inline void constant(vprec_avx512 *e, uint32_t op, int dst, int src, enum vprec_constant k)
{
    constant_among(e, op, 0, dst, src, k, -1);
}

static inline void mask_op(vprec_avx512 *e, uint32_t opcode, int k, int a, int b)
{
    vprec_emit_vex(e->code, 1, OP(0, 1, 0, opcode), k, a, vprec_reg(b), -1);
}

/* x * y + z as the site does it, or its negative. */
static inline uint32_t fused_opcode(const operands *o, bool negated)
{
    bool minus_xy = o->minus_xy != negated, minus_last = o->minus_last != negated;
    return minus_xy ? (minus_last ? FNMSUB231 : FNMADD231) : minus_last ? FMSUB231 : FMADD231;
}

/* The register of the last summand with the sign that the operation gives it: `reg` itself, or C. */
int vprec_avx512_summand(vprec_avx512 *e, int reg, bool minus);

/* low = a + b - s, or s - a - b, to nearest; s = a + b, rounded in any direction (T. J. Dekker, 1971, the larger of
 * both first). A is lost; b may be `low`. */
void vprec_avx512_sum_residual(vprec_avx512 *e, int low, int s, int a, int b, bool negated);

/* Mode rr at the container's own precision: whether the operation has the quick form, and its code. */
bool vprec_avx512_rr_has(const vprec_noise *noise, const vprec_site *site);
void vprec_avx512_rr(vprec_avx512 *e, const operands *o);

#endif
