/* SPDX-License-Identifier: Apache-2.0
 * avx512.h: what the emitters for AVX-512 share: avx512.c (operands,
 * operation, registers), avx512_mode.c (rounding), avx512_tie.c (both, in one operation, where ties are rare),
 * avx512_noise.c and avx512_rr.c (noise). */
#ifndef VPREC_X86_ROUND_AVX512_H
#define VPREC_X86_ROUND_AVX512_H

#include "round.h"
#include "runtime/draws.h"
#include <stddef.h>

#define OP(pp, map, w, op) VPREC_OPCODE(pp, map, w, op)

/* Scratch vectors: the two native results, a temporary, the last operand; under --round both the first operand and
 * the destination's old value too; rounding to odd into a narrow range one more temporary,
 * noise all. */
enum { D, U, T, M, A, C, X, S, SCRATCH };
enum { RN = 0, RD = 1, RU = 2, RZ = 3 }; /* L'L under embedded rounding */
enum { CMP_UNORD = 3, CMP_ORD = 7, CMP_GT = 0x1E, CMP_NLE = 0x16, CMP_NLT = 0x15 };

/* Registers that are on the stack, below the red zone. */
typedef struct vprec_avx512_saved {
    int vectors[SCRATCH], vector_count;
    int masks[3], mask_count;
} vprec_avx512_saved;

/* What a site leaves to be put out of the way. */
typedef struct vprec_avx512_cold {
    vprec_site site;
    vprec_avx512_saved save;
    int32_t frame;
    uint8_t *from; /* behind the jump to it */
    uint8_t *asked; /* behind the jump to where nothing is saved; NULL: a site with noise, else one that may be tied: */
    uint8_t *end;  /* of the site */
    uint32_t free_vectors, free_masks;
    uint8_t *often;
    bool clear_upper;
} vprec_avx512_cold;

typedef struct vprec_avx512 {
    vprec_code *code;
    const vprec_site *site;
    const vprec_round_context *context;
    enum vprec_site_shape shape;
    vprec_type type;   /* of the results */
    int w;             /* 1: 64-bit elements */
    int length;        /* L'L of the rounding: 0 for scalars, 2 for packed */
    int reg[SCRATCH];
    int kt, km, kn;    /* temporary opmasks; km and kn for noise */
    bool inbound;      /* operands are rounded first (--round both) */
    int to;            /* register that vprec_avx512_finish() writes instead of the destination, -1 none */
    int32_t frame;     /* bytes that rsp was lowered by */
    int32_t bounce;    /* where in it a legacy destination's 16 bytes pass through, -1 nowhere */
} vprec_avx512;

/* Integer operations on the elements: the opcode's W follows the type. */
#define PAND OP(1, 1, e->w, 0xDB)
#define POR OP(1, 1, e->w, 0xEB)
#define PXOR OP(1, 1, e->w, 0xEF)
#define PMINU OP(1, 2, e->w, 0x3B)
#define PMAXU OP(1, 2, e->w, 0x3F)
#define PSRA OP(1, 1, e->w, 0x72)
#define PANDN OP(1, 1, e->w, 0xDF)
#define PTESTNM OP(2, 2, e->w, 0x27)
#define PSUB (e->w ? OP(1, 1, 1, 0xFB) : OP(1, 1, 0, 0xFA))
#define PCMPEQ (e->w ? OP(1, 2, 1, 0x29) : OP(1, 1, 0, 0x76))
#define PADD (e->w ? OP(1, 1, 1, 0xD4) : OP(1, 1, 0, 0xFE))
#define PTERNLOG OP(1, 3, e->w, 0x25)
#define PTESTM OP(1, 2, e->w, 0x27)
#define MOVA OP(e->w, 1, e->w, 0x28)
#define ADD OP(e->w, 1, e->w, 0x58)
#define SUB OP(e->w, 1, e->w, 0x5C)
#define CMP OP(e->w, 1, e->w, 0xC2)
#define PBROADCAST OP(1, 2, e->w, e->w ? 0x59 : 0x58)
#define MOVQ OP(2, 1, 1, 0x7E)

static inline void ev(vprec_avx512 *e, uint32_t op, int length, int dst, int src, vprec_rm rm, int imm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = (uint8_t)length}, op, dst, src, rm, imm);
}

static inline void masked(vprec_avx512 *e, uint32_t op, int length, int k, bool zeroing, int dst, int src, vprec_rm rm)
{
    vprec_emit_evex(e->code, (vprec_evex){.length = (uint8_t)length, .mask = (uint8_t)k, .zeroing = zeroing}, op, dst,
                    src, rm, -1);
}

/* With constant `k` broadcast as the last operand. */
static inline void konst(vprec_avx512 *e, uint32_t op, int mask, int dst, int src, enum vprec_constant k, int imm)
{
    vprec_evex how = {.length = (uint8_t)e->length, .b = true, .mask = (uint8_t)mask};
    vprec_emit_evex(e->code, how, op, dst, src, vprec_absolute(e->context->constants->value[e->type][k]), imm);
}

static inline void shift_right(vprec_avx512 *e, int dst, int src, int bits)
{
    ev(e, OP(1, 1, e->w, e->w ? 0x73 : 0x72), e->length, 2, dst, vprec_reg(src), bits);
}

/* kt = lanes that are no NaN. Without exceptions: what lies above a scalar may be a signalling one. */
static inline void compare(vprec_avx512 *e, int reg, int predicate)
{
    uint32_t op = e->site->scalar ? OP(e->w ? 3 : 2, 1, e->w, 0xC2) : CMP;
    vprec_emit_evex(e->code, (vprec_evex){.b = true}, op, e->kt, reg, vprec_reg(reg), predicate);
}

static inline void ordered(vprec_avx512 *e, int reg)
{
    compare(e, reg, CMP_ORD);
}

static inline vprec_mode mode_of(const vprec_avx512 *e)
{
    return e->context->arith->mode;
}

static inline void broadcast(vprec_avx512 *e, int to, enum vprec_constant k)
{
    masked(e, PBROADCAST, e->length, e->kt, false, to, -1,
           vprec_absolute(e->context->constants->value[e->type][k]));
}

/* In vprec_noise_here of the thread that runs the code. */
static inline vprec_rm noise(size_t member)
{
    return vprec_at((vprec_mem){.base = VPREC_MEM_NONE, .index = VPREC_MEM_NONE, .scale = 1, .segment = 4,
                                .disp = vprec_noise_offset() + (int64_t)member});
}

/* Whether both native results are needed: a sticky bit decides. In the other
 * modes one does, rounded by native_direction(). */
static inline bool needs_both(vprec_mode mode)
{
    return mode == VPREC_RNE || mode == VPREC_RTO;
}

/* How a result is rounded to the container whose rounding to the format, in the
 * same mode, is that of the exact result; or which is the answer itself. */
static inline int native_direction(vprec_mode mode)
{
    switch (mode) {
    case VPREC_RD: return RD;
    case VPREC_RU: return RU;
    case VPREC_RTZ:
    case VPREC_RNA: return RZ; /* the tie and all above it keep their leading dropped bit */
    default: return RN;
    }
}

/* The last operation of a site: `op` of register a and b (or constant k when
 * b < 0) into the destination, with the instruction's own write rules. */
void vprec_avx512_finish(vprec_avx512 *e, uint32_t op, int a, int b, enum vprec_constant k);

/* Rounds what is in D (and, unless `exact`, in U where the mode needs both native results) into the destination. */
void vprec_avx512_round(vprec_avx512 *e, bool exact);

/* avx512.c: a scratch register of `free` (struck from it), not among `busy`, from `low` up to `count`; without one of
 * those one to be saved, by `turn`. */
int vprec_avx512_take(uint32_t *free, uint32_t busy, int low, int count, int *turn, int *spilled, int *spill_count);
/* Saves those registers, rsp being lowered by e->frame; and back, with rsp. */
void vprec_avx512_enter(vprec_avx512 *e, const vprec_avx512_saved *save);
void vprec_avx512_leave(vprec_avx512 *e, const vprec_avx512_saved *save);
/* Brings the memory operand into `to`, reading what the instruction reads. */
bool vprec_avx512_load(vprec_avx512 *e, int to);
/* A site's code by directed operations, all of it in its place. */
bool vprec_avx512_directed(vprec_code *code, const vprec_site *site, const vprec_round_context *context);

/* avx512_tie.c: the site's code if it has one operation only, but for ties. False: nothing was emitted. */
bool vprec_avx512_tie(vprec_avx512 *e);
/* And what it left. */
void vprec_avx512_tied(vprec_code *code, const vprec_avx512_cold *cold, const vprec_round_context *context);

/* Monte Carlo arithmetic: whether the operation has a form; D = its result, the instruction's last operand being in register
 * `last`, kt = lanes for which the emulator must do it all. Operands keep their registers. */
bool vprec_avx512_noise_has(const vprec_site *site);
/* Whether it is a conversion that never has noise; whether the form needs scratch register `scratch` (not M). */
bool vprec_avx512_noise_idle(const vprec_noise *noise, const vprec_site *site);
bool vprec_avx512_noise_needs(const vprec_noise *noise, const vprec_site *site, int scratch);
void vprec_avx512_noise(vprec_avx512 *e, int last);

/* t = the thread's next 16 words; or, for every second site of a type, the last ones again, turned by half an element:
 * the leading half of one's bits is not that of the other's. */
void vprec_avx512_draw(vprec_avx512 *e, int t);
void vprec_avx512_draw_shared(vprec_avx512 *e, int t);

#endif
