/* SPDX-License-Identifier: Apache-2.0
 * gap.c: see gap.h. */
#include "gap.h"
#include "runtime/share.h"
#include "unit.h"
#include <string.h>

enum { PAGE = 4096 };

/* Where no symbol and no FDE tells of code: what lies between two functions around `address`, at most so far away. */
static vprec_extent gap_around(vprec_loaded *l, uint64_t address)
{
    enum { MOST = 256 << 10 };
    const vprec_extent *code = vprec_object_code_at(&l->object, address);
    vprec_extent gap = code ? *code : (vprec_extent){address, address};
    gap.start = address - gap.start > MOST ? address - MOST : gap.start;
    gap.end = gap.end - address > MOST ? address + MOST : gap.end;
    vprec_symbol f;
    if (vprec_object_function_next(&l->object, address + 1, gap.end, &f))
        gap.end = f.start;
    if (vprec_object_function_at(&l->object, gap.start, &f) && f.end <= address)
        gap.start = f.end;
    for (uint64_t at = gap.start; vprec_object_function_next(&l->object, at, address, &f); at = f.start + 1)
        if (f.end <= address && f.end > gap.start) /* one that surrounds others may end behind the address */
            gap.start = f.end;
    return gap;
}

bool vprec_gap_translate(vprec_loaded *l, uint64_t address)
{
    enum { MOST = 16 << 10, MOST_GENERATED = 128 << 10 };
    return vprec_unit_translate_code(l, gap_around(l, address), address,
                                     l->generated ? MOST_GENERATED : MOST);
}

/* Whether it leads to the target that it names. */
static bool leads(const vprec_insn *insn)
{
    return insn->flow == VPREC_FLOW_JMP || insn->flow == VPREC_FLOW_JCC || insn->flow == VPREC_FLOW_CALL;
}

/* The code of a gap in a row, from `start` on to where nothing falls through. Returns its end; `*good`: it decodes,
 * and goes nowhere but to code. */
static uint64_t read_block(const vprec_loaded *l, const uint8_t *bytes, uint64_t start, uint64_t end, bool *good)
{
    vprec_insn insn;
    *good = true;
    for (uint64_t at = start; at < end; at += insn.length) {
        size_t room = end - at < 15 ? end - at : 15;
        if (!vprec_insn_decode(bytes + (at - start), room, at, &insn)) {
            *good = false;
            return at + 1;
        }
        if (leads(&insn) && (insn.target < l->text.lo || insn.target >= l->text.hi))
            *good = false;
        if (vprec_flow_ends(insn.flow))
            return at + insn.length;
    }
    return end;
}

/* Whether the instruction must not run as it is. */
static bool is_guarded_insn(const vprec_insn *insn)
{
    const vprec_arith *arith = &vprec_arith_current;
    return insn->cls == VPREC_SYSCALL || (insn->cls == VPREC_SITE && arith->use[insn->type] != VPREC_USE_NONE) ||
           (insn->cls == VPREC_CONTROL && vprec_arith_rounds(arith)) ||
           (insn->cls == VPREC_REFUSED && vprec_wire_shared->config.audit);
}

typedef struct sweep {
    vprec_vec pokes, data; /* vprec_poke; uint64_t: addresses in the gap that code reads or computes */
    vprec_vec entries;     /* uint64_t: addresses in the gap that jumps, calls and words of the data name; sorted */
    vprec_vec words;       /* uint64_t: those of them that only words name which may be numbers; sorted */
    uint8_t *bytes;
    bool *code;            /* by byte of the gap: it is in a block that was guarded */
} sweep;

/* Puts a trap at a block's operations and at its start, where calls and jumps by pointer arrive. */
static bool guard_block(sweep *s, const vprec_gap *g, uint64_t start, uint64_t end)
{
    vprec_insn insn;
    bool any = false;
    for (uint64_t at = start; at < end; at += insn.length) {
        if (!vprec_insn_decode(s->bytes + (at - g->start), end - at < 15 ? end - at : 15, at, &insn))
            return false;
        bool first = !any && is_guarded_insn(&insn);
        any |= first;
        if (first && at != start && !vprec_unit_poke(&s->pokes, start, VPREC_TRAP_BYTE))
            return false;
        if (is_guarded_insn(&insn) && !vprec_unit_poke(&s->pokes, at, VPREC_TRAP_BYTE))
            return false;
    }
    memset(s->code + (start - g->start), 1, end - start);
    return true;
}

/* Whether an address that code reads or computes lies in the block, behind its start: then it may be data. */
static bool may_be_data(const sweep *s, uint64_t start, uint64_t end)
{
    size_t low = vprec_sorted_below(s->data.data, s->data.count, sizeof(uint64_t), 0, start, false);
    return low < s->data.count && VPREC_AT(s->data, uint64_t, low) < end;
}

/* Where something leads into the block first; `end`: nowhere. What is in front of that may be data which read as code:
 * Haskell's functions have tables before them. */
static uint64_t entry_of_block(const sweep *s, uint64_t start, uint64_t end)
{
    size_t low = vprec_sorted_below(s->entries.data, s->entries.count, sizeof(uint64_t), 0, start, false);
    bool any = low < s->entries.count && VPREC_AT(s->entries, uint64_t, low) < end;
    return any ? VPREC_AT(s->entries, uint64_t, low) : end;
}

/* Addresses in the gap that its instructions name, by a jump or call or otherwise, or words of the data. */
static bool read_references(sweep *s, vprec_loaded *l, const vprec_gap *g)
{
    vprec_insn insn;
    bool good;
    for (uint64_t at = g->start; at < g->end;) {
        uint64_t end = read_block(l, s->bytes + (at - g->start), at, g->end, &good);
        for (uint64_t i = at; good && i < end; i += insn.length) {
            if (!vprec_insn_decode(s->bytes + (i - g->start), end - i < 15 ? end - i : 15, i, &insn))
                break;
            if (insn.disp_offset && insn.flow == VPREC_FLOW_NEXT && insn.target >= g->start && insn.target < g->end &&
                !vprec_vec_add_u64(&s->data, insn.target))
                return false;
            if (leads(&insn) && insn.target >= g->start && insn.target < g->end &&
                !vprec_vec_add_u64(&s->entries, insn.target))
                return false;
        }
        at = end;
    }
    if (!vprec_object_pointers_in(&l->object, g->start, g->end, &s->entries))
        return false;
    vprec_vec_sort_u64(&s->entries);
    size_t low = vprec_sorted_below(l->words.data, l->words.count, sizeof(uint64_t), 0, g->start, false);
    for (; low < l->words.count && VPREC_AT(l->words, uint64_t, low) < g->end; low++) {
        const uint64_t word = VPREC_AT(l->words, uint64_t, low);
        if (!vprec_sorted_has(&s->entries, word) && !vprec_vec_add_u64(&s->words, word))
            return false;
    }
    for (size_t i = 0; i < s->words.count; i++)
        if (!vprec_vec_add_u64(&s->entries, VPREC_AT(s->words, uint64_t, i)))
            return false;
    vprec_vec_sort_u64(&s->data);
    vprec_vec_sort_u64(&s->entries);
    return true;
}

/* Whether the block, read from its start on, has an instruction there. */
static bool starts(const sweep *s, const vprec_gap *g, uint64_t start, uint64_t address)
{
    vprec_insn insn;
    for (uint64_t at = start; at < address; at += insn.length)
        if (!vprec_insn_decode(s->bytes + (at - g->start), g->end - at < 15 ? g->end - at : 15, at, &insn) ||
            at + insn.length > address)
            return false;
    return true;
}

/* Guards all that looks like code in the gap; its pages get X where nothing else could be meant to be rounded. */
static bool sweep_gap(vprec_loaded *l, vprec_gap *g)
{
    size_t size = g->end - g->start;
    sweep s = {.pokes = VPREC_VEC(vprec_poke), .data = VPREC_VEC(uint64_t), .entries = VPREC_VEC(uint64_t),
               .words = VPREC_VEC(uint64_t)};
    s.bytes = vprec_pages(size + 16);
    s.code = vprec_pages(size + 16);
    g->swept = true;
    bool done = s.bytes && s.code;
    if (done) {
        vprec_text_read(&l->text, g->start, s.bytes, size);
        done = read_references(&s, l, g);
    }
    for (uint64_t at = g->start; at < g->end && done;) {
        const vprec_image *image = vprec_image_of(at);
        uint64_t stop = at + 1;
        while (stop < g->end && vprec_image_of(stop) == image)
            stop++;
        if (image) { /* its originals lead to the clones */
            memset(s.code + (at - g->start), 1, stop - at);
            at = stop;
            continue;
        }
        while (at < stop && done) {
            bool good;
            uint64_t end = read_block(l, s.bytes + (at - g->start), at, stop, &good);
            uint64_t entry = entry_of_block(&s, at, end);
            if (good && entry < end && vprec_sorted_has(&s.words, entry) && !starts(&s, g, at, entry))
                good = false; /* a number, for all that is known: what runs there comes to a page without X */
            if (good && entry > at && entry < end) /* it may lie in the middle of what was read as an instruction */
                good = read_block(l, s.bytes + (entry - g->start), entry, end, &good) == end && good;
            if (good && entry < end && !may_be_data(&s, entry, end))
                done = guard_block(&s, g, entry, end);
            at = end;
        }
    }
    done = done && (!s.pokes.count || vprec_text_patch(&l->text, &s.pokes));
    /* what is neither is to be clean, page by page */
    for (uint64_t page = vprec_page_start(g->start); page < g->end && done; page += PAGE) {
        uint64_t from = page < g->start ? g->start : page, to = page + PAGE < g->end ? page + PAGE : g->end;
        for (uint64_t at = from; at < to; at++) {
            uint64_t stop = at;
            while (stop < to && !s.code[stop - g->start])
                stop++;
            if (stop > at && !vprec_loaded_clean(l, at, stop) && !vprec_vec_add_u64(&l->closed, page))
                done = false;
            at = stop > at ? stop : at;
        }
    }
    vprec_vec_sort_u64(&l->closed);
    vprec_vec_free(&s.pokes);
    vprec_vec_free(&s.data);
    vprec_vec_free(&s.entries);
    vprec_vec_free(&s.words);
    vprec_pages_free(s.bytes, size + 16);
    vprec_pages_free(s.code, size + 16);
    return done;
}

/* The gap that holds the address, which is in no function. NULL: no memory. */
static vprec_gap *gap_at(vprec_loaded *l, uint64_t address)
{
    for (size_t i = 0; i < l->gaps.count; i++) {
        vprec_gap *g = &VPREC_AT(l->gaps, vprec_gap, i);
        if (address >= g->start && address < g->end)
            return g;
    }
    vprec_extent e = gap_around(l, address);
    vprec_gap *g = vprec_vec_add(&l->gaps, 1);
    if (g)
        *g = (vprec_gap){e.start, e.end, 0, false};
    return g;
}

bool vprec_gap_closed(const vprec_loaded *l, uint64_t page)
{
    return vprec_sorted_has(&l->closed, page);
}

bool vprec_gap_provide(vprec_loaded *l, uint64_t start, uint64_t end, uint64_t address, bool now, bool *runs)
{
    enum { ENTRIES = 64 };
    vprec_gap *g = gap_at(l, start);
    if (!g)
        return false;
    bool executed = address >= start && address < end;
    g->entries++; /* of its pages: functions beside it cannot wait for ever, either */
    if (executed && !vprec_image_of(address) && !vprec_gap_translate(l, address))
        return false;
    if ((now || g->entries >= ENTRIES) && !g->swept && !sweep_gap(l, g))
        return false;
    *runs = g->swept && !vprec_gap_closed(l, vprec_page_start(start));
    return true;
}

bool vprec_gap_waits(vprec_loaded *l, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < l->gaps.count; i++) {
        const vprec_gap *g = &VPREC_AT(l->gaps, vprec_gap, i);
        if (g->start < end && start < g->end && !g->swept)
            return true;
    }
    return false;
}
