/* SPDX-License-Identifier: Apache-2.0
 * where.c: see where.h. What a clone has moved is read from its code, from the
 * start of the instruction's code to the address in question: the emitters
 * move rsp by lea, push and pop only, and save registers at [rsp + disp]. */
#include "where.h"
#include "x86/decode.h"
#include <string.h>

enum { LONGEST = 0xFFF };

bool vprec_where_add(vprec_where *where, enum vprec_where_kind kind, uint64_t clone, uint64_t original)
{
    vprec_where_range *r = vprec_vec_add(&where->ranges, 1);
    if (r)
        *r = (vprec_where_range){clone, original, kind, (uint32_t)where->steps.count};
    return r;
}

bool vprec_where_step(vprec_where *where, unsigned length, size_t emitted)
{
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

void vprec_where_free(vprec_where *where)
{
    vprec_vec_free(&where->ranges);
    vprec_vec_free(&where->steps);
}

static const vprec_where_range *range_of(const vprec_where *where, uint64_t rip)
{
    size_t low = 0, high = where->ranges.count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (VPREC_AT(where->ranges, vprec_where_range, mid).clone <= rip)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? &VPREC_AT(where->ranges, vprec_where_range, low - 1) : NULL;
}

static size_t steps_end(const vprec_where *where, const vprec_where_range *r)
{
    const vprec_where_range *next = r + 1;
    bool last = next == &VPREC_AT(where->ranges, vprec_where_range, where->ranges.count);
    return last ? where->steps.count : next->step;
}

static int32_t disp32(const uint8_t *p)
{
    int32_t d;
    memcpy(&d, p, 4);
    return d;
}

/* Whether the operand is [rsp + *disp]. */
static bool on_stack(const uint8_t *modrm, int32_t *disp)
{
    int mod = modrm[0] >> 6;
    if ((modrm[0] & 7) != 4 || modrm[1] != 0x24 || (mod != 1 && mod != 2))
        return false;
    *disp = mod == 1 ? (int8_t)modrm[2] : disp32(modrm + 2);
    return true;
}

static void save(vprec_place *p, enum vprec_spill_kind kind, int reg, int size, int32_t disp)
{
    for (unsigned i = 0; i < p->spills; i++)
        if (p->spill[i].kind == kind && p->spill[i].reg == reg)
            return; /* its value of now is the clone's own */
    if (p->spills < VPREC_SPILLS)
        p->spill[p->spills++] = (vprec_spill){disp - p->lowered, (uint8_t)kind, (uint8_t)reg, (uint8_t)size};
}

static void restore(vprec_place *p, enum vprec_spill_kind kind, int reg, int32_t disp)
{
    for (unsigned i = 0; i < p->spills; i++)
        if (p->spill[i].kind == kind && p->spill[i].reg == reg && p->spill[i].at == disp - p->lowered) {
            p->spill[i] = p->spill[--p->spills];
            return;
        }
}

/* What rsp has risen above is not there any more. */
static void forget(vprec_place *p)
{
    for (unsigned i = 0; i < p->spills;)
        if (p->spill[i].at < -p->lowered)
            p->spill[i] = p->spill[--p->spills];
        else
            i++;
}

static bool is_saved(const vprec_place *p, enum vprec_spill_kind kind, int reg)
{
    for (unsigned i = 0; i < p->spills; i++)
        if (p->spill[i].kind == kind && p->spill[i].reg == reg)
            return true;
    return false;
}

/* A vector or mask register moved whole to or from [rsp + disp]. */
static void vector_move(vprec_place *p, const uint8_t *b)
{
    int op, reg, size;
    if (b[0] == 0x62) {
        if ((b[1] & 7) != 1 || b[2] & 2 || b[3] & 0x97) /* map, prefix of a scalar, broadcast or mask */
            return;
        op = b[4];
        reg = (~b[1] >> 7 & 1) << 3 | (~b[1] >> 4 & 1) << 4;
        size = 16 << (b[3] >> 5 & 3);
        b += 5;
    } else if (b[0] == 0xC5 || (b[0] == 0xC4 && (b[1] & 31) == 1)) {
        const uint8_t *last = b[0] == 0xC5 ? b + 1 : b + 2;
        if (*last & 2)
            return;
        op = last[1];
        reg = (~b[1] >> 7 & 1) << 3;
        size = *last & 4 ? 32 : 16;
        b = last + 2;
    } else {
        b += *b == 0x66;
        reg = (*b & 0xF4) == 0x44 ? 8 : 0;
        b += (*b & 0xF0) == 0x40;
        if (b[0] != 0x0F)
            return;
        op = b[1];
        size = 16;
        b += 2;
    }
    int32_t disp;
    if (!on_stack(b, &disp)) /* under EVEX none is 8 bits wide */
        return;
    reg |= b[0] >> 3 & 7;
    switch (op) {
    case 0x11: case 0x29: save(p, VPREC_SPILL_VECTOR, reg, size, disp); break;
    case 0x10: case 0x28: restore(p, VPREC_SPILL_VECTOR, reg, disp); break;
    case 0x91: save(p, VPREC_SPILL_MASK, reg, 8, disp); break;
    case 0x90: restore(p, VPREC_SPILL_MASK, reg, disp); break;
    default: break;
    }
}

/* What one emitted instruction does to the stack pointer and saved registers. */
static void follow(vprec_place *p, const uint8_t *b)
{
    enum { RAX, RSP = 4 };
    int32_t disp;
    bool rex_w = (b[0] & 0xFB) == 0x48, stack = rex_w && on_stack(b + 2, &disp);
    int reg = (b[0] & 4) << 1 | (b[2] >> 3 & 7);
    if (stack && b[1] == 0x8D && reg == RSP) { /* lea rsp, [rsp+d] */
        p->lowered -= disp;
        forget(p);
    } else if (b[0] == 0x68) { /* push imm32 */
        p->lowered += 8;
    } else if ((b[0] & 0xF8) == 0x50) { /* push; rax, once saved, holds the flags (emit_indirect) */
        bool flags = b[0] == 0x50 && is_saved(p, VPREC_SPILL_GENERAL, RAX);
        p->lowered += 8;
        save(p, flags ? VPREC_SPILL_FLAGS : VPREC_SPILL_GENERAL, b[0] & 7, 8, 0);
    } else if ((b[0] & 0xF8) == 0x58) { /* pop */
        restore(p, VPREC_SPILL_GENERAL, b[0] & 7, 0);
        p->lowered -= 8;
    } else if (b[0] == 0x9E) { /* sahf, the popped flags */
        p->lowered += 8;
        restore(p, VPREC_SPILL_FLAGS, RAX, 0);
        p->lowered -= 8;
    } else if (stack && b[1] == 0x89) {
        /* mov [rsp+d], reg; loaded again it may be changed again: its place counts until it is given up */
        save(p, VPREC_SPILL_GENERAL, reg, 8, disp);
    } else {
        vector_move(p, b);
    }
}

/* A branch ahead, and the state that it takes there. */
typedef struct ahead {
    uint64_t target;
    vprec_place place;
} ahead;

enum { AHEAD = 2 }; /* a jump over a jump, and where that leads */

static void look_ahead(ahead pending[AHEAD], uint64_t at, uint64_t target, const vprec_place *p)
{
    for (int i = 0; i < AHEAD && target > at; i++)
        if (pending[i].target <= at || pending[i].target == target) {
            pending[i] = (ahead){target, *p};
            return;
        }
}

/* Follows the code from `at`. True: it came to `to`, or to a jump to `leave`
 * (0: none); `p` is the state there. */
static bool walk(vprec_place *p, uint64_t at, uint64_t to, uint64_t leave)
{
    ahead pending[AHEAD];
    for (int i = 0; i < AHEAD; i++)
        pending[i].target = 0;
    while (at < to) {
        const uint8_t *bytes = (const uint8_t *)at;
        vprec_insn insn;
        if (!vprec_insn_decode(bytes, 15, at, &insn))
            return false;
        bool jump = insn.flow == VPREC_FLOW_JMP, leaves = jump || insn.flow == VPREC_FLOW_IJMP;
        if (jump && leave && insn.target == leave)
            return true;
        if (jump || insn.flow == VPREC_FLOW_JCC || insn.flow == VPREC_FLOW_SHORT)
            look_ahead(pending, at, insn.target, p);
        else if (!leaves)
            follow(p, bytes);
        at += insn.length;
        for (int i = 0; i < AHEAD && leaves; i++)
            if (pending[i].target == at)
                *p = pending[i].place;
    }
    return at == to && !leave;
}

typedef struct found {
    uint64_t start, end, original;
    unsigned length;
} found;

/* The instruction of a body that lies at clone address `clone`, or at original address `original` (one is 0). */
static bool find_step(const vprec_where *where, const vprec_where_range *r, uint64_t clone, uint64_t original, found *f)
{
    size_t end = steps_end(where, r);
    *f = (found){r->clone, r->clone, r->original, 0};
    for (size_t i = r->step; i < end; i++) {
        uint16_t step = VPREC_AT(where->steps, uint16_t, i);
        if (step >> 12) {
            f->original += f->length;
            f->start = f->end;
            f->length = step >> 12;
        }
        f->end += step & LONGEST;
        bool more = i + 1 < end && !(VPREC_AT(where->steps, uint16_t, i + 1) >> 12);
        if (!more && (clone ? clone < f->end : original < f->original + f->length))
            return true;
    }
    f->original += f->length; /* the jump to what follows the function */
    f->start = f->end;
    f->length = 0;
    return false;
}

static const vprec_where_range *body_of(const vprec_where *where, uint64_t original)
{
    const vprec_where_range *best = NULL;
    for (size_t i = 0; i < where->ranges.count; i++) {
        const vprec_where_range *r = &VPREC_AT(where->ranges, vprec_where_range, i);
        if (r->kind == VPREC_WHERE_BODY && r->original <= original)
            best = r;
    }
    return best;
}

uint64_t vprec_where_clone(const vprec_where *where, uint64_t original)
{
    const vprec_where_range *r = body_of(where, original);
    found f;
    if (!r || !find_step(where, r, 0, original, &f) || f.original != original || f.start == f.end)
        return 0;
    return f.start;
}

/* A site leaves for its tie with rsp lowered and registers saved. */
static bool tie(const vprec_where *where, const vprec_where_range *r, uint64_t rip, vprec_place *p)
{
    const vprec_where_range *body = body_of(where, r->original);
    found f;
    p->original = r->original;
    p->start = r->clone;
    if (!body || !find_step(where, body, 0, r->original, &f))
        return false;
    p->length = f.length;
    return walk(p, f.start, f.end, r->clone) && walk(p, r->clone, rip, 0);
}

/* Landings lie behind their table in the order of their addresses; each gives back what emit_indirect saved. */
static bool landing(const vprec_where_range *r, uint64_t rip, vprec_place *p)
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
    return walk(p, start, rip, 0);
}

bool vprec_where_original(const vprec_where *where, uint64_t rip, vprec_place *p)
{
    const vprec_where_range *r = range_of(where, rip);
    *p = (vprec_place){0};
    if (!r)
        return false;
    found f;
    switch (r->kind) {
    case VPREC_WHERE_STUB:
        p->original = r->original;
        p->start = r->clone;
        return true;
    case VPREC_WHERE_TIE:
        return tie(where, r, rip, p);
    case VPREC_WHERE_LANDINGS:
        return landing(r, rip, p);
    default:
        find_step(where, r, rip, 0, &f);
        p->original = f.original;
        p->start = f.start;
        p->length = f.length;
        return walk(p, f.start, rip, 0);
    }
}
