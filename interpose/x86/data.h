/* SPDX-License-Identifier: Apache-2.0
 * data.h: where an instruction takes values from and where it puts them, as far as constants are to be followed
 * through copies, broadcasts, shuffles and the stack; and where it writes to memory. */
#ifndef VPREC_X86_DATA_H
#define VPREC_X86_DATA_H

#include "site.h"
#include <stddef.h>

enum vprec_data_kind {
    VPREC_DATA_OTHER,  /* nobody knows what it writes */
    VPREC_DATA_MOVE,   /* `bytes` from `from` to `to`, zero above them; to a vector register alone perhaps what was there */
    VPREC_DATA_REPEAT, /* an element of `bytes` of `from`, all over `to` */
    VPREC_DATA_OFFSET, /* general registers: `to` = `from` + `imm`; `from` NONE: `imm` */
    VPREC_DATA_MIX     /* elements or bits of `from` and of `second` (NONE: of `from` alone), unchanged, somewhere in `to` */
};

typedef struct vprec_data {
    uint8_t kind;   /* enum vprec_data_kind */
    uint8_t bytes;
    uint8_t width;  /* of `to`, in bytes */
    int8_t to, from, second; /* as in a site: vector register, VPREC_REG_GPR + n, VPREC_REG_MEM, VPREC_REG_NONE */
    int8_t pushed;  /* bytes by which it lowers rsp, which is not among `general` then */
    bool masked;    /* elements of `to` stay as they were, or */
    bool zeroed;    /* are 0 */
    bool stores;    /* it writes to memory, at `mem` if it has one */
    bool logic;     /* of a VPREC_DATA_MIX: it combines bits */
    uint32_t bits;  /* vector registers whose bits it takes for integers, but by logic */
    bool bits_memory; /* likewise the operand in memory */
    uint32_t vectors; /* vector registers that it writes, */
    uint16_t general; /* general registers */
    int64_t imm;
    vprec_mem mem;  /* its operand in memory; size 0: none, or more than one */
} vprec_data;

/* False: no valid instruction in `size` bytes. */
bool vprec_data_decode(const uint8_t *bytes, size_t size, uint64_t address, vprec_data *data);

/* Where an instruction writes to memory, the stack and what fs and gs lead to aside. */
enum vprec_stores {
    VPREC_STORES_NOTHING,
    VPREC_STORES_AT,      /* up to 64 bytes */
    VPREC_STORES_ANYWHERE /* more, or at places that only its execution tells */
};
enum vprec_stores vprec_insn_stores(const uint8_t *bytes, size_t size, uint64_t address, vprec_mem *mem);

#endif
