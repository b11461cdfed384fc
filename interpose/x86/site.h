/* SPDX-License-Identifier: Apache-2.0
 * site.h: the canonical form of one floating-point instruction. decode.c fills
 * it, emulate.c executes it in C, the emitters turn it into code. */
#ifndef VPREC_X86_SITE_H
#define VPREC_X86_SITE_H

#include "element.h"
#include "runtime/wire.h"
#include <stdbool.h>
#include <stdint.h>

enum vprec_encoding { VPREC_LEGACY, VPREC_VEX, VPREC_EVEX };

/* Register operands: 0..31 a vector register, VPREC_REG_GPR+n a general
 * register (n 0..15 in the processor's numbering: rax rcx rdx rbx rsp ...). */
enum { VPREC_MAP_RESULT = 0 }; /* of VPREC_OP_VALUE: no instruction, what a routine left in the register */
enum { VPREC_REG_GPR = 32, VPREC_REG_MEM = 64, VPREC_REG_NONE = -1 };

enum { VPREC_MEM_NONE = 16, VPREC_MEM_RIP = 17 }; /* special base and index numbers */

typedef struct vprec_mem {
    uint8_t base, index; /* 0..15, VPREC_MEM_NONE; base may be VPREC_MEM_RIP */
    uint8_t scale;       /* 1, 2, 4, 8 */
    uint8_t segment;     /* 0 none, 4 fs, 5 gs */
    uint8_t size;        /* bytes the instruction reads when nothing is masked off */
    bool address32;      /* 67h prefix: the address is computed in 32 bits */
    int64_t disp;        /* for VPREC_MEM_RIP: the absolute address (base ignored); of VPREC_OP_SCOPE: the scope */
} vprec_mem;

typedef struct vprec_site {
    uint64_t address;    /* of the original instruction in this process */
    uint8_t length;      /* its bytes */
    uint8_t disp_offset; /* of a rip-relative displacement among them, 0 none */
    uint8_t op;          /* enum vprec_op */
    uint8_t from, to;    /* enum vprec_elem of source and result elements */
    uint8_t lanes;       /* result elements, 1 when scalar */
    bool scalar;         /* lane 0 operates; the rest of the low 16 bytes comes from `vvvv` (legacy: dst) */
    uint8_t encoding;    /* enum vprec_encoding: legacy keeps dst's bits above 128, the others clear above `width` */
    uint8_t width;       /* vector length in bytes, 16, 32, 64 (destination's operation width as encoded) */
    uint8_t map, opcode, pp, w; /* opcode map 1 (0F) 2 (0F38) 3 (0F3A); pp 0 none 1 66 2 F3 3 F2; VEX/EVEX.W */
    int8_t dst;          /* vector register */
    int8_t vvvv;         /* first source; for two-operand legacy forms dst; NONE for unary packed forms */
    int8_t rm;           /* last source: vector register, VPREC_REG_GPR+n or VPREC_REG_MEM */
    uint8_t mask;        /* EVEX opmask 1..7, 0 none */
    bool zeroing;        /* EVEX.z: masked-off lanes become 0, else keep dst */
    bool broadcast;      /* rm is one element in memory, repeated */
    bool er;             /* embedded rounding or SAE given */
    uint8_t rc;          /* with er: EVEX.L'L: 0 nearest, 1 down, 2 up, 3 toward zero (no meaning where only SAE is) */
    uint8_t imm;
    vprec_mem mem;
    uint32_t counter;    /* index of the counter block of its function, for --count */
    uint8_t addend;      /* 0, or 1 + an operand (0 dst, 1 vvvv, 2 rm): where that is a shifter (shifter.h), elements in */
    uint16_t exact;      /* these lanes (bit n) are exact */
    uint32_t executed;   /* with `addend` and --count: where such executions are counted, of vprec_executed_counts */
    uint8_t version;     /* whose arithmetic it is executed by */
    bool by_original;    /* of VPREC_OP_SYSCALL: the original instruction can be executed where it is */
} vprec_site;

/* FMA in the form (negate_product ? -1 : 1) * a * b + (negate_addend ? -1 : 1) * c.
 * Operand numbers 0 dst, 1 vvvv, 2 rm. `alternate`: 0 none; +1 fmaddsub (odd
 * lanes add, even lanes subtract c); -1 fmsubadd (odd subtract, even add). */
typedef struct vprec_fma_form {
    uint8_t a, b, c;
    bool negate_product, negate_addend;
    int8_t alternate;
} vprec_fma_form;

static inline vprec_fma_form vprec_site_fma(const vprec_site *site)
{
    vprec_fma_form f = {0, 0, 0, false, false, 0};
    switch (site->opcode >> 4) {
    case 0x9: f.a = 0, f.b = 2, f.c = 1; break; /* 132 */
    case 0xA: f.a = 1, f.b = 0, f.c = 2; break; /* 213 */
    default: f.a = 1, f.b = 2, f.c = 0; break;  /* 231 */
    }
    switch (site->opcode & 15) {
    case 0x6: f.alternate = 1; break;
    case 0x7: f.alternate = -1; break;
    case 0x8: case 0x9: break;
    case 0xA: case 0xB: f.negate_addend = true; break;
    case 0xC: case 0xD: f.negate_product = true; break;
    default: f.negate_product = f.negate_addend = true; break;
    }
    return f;
}

/* The --ops bits (VPREC_OPS_ADD | ...) under which an operation is rounded. */
static inline uint32_t vprec_ops_of(enum vprec_op op)
{
    switch (op) {
    case VPREC_OP_ADD:
    case VPREC_OP_HADD: return VPREC_OPS_ADD;
    case VPREC_OP_SUB:
    case VPREC_OP_HSUB: return VPREC_OPS_SUB;
    case VPREC_OP_ADDSUB: return VPREC_OPS_ADD | VPREC_OPS_SUB;
    case VPREC_OP_MUL:
    case VPREC_OP_SCALEF: return VPREC_OPS_MUL;
    case VPREC_OP_DP: return VPREC_OPS_ADD | VPREC_OPS_MUL;
    case VPREC_OP_DIV: return VPREC_OPS_DIV;
    case VPREC_OP_SQRT: return VPREC_OPS_SQRT;
    case VPREC_OP_FMA: return VPREC_OPS_FMA;
    case VPREC_OP_CVT: return VPREC_OPS_CVT;
    default: return VPREC_OPS_RCP;
    }
}

/* The native result is exact, or an approximation: it is rounded as it is. */
static inline bool vprec_is_value(const vprec_site *site)
{
    switch (site->op) {
    case VPREC_OP_RCP:
    case VPREC_OP_RSQRT:
    case VPREC_OP_VALUE:
        return true;
    case VPREC_OP_CVT: /* no instruction converts a type to one with more bits but less range */
        return vprec_elem_bits(site->from) <= vprec_elem_bits(site->to);
    default:
        return false;
    }
}

#endif
