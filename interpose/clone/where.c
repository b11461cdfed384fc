/* SPDX-License-Identifier: Apache-2.0
 * where.c: see where.h. What a clone has moved is what its emitters noted, from
 * the start of the instruction's code to the address in question. */
#include "where.h"
#include <string.h>

enum { LONGEST = 0xFFF };

bool vprec_where_add(vprec_where *where, enum vprec_where_kind kind, uint64_t clone, uint64_t original)
{
    vprec_where_range *r = vprec_vec_add(&where->ranges, 1);
    if (r)
        *r = (vprec_where_range){clone, original, kind, (uint32_t)where->steps.count};
    return r;
}

enum { KNOWN = 1 << 12 };

static bool is_same(const vprec_where *where, uint32_t first, const vprec_vec *moves)
{
    return first + moves->count <= where->moves.count &&
           !memcmp(&VPREC_AT(where->moves, vprec_move, first), moves->data, moves->count * sizeof(vprec_move));
}

/* Where in where->moves these are, or are put. False: no memory. */
static bool keep(vprec_where *where, const vprec_vec *moves, uint32_t *first)
{
    uint32_t hash = 0;
    const vprec_move *m = moves->data;
    for (size_t i = 0; i < moves->count; i++) {
        uint32_t word;
        memcpy(&word, &m[i].what, 4);
        hash = ((hash ^ m[i].at) * 16777619u ^ word) * 16777619u ^ (uint32_t)m[i].value; /* as FNV-1a, by words */
    }
    hash ^= hash >> 15;
    if (!where->known && !(where->known = vprec_pages(KNOWN * sizeof *where->known)))
        return false;
    uint32_t *known = &where->known[hash % KNOWN];
    *first = *known;
    if (is_same(where, *known, moves))
        return true;
    *first = (uint32_t)where->moves.count;
    void *to = vprec_vec_add(&where->moves, moves->count);
    if (!to)
        return false;
    memcpy(to, moves->data, moves->count * sizeof(vprec_move));
    *known = *first;
    return true;
}

bool vprec_where_step(vprec_where *where, unsigned length, size_t emitted, const vprec_vec *moves)
{
    if (moves->count) {
        uint32_t first;
        vprec_where_moved *m = keep(where, moves, &first) ? vprec_vec_add(&where->moved, 1) : NULL;
        if (!m)
            return false;
        *m = (vprec_where_moved){(uint32_t)where->steps.count, first, (uint32_t)moves->count};
    }
    do { /* what is longer goes on in steps without an original */
        size_t part = emitted < LONGEST ? emitted : LONGEST;
        uint16_t *step = vprec_vec_add(&where->steps, 1);
        if (!step)
            return false;
        *step = (uint16_t)(length << 12 | part);
        emitted -= part;
        length = 0;
    } while (emitted);
    return true;
}

void vprec_where_seal(vprec_where *where)
{
    vprec_pages_free(where->known, KNOWN * sizeof *where->known);
    where->known = NULL;
}

void vprec_where_free(vprec_where *where)
{
    vprec_vec_free(&where->ranges);
    vprec_vec_free(&where->steps);
    vprec_vec_free(&where->moved);
    vprec_vec_free(&where->moves);
}

static const vprec_where_range *range_of(const vprec_where *where, uint64_t rip)
{
    size_t low = VPREC_UP_TO(where->ranges, vprec_where_range, clone, rip);
    return low ? &VPREC_AT(where->ranges, vprec_where_range, low - 1) : NULL;
}

static size_t steps_end(const vprec_where *where, const vprec_where_range *r)
{
    const vprec_where_range *next = r + 1;
    bool last = next == &VPREC_AT(where->ranges, vprec_where_range, where->ranges.count);
    return last ? where->steps.count : next->step;
}

static void save(vprec_place *p, vprec_spilled r, int32_t disp)
{
    for (unsigned i = 0; i < p->spills; i++)
        if (p->spill[i].kind == r.kind && p->spill[i].reg == r.reg)
            return; /* its value of now is the clone's own */
    if (p->spills < VPREC_SPILLS)
        p->spill[p->spills++] = (vprec_spill){disp - p->lowered, r.kind, r.reg, r.size};
}

static void restore(vprec_place *p, vprec_spilled r, int32_t disp)
{
    for (unsigned i = 0; i < p->spills; i++)
        if (p->spill[i].kind == r.kind && p->spill[i].reg == r.reg && p->spill[i].at == disp - p->lowered) {
            p->spill[i] = p->spill[--p->spills];
            return;
        }
}

/* What rsp has risen above is not there any more; flags are still on their way back then. */
static void forget(vprec_place *p)
{
    for (unsigned i = 0; i < p->spills;)
        if (p->spill[i].at < -p->lowered && p->spill[i].kind != VPREC_SPILL_FLAGS)
            p->spill[i] = p->spill[--p->spills];
        else
            i++;
}

static void apply(vprec_place *p, const vprec_move *m)
{
    if (m->what == VPREC_MOVE_STACK) {
        p->lowered -= m->value;
        forget(p);
    } else if (m->what == VPREC_MOVE_SAVE) {
        save(p, m->reg, m->value);
    } else if (m->what == VPREC_MOVE_RESTORE) {
        restore(p, m->reg, m->value);
    }
}

/* The moves of a step, none if it has none. */
static const vprec_move *moves_of(const vprec_where *where, uint32_t step, size_t *count)
{
    size_t low = 0, high = where->moved.count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (VPREC_AT(where->moved, vprec_where_moved, mid).step < step)
            low = mid + 1;
        else
            high = mid;
    }
    *count = 0;
    if (low == where->moved.count || VPREC_AT(where->moved, vprec_where_moved, low).step != step)
        return NULL;
    const vprec_where_moved *m = &VPREC_AT(where->moved, vprec_where_moved, low);
    *count = m->count;
    return &VPREC_AT(where->moves, vprec_move, m->first);
}

/* What the step's code has done where it has come to `offset`; UINT64_MAX: where it leaves for its tie. */
static void follow(const vprec_where *where, vprec_place *p, uint32_t step, uint64_t offset)
{
    const vprec_place begun = *p;
    size_t count;
    const vprec_move *m = moves_of(where, step, &count);
    for (size_t i = 0; i < count && m[i].at <= offset; i++) {
        if (m[i].what == VPREC_MOVE_LEAVE && offset == UINT64_MAX)
            return;
        if (m[i].what != VPREC_MOVE_AGAIN) {
            apply(p, &m[i]);
            continue;
        }
        *p = begun; /* what held before some jump, which had no such label before it */
        for (int32_t j = 0; j < m[i].value; j++)
            apply(p, &m[j]);
    }
}

typedef struct found {
    uint64_t start, end, original;
    uint32_t step; /* the first of those that its code makes */
    unsigned length;
} found;

/* The instruction of a body that lies at clone address `clone`, or at original address `original` (one is 0). */
static bool find_step(const vprec_where *where, const vprec_where_range *r, uint64_t clone, uint64_t original, found *f)
{
    size_t end = steps_end(where, r);
    *f = (found){r->clone, r->clone, r->original, r->step, 0};
    for (size_t i = r->step; i < end; i++) {
        uint16_t step = VPREC_AT(where->steps, uint16_t, i);
        if (step >> 12) {
            f->original += f->length;
            f->start = f->end;
            f->step = (uint32_t)i;
            f->length = step >> 12;
        }
        f->end += step & LONGEST;
        bool more = i + 1 < end && !(VPREC_AT(where->steps, uint16_t, i + 1) >> 12);
        if (!more && (clone ? clone < f->end : original < f->original + f->length))
            return true;
    }
    f->original += f->length; /* the jump to what follows the function */
    f->start = f->end;
    f->step = UINT32_MAX;
    f->length = 0;
    return false;
}

void vprec_where_version(vprec_where *where)
{
    where->version[where->versions++] = (uint32_t)where->ranges.count;
}

unsigned vprec_where_version_at(const vprec_where *where, uint64_t clone)
{
    size_t range = VPREC_UP_TO(where->ranges, vprec_where_range, clone, clone);
    unsigned version = 0;
    while (version < where->versions && range > where->version[version])
        version++;
    return version;
}

static const vprec_where_range *body_of(const vprec_where *where, unsigned version, uint64_t original)
{
    const vprec_where_range *best = NULL;
    size_t end = version < where->versions ? where->version[version] : where->ranges.count;
    for (size_t i = version ? where->version[version - 1] : 0; i < end; i++) {
        const vprec_where_range *r = &VPREC_AT(where->ranges, vprec_where_range, i);
        if (r->kind == VPREC_WHERE_BODY && r->original <= original)
            best = r;
    }
    return best;
}

uint64_t vprec_where_clone(const vprec_where *where, unsigned version, uint64_t original)
{
    const vprec_where_range *r = version <= where->versions ? body_of(where, version, original) : NULL;
    found f;
    if (!r || !find_step(where, r, 0, original, &f) || f.original != original || f.start == f.end)
        return 0;
    return f.start;
}

/* A site leaves for its tie with rsp lowered and registers saved. */
static bool tie(const vprec_where *where, const vprec_where_range *r, uint64_t rip, vprec_place *p)
{
    const vprec_where_range *body = body_of(where, vprec_where_version_at(where, r->clone), r->original);
    found f;
    p->original = r->original;
    p->start = r->clone;
    if (!body || !find_step(where, body, 0, r->original, &f))
        return false;
    p->length = f.length;
    follow(where, p, f.step, UINT64_MAX);
    follow(where, p, r->step, rip - r->clone);
    return true;
}

/* Landings lie behind their table in the order of their addresses; each gives back what emit_indirect saved. */
static bool landing(const vprec_where *where, const vprec_where_range *r, uint64_t rip, vprec_place *p)
{
    enum { SAVED = 128 };
    int32_t entry, first = 0;
    uint64_t start = 0;
    for (uint64_t i = 0; !first || i * 4 < (uint64_t)first; i++) {
        memcpy(&entry, (const uint8_t *)r->clone + i * 4, 4);
        if (!entry)
            continue;
        if (!first)
            first = entry;
        if (rip < r->clone + (uint64_t)entry)
            break;
        start = r->clone + (uint64_t)entry;
        p->original = r->original + i;
    }
    if (!start)
        return false;
    p->start = start;
    p->lowered = SAVED + 16;
    p->spills = 2;
    p->spill[0] = (vprec_spill){-SAVED - 8, VPREC_SPILL_GENERAL, 0, 8};
    p->spill[1] = (vprec_spill){-SAVED - 16, VPREC_SPILL_GENERAL, 1, 8};
    follow(where, p, r->step, rip - start);
    return true;
}

bool vprec_where_original(const vprec_where *where, uint64_t rip, vprec_place *p)
{
    const vprec_where_range *r = range_of(where, rip);
    *p = (vprec_place){0};
    if (!r)
        return false;
    found f;
    p->kind = (enum vprec_where_kind)r->kind;
    switch (r->kind) {
    case VPREC_WHERE_STUB:
        p->original = r->original;
        p->start = r->clone;
        if (steps_end(where, r) > r->step)
            follow(where, p, r->step, rip - r->clone);
        return true;
    case VPREC_WHERE_TIE:
        return tie(where, r, rip, p);
    case VPREC_WHERE_LANDINGS:
        return landing(where, r, rip, p);
    default:
        find_step(where, r, rip, 0, &f);
        p->original = f.original;
        p->start = f.start;
        p->length = f.length;
        follow(where, p, f.step, rip - f.start);
        return true;
    }
}
