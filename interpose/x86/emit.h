/* SPDX-License-Identifier: Apache-2.0
 * emit.h: a small assembler: bytes into a buffer, one function per encoding.
 * Knows instructions' shapes, not what they are for. */
#ifndef VPREC_X86_EMIT_H
#define VPREC_X86_EMIT_H

#include "runtime/memory.h"
#include "site.h"
#include <string.h>

/* What code does to rsp and to registers of the program, as its emitter notes it: a signal handler that interrupts the
 * code is shown the program's registers by it. */
enum vprec_move_kind {
    VPREC_MOVE_STACK,   /* rsp += value */
    VPREC_MOVE_SAVE,    /* a register's value was put at [rsp + value]; the register is the clone's from now on */
    VPREC_MOVE_RESTORE, /* and back from there */
    VPREC_MOVE_LEAVE,   /* a jump to code out of the way, which begins in this state */
    VPREC_MOVE_AGAIN    /* a label that follows a jump: here the first `value` moves hold, and none after them */
};

enum vprec_spill_kind { VPREC_SPILL_GENERAL, VPREC_SPILL_VECTOR, VPREC_SPILL_MASK, VPREC_SPILL_FLAGS };

/* A register; of a general, vector or mask register its number. */
typedef struct vprec_spilled {
    uint8_t kind, reg, size; /* enum vprec_spill_kind; bytes */
} vprec_spilled;

typedef struct vprec_move {
    uint32_t at; /* holds from here on: bytes from where the notes were begun */
    uint8_t what; /* enum vprec_move_kind */
    vprec_spilled reg;
    int32_t value;
} vprec_move;

typedef struct vprec_code {
    uint8_t *at, *end;  /* where the next byte goes; past the buffer */
    bool full;          /* something did not fit (code or a displacement): the buffer is void */
    vprec_vec *moves;   /* vprec_move: the notes; NULL: nobody keeps them */
    const uint8_t *from; /* what their `at` counts from */
    uint64_t shadow;    /* originals' bytes, where instructions are copied, lie so far from their addresses */
} vprec_code;

/* Notes a move that the code emitted so far has made. */
void vprec_emit_note(vprec_code *c, enum vprec_move_kind what, vprec_spilled reg, int32_t value);

/* The notes made so far, for vprec_emit_again at a label where just these hold. */
static inline int32_t vprec_emit_noted(const vprec_code *c)
{
    return c->moves ? (int32_t)c->moves->count : 0;
}

static inline void vprec_emit_again(vprec_code *c, int32_t noted)
{
    vprec_emit_note(c, VPREC_MOVE_AGAIN, (vprec_spilled){0}, noted);
}

static inline void vprec_emit_leave(vprec_code *c)
{
    vprec_emit_note(c, VPREC_MOVE_LEAVE, (vprec_spilled){0}, 0);
}

static inline void vprec_emit_bytes(vprec_code *c, const void *bytes, size_t n)
{
    if (c->full || (size_t)(c->end - c->at) < n) {
        c->full = true;
        return;
    }
    memcpy(c->at, bytes, n);
    c->at += n;
}

static inline void vprec_emit_u8(vprec_code *c, uint8_t b)
{
    vprec_emit_bytes(c, &b, 1);
}

static inline void vprec_emit_u32(vprec_code *c, uint32_t v)
{
    vprec_emit_bytes(c, &v, 4);
}

/* The last operand of an instruction: a register or memory. */
typedef struct vprec_rm {
    bool memory;
    uint8_t reg;
    vprec_mem mem;
} vprec_rm;

static inline vprec_rm vprec_reg(int reg)
{
    return (vprec_rm){.reg = (uint8_t)reg};
}

static inline vprec_rm vprec_at(vprec_mem mem)
{
    return (vprec_rm){.memory = true, .mem = mem};
}

/* [rsp + disp] and [address], the latter rip-relative. */
static inline vprec_rm vprec_at_stack(int32_t disp)
{
    return vprec_at((vprec_mem){.base = 4, .index = VPREC_MEM_NONE, .scale = 1, .disp = disp});
}

static inline vprec_rm vprec_absolute(const void *address)
{
    return vprec_at((vprec_mem){.base = VPREC_MEM_RIP, .index = VPREC_MEM_NONE, .scale = 1, .disp = (int64_t)address});
}

/* How an EVEX instruction treats its destination and last operand. */
typedef struct vprec_evex {
    uint8_t length;  /* L'L: 0 128, 1 256, 2 512; with `b` on registers the rounding: 0 rn 1 rd 2 ru 3 rz */
    bool b;          /* broadcast (memory), embedded rounding (registers) */
    uint8_t mask;
    bool zeroing;
} vprec_evex;

/* op = opcode | map << 8 | pp << 12 | w << 16 */
#define VPREC_OPCODE(pp, map, w, op) ((uint32_t)(op) | (map) << 8 | (pp) << 12 | (w) << 16)

/* Each emits `op reg, vvvv, rm`; vvvv -1 where there is none; imm -1 without one. */
void vprec_emit_evex(vprec_code *c, vprec_evex how, uint32_t op, int reg, int vvvv, vprec_rm rm, int imm);
void vprec_emit_vex(vprec_code *c, int l256, uint32_t op, int reg, int vvvv, vprec_rm rm, int imm);
/* Legacy encoding, map 0 for one-byte opcodes. */
void vprec_emit_legacy(vprec_code *c, uint32_t op, int reg, vprec_rm rm, int imm);

/* jmp rel32 / jcc rel32 / call rel32; condition -1 jmp, -2 call, 0..15 jcc. */
void vprec_emit_branch(vprec_code *c, int condition, uint64_t target);

/* lea rsp, [rsp + delta]: moves the stack pointer, keeps flags; noted. */
void vprec_emit_move_stack(vprec_code *c, int32_t delta);

/* push and pop of rax..rdi, noted as saved and restored. */
void vprec_emit_push(vprec_code *c, int reg);
void vprec_emit_pop(vprec_code *c, int reg);

/* push imm32, noted. */
void vprec_emit_push_u32(vprec_code *c, uint32_t value);

#endif
