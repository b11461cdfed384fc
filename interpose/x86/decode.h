/* SPDX-License-Identifier: Apache-2.0
 * decode.h: one instruction, as far as cloning needs to know it. The decoder
 * library's own types stay inside decode.c. */
#ifndef VPREC_X86_DECODE_H
#define VPREC_X86_DECODE_H

#include "site.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vprec_flow {
    VPREC_FLOW_NEXT,
    VPREC_FLOW_JCC,    /* conditional, relative */
    VPREC_FLOW_SHORT,  /* jrcxz, loop: an 8-bit displacement only */
    VPREC_FLOW_XBEGIN, /* relative fallback address */
    VPREC_FLOW_JMP,    /* relative */
    VPREC_FLOW_CALL,   /* relative */
    VPREC_FLOW_IJMP,   /* through a register or memory */
    VPREC_FLOW_ICALL,
    VPREC_FLOW_RET,
    VPREC_FLOW_STOP    /* ud2, hlt: nothing follows */
};

/* Whether nothing falls through it. */
static inline bool vprec_flow_ends(uint8_t flow)
{
    return flow == VPREC_FLOW_JMP || flow == VPREC_FLOW_IJMP || flow == VPREC_FLOW_RET || flow == VPREC_FLOW_STOP;
}

enum vprec_class {
    VPREC_PLAIN,  /* no floating-point arithmetic */
    VPREC_SITE,   /* arithmetic that can be rounded */
    VPREC_REFUSED, /* arithmetic that is not supported */
    VPREC_CONTROL, /* ldmxcsr: sets the rounding direction */
    VPREC_SYSCALL
};

typedef struct vprec_insn {
    uint8_t length;
    uint8_t flow;        /* enum vprec_flow */
    uint8_t cls;         /* enum vprec_class */
    uint8_t type;        /* of a site: vprec_type of its results */
    uint8_t op;          /* of a site: enum vprec_op */
    uint8_t disp_offset; /* of a rip-relative displacement in the instruction, 0 none */
    bool padding;        /* nop, int3: filler between functions */
    bool loads_address;  /* lea */
    bool vector;        /* it names vector registers or opmasks */
    bool extended;      /* EVEX or opmask instruction */
    bool vex;           /* a VEX or EVEX encoded vector instruction */
    bool has_imm32;      /* a 32-bit immediate that could be an address (not PIE) */
    uint32_t imm32;
    uint64_t target;     /* of a relative branch, or absolute address of a rip-relative operand */
} vprec_insn;

/* False: no valid instruction in `size` bytes. `address` is where it runs. */
bool vprec_insn_decode(const uint8_t *bytes, size_t size, uint64_t address, vprec_insn *insn);

/* The condition of a VPREC_FLOW_JCC, as its opcode has it: 7x rel8 or 0F 8x rel32, perhaps behind a prefix. */
static inline uint8_t vprec_insn_condition(const uint8_t *bytes, const vprec_insn *insn)
{
    return bytes[insn->length - (insn->length >= 6 ? 5 : 2)] & 15;
}

/* Vector registers (bit n) and opmasks an instruction reads and wholly
 * overwrites; what it overwrites in part counts as read. */
typedef struct vprec_registers {
    uint32_t reads, writes;
    uint8_t mask_reads, mask_writes;
} vprec_registers;

/* An instruction whole, decoded in one go. */
typedef struct vprec_decoded {
    vprec_insn insn;
    vprec_registers registers; /* of a `vector` one */
    vprec_site site;           /* of a VPREC_SITE or VPREC_CONTROL one: its canonical form */
    vprec_mem mem;             /* the operand of an indirect jump or call, if it is not a register: */
    int8_t reg;                /* that register, else VPREC_REG_NONE */
} vprec_decoded;

enum vprec_flags {
    VPREC_FLAGS_KEPT,   /* or written in part, or at times */
    VPREC_FLAGS_READ,
    VPREC_FLAGS_WRITTEN /* all but carry, whatever they were: overflow, sign, zero, adjust, parity */
};
enum vprec_flags vprec_insn_flags(const uint8_t *bytes, size_t size);

/* Which of the flags an instruction may read, and which it writes whatever they were. */
enum { VPREC_FLAG_CARRY = 1, VPREC_FLAG_OTHERS = 2, VPREC_FLAGS_ALL = 3 };
typedef struct vprec_flag_use {
    uint8_t reads, writes;
} vprec_flag_use;
vprec_flag_use vprec_insn_flag_use(const uint8_t *bytes, size_t size);

/* As vprec_insn_decode, which is quicker where no more is asked than that. */
bool vprec_insn_whole(const uint8_t *bytes, size_t size, uint64_t address, vprec_decoded *decoded);

/* Which numbers a VPREC_REFUSED instruction takes or gives: VPREC_NUMBER_F32 | ... of wire.h, and whether all it does
 * is to make a long double of one, which is exact. */
enum { VPREC_NUMBER_WIDENED = 1 << 16 };
uint32_t vprec_decode_numbers(const uint8_t *bytes, size_t size);

/* The instruction in Intel syntax, for reports; the second also says why it is refused. */
void vprec_decode_plain(const uint8_t *bytes, size_t size, uint64_t address, char *text, size_t room);
void vprec_decode_text(const uint8_t *bytes, size_t size, uint64_t address, char *text, size_t room);

#endif
