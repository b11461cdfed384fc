/* SPDX-License-Identifier: Apache-2.0
 * arena.c: see arena.h.
 *
 *   constants | address of vprec_enter | slots ... | code ...
 *   read-only                          | writable  | executable where it is in use
 *
 * What is not in use is only reserved: it counts where a program's data is limited (RLIMIT_DATA). But for a page behind
 * the code, which stays writable: so the next code takes no further mapping, where no more may be had. */
#include "arena.h"
#include "reach.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include "x86/emulate/enter.h"
#include <string.h>
#include <sys/mman.h>

typedef struct chunk {
    uint8_t *start, *end;
} chunk;

enum { FIRST = 256 << 10, MOST = 16 << 20, SLOTS_PART = 32, SPARE = 4096 };

static size_t head_bytes(void)
{
    return vprec_page_end(vprec_versions * sizeof(vprec_constants) + sizeof(uint64_t));
}

static vprec_constants *fill(const chunk *c)
{
    vprec_constants *constants = (vprec_constants *)(void *)c->start;
    for (unsigned v = 0; v < vprec_versions; v++)
        vprec_round_constants(&constants[v], vprec_arith_of(v));
    return constants;
}

/* Constants and slots of a chunk that was reserved. False: no memory. */
static bool furnish(vprec_arena *arena, const chunk *c, size_t slots)
{
    size_t head = head_bytes(), slot_bytes = vprec_page_end(slots * sizeof(uint64_t));
    if (vprec_sys_mprotect(c->start, head + slot_bytes, PROT_READ | PROT_WRITE))
        return false;
    *(uint64_t *)(void *)(fill(c) + vprec_versions) = (uint64_t)vprec_enter;
    uint64_t behind = (uint64_t)c->start + head;
    return !vprec_sys_mprotect(c->start, head, PROT_READ) &&
           vprec_ranges_give(&arena->slots, behind, behind + slot_bytes) &&
           vprec_ranges_give(&arena->code, behind + slot_bytes, (uint64_t)c->end);
}

/* False: nothing of it is to be used. */
static bool grow(vprec_arena *arena, size_t code, size_t slots)
{
    size_t size = FIRST;
    for (size_t i = 0; i < arena->chunks.count && size < MOST; i++)
        size *= 2;
    size_t slot_room = size / SLOTS_PART / sizeof(uint64_t);
    slot_room = slots > slot_room ? slots : slot_room;
    size_t least = head_bytes() + vprec_page_end(slot_room * sizeof(uint64_t)) + vprec_page_end(code);
    size = least > size ? least : size;
    if (!arena->chunks.size) {
        arena->chunks = VPREC_VEC(chunk);
        arena->code = arena->slots = VPREC_VEC(vprec_stretch);
    }
    chunk *c = vprec_vec_add(&arena->chunks, 1);
    if (!c)
        return false;
    c->start = vprec_reach_reserve(arena->lo, arena->hi, size);
    if (!c->start && size > least) {
        size = least;
        c->start = vprec_reach_reserve(arena->lo, arena->hi, size);
    }
    c->end = c->start + size;
    if (c->start && furnish(arena, c, slot_room))
        return true;
    if (c->start)
        vprec_reach_release(c->start, size);
    arena->chunks.count--;
    return false;
}

/* From one chunk. False: it has not got as much. */
static bool take_from(vprec_arena *arena, const chunk *c, size_t code, size_t slots, vprec_arena_room *room)
{
    uint64_t lo = (uint64_t)c->start, hi = (uint64_t)c->end, slot_bytes = slots * sizeof(uint64_t);
    uint64_t slot = vprec_ranges_take(&arena->slots, lo, hi, slot_bytes);
    uint64_t at = slot ? vprec_ranges_take(&arena->code, lo, hi, code) : 0;
    if (at && !vprec_sys_mprotect((void *)at, code, PROT_READ | PROT_WRITE)) {
        const vprec_constants *constants = (const vprec_constants *)(const void *)c->start;
        *room = (vprec_arena_room){.code = (uint8_t *)at, .code_end = (uint8_t *)at + code, .slots = (uint64_t *)slot,
                                   .slots_end = (uint64_t *)(slot + slot_bytes), .constants = constants,
                                   .enter = (const uint64_t *)(const void *)(constants + vprec_versions)};
        return true;
    }
    if (at)
        vprec_ranges_give(&arena->code, at, at + code);
    if (slot)
        vprec_ranges_give(&arena->slots, slot, slot + slot_bytes);
    return false;
}

void vprec_arena_prepare(vprec_arena *arena)
{
    if (!arena->chunks.count)
        grow(arena, 0, 0);
}

bool vprec_arena_take(vprec_arena *arena, size_t code, size_t slots, vprec_arena_room *room)
{
    code = vprec_page_end(code) + SPARE;
    slots += !slots;
    for (size_t i = arena->chunks.count; i-- > 0;)
        if (take_from(arena, &VPREC_AT(arena->chunks, chunk, i), code, slots, room))
            return true;
    return grow(arena, code, slots) &&
           take_from(arena, &VPREC_AT(arena->chunks, chunk, arena->chunks.count - 1), code, slots, room);
}

static void give_code(vprec_arena *arena, uint64_t start, uint64_t end)
{
    if (start >= end)
        return;
    vprec_sys_mprotect((void *)start, end - start, PROT_NONE);
    vprec_ranges_give(&arena->code, start, end);
}

static void give_slots(vprec_arena *arena, uint64_t *start, const uint64_t *end)
{
    memset(start, 0, (size_t)(end - start) * sizeof *start);
    vprec_ranges_give(&arena->slots, (uint64_t)start, (uint64_t)end);
}

bool vprec_arena_seal(vprec_arena *arena, const vprec_arena_room *room, size_t used)
{
    size_t bytes = vprec_page_end(used);
    uint64_t rest = (uint64_t)room->code + bytes, end = (uint64_t)room->code_end;
    uint64_t spare = rest + SPARE < end ? rest + SPARE : end;
    give_code(arena, spare, end);
    if (rest < spare)
        vprec_ranges_give(&arena->code, rest, spare);
    bool sealed = !used || !vprec_sys_mprotect(room->code, bytes, PROT_READ | PROT_EXEC);
    if (!sealed)
        give_code(arena, (uint64_t)room->code, (uint64_t)room->code + bytes);
    if (!sealed || !used)
        give_slots(arena, room->slots, room->slots_end);
    return sealed;
}

void vprec_arena_give(vprec_arena *arena, const uint8_t *code, const uint8_t *code_end, uint64_t *slots, size_t count)
{
    size_t bytes = vprec_page_end((uint64_t)(code_end - code));
    vprec_sys_madvise((void *)(uintptr_t)code, bytes, MADV_DONTNEED);
    give_code(arena, (uint64_t)code, (uint64_t)code + bytes);
    give_slots(arena, slots, slots + count);
}

bool vprec_arena_renew(vprec_arena *arena)
{
    for (size_t i = 0; i < arena->chunks.count; i++) {
        const chunk *c = &VPREC_AT(arena->chunks, chunk, i);
        if (vprec_sys_mprotect(c->start, head_bytes(), PROT_READ | PROT_WRITE))
            return false;
        fill(c);
        if (vprec_sys_mprotect(c->start, head_bytes(), PROT_READ))
            return false;
    }
    return true;
}

void vprec_arena_free(vprec_arena *arena)
{
    for (size_t i = 0; i < arena->chunks.count; i++) {
        const chunk *c = &VPREC_AT(arena->chunks, chunk, i);
        vprec_reach_release(c->start, (size_t)(c->end - c->start));
    }
    vprec_vec_free(&arena->chunks);
    vprec_vec_free(&arena->code);
    vprec_vec_free(&arena->slots);
}
