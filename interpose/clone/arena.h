/* SPDX-License-Identifier: Apache-2.0
 * arena.h: memory for clones within reach of their originals, an object's or what lies close together, taken as it is
 * needed and given back: chunks of constants, slots and code. What is in use as code is never writable. */
#ifndef VPREC_CLONE_ARENA_H
#define VPREC_CLONE_ARENA_H

#include "runtime/ranges.h"
#include "x86/round/round.h"

typedef struct vprec_arena {
    uint64_t lo, hi;  /* the code that it serves */
    vprec_vec chunks; /* arena.c's */
    vprec_vec code, slots; /* vprec_stretch: what is free of all chunks */
} vprec_arena;

/* What one unit of clones is written to. */
typedef struct vprec_arena_room {
    uint8_t *code, *code_end;         /* writable until it is sealed; begins on a page of its own */
    uint64_t *slots, *slots_end;      /* zeroed, writable ever after */
    const vprec_constants *constants; /* by version, as vprec_round_constants fills them */
    const uint64_t *enter;            /* the address of vprec_enter */
} vprec_arena_room;

/* Has memory at hand: the program may have as many mappings as there may be by the time that it is needed. */
void vprec_arena_prepare(vprec_arena *arena);
/* `code` bytes and `slots`. False: none in reach, or no memory. */
bool vprec_arena_take(vprec_arena *arena, size_t code, size_t slots, vprec_arena_room *room);
/* The first `used` bytes of the room's code become executable; the rest goes back. False: that is not permitted, and
 * all of it goes back. */
bool vprec_arena_seal(vprec_arena *arena, const vprec_arena_room *room, size_t used);
/* What was taken and used goes back: nobody runs there any more. */
void vprec_arena_give(vprec_arena *arena, const uint8_t *code, const uint8_t *code_end, uint64_t *slots, size_t count);
/* The constants are those of what the versions round now. False: the kernel refuses. */
bool vprec_arena_renew(vprec_arena *arena);
void vprec_arena_free(vprec_arena *arena);

#endif
