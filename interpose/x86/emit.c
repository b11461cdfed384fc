/* SPDX-License-Identifier: Apache-2.0
 * emit.c: see emit.h. */
#include "emit.h"

/* ModRM, SIB and displacement of `rm`. `narrow`: 8 bits where they do, not under
 * EVEX, which would scale them. `tail` is the number of immediate bytes that follow. */
static void operand(vprec_code *c, int reg, vprec_rm rm, bool narrow, int tail)
{
    uint8_t r = (uint8_t)(reg & 7) << 3;
    if (!rm.memory) {
        vprec_emit_u8(c, 0xC0 | r | (rm.reg & 7));
        return;
    }
    const vprec_mem *m = &rm.mem;
    if (m->base == VPREC_MEM_RIP) {
        vprec_emit_u8(c, r | 5);
        int64_t rel = m->disp - (int64_t)(c->at + 4 + tail);
        if (rel != (int32_t)rel)
            c->full = true;
        vprec_emit_u32(c, (uint32_t)rel);
        return;
    }
    if (m->disp != (int32_t)m->disp)
        c->full = true;
    bool sib = m->index != VPREC_MEM_NONE || m->base == VPREC_MEM_NONE || (m->base & 7) == 4;
    narrow &= m->base != VPREC_MEM_NONE && m->disp == (int8_t)m->disp;
    uint8_t mod = m->base == VPREC_MEM_NONE ? 0 : narrow ? 0x40 : 0x80;
    vprec_emit_u8(c, mod | r | (sib ? 4 : m->base & 7));
    if (sib) {
        uint8_t scale = m->scale == 8 ? 3 : m->scale == 4 ? 2 : m->scale == 2 ? 1 : 0;
        vprec_emit_u8(c, (uint8_t)(scale << 6 | (m->index == VPREC_MEM_NONE ? 4 : m->index & 7) << 3 |
                                   (m->base == VPREC_MEM_NONE ? 5 : m->base & 7)));
    }
    if (narrow)
        vprec_emit_u8(c, (uint8_t)m->disp);
    else
        vprec_emit_u32(c, (uint32_t)m->disp);
}

/* Segment and address-size prefixes. */
static void prefixes(vprec_code *c, vprec_rm rm)
{
    if (!rm.memory)
        return;
    if (rm.mem.segment)
        vprec_emit_u8(c, rm.mem.segment == 4 ? 0x64 : 0x65);
    if (rm.mem.address32)
        vprec_emit_u8(c, 0x67);
}

typedef struct bits {
    uint8_t r, x, b, r2;
} bits;

static bits extension(int reg, vprec_rm rm)
{
    bits e = {.r = reg >> 3 & 1, .r2 = reg >> 4 & 1};
    if (!rm.memory) {
        e.b = rm.reg >> 3 & 1;
        e.x = rm.reg >> 4 & 1;
    } else {
        e.b = rm.mem.base < 16 && rm.mem.base >> 3;
        e.x = rm.mem.index < 16 && rm.mem.index >> 3;
    }
    return e;
}

void vprec_emit_evex(vprec_code *c, vprec_evex how, uint32_t op, int reg, int vvvv, vprec_rm rm, int imm)
{
    uint8_t map = op >> 8 & 15, pp = op >> 12 & 3, w = op >> 16 & 1, v = vvvv < 0 ? 0 : (uint8_t)vvvv;
    bits e = extension(reg, rm);
    prefixes(c, rm);
    uint8_t bytes[6] = {
        0x62,
        (uint8_t)(!e.r << 7 | !e.x << 6 | !e.b << 5 | !e.r2 << 4 | map),
        (uint8_t)(w << 7 | (~v & 15) << 3 | 4 | pp),
        (uint8_t)(how.zeroing << 7 | how.length << 5 | how.b << 4 | !(v >> 4) << 3 | how.mask),
        (uint8_t)op,
    };
    vprec_emit_bytes(c, bytes, 5);
    operand(c, reg, rm, false, imm >= 0);
    if (imm >= 0)
        vprec_emit_u8(c, (uint8_t)imm);
}

void vprec_emit_vex(vprec_code *c, int l256, uint32_t op, int reg, int vvvv, vprec_rm rm, int imm)
{
    uint8_t map = op >> 8 & 15, pp = op >> 12 & 3, w = op >> 16 & 1, v = vvvv < 0 ? 0 : (uint8_t)vvvv;
    bits e = extension(reg, rm);
    prefixes(c, rm);
    uint8_t last = (uint8_t)((~v & 15) << 3 | (l256 ? 4 : 0) | pp);
    if (map == 1 && !w && !e.x && !e.b) {
        uint8_t bytes[3] = {0xC5, (uint8_t)(!e.r << 7 | last), (uint8_t)op};
        vprec_emit_bytes(c, bytes, 3);
    } else {
        uint8_t bytes[4] = {0xC4, (uint8_t)(!e.r << 7 | !e.x << 6 | !e.b << 5 | map), (uint8_t)(w << 7 | last),
                            (uint8_t)op};
        vprec_emit_bytes(c, bytes, 4);
    }
    operand(c, reg, rm, true, imm >= 0);
    if (imm >= 0)
        vprec_emit_u8(c, (uint8_t)imm);
}

void vprec_emit_legacy(vprec_code *c, uint32_t op, int reg, vprec_rm rm, int imm)
{
    static const uint8_t mandatory[4] = {0, 0x66, 0xF3, 0xF2};
    uint8_t map = op >> 8 & 15, pp = op >> 12 & 3, w = op >> 16 & 1;
    bits e = extension(reg, rm);
    prefixes(c, rm);
    if (pp)
        vprec_emit_u8(c, mandatory[pp]);
    uint8_t rex = (uint8_t)(w << 3 | e.r << 2 | (rm.memory ? e.x : 0) << 1 | e.b);
    if (rex)
        vprec_emit_u8(c, 0x40 | rex);
    if (map)
        vprec_emit_u8(c, 0x0F);
    if (map > 1)
        vprec_emit_u8(c, map == 2 ? 0x38 : 0x3A);
    vprec_emit_u8(c, (uint8_t)op);
    operand(c, reg, rm, true, imm >= 0);
    if (imm >= 0)
        vprec_emit_u8(c, (uint8_t)imm);
}

void vprec_emit_branch(vprec_code *c, int condition, uint64_t target)
{
    if (condition >= 0) {
        vprec_emit_u8(c, 0x0F);
        vprec_emit_u8(c, (uint8_t)(0x80 | condition));
    } else {
        vprec_emit_u8(c, condition == -1 ? 0xE9 : 0xE8);
    }
    int64_t rel = (int64_t)target - (int64_t)(c->at + 4);
    if (rel != (int32_t)rel)
        c->full = true;
    vprec_emit_u32(c, (uint32_t)rel);
}

void vprec_emit_move_stack(vprec_code *c, int32_t delta)
{
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8D), 4, vprec_at_stack(delta), -1);
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, delta);
}

void vprec_emit_push(vprec_code *c, int reg)
{
    vprec_emit_u8(c, (uint8_t)(0x50 + reg));
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, -8);
    vprec_emit_note(c, VPREC_MOVE_SAVE, (vprec_spilled){VPREC_SPILL_GENERAL, (uint8_t)reg, 8}, 0);
}

void vprec_emit_pop(vprec_code *c, int reg)
{
    vprec_emit_u8(c, (uint8_t)(0x58 + reg));
    vprec_emit_note(c, VPREC_MOVE_RESTORE, (vprec_spilled){VPREC_SPILL_GENERAL, (uint8_t)reg, 8}, 0);
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, 8);
}

void vprec_emit_push_u32(vprec_code *c, uint32_t value)
{
    vprec_emit_u8(c, 0x68);
    vprec_emit_u32(c, value);
    vprec_emit_note(c, VPREC_MOVE_STACK, (vprec_spilled){0}, -8);
}

void vprec_emit_note(vprec_code *c, enum vprec_move_kind what, vprec_spilled reg, int32_t value)
{
    if (!c->moves || c->full)
        return;
    vprec_move *m = vprec_vec_add(c->moves, 1);
    if (m)
        *m = (vprec_move){(uint32_t)(c->at - c->from), (uint8_t)what, reg, value};
    else
        c->full = true;
}
