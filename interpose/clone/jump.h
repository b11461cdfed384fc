/* SPDX-License-Identifier: Apache-2.0
 * jump.h: the ways into clones, between them and out of them: stubs at entries, doors behind them, jumps, landings of
 * indirect ones, calls. */
#ifndef VPREC_CLONE_JUMP_H
#define VPREC_CLONE_JUMP_H

#include "cloner.h"

/* Marks what jumps from code that stays native enter. */
void vprec_jump_mark(const vprec_codemap *map);

/* At most so many doors. */
size_t vprec_jump_doors(const vprec_codemap *map);

/* At most so many ways into the clones of functions: see vprec_jump_way. */
size_t vprec_jump_ways(const vprec_codemap *map);

/* Where several versions are: what leads who comes to `original` to the clone of his thread's version. Behind all of
 * them; made when it is first asked for. */
uint64_t vprec_jump_way(vprec_cloner *k, uint64_t original, uint32_t function);

/* Where that leads in the version: a function's entry stub, a door, or a clone. */
uint64_t vprec_jump_destination(const vprec_cloner *k, unsigned version, uint64_t original, uint32_t function);

/* Around a function's code: the stub at its entry; where its indirect jumps land. */
void vprec_jump_begin(vprec_cloner *k);
void vprec_jump_end(vprec_cloner *k);

/* What stands for the jump or call at `at`. False: it is neither. */
bool vprec_jump_emit(vprec_cloner *k, uint64_t at, const vprec_insn *insn);

/* A call of what an instruction jumps to, behind which the code goes on that `ret` ends; the stack is as it was. What
 * the jump passed on the stack lies elsewhere now. Returns what vprec_jump_stay() ends: a conditional jump's way on. */
uint8_t *vprec_jump_leave(vprec_cloner *k, uint64_t at, const vprec_insn *insn);
void vprec_jump_stay(const vprec_cloner *k, uint8_t *over);

/* jmp to where `original` lives in the end: in a clone, or where it is. */
void vprec_jump_to(vprec_cloner *k, uint64_t original);

/* The arithmetic flags, by way of rax, which must have been saved. */
void vprec_jump_push_flags(vprec_code *c);
void vprec_jump_pop_flags(vprec_code *c);

/* Behind all functions: the doors, and every jump's target. */
void vprec_jump_link(vprec_cloner *k);

/* Where the image's clone of the call that returns to `back` finds what it jumps to: the original, or its clone. NULL:
 * it calls in another way. */
uint64_t *vprec_jump_call_slot(const vprec_image *image, uint64_t back);

#endif
