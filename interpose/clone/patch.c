/* SPDX-License-Identifier: Apache-2.0
 * patch.c: see patch.h. First the whole plan, in memory; then the writing, with
 * nothing but stores and system calls: the object may be libc itself.
 *
 * A point of arrival gets a 5-byte jmp where no other way leads into those
 * bytes; else a 2-byte jmp to a 5-byte one in a hole nearby (filler between
 * functions, or behind an int3 in dead code); else int3 and an entry in the
 * trap map, and the object's own calls to there are led to the clone. Every
 * rounded instruction's original gets int3 too: what arrives in an original by
 * a way nobody foresaw runs into it and is led to the clone. */
#include "patch.h"
#include "runtime/sys.h"
#include <sys/mman.h>

typedef struct write5 { /* jmp rel32 or call rel32 at `at` */
    uint64_t at;
    int32_t rel;
} write5;

typedef struct write2 { /* jmp rel8 */
    uint64_t at;
    int8_t rel;
} write2;

typedef struct planner {
    vprec_image *image;
    vprec_codemap *map;
    const uint32_t *clone_at;
    const uint64_t *slots;
    const vprec_vec *doors;
    vprec_vec jumps, shorts; /* write5, write2 */
    vprec_vec calls;         /* write5: the opcode stays */
    bool narrow;             /* some point is marked VPREC_NARROW */
    bool failed;
} planner;

uint64_t vprec_door_find(const vprec_vec *doors, uint64_t original)
{
    size_t low = VPREC_BELOW(*doors, vprec_door, original, original);
    if (low < doors->count && VPREC_AT(*doors, vprec_door, low).original == original)
        return VPREC_AT(*doors, vprec_door, low).code;
    return 0;
}

static uint64_t destination(const planner *p, uint64_t at, uint32_t function)
{
    const vprec_code_function *f = &VPREC_AT(p->map->functions, vprec_code_function, function);
    if (at == f->start && f->gate)
        return (uint64_t)f->gate->stub;
    if (at == f->start)
        return p->slots[function] - 6; /* the entry stub */
    uint64_t door = vprec_door_find(p->doors, at);
    if (door)
        return door;
    return (uint64_t)p->image->arena + p->clone_at[at - p->map->lo];
}

/* Whether [at, at+n) may be overwritten although only `at` leads there. */
static bool usable(const planner *p, uint64_t at, unsigned n)
{
    if (at + n > p->map->hi)
        return false;
    const uint32_t *m = vprec_mark(p->map, at);
    if (m[0] & VPREC_TAKEN)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (m[i] & (VPREC_KEEP | VPREC_TAKEN) || !(m[i] & (VPREC_START | VPREC_INSIDE | VPREC_FILLER)))
            return false; /* in use, or perhaps data */
        if (i && m[i] & (VPREC_TARGET | VPREC_ENTRY | VPREC_RETURN))
            return false;
    }
    return true;
}

static void take(planner *p, uint64_t at, unsigned n)
{
    uint32_t *m = vprec_mark(p->map, at);
    for (unsigned i = 0; i < n; i++)
        m[i] |= VPREC_TAKEN;
}

static void add_jump(planner *p, uint64_t at, uint64_t to)
{
    int64_t rel = (int64_t)to - (int64_t)(at + 5);
    write5 *w = vprec_vec_add(&p->jumps, 1);
    if (!w || rel != (int32_t)rel) {
        p->failed = true;
        return;
    }
    *w = (write5){at, (int32_t)rel};
    take(p, at, 5);
}

static void add_trap(planner *p, uint64_t at, uint32_t function)
{
    vprec_trap *t = vprec_vec_add(&p->image->traps, 1);
    if (!t) {
        p->failed = true;
        return;
    }
    *t = (vprec_trap){at, destination(p, at, function)};
}

static bool filler(const planner *p, uint64_t at, unsigned n)
{
    if (at < p->map->lo || at + n > p->map->hi)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (vprec_mark(p->map, at)[i] != VPREC_FILLER)
            return false;
    return true;
}

/* Dead code of cloned function f: int3 on an instruction start, the jump behind it. */
static bool dead(const planner *p, uint64_t at, const vprec_code_function *f)
{
    if (at < f->start || at + 6 > f->end)
        return false;
    const uint32_t *m = vprec_mark(p->map, at);
    return m[0] & VPREC_START && !(m[0] & (VPREC_TARGET | VPREC_ENTRY | VPREC_RETURN)) &&
           p->clone_at[at - p->map->lo] && usable(p, at, 6);
}

/* A 5-byte hole that a 2-byte jump at `at` reaches; 0 none. */
static uint64_t hole(planner *p, uint64_t at, uint32_t function)
{
    const vprec_code_function *f = &VPREC_AT(p->map->functions, vprec_code_function, function);
    for (int64_t d = 2; d < 124; d++)
        for (int sign = -1; sign <= 1; sign += 2) {
            uint64_t h = at + (uint64_t)(d * sign);
            if (filler(p, h, 5))
                return h;
            if (dead(p, h, f)) {
                add_trap(p, h, function);
                *vprec_mark(p->map, h) |= VPREC_TAKEN | VPREC_ARITH;
                return h + 1;
            }
        }
    return 0;
}

static void plan_point(planner *p, uint64_t at, uint32_t function)
{
    vprec_gate *gate = VPREC_AT(p->map->functions, vprec_code_function, function).gate;
    if (gate) { /* which moved what the jump covers */
        gate->rounded = (const void *)(p->slots[function] - 6);
        take(p, at, VPREC_GATE_ENTRY); /* written by vprec_gates_open */
        p->image->by_jump++;
        return;
    }
    if (*vprec_mark(p->map, at) & (VPREC_KEEP | VPREC_TAKEN))
        return; /* a call that clones make from here returns to a point of its own */
    uint64_t to = destination(p, at, function);
    if (usable(p, at, 5)) {
        add_jump(p, at, to);
        p->image->by_jump++;
        return;
    }
    if (usable(p, at, 2)) {
        take(p, at, 2);
        uint64_t h = hole(p, at, function);
        if (h) {
            write2 *w = vprec_vec_add(&p->shorts, 1);
            if (w)
                *w = (write2){at, (int8_t)((int64_t)h - (int64_t)(at + 2))};
            else
                p->failed = true;
            add_jump(p, h, to);
            p->image->by_short++;
            return;
        }
        *vprec_mark(p->map, at) &= ~(uint32_t)VPREC_TAKEN;
        *vprec_mark(p->map, at + 1) &= ~(uint32_t)VPREC_TAKEN;
    }
    *vprec_mark(p->map, at) |= VPREC_ARITH | VPREC_NARROW; /* int3 */
    p->narrow = true;
    p->image->by_trap++;
}

/* Direct calls of what got an int3 at its entry (push; call: one byte is free)
 * go to the clone at once. The calls themselves stay where they are, so return
 * addresses do too; what comes by pointer still traps. */
static void lead_calls(planner *p)
{
    const vprec_codemap *map = p->map;
    const vprec_vec *code = &map->object->code;
    for (size_t i = 0; i < code->count; i++) {
        vprec_extent range = VPREC_AT(*code, vprec_extent, i);
        for (uint64_t at = range.start; at + 5 <= range.end; at++) {
            const uint32_t *m = vprec_mark(map, at);
            const uint8_t *bytes = (const uint8_t *)at;
            if (!(m[0] & VPREC_START) || bytes[0] != 0xE8 || (m[0] | m[1] | m[2] | m[3] | m[4]) & VPREC_TAKEN)
                continue;
            int32_t rel;
            __builtin_memcpy(&rel, bytes + 1, 4);
            uint64_t to = at + 5 + (uint64_t)(int64_t)rel;
            if (!vprec_in_code(map, to) || !(*vprec_mark(map, to) & VPREC_NARROW))
                continue;
            long function = vprec_code_function_at(map, to);
            int64_t led = (int64_t)destination(p, to, (uint32_t)function) - (int64_t)(at + 5);
            if (led != (int32_t)led)
                continue;
            write5 *w = vprec_vec_add(&p->calls, 1);
            if (!w) {
                p->failed = true;
                return;
            }
            *w = (write5){at, (int32_t)led};
        }
    }
}

static void plan(planner *p)
{
    vprec_codemap *map = p->map;
    for (size_t i = 0; i < map->functions.count && !p->failed; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (!f->cloned)
            continue;
        for (uint64_t at = f->start; at < f->end; at++) {
            uint32_t mark = *vprec_mark(map, at);
            if (mark & VPREC_START && (at == f->start || (mark & (VPREC_ENTRY | VPREC_RETURN) && !f->gate)))
                plan_point(p, at, (uint32_t)i);
        }
    }
    if (p->narrow)
        lead_calls(p);
    for (size_t i = 0; i < map->functions.count && !p->failed; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (!f->cloned)
            continue;
        for (uint64_t at = f->start; at < f->end; at++)
            if ((*vprec_mark(map, at) & (VPREC_ARITH | VPREC_TAKEN)) == VPREC_ARITH)
                add_trap(p, at, (uint32_t)i);
    }
}

static bool protect(const planner *p, int prot)
{
    const vprec_vec *code = &p->map->object->code;
    for (size_t i = 0; i < code->count; i++) {
        vprec_extent r = VPREC_AT(*code, vprec_extent, i);
        uint64_t start = r.start & ~UINT64_C(4095);
        if (vprec_sys_mprotect((void *)start, vprec_page_end(r.end) - start, prot))
            return false;
    }
    return true;
}

/* No library call from here on: the library may be what is being written. */
__attribute__((noinline)) static bool apply(const planner *p)
{
    if (!protect(p, PROT_READ | PROT_WRITE)) {
        protect(p, PROT_READ | PROT_EXEC); /* of several ranges the first ones were writable */
        return false;
    }
    for (size_t i = 0; i < p->image->traps.count; i++)
        *(volatile uint8_t *)VPREC_AT(p->image->traps, vprec_trap, i).original = 0xCC;
    for (size_t i = 0; i < p->jumps.count; i++) {
        const write5 *w = &VPREC_AT(p->jumps, write5, i);
        volatile uint8_t *at = (volatile uint8_t *)w->at;
        uint32_t rel = (uint32_t)w->rel;
        at[0] = 0xE9;
        for (int b = 0; b < 4; b++)
            at[1 + b] = (uint8_t)(rel >> (8 * b));
    }
    for (size_t i = 0; i < p->calls.count; i++) {
        const write5 *w = &VPREC_AT(p->calls, write5, i);
        uint32_t rel = (uint32_t)w->rel;
        for (int b = 0; b < 4; b++)
            ((volatile uint8_t *)w->at)[1 + b] = (uint8_t)(rel >> (8 * b));
    }
    for (size_t i = 0; i < p->shorts.count; i++) {
        const write2 *w = &VPREC_AT(p->shorts, write2, i);
        volatile uint8_t *at = (volatile uint8_t *)w->at;
        at[0] = 0xEB;
        at[1] = (uint8_t)w->rel;
    }
    return protect(p, PROT_READ | PROT_EXEC);
}

/* Sorts by original: traps were added in nearly ascending runs. */
static bool sort_traps(vprec_vec *traps)
{
    vprec_vec keys = VPREC_VEC(uint64_t), sorted = VPREC_VEC(vprec_trap);
    uint64_t *key = vprec_vec_add(&keys, traps->count);
    if (traps->count && !key)
        return false;
    bool ordered = true;
    for (size_t i = 0; i < traps->count; i++) {
        key[i] = VPREC_AT(*traps, vprec_trap, i).original;
        ordered &= !i || key[i] > key[i - 1];
    }
    if (ordered) {
        vprec_vec_free(&keys);
        return true;
    }
    /* originals are unique: sort the keys, then place each trap by search */
    size_t n = traps->count;
    vprec_vec_sort_u64(&keys);
    vprec_trap *to = vprec_vec_add(&sorted, n);
    if (!to) {
        vprec_vec_free(&keys);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        vprec_trap t = VPREC_AT(*traps, vprec_trap, i);
        to[vprec_sorted_below(keys.data, keys.count, sizeof(uint64_t), 0, t.original, false)] = t;
    }
    sorted.count = keys.count;
    vprec_vec_free(&keys);
    vprec_vec_free(traps);
    *traps = sorted;
    return true;
}

enum vprec_reason vprec_patch(vprec_image *image, vprec_codemap *map, const uint32_t *clone_at, const uint64_t *slots,
                              const vprec_vec *doors, vprec_gates *gates)
{
    planner p = {.image = image, .map = map, .clone_at = clone_at, .slots = slots, .doors = doors,
                 .jumps = VPREC_VEC(write5), .shorts = VPREC_VEC(write2), .calls = VPREC_VEC(write5)};
    plan(&p);
    enum vprec_reason why = p.failed || !sort_traps(&image->traps) ? VPREC_REASON_NO_MEMORY : VPREC_REASON_NONE;
    if (!why && gates->count && !vprec_gates_seal(gates))
        why = VPREC_REASON_NOT_EXECUTABLE;
    bool any = image->traps.count || p.jumps.count || p.shorts.count || p.calls.count;
    if (!why && ((any && !apply(&p)) || (gates->count && !vprec_gates_open(gates))))
        why = VPREC_REASON_NOT_WRITABLE;
    vprec_vec_free(&p.jumps);
    vprec_vec_free(&p.shorts);
    vprec_vec_free(&p.calls);
    return why;
}
