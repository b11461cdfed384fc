/* SPDX-License-Identifier: Apache-2.0
 * arena.c: see arena.h.
 *
 *   constants | address of vprec_enter | slots ... | code ...
 *   read-only                          | writable  | executable as far as it is filled
 *
 * What is not in use yet is only reserved: it counts where a program's data is limited (RLIMIT_DATA). */
#include "arena.h"
#include "reach.h"
#include "runtime/sys.h"
#include "x86/emulate/enter.h"

typedef struct chunk {
    uint8_t *start, *end;
    uint64_t *slots, *slots_end;
    uint8_t *code;
} chunk;

enum { FIRST = 256 << 10, MOST = 16 << 20, SLOTS_PART = 32 };

static size_t head_bytes(void)
{
    return vprec_page_end(sizeof(vprec_constants) + sizeof(uint64_t));
}

/* Constants and slots of a chunk that was reserved. False: no memory. */
static bool furnish(chunk *c, const vprec_arith *arith, size_t slots)
{
    size_t head = head_bytes(), slot_bytes = vprec_page_end(slots * sizeof(uint64_t));
    if (vprec_sys_mprotect(c->start, head + slot_bytes, PROT_READ | PROT_WRITE))
        return false;
    vprec_constants *constants = (vprec_constants *)(void *)c->start;
    vprec_round_constants(constants, arith);
    *(uint64_t *)(void *)(constants + 1) = (uint64_t)vprec_enter;
    c->slots = (uint64_t *)(void *)(c->start + head);
    c->slots_end = c->slots + slot_bytes / sizeof(uint64_t);
    c->code = c->start + head + slot_bytes;
    return !vprec_sys_mprotect(c->start, head, PROT_READ);
}

static chunk *grow(vprec_arena *arena, const vprec_arith *arith, size_t code, size_t slots)
{
    size_t size = FIRST;
    for (size_t i = 0; i < arena->chunks.count && size < MOST; i++)
        size *= 2;
    size_t slot_room = size / SLOTS_PART / sizeof(uint64_t);
    slot_room = slots > slot_room ? slots : slot_room;
    size_t least = head_bytes() + vprec_page_end(slot_room * sizeof(uint64_t)) + vprec_page_end(code);
    size = least > size ? least : size;
    if (!arena->chunks.size)
        arena->chunks = VPREC_VEC(chunk);
    chunk *c = vprec_vec_add(&arena->chunks, 1);
    if (!c)
        return NULL;
    c->start = vprec_reach_reserve(arena->lo, arena->hi, size);
    if (!c->start && size > least) {
        size = least;
        c->start = vprec_reach_reserve(arena->lo, arena->hi, size);
    }
    c->end = c->start + size;
    if (c->start && furnish(c, arith, slot_room))
        return c;
    if (c->start)
        vprec_sys_munmap(c->start, size);
    arena->chunks.count--;
    return NULL;
}

bool vprec_arena_take(vprec_arena *arena, const vprec_arith *arith, size_t code, size_t slots, vprec_arena_room *room)
{
    chunk *c = arena->chunks.count ? &VPREC_AT(arena->chunks, chunk, arena->chunks.count - 1) : NULL;
    if (!c || (size_t)(c->end - c->code) < code || (size_t)(c->slots_end - c->slots) < slots)
        c = grow(arena, arith, code, slots);
    if (!c || vprec_sys_mprotect(c->code, vprec_page_end(code), PROT_READ | PROT_WRITE))
        return false;
    const vprec_constants *constants = (const vprec_constants *)(const void *)c->start;
    *room = (vprec_arena_room){.code = c->code, .code_end = c->code + code, .slots = c->slots, .constants = constants,
                         .enter = (const uint64_t *)(const void *)(constants + 1)};
    c->slots += slots;
    c->code += vprec_page_end(code);
    return true;
}

bool vprec_arena_seal(vprec_arena *arena, const vprec_arena_room *room, size_t used)
{
    chunk *c = &VPREC_AT(arena->chunks, chunk, arena->chunks.count - 1);
    size_t bytes = vprec_page_end(used), taken = vprec_page_end((uint64_t)room->code_end) - (uint64_t)room->code;
    c->code = room->code;
    if (taken > bytes)
        vprec_sys_mprotect(room->code + bytes, taken - bytes, PROT_NONE);
    if (used && vprec_sys_mprotect(room->code, bytes, PROT_READ | PROT_EXEC))
        return false;
    c->code += bytes;
    return true;
}

void vprec_arena_free(vprec_arena *arena)
{
    for (size_t i = 0; i < arena->chunks.count; i++) {
        const chunk *c = &VPREC_AT(arena->chunks, chunk, i);
        vprec_sys_munmap(c->start, (size_t)(c->end - c->start));
    }
    vprec_vec_free(&arena->chunks);
}
