/* SPDX-License-Identifier: Apache-2.0
 * emulator_call.h: where inline code leaves for the emulator in the tests of inline code: the call of enter.h, and what
 * counts how often it is made. Included once by each of them. */
#ifndef VPREC_TESTS_EMULATOR_CALL_H
#define VPREC_TESTS_EMULATOR_CALL_H

#include "x86/emit.h"
#include "x86/emulate/enter.h"

/* Operations that the emulator did, by type of result: for vprec_counters. */
static vprec_counts left[VPREC_TYPES];

static vprec_counts *left_of_site(uint32_t counter, vprec_type type)
{
    (void)counter;
    return &left[type];
}

/* As vprec_round_context has it; `code` is a vprec_code, and of its sites only the last one is kept. */
static void enter(void *code, const vprec_site *site)
{
    static vprec_site kept;
    vprec_code *c = code;
    kept = *site;
    uint64_t address = (uint64_t)&kept, target = (uint64_t)vprec_enter;
    vprec_emit_move_stack(c, -128);
    vprec_emit_u8(c, 0x68);
    vprec_emit_u32(c, (uint32_t)address);
    vprec_emit_bytes(c, "\xC7\x44\x24\x04", 4);
    vprec_emit_u32(c, (uint32_t)(address >> 32));
    vprec_emit_bytes(c, "\xFF\x15\x02\x00\x00\x00\xEB\x08", 8); /* call [rip+2]; jmp over the pointer */
    vprec_emit_bytes(c, &target, 8);
    vprec_emit_move_stack(c, 136);
}

#endif
