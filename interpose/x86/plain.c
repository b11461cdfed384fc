/* SPDX-License-Identifier: Apache-2.0
 * plain.c: see plain.h. At start, megabytes are read for a few thousand sites; two tables tell the
 * length of nine instructions of ten without the decoder library. tests/interpose/object/plain_test.c compares with it. */
#include "plain.h"
#include <string.h>

/* What an opcode is followed by, and what may stand before it. 0: not known here. */
enum {
    KNOWN = 1 << 0,
    MODRM = 1 << 1,
    IMM8 = 1 << 2,
    IMM32 = 1 << 3,
    RELATIVE = 1 << 4, /* the immediate is a branch's displacement */
    WORD = 1 << 5,     /* a 66 prefix changes no length */
    REX = 1 << 6,      /* a REX prefix changes nothing but registers */
    GROUP = 1 << 7,    /* ModRM.reg chooses the operation: see in_group */
};

#define RM (KNOWN | MODRM | WORD | REX)
#define EIGHT(FIRST, WHAT) [FIRST] = WHAT, [(FIRST) + 1] = WHAT, [(FIRST) + 2] = WHAT, [(FIRST) + 3] = WHAT, \
    [(FIRST) + 4] = WHAT, [(FIRST) + 5] = WHAT, [(FIRST) + 6] = WHAT, [(FIRST) + 7] = WHAT
/* add, or, ...: register with register or memory, both ways, 8 bits or more; accumulator with a constant */
#define ALU(FIRST) [FIRST] = RM, [(FIRST) + 1] = RM, [(FIRST) + 2] = RM, [(FIRST) + 3] = RM, \
    [(FIRST) + 4] = KNOWN | IMM8 | REX, [(FIRST) + 5] = KNOWN | IMM32 | REX

static const uint8_t one_byte[256] = {
    ALU(0x00), ALU(0x08), ALU(0x10), ALU(0x18), ALU(0x20), ALU(0x28), ALU(0x30), ALU(0x38),
    EIGHT(0x50, KNOWN | REX), EIGHT(0x58, KNOWN | REX), /* push, pop */
    [0x63] = RM,                                        /* movsxd */
    [0x69] = KNOWN | MODRM | IMM32 | REX, [0x6B] = RM | IMM8,
    EIGHT(0x70, KNOWN | IMM8 | RELATIVE), EIGHT(0x78, KNOWN | IMM8 | RELATIVE),
    [0x80] = RM | IMM8, [0x81] = KNOWN | MODRM | IMM32 | REX, [0x83] = RM | IMM8,
    [0x84] = RM, [0x85] = RM, [0x86] = RM, [0x87] = RM, /* test, xchg */
    [0x88] = RM, [0x89] = RM, [0x8A] = RM, [0x8B] = RM, /* mov */
    [0x8D] = RM | GROUP,                                /* lea */
    [0x90] = KNOWN | WORD, [0x98] = KNOWN | WORD | REX, [0x99] = KNOWN | WORD | REX,
    [0xA8] = KNOWN | IMM8 | REX, [0xA9] = KNOWN | IMM32 | REX,
    EIGHT(0xB0, KNOWN | IMM8 | REX), EIGHT(0xB8, KNOWN | IMM32), /* with REX.W, eight bytes */
    [0xC0] = RM | IMM8 | GROUP, [0xC1] = RM | IMM8 | GROUP,
    [0xC3] = KNOWN,
    [0xC6] = RM | IMM8 | GROUP, [0xC7] = KNOWN | MODRM | IMM32 | REX | GROUP,
    [0xCC] = KNOWN,
    [0xD0] = RM | GROUP, [0xD1] = RM | GROUP, [0xD2] = RM | GROUP, [0xD3] = RM | GROUP,
    [0xE8] = KNOWN | IMM32 | RELATIVE, [0xE9] = KNOWN | IMM32 | RELATIVE, [0xEB] = KNOWN | IMM8 | RELATIVE,
    [0xF6] = RM | GROUP, [0xF7] = RM | GROUP, [0xFE] = RM | GROUP, [0xFF] = KNOWN | MODRM | REX | GROUP,
};

/* After 0F. */
static const uint8_t two_bytes[256] = {
    [0x0B] = KNOWN, /* ud2 */
    [0x1F] = RM | GROUP,
    EIGHT(0x40, RM), EIGHT(0x48, RM), /* cmovcc */
    EIGHT(0x80, KNOWN | IMM32 | RELATIVE), EIGHT(0x88, KNOWN | IMM32 | RELATIVE),
    EIGHT(0x90, KNOWN | MODRM | REX), EIGHT(0x98, KNOWN | MODRM | REX), /* setcc */
    [0xA3] = RM, [0xAF] = RM, [0xB6] = RM, [0xB7] = RM, [0xBE] = RM, [0xBF] = RM, [0xBA] = RM | IMM8 | GROUP,
    EIGHT(0xC8, KNOWN | REX), /* bswap */
};

/* Whether ModRM names an operation that the tables describe. */
static bool in_group(bool escaped, uint8_t opcode, uint8_t modrm)
{
    uint8_t reg = modrm >> 3 & 7;
    if (escaped)
        return opcode == 0x1F ? !reg : reg >= 4; /* nop; bt, bts, btr, btc */
    switch (opcode) {
    case 0x8D: return modrm >> 6 != 3;          /* lea */
    case 0xC6: case 0xC7: case 0xFE: return !reg; /* mov; inc: Zydis is asked for the rest */
    case 0xF6: case 0xF7: return reg >= 2;      /* not, neg, mul, imul, div, idiv; test has an immediate */
    case 0xFF: return reg != 3 && reg != 5 && reg != 7; /* no far branch */
    default: return reg != 6;                   /* shifts */
    }
}

static uint8_t flow_of(bool escaped, uint8_t opcode, uint8_t modrm)
{
    if (escaped)
        return opcode == 0x0B ? VPREC_FLOW_STOP : opcode >> 4 == 8 ? VPREC_FLOW_JCC : VPREC_FLOW_NEXT;
    switch (opcode) {
    case 0xC3: return VPREC_FLOW_RET;
    case 0xE8: return VPREC_FLOW_CALL;
    case 0xE9: case 0xEB: return VPREC_FLOW_JMP;
    case 0xFF:
        return (modrm >> 3 & 7) == 2 ? VPREC_FLOW_ICALL : (modrm >> 3 & 7) == 4 ? VPREC_FLOW_IJMP : VPREC_FLOW_NEXT;
    default: return opcode >> 4 == 7 ? VPREC_FLOW_JCC : VPREC_FLOW_NEXT;
    }
}

static uint32_t read32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

bool vprec_plain_decode(const uint8_t *bytes, size_t size, uint64_t address, vprec_insn *insn)
{
    if (size < 15) /* nothing below looks further */
        return false;
    unsigned at = 0;
    bool word = bytes[at] == 0x66;
    at += word;
    uint8_t rex = bytes[at] >> 4 == 4 ? bytes[at] : 0;
    at += rex != 0;
    bool escaped = bytes[at] == 0x0F;
    at += escaped;
    uint8_t opcode = bytes[at++], what = escaped ? two_bytes[opcode] : one_byte[opcode], modrm = 0;
    if (!(what & KNOWN) || (word && !(what & WORD)) || (rex && !(what & REX)))
        return false;
    *insn = (vprec_insn){0};
    if (what & MODRM) {
        modrm = bytes[at++];
        uint8_t mod = modrm >> 6, rm = modrm & 7;
        if (what & GROUP && !in_group(escaped, opcode, modrm))
            return false;
        bool sib = mod != 3 && rm == 4, absolute = sib && !mod && (bytes[at] & 7) == 5;
        at += sib;
        if (!mod && rm == 5)
            insn->disp_offset = at;
        if (absolute) {
            insn->has_imm32 = true; /* [disp32 + index*scale] */
            insn->imm32 = read32(bytes + at);
        }
        at += mod == 1 ? 1 : mod == 2 || insn->disp_offset || absolute ? 4 : 0;
    }
    unsigned immediate = at;
    at += what & IMM8 ? 1 : what & IMM32 ? 4 : 0;
    if (what & RELATIVE) {
        int32_t by = what & IMM8 ? (int8_t)bytes[immediate] : (int32_t)read32(bytes + immediate);
        insn->target = address + at + (uint64_t)(int64_t)by;
    } else if (what & IMM32) {
        insn->has_imm32 = true;
        insn->imm32 = read32(bytes + immediate);
    }
    if (insn->disp_offset)
        insn->target = address + at + (uint64_t)(int64_t)(int32_t)read32(bytes + insn->disp_offset);
    insn->length = at;
    insn->flow = flow_of(escaped, opcode, modrm);
    insn->loads_address = !escaped && opcode == 0x8D;
    insn->padding = escaped ? opcode == 0x1F : opcode == 0x90 || opcode == 0xCC;
    return true;
}
