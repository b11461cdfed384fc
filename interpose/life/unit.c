/* SPDX-License-Identifier: Apache-2.0
 * unit.c: see unit.h. */
#include "unit.h"
#include "admit.h"
#include "bystanders.h"
#include "direction.h"
#include "find/scan.h"
#include "find/select.h"
#include "gap.h"
#include "keep.h"
#include "runtime/share.h"
#include "tracer.h"
#include <elf.h>

enum { FILLER = 64 };

static void read_text(void *data, uint64_t address, void *to, size_t bytes)
{
    vprec_text_read(data, address, to, bytes);
}

/* The code from `address` on up to the next function, what assemblers put between functions included. */
static uint64_t window_end(vprec_loaded *l, uint64_t end)
{
    vprec_symbol next;
    const vprec_extent *code = vprec_object_code_at(&l->object, end);
    uint64_t limit = !code ? end : code->end < end + FILLER ? code->end : end + FILLER;
    return limit > end && vprec_object_function_next(&l->object, end, limit, &next) ? next.start : limit;
}

/* A unit that is put together. */
typedef struct unit {
    vprec_loaded *loaded;
    vprec_object view;  /* of the object: the functions in the unit */
    vprec_code_part part;
    vprec_job job;
    bool passes;        /* what was executed is cloned, even if it has nothing to round: its page has no X yet */
    const vprec_vec *given; /* uint64_t: further addresses that something leads to, sorted; NULL none */
    bool failed;        /* no memory */
} unit;

static bool has_function(const unit *u, uint64_t start)
{
    for (size_t i = 0; i < u->view.symbols.count; i++)
        if (VPREC_AT(u->view.symbols, vprec_symbol, i).start == start)
            return true;
    return false;
}

/* Takes the function into the unit, unless it is in one already. */
static bool take(unit *u, const vprec_symbol *f)
{
    const vprec_visit *k = vprec_visit_at(&u->loaded->visits, f->start);
    if (has_function(u, f->start) || vprec_visit_is_cloned(k))
        return false;
    vprec_vec *symbols = &u->view.symbols;
    vprec_symbol *s = vprec_vec_insert(symbols, VPREC_BELOW(*symbols, vprec_symbol, start, f->start));
    if (s)
        *s = *f;
    else
        u->failed = true;
    return s;
}

static void begin(unit *u, vprec_loaded *l, uint64_t executed)
{
    *u = (unit){.loaded = l, .view = l->object};
    u->view.symbols = VPREC_VEC(vprec_symbol);
    u->view.pointers = u->view.pads = VPREC_VEC(uint64_t);
    u->part = (vprec_code_part){.windows = VPREC_VEC(vprec_extent), .entry = executed, .gates = &l->gates, .tails = &l->tails,
                                .read = read_text, .data = &l->text, .outside = VPREC_VEC(uint64_t), .tabled = VPREC_VEC(uint64_t)};
    u->job = (vprec_job){.object = &l->object, .text = &l->text, .calls = true, .selected = l->selected, .preset = l->preset, .executed = executed, .parts = &l->parts,
                         .recorded = &l->recorded, .sorted = &l->sorted, .record = l->record, .quiet = l->quiet};
}

static void release(unit *u)
{
    vprec_vec_free(&u->view.symbols);
    vprec_vec_free(&u->view.pointers);
    vprec_vec_free(&u->view.pads);
    vprec_vec_free(&u->part.windows);
    vprec_vec_free(&u->part.outside);
    vprec_vec_free(&u->part.tabled);
    vprec_code_release(&u->job.map);
}

/* Without relocations nobody tells which words of the data are addresses of code: whatever might be one is left room
 * for, and proves nothing. False: no memory. */
static bool read_words(vprec_loaded *l)
{
    l->words_read = true;
    if (l->object.pie || l->generated)
        return true;
    const Elf64_Ehdr *eh = (const void *)l->object.file;
    const Elf64_Phdr *ph = (const void *)(l->object.file + eh->e_phoff);
    for (int i = 0; i < eh->e_phnum; i++) {
        if (ph[i].p_type != PT_LOAD || ph[i].p_flags & PF_X)
            continue;
        uint64_t start = (l->object.bias + ph[i].p_vaddr + 7) & ~UINT64_C(7);
        uint64_t end = l->object.bias + ph[i].p_vaddr + ph[i].p_filesz;
        for (uint64_t at = start; at + 8 <= end; at += 8) {
            uint64_t word = *(const uint64_t *)at;
            if (vprec_text_has(&l->text, word) && !vprec_vec_add_u64(&l->words, word))
                return false;
        }
    }
    vprec_vec_sort_u64(&l->words);
    return true;
}

static bool add_words(unit *u, const vprec_vec *words, vprec_extent window)
{
    size_t i = vprec_sorted_below(words->data, words->count, sizeof(uint64_t), 0, window.start, false);
    for (; i < words->count && VPREC_AT(*words, uint64_t, i) < window.end; i++)
        if (!vprec_vec_add_u64(&u->view.pointers, VPREC_AT(*words, uint64_t, i)))
            return false;
    return true;
}

/* The function's instruction at `at`. False: there is none. */
static bool read_insn(vprec_loaded *l, const vprec_symbol *f, uint64_t at, vprec_insn *insn)
{
    uint8_t bytes[15];
    const size_t size = f->end - at < sizeof bytes ? f->end - at : sizeof bytes;
    vprec_text_read(&l->text, at, bytes, size);
    return vprec_insn_decode(bytes, size, at, insn);
}

/* Whether an instruction starts at `address`, as far as a function tells. */
static bool is_start(vprec_loaded *l, uint64_t address)
{
    vprec_symbol f;
    vprec_insn insn = {0};
    if (!vprec_object_function_at(&l->object, address, &f))
        return true;
    uint64_t at = f.start;
    for (; at < address; at += insn.length)
        if (!read_insn(l, &f, at, &insn))
            return true;
    return at == address;
}

/* Short jumps that lead into a window from what is not decoded of [start, end). strays.h knows the others. */
static void mark_short(unit *u, const vprec_window *w, uint64_t start, uint64_t end)
{
    enum { JCC = 7, JMP = 0xEB, LOOP = 0xE0 };
    for (uint64_t at = start; at + 2 <= end; at++) {
        uint8_t code[2];
        if (!vprec_text_has(&u->loaded->text, at) || !vprec_text_has(&u->loaded->text, at + 1) ||
            (vprec_in_code(&u->job.map, at) && *vprec_mark(&u->job.map, at) & (VPREC_START | VPREC_INSIDE)))
            continue;
        vprec_text_read(&u->loaded->text, at, code, sizeof code);
        uint64_t to = at + 2 + (uint64_t)(int64_t)(int8_t)code[1];
        if ((code[0] >> 4 == JCC || code[0] == JMP || (code[0] & 0xFC) == LOOP) && to >= w->start && to < w->end &&
            !(*vprec_mark(&u->job.map, to) & VPREC_TARGET) && is_start(u->loaded, at))
            *vprec_mark(&u->job.map, to) |= VPREC_TARGET;
    }
}

static void mark_neighbours(unit *u)
{
    enum { REACH = 130 };
    for (size_t i = 0; i < u->job.map.windows.count; i++) {
        const vprec_window *w = &VPREC_AT(u->job.map.windows, vprec_window, i);
        mark_short(u, w, w->start - REACH, w->start);
        mark_short(u, w, w->end, w->end + REACH);
    }
    for (size_t i = 0; i < u->job.map.functions.count && !u->view.symbols.count; i++) { /* the rest of the windows is not */
        const vprec_code_function *f = vprec_job_function(&u->job.map, i);
        const vprec_window *w = vprec_window_at(&u->job.map, f->start);
        mark_short(u, w, f->start - REACH, f->start);
        mark_short(u, w, f->end, f->end + REACH);
    }
}

static bool read_once(unit *u)
{
    vprec_loaded *l = u->loaded;
    u->view.pointers.count = u->view.pads.count = u->part.outside.count = u->part.tabled.count = 0;
    if (!l->words_read && !read_words(l))
        return false;
    for (size_t i = 0; i < u->view.symbols.count; i++) {
        vprec_symbol s = VPREC_AT(u->view.symbols, vprec_symbol, i);
        if (!i)
            u->part.windows.count = 0;
        vprec_extent *w = u->part.windows.count
                              ? &VPREC_AT(u->part.windows, vprec_extent, u->part.windows.count - 1)
                              : NULL;
        if (!w || w->end != s.start) { /* neighbours are one */
            w = vprec_vec_add(&u->part.windows, 1);
            if (w)
                w->start = s.start;
        }
        if (!w || !vprec_object_pads_of(&l->object, s.start, &u->view.pads))
            return false;
        uint64_t end = window_end(l, s.end);
        if (i + 1 < u->view.symbols.count && VPREC_AT(u->view.symbols, vprec_symbol, i + 1).start < end)
            end = VPREC_AT(u->view.symbols, vprec_symbol, i + 1).start;
        w->end = end;
        if (!add_words(u, &l->words, (vprec_extent){s.start, s.end < end ? s.end : end}))
            return false;
        vprec_symbol inner = {s.start, s.start, NULL}; /* an FDE may cover several symbols */
        while (vprec_object_function_next(&l->object, inner.start + 1, end, &inner))
            if (!vprec_vec_add_u64(&u->view.pointers, inner.start))
                return false;
    }
    for (size_t i = 0; i < u->part.windows.count; i++) {
        vprec_extent w = VPREC_AT(u->part.windows, vprec_extent, i);
        if (!l->generated && !vprec_object_pointers_in(&l->object, w.start, w.end, &u->view.pointers))
            return false;
        if (u->given && !add_words(u, u->given, w))
            return false;
    }
    return vprec_code_read_part(&u->job.map, &u->view, vprec_wire_shared->config.ops, &u->part) && !u->failed;
}

/* Whether int3 is among the instructions. */
static bool has_int3(const vprec_codemap *map)
{
    for (size_t i = 0; i < map->windows.count; i++) {
        const vprec_window *w = &VPREC_AT(map->windows, vprec_window, i);
        for (uint64_t at = w->start; at < w->end; at++)
            if (*vprec_bytes(map, at) == 0xCC && *vprec_mark(map, at) & VPREC_START)
                return true;
    }
    return false;
}

/* Decodes the unit's functions, or the windows that are given where it has none; without a debugger's breakpoints. */
static bool read_unit(unit *u)
{
    vprec_loaded *l = u->loaded;
    const size_t known = l->text.foreign.count;
    if (!read_once(u))
        return false;
    if (l->generated || !has_int3(&u->job.map))
        return true;
    for (size_t i = 0; i < u->job.map.windows.count; i++) {
        const vprec_window *w = &VPREC_AT(u->job.map.windows, vprec_window, i);
        if (!vprec_tracer_read(l, w->start, w->end))
            return false;
    }
    if (l->text.foreign.count == known)
        return true;
    vprec_code_release(&u->job.map);
    return read_once(u);
}

/* Whether the function has what may be a jump into the middle of one in the unit. */
static bool jumps_back(unit *u, const vprec_symbol *f)
{
    enum { MOST = 64 << 10, BEHIND = 15 };
    size_t size = f->end - f->start < MOST ? f->end - f->start : MOST;
    uint8_t *bytes = vprec_pages(size + BEHIND);
    vprec_vec targets = VPREC_VEC(uint64_t);
    bool back = false;
    if (!bytes)
        return false;
    vprec_text_read(&u->loaded->text, f->start, bytes, size);
    vprec_scan_jumps(bytes, size, 0, f->start, u->loaded->text.lo, u->loaded->text.hi, &targets);
    for (size_t i = 0; i < targets.count && !back; i++) {
        uint64_t to = VPREC_AT(targets, uint64_t, i);
        for (size_t j = 0; j < u->view.symbols.count && !back; j++) {
            vprec_symbol s = VPREC_AT(u->view.symbols, vprec_symbol, j);
            back = to > s.start && to < s.end;
        }
    }
    vprec_vec_free(&targets);
    vprec_pages_free(bytes, size + BEHIND);
    return back;
}

/* Takes in what jumps into the middle of the unit's functions, and into whose middle they jump: parts of one function,
 * mostly, that a compiler has put elsewhere. What jump tables may lead to must jump back: most of those words are another
 * table's. True: there was some. */
static bool widen(unit *u)
{
    enum { MOST = 256, OUTSIDE, TABLED, PADS };
    bool more = false;
    const struct {
        int what;
        vprec_vec *all;
    } sources[] = {{OUTSIDE, &u->part.outside}, {TABLED, &u->part.tabled}, {PADS, &u->view.pads}};
    for (unsigned s = 0; s < sizeof sources / sizeof *sources; s++) {
        vprec_vec *all = sources[s].all;
        vprec_symbol f = {0};
        vprec_vec_sort_u64(all);
        for (size_t i = 0; i < all->count && u->view.symbols.count < MOST; i++) {
            const uint64_t to = VPREC_AT(*all, uint64_t, i);
            if (sources[s].what == TABLED && to >= f.start && to < f.end)
                continue; /* that one has been asked */
            if (!vprec_object_function_at(&u->loaded->object, to, &f) || has_function(u, f.start))
                continue;
            if (sources[s].what == PADS || (sources[s].what == OUTSIDE && to != f.start) || jumps_back(u, &f))
                more |= take(u, &f);
        }
    }
    return more;
}

/* No jump is written over what a table leads to, if an instruction starts there, as far as a function tells. */
static bool admit_tabled(unit *u)
{
    vprec_loaded *l = u->loaded;
    vprec_vec *all = &u->part.tabled; /* sorted by widen */
    vprec_symbol f = {0};
    uint64_t at = 0; /* of an instruction of it */
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        const uint64_t to = VPREC_AT(*all, uint64_t, i);
        vprec_insn insn = {0};
        if (vprec_strays_has(&l->text.strays, to))
            continue;
        if (to >= f.end)
            at = vprec_object_function_at(&l->object, to, &f) ? f.start : to;
        for (bool known = true; at < to && known; at = known ? at + insn.length : to)
            known = read_insn(l, &f, at, &insn);
        if (at == to)
            VPREC_AT(*all, uint64_t, kept++) = to;
    }
    all->count = kept;
    return vprec_admit_targets(l, all);
}

/* Whether a clone rounds what starts here, or leads to such a place. */
static bool is_work(uint32_t mark)
{
    const vprec_arith *arith = &vprec_arith_current;
    uint32_t what = VPREC_TAIL;
    what |= arith->use[VPREC_F32] != VPREC_USE_NONE ? VPREC_HAS_F32 : 0;
    what |= arith->use[VPREC_F64] != VPREC_USE_NONE ? VPREC_HAS_F64 : 0;
    what |= vprec_arith_rounds(arith) ? VPREC_HAS_CONTROL : 0;
    what |= vprec_wire_shared->config.audit ? VPREC_HAS_REFUSED : 0;
    return mark & VPREC_START && mark & what;
}

/* What a trap stands at in a function that has not been executed. */
static bool is_guarded(uint32_t mark)
{
    return is_work(mark) || (mark & VPREC_START && mark & VPREC_HAS_SYSCALL);
}

bool vprec_unit_poke(vprec_vec *pokes, uint64_t at, uint8_t byte)
{
    return vprec_poke_add(pokes, at, &byte, 1);
}

/* A function whose result is rounded, or that is a scope, whatever is in it. */
static bool is_named(vprec_loaded *l, const vprec_symbol *f)
{
    vprec_routine routine;
    return (vprec_job_routine(&l->object, f->name, f->start, &routine) && vprec_routine_rounds(&routine)) ||
           (l->selected && vprec_job_scope(&l->object, f->start));
}

bool vprec_unit_plant(vprec_loaded *l, const vprec_symbol *f)
{
    if (vprec_loaded_idle(l, f->start, f->end))
        return vprec_visit_set(&l->visits, f->start, f->end, VPREC_VISIT_IDLE);
    unit u;
    begin(&u, l, 0);
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = take(&u, f) && read_unit(&u), work = is_named(l, f);
    const vprec_codemap *map = &u.job.map;
    for (uint64_t at = f->start; at < f->end && done && !work; at++)
        work = is_guarded(*vprec_mark(map, at));
    vprec_insn first;
    bool entered = done && work &&
                   vprec_insn_decode(vprec_bytes(map, f->start), vprec_room(map, f->start), f->start, &first) &&
                   first.flow != VPREC_FLOW_CALL && first.flow != VPREC_FLOW_ICALL;
    for (uint64_t at = f->start; at < f->end && done && work; at++)
        if (at == f->start ? entered : is_guarded(*vprec_mark(map, at)))
            done = vprec_unit_poke(&pokes, at, VPREC_TRAP_BYTE);
    done = done && vprec_visit_set(&l->visits, f->start, f->end, work ? VPREC_VISIT_PENDING : VPREC_VISIT_IDLE) &&
           (!work || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    release(&u);
    return done;
}

bool vprec_unit_unplant(vprec_loaded *l, uint64_t start, uint64_t end)
{
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = true;
    for (uint64_t at = start; at < end && done; at++) {
        uint8_t loaded;
        vprec_text_read(&l->text, at, &loaded, 1);
        if (*(const uint8_t *)at == VPREC_TRAP_BYTE && loaded != VPREC_TRAP_BYTE)
            done = vprec_unit_poke(&pokes, at, loaded);
    }
    done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    return done;
}

/* The function that was executed runs as a clone, whatever is in it. */
static void choose_executed(const unit *u)
{
    long i = u->passes ? vprec_code_function_at(&u->job.map, u->job.executed) : -1;
    vprec_code_function *f = i >= 0 ? vprec_job_function(&u->job.map, (size_t)i) : NULL;
    if (f && !f->cloned)
        f->cloned = f->only_calls = true;
}

static bool is_chosen(const vprec_codemap *map, uint64_t start)
{
    long i = vprec_code_function_at(map, start);
    return i >= 0 && vprec_job_function(map, (size_t)i)->cloned;
}

/* What was planted leads to the clone in any case. Where there is int3 now a debugger has put it. False: no memory. */
static bool mark_planted(vprec_loaded *l, const vprec_codemap *map)
{
    for (size_t i = 0; i < map->functions.count; i++) {
        const vprec_code_function *f = vprec_job_function(map, i);
        for (uint64_t at = f->start; f->cloned && !f->gate && at < f->end; at++) {
            uint8_t now = *(const uint8_t *)at, loaded = *vprec_bytes(map, at);
            if (!(*vprec_mark(map, at) & VPREC_START) || now == loaded)
                continue;
            if (now == VPREC_TRAP_BYTE)
                *vprec_mark(map, at) |= VPREC_ARITH;
            else if (now == 0xCC && !vprec_text_foreign(&l->text, at, loaded))
                return false;
        }
    }
    return true;
}

/* Code that the program made runs nowhere but in clones: what is not selected is cloned as it is. So is code of no
 * function where functions are selected: what of it belongs together is known now, and not when the next part of it is
 * executed. Whether it is selected can be asked later. False: no memory. */
static bool choose_clones(unit *u)
{
    const vprec_codemap *map = &u->job.map;
    const bool ruled = vprec_select_has_functions(&vprec_wire_shared->config);
    for (size_t i = 0; i < map->functions.count; i++) {
        vprec_code_function *f = vprec_job_function(map, i);
        if ((u->loaded->generated || (ruled && f->gap)) && !f->cloned)
            f->cloned = f->only_calls = true;
        if (!f->gap || !f->cloned || u->loaded->generated)
            continue;
        vprec_vec *chosen = &u->loaded->chosen;
        const size_t place = VPREC_BELOW(*chosen, vprec_chosen, start, f->start);
        bool again = place < chosen->count && VPREC_AT(*chosen, vprec_chosen, place).start == f->start;
        vprec_chosen *c = again ? &VPREC_AT(*chosen, vprec_chosen, place) : vprec_vec_insert(chosen, place);
        if (!c)
            return false;
        *c = (vprec_chosen){f->start, f->end, f->selected};
    }
    return true;
}

/* What was looked at before, and left as it is, is not counted again. */
static void skip_known(unit *u)
{
    for (size_t i = 0; i < u->job.map.functions.count; i++) {
        vprec_code_function *f = vprec_job_function(&u->job.map, i);
        f->known = !vprec_loaded_counts(u->loaded, f->start);
    }
}

/* The gate before the function that starts there; NULL: none. */
static const vprec_gate *gate_of(const vprec_codemap *map, uint64_t start)
{
    long i = vprec_code_function_at(map, start);
    return i >= 0 ? vprec_job_function(map, (size_t)i)->gate : NULL;
}

/* Decoded functions from decision to clone. */
static bool finish(unit *u)
{
    vprec_loaded *l = u->loaded;
    vprec_codemap *map = &u->job.map;
    if (!vprec_keep_add(l, map->live_vectors, map->live_masks))
        return false;
    map->live_vectors = l->live_vectors;
    map->live_masks = l->live_masks;
    if (!u->job.apart)
        mark_neighbours(u);
    skip_known(u);
    vprec_job_choose(&u->job);
    choose_executed(u);
    if (!choose_clones(u))
        return false;
    if (!mark_planted(l, map))
        return false;
    bool controls = false;
    for (size_t i = 0; i < map->functions.count; i++)
        controls |= vprec_job_function(map, i)->cloned && vprec_job_function(map, i)->controls;
    if (controls)
        vprec_direction_met(l->isa);
    u->job.others = !u->job.apart && !l->quiet && vprec_bystanders_any();
    vprec_image *image = vprec_job_clone(&u->job, l->isa);
    vprec_image **kept = image ? vprec_vec_add(&l->images, 1) : NULL;
    if (kept)
        *kept = image;
    if (image && image->waiting)
        l->bystanders.count = 0; /* who was found to be elsewhere may have come since */
    bool done = image || !l->generated;
    for (size_t i = 0; i < u->view.symbols.count; i++) {
        vprec_symbol s = VPREC_AT(u->view.symbols, vprec_symbol, i);
        const vprec_visit *k = vprec_visit_at(&l->visits, s.start);
        bool pending = k && k->state == VPREC_VISIT_PENDING, cloned = image && is_chosen(map, s.start);
        bool gated = cloned && gate_of(map, s.start);
        done &= vprec_visit_set(&l->visits, s.start, s.end,
                                gated    ? VPREC_VISIT_GATED
                                : cloned ? VPREC_VISIT_CLONED
                                         : VPREC_VISIT_IDLE);
        if (pending && gated) {
            const uint64_t jump = s.start + gate_of(map, s.start)->at;
            done &= vprec_unit_unplant(l, s.start, jump) && vprec_unit_unplant(l, jump + VPREC_GATE_ENTRY, s.end);
        } else if (pending && !cloned) {
            done &= vprec_unit_unplant(l, s.start, s.end);
        }
    }
    return done;
}

bool vprec_unit_kept(vprec_loaded *l, const vprec_symbol *f, uint32_t *vectors, uint32_t *masks)
{
    unit u;
    begin(&u, l, 0);
    vprec_vec *symbols = &u.view.symbols; /* in whatever state it is */
    vprec_symbol *s = vprec_vec_add(symbols, 1);
    if (s)
        *s = *f;
    bool done = s && read_unit(&u);
    *vectors = u.job.map.live_vectors;
    *masks = u.job.map.live_masks;
    release(&u);
    return done;
}

bool vprec_unit_callees(vprec_loaded *l, uint64_t address, int depth, vprec_vec *functions)
{
    vprec_symbol f;
    unit u;
    if (!vprec_object_function_at(&l->object, address, &f))
        return true;
    for (size_t i = 0; i < functions->count; i++)
        if (VPREC_AT(*functions, uint64_t, i) == f.start)
            return true;
    if (!vprec_vec_add_u64(functions, f.start))
        return false;
    begin(&u, l, 0);
    vprec_vec targets = VPREC_VEC(uint64_t);
    vprec_symbol *s = vprec_vec_add(&u.view.symbols, 1); /* in whatever state it is */
    if (s)
        *s = f;
    bool done = s && read_unit(&u);
    const vprec_codemap *map = &u.job.map;
    for (uint64_t at = f.start; at < f.end && done && depth; at++) {
        vprec_insn insn;
        if (*vprec_mark(map, at) & VPREC_START &&
            vprec_insn_decode(vprec_bytes(map, at), vprec_room(map, at), at, &insn) &&
            (insn.flow == VPREC_FLOW_CALL || insn.flow == VPREC_FLOW_JMP || insn.flow == VPREC_FLOW_JCC) &&
            vprec_object_code_at(&l->object, insn.target) && insn.target - f.start >= f.end - f.start)
            done = vprec_vec_add_u64(&targets, insn.target);
    }
    release(&u);
    for (size_t i = 0; i < targets.count && done; i++)
        done = vprec_unit_callees(l, VPREC_AT(targets, uint64_t, i), depth - 1, functions);
    vprec_vec_free(&targets);
    return done;
}

bool vprec_unit_computes(vprec_loaded *l, uint64_t address, int depth)
{
    vprec_symbol f;
    unit u;
    if (!vprec_object_function_at(&l->object, address, &f))
        return false;
    begin(&u, l, 0);
    bool done = take(&u, &f) && read_unit(&u), found = false;
    const vprec_codemap *map = &u.job.map;
    vprec_vec targets = VPREC_VEC(uint64_t);
    for (uint64_t at = f.start; at < f.end && done && !found; at++) {
        vprec_insn insn;
        uint32_t mark = *vprec_mark(map, at);
        found = is_work(mark);
        if (mark & VPREC_START && vprec_insn_decode(vprec_bytes(map, at), vprec_room(map, at), at, &insn) &&
            (insn.flow == VPREC_FLOW_CALL || insn.flow == VPREC_FLOW_JMP) && !vprec_in_code(map, insn.target))
            vprec_vec_add_u64(&targets, insn.target);
    }
    release(&u);
    vprec_vec_sort_u64(&targets);
    for (size_t i = 0; i < targets.count && depth && !found; i++)
        found = vprec_unit_computes(l, VPREC_AT(targets, uint64_t, i), depth - 1);
    vprec_vec_free(&targets);
    return found;
}

static bool translate(vprec_loaded *l, const vprec_symbol *f, uint64_t address, bool passes)
{
    enum { ROUNDS = 8 };
    unit u;
    begin(&u, l, address);
    u.passes = passes;
    bool taken = take(&u, f), done = !u.failed;
    for (int round = 0; taken && round < ROUNDS; round++) {
        done = read_unit(&u);
        if (!done || round == ROUNDS - 1 || !widen(&u))
            break;
        vprec_code_release(&u.job.map);
    }
    done = done && (!taken || (admit_tabled(&u) && finish(&u)));
    release(&u);
    return done;
}

bool vprec_unit_translate(vprec_loaded *l, const vprec_symbol *f, uint64_t address)
{
    return translate(l, f, address, false);
}

bool vprec_unit_pass(vprec_loaded *l, uint64_t address)
{
    vprec_symbol f;
    if (vprec_object_function_at(&l->object, address, &f))
        return translate(l, &f, address, true);
    return !vprec_object_code_at(&l->object, address) || vprec_image_of(address) || vprec_gap_translate(l, address);
}

static bool add_window(unit *u, vprec_extent code)
{
    vprec_extent *w = vprec_vec_add(&u->part.windows, 1);
    if (w)
        *w = code;
    return w;
}

/* Windows: the code less what was translated before. False: no memory. */
static bool add_windows(unit *u, vprec_extent code)
{
    for (uint64_t at = code.start; at < code.end;) {
        uint64_t stop;
        const vprec_image *image = vprec_image_stretch(at, code.end, &stop);
        if (!image && !add_window(u, (vprec_extent){at, stop}))
            return false;
        at = stop;
    }
    return true;
}

/* Its pages may stay without X; what its clones jump to and call is left alone all the same. */
static bool admit_unit(const unit *u)
{
    for (size_t i = 0; i < u->job.map.functions.count; i++) {
        const vprec_code_function *f = vprec_job_function(&u->job.map, i);
        if (!vprec_admit_read(u->loaded, f->start, f->end))
            return false;
    }
    return true;
}

bool vprec_unit_translate_code(vprec_loaded *l, vprec_extent code, uint64_t address, uint64_t most)
{
    code.start = address - code.start > most ? address - most : code.start;
    code.end = code.end - address > most ? address + most : code.end;
    unit u;
    begin(&u, l, address);
    const bool open = l->phase == VPREC_PHASE_OPEN;
    u.job.alone = l->generated;
    u.job.apart = l->generated && !open;
    u.job.changes = l->writable && !open;
    u.job.leaves_by_itself = true;
    u.passes = true;
    bool done = add_windows(&u, code) && read_unit(&u);
    if (done && l->generated && (!vprec_in_code(&u.job.map, address) ||
                                 !(*vprec_mark(&u.job.map, address) & VPREC_START))) {
        /* it is entered in, or reaches into, the middle of an instruction that was translated before */
        if (open) { /* and may be patched */
            release(&u);
            return false;
        }
        vprec_code_release(&u.job.map);
        u.part.windows.count = 0;
        done = add_window(&u, code) && read_unit(&u);
    }
    done = done && (u.job.apart || admit_unit(&u)) && finish(&u);
    release(&u);
    return done;
}

bool vprec_unit_list(vprec_loaded *l, const vprec_vec *functions, vprec_extent code, vprec_vec *references,
                     bool records)
{
    unit u;
    begin(&u, l, 0);
    vprec_vec found = VPREC_VEC(uint64_t);
    u.part.references = &found;
    u.given = functions ? NULL : references;
    vprec_extent *w = functions ? NULL : vprec_vec_add(&u.part.windows, 1);
    if (w)
        *w = code;
    bool done = functions || w;
    for (size_t i = 0; functions && i < functions->count && done; i++)
        done = take(&u, &VPREC_AT(*functions, vprec_symbol, i));
    done = done && read_unit(&u);
    if (done && records) {
        vprec_job_choose(&u.job);
        l->record->undecoded += u.job.map.undecoded;
        vprec_job_clone(&u.job, l->isa);
    }
    uint64_t *to = done && found.count ? vprec_vec_add(references, found.count) : NULL;
    for (size_t i = 0; i < found.count && to; i++)
        to[i] = VPREC_AT(found, uint64_t, i);
    done &= to || !found.count;
    vprec_vec_free(&found);
    release(&u);
    return done;
}
