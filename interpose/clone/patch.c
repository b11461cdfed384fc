/* SPDX-License-Identifier: Apache-2.0
 * patch.c: see patch.h. The plan, in memory; text.c writes it.
 *
 * A point of arrival gets a 5-byte jmp where no other way leads into those
 * bytes; else a 2-byte jmp to a 5-byte one in a hole nearby (filler between
 * functions, or behind a trap in dead code); else a trap and an entry in the
 * trap map, and the object's own calls to there are led to the clone. Every
 * rounded instruction's original gets a trap too: what arrives in an original by
 * a way nobody foresaw runs into it and is led to the clone.
 *
 * A page that has X may have been run before: another thread may have been
 * interrupted between two instructions that a jump would cover. There a trap
 * waits, unless it has kept everybody out of the function from the start. */
#include "patch.h"
#include "jump.h"
#include "runtime/version.h"

enum { PAGE = 4096 };

static const uint8_t trap_byte = VPREC_TRAP_BYTE;

typedef struct planner {
    vprec_image *image;
    vprec_codemap *map;
    vprec_cloner *cloner;
    vprec_vec *pokes;
    const vprec_text_pages *text;
    bool others;             /* there may be other threads */
    bool quiet;              /* a trap may not lead anywhere */
    bool barred;             /* but would have to */
    uint32_t asked;          /* function + 1 that `entered` is about */
    bool entered;
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

/* Whether control comes to `at` by itself, and not only to an instruction whose way to the clone was overlooked. */
static bool is_point(const planner *p, uint64_t at, uint32_t function)
{
    const uint64_t start = VPREC_AT(p->map->functions, vprec_code_function, function).start;
    return at == start || *vprec_mark(p->map, at) & (VPREC_ENTRY | VPREC_RETURN);
}

static uint64_t destination(const planner *p, uint64_t at, uint32_t function)
{
    const vprec_code_function *f = &VPREC_AT(p->map->functions, vprec_code_function, function);
    if (at == f->start && f->gate)
        return (uint64_t)f->gate->stub;
    const vprec_hall *hall = vprec_image_hall(p->image, at);
    if (hall)
        return hall->code;
    if (vprec_versions > 1 && is_point(p, at, function))
        return vprec_jump_way(p->cloner, at, function);
    return vprec_jump_destination(p->cloner, 0, at, function); /* of other versions: see vprec_image_find */
}

static bool has_clone(const planner *p, uint64_t at)
{
    return p->cloner->versions[0].clone_at[vprec_mark_index(p->map, at)];
}

/* Whether [at, at+n) may be overwritten although only `at` leads there. */
static bool usable(const planner *p, uint64_t at, unsigned n)
{
    const vprec_window *w = vprec_window_at(p->map, at);
    if (!w || at + n > w->end)
        return false;
    const uint32_t *m = vprec_mark(p->map, at);
    if (m[0] & VPREC_TAKEN)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (m[i] & (VPREC_KEEP | VPREC_TAKEN | VPREC_HAS_SYSCALL) ||
            !(m[i] & (VPREC_START | VPREC_INSIDE | VPREC_FILLER)))
            return false; /* in use, or to be used again, or perhaps data */
        if (vprec_sorted_has(&p->text->foreign, at + i))
            return false;
        if (i && (m[i] & (VPREC_TARGET | VPREC_ENTRY | VPREC_RETURN) || vprec_strays_has(&p->text->strays, at + i)))
            return false;
    }
    return true;
}

/* Whether a thread may have been in the function: no trap has waited at its start since the page has X, or something
 * may lead behind it. */
static bool is_entered(planner *p, uint32_t function)
{
    if (p->asked == function + 1)
        return p->entered;
    const vprec_code_function *f = &VPREC_AT(p->map->functions, vprec_code_function, function);
    p->asked = function + 1;
    p->entered = f->gap || *(const uint8_t *)f->start != VPREC_TRAP_BYTE ||
                 *vprec_bytes(p->map, f->start) == VPREC_TRAP_BYTE;
    for (uint64_t at = f->start + 1; at < f->end && !p->entered; at++)
        p->entered = vprec_strays_has(&p->text->strays, at);
    return p->entered;
}

/* Whether a thread may stand between two instructions in [at, at+n), of which the first one starts it. */
static bool occupied(planner *p, uint64_t at, unsigned n, uint32_t function)
{
    bool several = false, runs = false;
    for (unsigned i = 1; i < n; i++)
        several |= *vprec_mark(p->map, at + i) & VPREC_START;
    for (unsigned i = 0; i < n; i += n - 1)
        runs |= !vprec_text_has(p->text, at + i) || *vprec_text_state(p->text, at + i) & VPREC_PAGE_RUNS;
    return p->others && several && runs && is_entered(p, function);
}

static void take(planner *p, uint64_t at, unsigned n)
{
    uint32_t *m = vprec_mark(p->map, at);
    for (unsigned i = 0; i < n; i++)
        m[i] |= VPREC_TAKEN;
}

static void poke(planner *p, uint64_t at, const void *bytes, uint8_t count)
{
    p->failed |= !vprec_poke_add(p->pokes, at, bytes, count);
}

/* The displacement of a jump or call of 5 bytes; false: out of reach. */
static bool reach(uint64_t at, uint64_t to, int32_t *displacement)
{
    int64_t rel = (int64_t)to - (int64_t)(at + 5);
    *displacement = (int32_t)rel;
    return rel == *displacement;
}

/* Where a trap at `at` leads. */
static void lead_trap(planner *p, uint64_t at, uint64_t to)
{
    vprec_trap *t = vprec_vec_add(&p->image->traps, 1);
    if (t)
        *t = (vprec_trap){at, to};
    else
        p->failed = true;
}

static void add_trap(planner *p, uint64_t at, uint32_t function)
{
    lead_trap(p, at, destination(p, at, function));
    poke(p, at, &trap_byte, 1);
}

/* Who comes to `at` gets to `to`, by way of the jump that is written there or, were it to go again, by a trap. */
static void add_patch(planner *p, uint64_t at, uint64_t to, uint8_t bytes, bool waits)
{
    vprec_patch *patch = vprec_vec_add(&p->image->patches, 1);
    if (patch)
        *patch = (vprec_patch){at, to, bytes, waits};
    else
        p->failed = true;
    lead_trap(p, at, to);
    take(p, at, bytes);
}

static bool jump(uint64_t at, uint64_t to, uint8_t *code)
{
    int32_t rel;
    bool near = reach(at, to, &rel);
    code[0] = 0xE9;
    memcpy(code + 1, &rel, sizeof rel);
    return near;
}

static void add_jump(planner *p, uint64_t at, uint64_t to)
{
    uint8_t code[5];
    p->failed |= !jump(at, to, code);
    poke(p, at, code, sizeof code);
    add_patch(p, at, to, sizeof code, false);
}

static bool filler(const planner *p, uint64_t at, unsigned n)
{
    const vprec_window *w = vprec_window_at(p->map, at);
    if (!w || at + n > w->end)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (vprec_mark(p->map, at)[i] != VPREC_FILLER)
            return false;
    return true;
}

/* Dead code of cloned function f: a trap on an instruction start, the jump behind it. Code of no function may go on
 * into the next one, whose callers nobody knows. */
static bool dead(const planner *p, uint64_t at, const vprec_code_function *f)
{
    if (f->gap || at < f->start || at + 6 > f->end)
        return false;
    const uint32_t *m = vprec_mark(p->map, at);
    return m[0] & VPREC_START && !(m[0] & (VPREC_TARGET | VPREC_ENTRY | VPREC_RETURN)) &&
           has_clone(p, at) && usable(p, at, 6);
}

/* A 5-byte hole that a 2-byte jump at `at` reaches; 0 none. On the same page: who comes to one without X is taken for
 * having come to what was loaded there. */
static uint64_t hole(planner *p, uint64_t at, uint32_t function, bool occupied)
{
    const vprec_code_function *f = &VPREC_AT(p->map->functions, vprec_code_function, function);
    for (int64_t d = 2; d < 124; d++)
        for (int sign = -1; sign <= 1; sign += 2) {
            uint64_t h = at + (uint64_t)(d * sign);
            if (!p->quiet && (h / PAGE != at / PAGE || (h + 5) / PAGE != at / PAGE))
                continue;
            if (filler(p, h, 5))
                return h;
            if (!occupied && dead(p, h, f)) {
                add_trap(p, h, function);
                *vprec_mark(p->map, h) |= VPREC_TAKEN | VPREC_ARITH;
                return h + 1;
            }
        }
    return 0;
}

/* Where who comes to a debugger's breakpoint at `at` can be led away: behind its instruction, which runs in place. 0:
 * it is one to be cloned. */
static uint64_t behind_breakpoint(const planner *p, uint64_t at)
{
    vprec_insn insn;
    bool runs = !(*vprec_mark(p->map, at) & (VPREC_ARITH | VPREC_HAS_SYSCALL)) &&
                vprec_insn_decode(vprec_bytes(p->map, at), vprec_room(p->map, at), at, &insn) &&
                insn.flow == VPREC_FLOW_NEXT;
    uint64_t next = runs ? at + insn.length : 0;
    bool goes_on = next && vprec_in_code(p->map, next) && *vprec_mark(p->map, next) & VPREC_START &&
                   has_clone(p, next);
    return goes_on && !vprec_sorted_has(&p->text->foreign, next) ? next : 0;
}

/* Whether what returns to `at` soon leaves the function, without an operation, to where entries lead to clones: an
 * interpreter's `call; jmp *(next)`. It may run where it is: a trap would cost more than the clone's saves. */
static bool passes_on(const planner *p, uint64_t at, const vprec_code_function *f)
{
    enum { FEW = 4 };
    vprec_insn insn;
    if (at == f->start || *vprec_mark(p->map, at) & VPREC_ENTRY || f->routine.results)
        return false;
    for (unsigned i = 0; i < FEW && at < f->end; i++, at += insn.length) {
        if (*vprec_mark(p->map, at) & (VPREC_ARITH | VPREC_HAS_SYSCALL | VPREC_TAIL) ||
            !vprec_insn_decode(vprec_bytes(p->map, at), vprec_room(p->map, at), at, &insn))
            return false;
        if (insn.flow == VPREC_FLOW_IJMP || insn.flow == VPREC_FLOW_RET)
            return true;
        if (insn.flow != VPREC_FLOW_NEXT)
            return false;
    }
    return false;
}

static void plan_point(planner *p, uint64_t at, uint32_t function)
{
    vprec_gate *gate = VPREC_AT(p->map->functions, vprec_code_function, function).gate;
    if (!(*vprec_mark(p->map, at) & (VPREC_KEEP | VPREC_TAKEN)) && vprec_sorted_has(&p->text->foreign, at)) {
        at = gate ? 0 : behind_breakpoint(p, at);
        p->barred |= !at;
        if (!at)
            return;
    }
    if (gate) { /* which moved what the jump covers */
        const void **to = gate->rounded ? &gate->inside : &gate->rounded;
        *to = (const void *)(vprec_versions > 1 ? vprec_jump_way(p->cloner, at, function)
                                                : vprec_jump_destination(p->cloner, 0, at, function));
        add_jump(p, at + gate->at, (uint64_t)gate->stub);
        p->image->by_jump++;
        return;
    }
    if (*vprec_mark(p->map, at) & (VPREC_KEEP | VPREC_TAKEN))
        return; /* a call that clones make from here returns to a point of its own */
    uint64_t to = destination(p, at, function);
    bool room = usable(p, at, 5), waits = room && occupied(p, at, 5, function);
    if (room && !waits) {
        add_jump(p, at, to);
        p->image->by_jump++;
        return;
    }
    if (!waits && passes_on(p, at, &VPREC_AT(p->map->functions, vprec_code_function, function)))
        return;
    if (usable(p, at, 2) && !occupied(p, at, 2, function)) {
        take(p, at, 2);
        uint64_t h = hole(p, at, function, waits);
        if (h) {
            uint8_t code[2] = {0xEB, (uint8_t)((int64_t)h - (int64_t)(at + 2))};
            poke(p, at, code, sizeof code);
            add_patch(p, at, to, sizeof code, false);
            add_jump(p, h, to);
            p->image->by_short++;
            return;
        }
        *vprec_mark(p->map, at) &= ~(uint32_t)VPREC_TAKEN;
        *vprec_mark(p->map, at + 1) &= ~(uint32_t)VPREC_TAKEN;
    }
    p->narrow = true;
    p->barred |= p->quiet;
    if (waits) {
        *vprec_mark(p->map, at) |= VPREC_NARROW;
        poke(p, at, &trap_byte, 1);
        add_patch(p, at, to, 5, true);
        p->image->by_jump++;
        p->image->waiting = true;
        return;
    }
    *vprec_mark(p->map, at) |= VPREC_ARITH | VPREC_NARROW; /* a trap */
    p->image->by_trap++;
}

/* Direct calls of what got a trap at its entry (push; call: one byte is free)
 * go to the clone at once. The calls themselves stay where they are, so return
 * addresses do too; what comes by pointer still traps. */
static void lead_calls(planner *p)
{
    const vprec_codemap *map = p->map;
    for (size_t i = 0; i < map->windows.count; i++) {
        const vprec_window *w = &VPREC_AT(map->windows, vprec_window, i);
        for (uint64_t at = w->start; at + 5 <= w->end; at++) {
            const uint32_t *m = vprec_mark(map, at);
            const uint8_t *bytes = vprec_bytes(map, at);
            if (!(m[0] & VPREC_START) || bytes[0] != 0xE8 || (m[0] | m[1] | m[2] | m[3] | m[4]) & VPREC_TAKEN)
                continue;
            int32_t rel;
            __builtin_memcpy(&rel, bytes + 1, 4);
            uint64_t to = at + 5 + (uint64_t)(int64_t)rel;
            if (!vprec_in_code(map, to) || !(*vprec_mark(map, to) & VPREC_NARROW))
                continue;
            long function = vprec_code_function_at(map, to);
            int32_t led;
            if (reach(at, destination(p, to, (uint32_t)function), &led))
                poke(p, at + 1, &led, sizeof led);
        }
    }
}

typedef struct keyed { /* by its uint64_t, which comes first */
    uint64_t at;
} keyed;

/* Sorts elements that begin with an address. They were added in nearly ascending runs. */
static bool sort(vprec_vec *vec)
{
    vprec_vec keys = VPREC_VEC(uint64_t), sorted = {.size = vec->size};
    size_t n = vec->count;
    uint64_t *key = vprec_vec_add(&keys, n);
    if (n && !key)
        return false;
    bool ordered = true;
    for (size_t i = 0; i < n; i++) {
        key[i] = ((const keyed *)(const void *)((const char *)vec->data + i * vec->size))->at;
        ordered &= !i || key[i] > key[i - 1];
    }
    if (ordered) {
        vprec_vec_free(&keys);
        return true;
    }
    /* addresses are unique: sort the keys, then place each element by search */
    vprec_vec_sort_u64(&keys);
    char *to = vprec_vec_add(&sorted, n);
    if (!to) {
        vprec_vec_free(&keys);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const char *from = (const char *)vec->data + i * vec->size;
        uint64_t at = ((const keyed *)(const void *)from)->at;
        memcpy(to + vprec_sorted_below(keys.data, keys.count, sizeof(uint64_t), 0, at, false) * vec->size, from, vec->size);
    }
    sorted.count = keys.count;
    vprec_vec_free(&keys);
    vprec_vec_free(vec);
    *vec = sorted;
    return true;
}

/* An operation that a patch covers: where the patch does not stand, or not yet, it has a trap. */
static void cover(planner *p, uint64_t at, uint32_t function)
{
    const vprec_patch *patch = vprec_image_patch_over(p->image, at);
    if (patch)
        lead_trap(p, at, destination(p, at, function));
    if (patch && patch->waits)
        poke(p, at, &trap_byte, 1);
}

static void plan(planner *p)
{
    vprec_codemap *map = p->map;
    for (size_t i = 0; i < p->image->halls.count && vprec_versions > 1; i++) { /* what they lead to */
        const uint64_t start = VPREC_AT(p->image->halls, vprec_hall, i).original;
        vprec_jump_way(p->cloner, start, (uint32_t)vprec_code_function_at(map, start));
    }
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
    p->failed |= !sort(&p->image->patches);
    for (size_t i = 0; i < map->functions.count && !p->failed; i++) {
        const vprec_code_function *f = &VPREC_AT(map->functions, vprec_code_function, i);
        if (!f->cloned)
            continue;
        for (uint64_t at = f->start; at < f->end; at++) {
            uint32_t mark = *vprec_mark(map, at);
            if ((mark & (VPREC_ARITH | VPREC_TAKEN)) == VPREC_ARITH)
                add_trap(p, at, (uint32_t)i);
            else if (mark & VPREC_ARITH && mark & VPREC_START)
                cover(p, at, (uint32_t)i);
        }
    }
}

enum vprec_reason vprec_patch_plan(vprec_cloner *k, const vprec_text_pages *text, vprec_vec *pokes)
{
    planner p = {.image = k->image, .map = k->map, .cloner = k, .pokes = pokes, .text = text, .others = k->options->others,
                 .quiet = k->options->quiet};
    plan(&p);
    k->image->code_end = (uint64_t)k->code.at;
    if (k->code.full)
        return VPREC_REASON_TOO_FAR;
    if (p.barred)
        return VPREC_REASON_DEBUGGER;
    bool sorted = !p.failed && sort(&k->image->traps) && sort(pokes);
    return sorted ? VPREC_REASON_NONE : VPREC_REASON_NO_MEMORY;
}

bool vprec_patch_undo(const vprec_text_pages *text, const vprec_image *image, vprec_patch *patch, vprec_vec *pokes)
{
    uint8_t code[5];
    vprec_text_read(text, patch->at, code, patch->bytes);
    for (unsigned i = 0; i < patch->bytes; i++)
        code[i] = vprec_image_find(image, patch->at + i) ? VPREC_TRAP_BYTE : code[i];
    patch->waits = false;
    return vprec_poke_add(pokes, patch->at, code, patch->bytes);
}

bool vprec_patch_finish(vprec_image *image, vprec_vec *pokes)
{
    for (size_t i = 0; i < image->patches.count; i++) {
        vprec_patch *p = &VPREC_AT(image->patches, vprec_patch, i);
        uint8_t code[5];
        if (p->waits && jump(p->at, p->to, code) && !vprec_poke_add(pokes, p->at, code, sizeof code))
            return false;
        p->waits = false;
    }
    image->waiting = false;
    return true;
}
