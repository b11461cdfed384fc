/* SPDX-License-Identifier: Apache-2.0
 * gap.c: see gap.h. */
#include "gap.h"
#include "leads.h"
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

/* Whether there is much code of no function around. */
static bool is_wide(uint64_t start, uint64_t end)
{
    return end - start >= 256 << 10;
}

bool vprec_gap_translate(vprec_loaded *l, uint64_t address)
{
    enum { MOST = 16 << 10, MOST_WIDE = 4 << 10, MOST_GENERATED = 128 << 10 };
    vprec_extent gap = gap_around(l, address);
    return vprec_unit_translate_code(l, gap, address,
                                     l->generated ? MOST_GENERATED : is_wide(gap.start, gap.end) ? MOST_WIDE : MOST);
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
    vprec_vec tables;      /* uint64_t: likewise words of what may be jump tables, perhaps read too far */
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
static bool read_references(sweep *s, vprec_loaded *l, const vprec_gap *g, bool wide)
{
    vprec_insn insn;
    bool good;
    for (uint64_t at = g->start; at < g->end;) {
        uint64_t end = read_block(l, s->bytes + (at - g->start), at, g->end, &good);
        for (uint64_t i = at; good && i < end; i += insn.length) {
            if (!vprec_insn_decode(s->bytes + (i - g->start), end - i < 15 ? end - i : 15, i, &insn))
                break;
            if (insn.disp_offset && insn.flow == VPREC_FLOW_NEXT && insn.target >= g->start && insn.target < g->end &&
                !(wide && insn.loads_address && vprec_leads_to(l, insn.target)) &&
                !vprec_vec_add_u64(&s->data, insn.target))
                return false;
            if (wide && insn.loads_address && insn.disp_offset && !vprec_leads_table(l, i, insn.target, &s->tables))
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
    vprec_vec_sort_u64(&s->tables);
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

/* Where in a block its code begins: behind filler. */
static uint64_t behind_filler(const sweep *s, const vprec_gap *g, uint64_t start, uint64_t end)
{
    enum { NOP = 0x90, INT3 = 0xCC, SIZED = 0x66, SEGMENT = 0x2E, MAP = 0x0F, LONG_NOP = 0x1F };
    vprec_insn insn;
    uint64_t at = start;
    for (; at < end; at += insn.length) {
        const uint8_t *b = s->bytes + (at - g->start);
        size_t room = end - at < 15 ? end - at : 15, opcode = 0;
        while (opcode + 1 < room && (b[opcode] == SIZED || b[opcode] == SEGMENT))
            opcode++;
        bool nop = b[0] == INT3 || b[opcode] == NOP ||
                   (opcode + 1 < room && b[opcode] == MAP && b[opcode + 1] == LONG_NOP);
        if (!nop || !vprec_insn_decode(b, room, at, &insn))
            break;
    }
    return at;
}

/* Whether something that was not decoded leads to that very place, where a block begins: some jump or call of the
 * object, read at any of its bytes, or a word of a jump table. Or it begins as functions do. */
static bool is_led_to(const sweep *s, const vprec_gap *g, vprec_loaded *l, uint64_t at, uint64_t end)
{
    enum { FIRST = 4 };
    static const uint8_t frame[FIRST] = {0x55, 0x48, 0x89, 0xE5}, endbr64[FIRST] = {0xF3, 0x0F, 0x1E, 0xFA};
    const uint8_t *code = s->bytes + (at - g->start);
    if (end - at > FIRST && (!memcmp(code, frame, FIRST) || !memcmp(code, endbr64, FIRST)))
        return true;
    return vprec_leads_to(l, at) || vprec_sorted_has(&s->tables, at);
}

/* Guards all that looks like code in the gap; the pages of [start, end) get X where nothing else could be meant to be
 * rounded. `wide`: much of what leads there lies elsewhere. */
static bool sweep_gap(vprec_loaded *l, vprec_gap *g, uint64_t start, uint64_t end, bool wide)
{
    size_t size = g->end - g->start;
    sweep s = {.pokes = VPREC_VEC(vprec_poke), .data = VPREC_VEC(uint64_t), .entries = VPREC_VEC(uint64_t),
               .words = VPREC_VEC(uint64_t), .tables = VPREC_VEC(uint64_t)};
    s.bytes = vprec_pages(size + 16);
    s.code = vprec_pages(size + 16);
    bool done = s.bytes && s.code;
    if (done) {
        vprec_text_read(&l->text, g->start, s.bytes, size);
        done = read_references(&s, l, g, wide);
    }
    for (uint64_t at = g->start; at < g->end && done;) {
        uint64_t stop;
        const vprec_image *image = vprec_image_stretch(at, g->end, &stop);
        if (image) { /* its originals lead to the clones */
            memset(s.code + (at - g->start), 1, stop - at);
            at = stop;
            continue;
        }
        while (at < stop && done) {
            bool good;
            uint64_t end = read_block(l, s.bytes + (at - g->start), at, stop, &good);
            uint64_t entry = entry_of_block(&s, at, end);
            uint64_t first = wide && good ? behind_filler(&s, g, at, end) : end;
            if (first < entry && is_led_to(&s, g, l, first, end))
                entry = first;
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
    for (uint64_t page = vprec_page_start(start); page < end && done; page += PAGE) {
        uint64_t from = page < start ? start : page, to = page + PAGE < end ? page + PAGE : end;
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
    vprec_vec_free(&s.tables);
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

/* Of sorted addresses those that lie elsewhere stay. */
static void leave_out(vprec_vec *addresses, uint64_t start, uint64_t end)
{
    size_t kept = 0;
    for (size_t i = 0; i < addresses->count; i++) {
        uint64_t at = VPREC_AT(*addresses, uint64_t, i);
        if (at < start || at >= end)
            VPREC_AT(*addresses, uint64_t, kept++) = at;
    }
    addresses->count = kept;
}

/* A piece of a page in the midst of much code that no function tells of: it is looked at by itself, and once more
 * whenever something on it was translated. */
static bool provide_piece(vprec_loaded *l, uint64_t start, uint64_t end, bool news, bool *runs)
{
    enum { AROUND = 1 << 10 };
    const uint64_t page = vprec_page_start(start);
    if (news && vprec_gap_closed(l, page)) { /* perhaps by another piece of it */
        leave_out(&l->pieces, page, page + PAGE);
        leave_out(&l->closed, page, page + PAGE);
    }
    if (!vprec_sorted_has(&l->pieces, start)) {
        size_t place = vprec_sorted_below(l->pieces.data, l->pieces.count, sizeof start, 0, start, false);
        uint64_t *to = vprec_vec_insert(&l->pieces, place);
        if (!to)
            return false;
        *to = start;
        const vprec_extent all = gap_around(l, start);
        vprec_gap gap = {start - all.start > AROUND ? start - AROUND : all.start,
                         all.end - end > AROUND ? end + AROUND : all.end, 0, true};
        if (!sweep_gap(l, &gap, start, end, true))
            return false;
    }
    *runs = !vprec_gap_closed(l, page);
    return true;
}

bool vprec_gap_provide(vprec_loaded *l, uint64_t start, uint64_t end, uint64_t address, bool now, bool *runs)
{
    enum { ENTRIES = 64 };
    vprec_gap *g = gap_at(l, start);
    if (!g)
        return false;
    bool news = address >= start && address < end && !vprec_image_of(address);
    g->entries++; /* of its pages: functions beside it cannot wait for ever, either */
    if (news && !vprec_gap_translate(l, address))
        return false;
    if (is_wide(g->start, g->end)) {
        g->swept = true;
        return provide_piece(l, start, end, news, runs);
    }
    if ((now || g->entries >= ENTRIES) && !g->swept) {
        g->swept = true;
        if (!sweep_gap(l, g, g->start, g->end, false))
            return false;
    }
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

void vprec_gap_again(vprec_loaded *l, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < l->gaps.count; i++) {
        vprec_gap *g = &VPREC_AT(l->gaps, vprec_gap, i);
        g->swept &= g->start >= end || start >= g->end;
    }
    leave_out(&l->pieces, start, end);
    leave_out(&l->closed, start, end);
}
