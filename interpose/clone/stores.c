/* SPDX-License-Identifier: Apache-2.0
 * stores.c: see stores.h.
 *
 *   save rax and the flags; lea rax, [where]; sub rax, [from]; cmp rax, bytes; jae elsewhere
 *   restore; the instruction; jmp to the original of the next one
 *   elsewhere: restore; the instruction */
#include "stores.h"
#include "jump.h"
#include "x86/data.h"

enum { RAX, RSP = 4, NOT_BELOW = 3, WIDEST = 64 };

/* The originals, and what a store that reaches into them may begin with. */
static uint64_t extent_of(const vprec_cloner *k, uint64_t *start)
{
    uint64_t end = 0;
    *start = UINT64_MAX;
    for (size_t i = 0; i < k->map->functions.count; i++) {
        const vprec_code_function *f = vprec_cloner_function(k, i);
        if (!f->cloned)
            continue;
        *start = f->start < *start ? f->start : *start;
        end = f->end > end ? f->end : end;
    }
    *start -= WIDEST;
    return end - *start;
}

static void restore(vprec_code *c)
{
    vprec_jump_pop_flags(c);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, 128);
}

static void leave_behind(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_round_copy_insn(&k->code, at, insn);
    vprec_emit_branch(&k->code, -1, at + insn->length);
}

bool vprec_stores_emit(vprec_cloner *k, uint64_t at, const vprec_insn *insn)
{
    vprec_mem mem;
    uint64_t start, bytes = extent_of(k, &start);
    enum vprec_stores stores = vprec_insn_stores(vprec_bytes(k->map, at), vprec_room(k->map, at), at, &mem);
    if (stores == VPREC_STORES_NOTHING)
        return false;
    if (stores == VPREC_STORES_ANYWHERE) {
        leave_behind(k, at, insn);
        return true;
    }
    if (mem.base == VPREC_MEM_RIP) {
        if ((uint64_t)mem.disp - start < bytes)
            leave_behind(k, at, insn);
        else
            vprec_round_copy_insn(&k->code, at, insn);
        return true;
    }
    vprec_code *c = &k->code;
    vprec_emit_move_stack(c, -128);
    vprec_emit_push(c, RAX);
    vprec_jump_push_flags(c);
    if (mem.base == RAX || mem.index == RAX)
        vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8B), RAX, vprec_at_stack(8), -1);
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x8D), RAX, vprec_at(mem), -1);
    k->now->slots[k->extent_slot] = start;
    vprec_emit_legacy(c, VPREC_OPCODE(0, 0, 1, 0x2B), RAX, vprec_absolute(&k->now->slots[k->extent_slot]), -1);
    vprec_emit_bytes(c, "\x48\x3D", 2); /* cmp rax, imm32 */
    vprec_emit_u32(c, (uint32_t)bytes);
    vprec_emit_branch(c, NOT_BELOW, (uint64_t)c->at);
    uint8_t *elsewhere = c->at;
    int32_t noted = vprec_emit_noted(c);
    restore(c);
    leave_behind(k, at, insn);
    if (c->full)
        return true;
    int32_t rel = (int32_t)(c->at - elsewhere);
    memcpy(elsewhere - 4, &rel, sizeof rel);
    vprec_emit_again(c, noted);
    restore(c);
    vprec_round_copy_insn(c, at, insn);
    return true;
}
