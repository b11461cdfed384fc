/* SPDX-License-Identifier: Apache-2.0
 * demand.c: see demand.h. */
#include "demand.h"
#include "find/scan.h"
#include "find/select.h"
#include "generated.h"
#include "lock.h"
#include "runtime/record.h"
#include "trap.h"
#include <elf.h>
#include <string.h>

enum { PAGE = 4096, AROUND = 16, FILLER = 64 };

/* A function that was looked at. */
enum state {
    IDLE,    /* nothing to round */
    PENDING, /* it has int3 where it must not run as it is */
    CLONED
};
typedef struct known {
    uint64_t start, end;
    uint64_t state; /* enum state */
} known;

static vprec_vec stripped = {.size = sizeof(vprec_loaded *)};
static enum vprec_isa isa;

static vprec_loaded *loaded_at(uint64_t address)
{
    for (size_t i = 0; i < stripped.count; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (address >= l->text.lo && address < l->text.hi)
            return vprec_text_has(&l->text, address) ? l : NULL;
    }
    return NULL;
}

static void read_text(void *data, uint64_t address, void *to, size_t bytes)
{
    vprec_text_read(data, address, to, bytes);
}

/* The known function that contains `address`, else where one that starts there belongs. */
static known *known_at(const vprec_loaded *l, uint64_t address, size_t *place)
{
    size_t low = VPREC_UP_TO(l->known, known, end, address);
    known *k = low < l->known.count ? &VPREC_AT(l->known, known, low) : NULL;
    if (place)
        *place = low;
    return k && k->start <= address ? k : NULL;
}

static bool set_known(vprec_loaded *l, uint64_t start, uint64_t end, enum state state)
{
    size_t place;
    known *k = known_at(l, start, &place);
    if (k && k->start == start) {
        k->state = state;
        return true;
    }
    if (k) { /* one in another: what lies behind it is looked at again */
        k->end = start;
        place++;
    }
    if (place < l->known.count && VPREC_AT(l->known, known, place).start < end)
        end = VPREC_AT(l->known, known, place).start;
    k = vprec_vec_insert(&l->known, place);
    if (k)
        *k = (known){start, end, state};
    return k;
}

static vprec_scan scan_of(const vprec_loaded *l)
{
    vprec_scan scan = {.control = vprec_arith_rounds(&vprec_arith_current), .targets = l->targets.data,
                       .target_count = l->targets.count};
    for (int t = 0; t < VPREC_TYPES; t++)
        scan.type[t] = vprec_arith_current.use[t] != VPREC_USE_NONE;
    return scan;
}

/* Whether nothing in [start, end) can be decoded that a clone would change. x87 arithmetic, which only an audit asks
 * for, is not looked for: its opcodes stand at some offset of every page. */
static bool is_clean(const vprec_loaded *l, uint64_t start, uint64_t end)
{
    enum { PIECE = 4 * PAGE, BEHIND = 15 };
    static uint8_t bytes[PIECE + BEHIND];
    vprec_scan scan = scan_of(l);
    for (uint64_t at = start; at < end; at += PIECE) {
        size_t size = end - at < PIECE ? end - at : PIECE, behind = 0;
        while (behind < BEHIND && vprec_text_has(&l->text, at + size + behind))
            behind++;
        vprec_text_read(&l->text, at, bytes, size + behind);
        if (!vprec_scan_clean(&scan, bytes, size, behind, at))
            return false;
    }
    return true;
}

/* Whether the code need not be decoded: an audit asks for all that is executed. */
static bool needs_no_look(const vprec_loaded *l, uint64_t start, uint64_t end)
{
    return !vprec_wire_shared->config.audit && is_clean(l, start, end);
}

/* The code from `address` on up to the next function, what assemblers put between functions included. */
static uint64_t window_end(vprec_loaded *l, uint64_t end)
{
    vprec_symbol next;
    const vprec_vec *code = &l->object.code;
    uint64_t limit = end;
    for (size_t i = 0; i < code->count; i++) {
        vprec_extent e = VPREC_AT(*code, vprec_extent, i);
        if (end >= e.start && end < e.end)
            limit = e.end < end + FILLER ? e.end : end + FILLER;
    }
    return limit > end && vprec_object_function_next(&l->object, end, limit, &next) ? next.start : limit;
}

/* A unit that is put together. */
typedef struct unit {
    vprec_loaded *loaded;
    vprec_object view;  /* of the object: the functions in the unit */
    vprec_code_part part;
    vprec_job job;
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
    const known *k = known_at(u->loaded, f->start, NULL);
    if (has_function(u, f->start) || (k && k->state == CLONED))
        return false;
    vprec_vec *symbols = &u->view.symbols;
    vprec_symbol *s = vprec_vec_insert(symbols, VPREC_BELOW(*symbols, vprec_symbol, start, f->start));
    if (s)
        *s = *f;
    else
        u->failed = true;
    return s;
}

static void begin_unit(unit *u, vprec_loaded *l, uint64_t executed)
{
    *u = (unit){.loaded = l, .view = l->object};
    u->view.symbols = VPREC_VEC(vprec_symbol);
    u->view.pointers = u->view.pads = VPREC_VEC(uint64_t);
    u->part = (vprec_code_part){.windows = VPREC_VEC(vprec_extent), .entry = executed, .gates = &l->gates,
                                .read = read_text, .data = &l->text, .outside = VPREC_VEC(uint64_t)};
    u->job = (vprec_job){.text = &l->text, .selected = l->selected, .executed = executed, .parts = &l->parts,
                         .record = l->record};
}

static void end_unit(unit *u)
{
    vprec_vec_free(&u->view.symbols);
    vprec_vec_free(&u->view.pointers);
    vprec_vec_free(&u->view.pads);
    vprec_vec_free(&u->part.windows);
    vprec_vec_free(&u->part.outside);
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
            if (word >= l->text.lo && word < l->text.hi && vprec_text_has(&l->text, word) && !vprec_vec_add_u64(&l->words, word))
                return false;
        }
    }
    vprec_vec_sort_u64(&l->words);
    return true;
}

static bool add_words(unit *u, vprec_extent window)
{
    const vprec_vec *words = &u->loaded->words;
    size_t i = vprec_sorted_below(words->data, words->count, sizeof(uint64_t), 0, window.start, false);
    for (; i < words->count && VPREC_AT(*words, uint64_t, i) < window.end; i++)
        if (!vprec_vec_add_u64(&u->view.pointers, VPREC_AT(*words, uint64_t, i)))
            return false;
    return true;
}

/* Decodes the unit's functions, or the windows that are given where it has none. */
static bool read_unit(unit *u)
{
    vprec_loaded *l = u->loaded;
    u->view.pointers.count = u->view.pads.count = u->part.outside.count = 0;
    if (!l->words_read && !read_words(l))
        return false;
    for (size_t i = 0; i < u->view.symbols.count; i++) {
        vprec_symbol s = VPREC_AT(u->view.symbols, vprec_symbol, i);
        if (!i)
            u->part.windows.count = 0;
        vprec_extent *w = vprec_vec_add(&u->part.windows, 1);
        if (!w || !vprec_object_pads_of(&l->object, s.start, &u->view.pads))
            return false;
        uint64_t end = window_end(l, s.end);
        if (i + 1 < u->view.symbols.count && VPREC_AT(u->view.symbols, vprec_symbol, i + 1).start < end)
            end = VPREC_AT(u->view.symbols, vprec_symbol, i + 1).start;
        *w = (vprec_extent){s.start, end};
        if (!add_words(u, (vprec_extent){s.start, s.end < end ? s.end : end}))
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
    }
    return vprec_code_read_part(&u->job.map, &u->view, vprec_wire_shared->config.ops, &u->part) && !u->failed;
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
 * mostly, that a compiler has put elsewhere. True: there was some. */
static bool widen(unit *u)
{
    enum { MOST = 256 };
    bool more = false;
    vprec_vec *all[] = {&u->part.outside, &u->view.pads};
    for (unsigned v = 0; v < 2; v++) {
        vprec_vec_sort_u64(all[v]);
        for (size_t i = 0; i < all[v]->count && u->view.symbols.count < MOST; i++) {
            uint64_t to = VPREC_AT(*all[v], uint64_t, i);
            vprec_symbol f;
            if (!vprec_object_function_at(&u->loaded->object, to, &f) || has_function(u, f.start))
                continue;
            if (v || to != f.start || jumps_back(u, &f))
                more |= take(u, &f);
        }
    }
    return more;
}

/* What int3 stands at in a function that has not been executed: operations, and what leads to them. */
static bool is_guarded(uint32_t mark)
{
    const vprec_arith *arith = &vprec_arith_current;
    uint32_t what = VPREC_TAIL;
    what |= arith->use[VPREC_F32] != VPREC_USE_NONE ? VPREC_HAS_F32 : 0;
    what |= arith->use[VPREC_F64] != VPREC_USE_NONE ? VPREC_HAS_F64 : 0;
    what |= vprec_arith_rounds(arith) ? VPREC_HAS_CONTROL : 0;
    what |= vprec_wire_shared->config.audit ? VPREC_HAS_REFUSED : 0;
    return mark & VPREC_START && mark & what;
}

static bool add_poke(vprec_vec *pokes, uint64_t at, uint8_t byte)
{
    return vprec_poke_add(pokes, at, &byte, 1);
}

/* A function whose result is rounded, whatever is in it. */
static bool is_operation(const char *name)
{
    vprec_routine routine;
    return name && vprec_select_is_routine(name, &routine) && routine.results;
}

/* The function is not executed yet: int3 tells when it is. */
static bool plant(vprec_loaded *l, const vprec_symbol *f)
{
    if (needs_no_look(l, f->start, f->end))
        return set_known(l, f->start, f->end, IDLE);
    unit u;
    begin_unit(&u, l, 0);
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = take(&u, f) && read_unit(&u), work = is_operation(f->name);
    const vprec_codemap *map = &u.job.map;
    for (uint64_t at = f->start; at < f->end && done && !work; at++)
        work = is_guarded(*vprec_mark(map, at));
    vprec_insn first;
    bool entered = done && work &&
                   vprec_insn_decode(vprec_bytes(map, f->start), vprec_room(map, f->start), f->start, &first) &&
                   first.flow != VPREC_FLOW_CALL && first.flow != VPREC_FLOW_ICALL;
    for (uint64_t at = f->start; at < f->end && done && work; at++)
        if (at == f->start ? entered : is_guarded(*vprec_mark(map, at)))
            done = add_poke(&pokes, at, 0xCC);
    done = done && set_known(l, f->start, f->end, work ? PENDING : IDLE) &&
           (!work || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    end_unit(&u);
    return done;
}

/* What was planted in [start, end) and is still there goes away. */
static bool unplant(vprec_loaded *l, uint64_t start, uint64_t end)
{
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = true;
    for (uint64_t at = start; at < end && done; at++) {
        uint8_t loaded;
        vprec_text_read(&l->text, at, &loaded, 1);
        if (*(const uint8_t *)at == 0xCC && loaded != 0xCC)
            done = add_poke(&pokes, at, loaded);
    }
    done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    return done;
}

static bool is_chosen(const vprec_codemap *map, uint64_t start)
{
    long i = vprec_code_function_at(map, start);
    return i >= 0 && vprec_job_function(map, (size_t)i)->cloned;
}

/* Decoded functions from decision to clone. */
static bool finish(unit *u)
{
    vprec_loaded *l = u->loaded;
    vprec_codemap *map = &u->job.map;
    l->live_vectors |= map->live_vectors;
    l->live_masks |= map->live_masks;
    map->live_vectors = l->live_vectors;
    map->live_masks = l->live_masks;
    vprec_job_choose(&u->job);
    for (size_t i = 0; i < map->functions.count && l->generated; i++) /* it runs nowhere but in clones */
        vprec_job_function(map, i)->cloned = vprec_job_function(map, i)->selected = true;
    for (size_t i = 0; i < map->functions.count; i++) { /* what has int3 leads to the clone in any case */
        const vprec_code_function *f = vprec_job_function(map, i);
        for (uint64_t at = f->start; f->cloned && at < f->end; at++)
            if (*vprec_mark(map, at) & VPREC_START && *(const uint8_t *)at == 0xCC && *vprec_bytes(map, at) != 0xCC)
                *vprec_mark(map, at) |= VPREC_ARITH;
    }
    vprec_image *image = vprec_job_clone(&u->job, isa);
    vprec_image **kept = image ? vprec_vec_add(&l->images, 1) : NULL;
    if (kept)
        *kept = image;
    bool done = image || !l->generated;
    for (size_t i = 0; i < u->view.symbols.count; i++) {
        vprec_symbol s = VPREC_AT(u->view.symbols, vprec_symbol, i);
        const known *k = known_at(l, s.start, NULL);
        bool pending = k && k->state == PENDING, cloned = image && is_chosen(map, s.start);
        done &= set_known(l, s.start, s.end, cloned ? CLONED : IDLE);
        if (pending && !cloned)
            done &= unplant(l, s.start, s.end);
    }
    return done;
}

/* Whether the function at `address`, or one that it calls or jumps to directly, has something to round. */
static bool computes(vprec_loaded *l, uint64_t address, int depth)
{
    vprec_symbol f;
    unit u;
    if (!vprec_object_function_at(&l->object, address, &f))
        return false;
    begin_unit(&u, l, 0);
    bool done = take(&u, &f) && read_unit(&u), found = false;
    const vprec_codemap *map = &u.job.map;
    vprec_vec targets = VPREC_VEC(uint64_t);
    for (uint64_t at = f.start; at < f.end && done && !found; at++) {
        vprec_insn insn;
        uint32_t mark = *vprec_mark(map, at);
        found = is_guarded(mark);
        if (mark & VPREC_START && vprec_insn_decode(vprec_bytes(map, at), vprec_room(map, at), at, &insn) &&
            (insn.flow == VPREC_FLOW_CALL || insn.flow == VPREC_FLOW_JMP) && !vprec_in_code(map, insn.target))
            vprec_vec_add_u64(&targets, insn.target);
    }
    end_unit(&u);
    vprec_vec_sort_u64(&targets);
    for (size_t i = 0; i < targets.count && depth && !found; i++)
        found = computes(l, VPREC_AT(targets, uint64_t, i), depth - 1);
    vprec_vec_free(&targets);
    return found;
}

void vprec_demand_say_resolvers(vprec_loaded *l)
{
    enum { DEPTH = 4 };
    for (size_t i = 0; i < l->object.resolvers.count; i++) {
        uint64_t at = VPREC_AT(l->object.resolvers, uint64_t, i);
        vprec_symbol f;
        if (computes(l, at, DEPTH) && vprec_object_function_at(&l->object, at, &f))
            vprec_record_native(VPREC_REASON_RESOLVER, l->object.path, f.name && *f.name ? f.name : NULL);
    }
}

/* The function that control has come to at `address`. */
static bool translate(vprec_loaded *l, const vprec_symbol *f, uint64_t address)
{
    enum { ROUNDS = 8 };
    unit u;
    begin_unit(&u, l, address);
    bool taken = take(&u, f), done = !u.failed;
    for (int round = 0; taken && round < ROUNDS; round++) {
        done = read_unit(&u);
        if (!done || round == ROUNDS - 1 || !widen(&u))
            break;
        vprec_code_release(&u.job.map);
    }
    done = done && (!taken || finish(&u));
    end_unit(&u);
    return done;
}

/* Where no symbol and no FDE tells of code: what lies between two functions around `address`, at most so far away. */
static vprec_extent gap_around(vprec_loaded *l, uint64_t address)
{
    enum { MOST = 256 << 10 };
    vprec_extent gap = {address, address};
    for (size_t i = 0; i < l->object.code.count; i++) {
        vprec_extent e = VPREC_AT(l->object.code, vprec_extent, i);
        if (address >= e.start && address < e.end)
            gap = e;
    }
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

/* Windows: the gap less what was translated before. False: no memory. */
static bool add_windows(unit *u, vprec_extent gap)
{
    for (uint64_t at = gap.start; at < gap.end;) {
        const vprec_image *image = vprec_image_of(at);
        uint64_t stop = at + 1;
        while (stop < gap.end && !image == !vprec_image_of(stop))
            stop++;
        vprec_extent *w = image ? NULL : vprec_vec_add(&u->part.windows, 1);
        if (w)
            *w = (vprec_extent){at, stop};
        if (!image && !w)
            return false;
        at = stop;
    }
    return true;
}

/* What can be reached from `address` in its gap, not too far off. */
static bool translate_gap(vprec_loaded *l, uint64_t address)
{
    enum { MOST = 16 << 10 };
    vprec_extent gap = gap_around(l, address);
    gap.start = address - gap.start > MOST ? address - MOST : gap.start;
    gap.end = gap.end - address > MOST ? address + MOST : gap.end;
    unit u;
    begin_unit(&u, l, address);
    u.job.leaves_by_itself = true;
    bool done = add_windows(&u, gap) && read_unit(&u) && finish(&u);
    end_unit(&u);
    return done;
}

/* Whether an image's originals are still what was translated. */
static bool is_current(const vprec_image *image)
{
    const uint8_t *source = image->source;
    for (size_t i = 0; i < image->spans.count; i++) {
        vprec_image_span s = VPREC_AT(image->spans, vprec_image_span, i);
        if (memcmp(source, (const void *)s.start, s.end - s.start))
            return false;
        source += s.end - s.start;
    }
    return true;
}

/* Its clones may be running, and stay where they are; nobody comes to them any more. */
static void retire(vprec_loaded *l, const vprec_image *image)
{
    for (size_t i = 0; i < l->images.count; i++)
        if (VPREC_AT(l->images, vprec_image *, i) == image)
            vprec_image_retire(VPREC_AT(l->images, vprec_image *, i));
}

static bool translate_generated(vprec_loaded *l, uint64_t address)
{
    enum { MOST = 128 << 10 };
    vprec_extent e = {address - l->text.lo > MOST ? address - MOST : l->text.lo,
                      l->text.hi - address > MOST ? address + MOST : l->text.hi};
    unit u;
    begin_unit(&u, l, address);
    u.job.alone = u.job.leaves_by_itself = true;
    bool done = add_windows(&u, e) && read_unit(&u) && finish(&u);
    end_unit(&u);
    return done;
}

/* A gap that code is executed in. Its pages wait without X until some of its entries are known: what starts there is
 * code for sure. Then all that looks like code is guarded. */
typedef struct gap {
    uint64_t start, end;
    uint64_t entries;
    bool swept;
} gap;

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
        bool leads = insn.flow == VPREC_FLOW_JMP || insn.flow == VPREC_FLOW_JCC || insn.flow == VPREC_FLOW_CALL;
        if (leads && (insn.target < l->text.lo || insn.target >= l->text.hi))
            *good = false;
        if (insn.flow == VPREC_FLOW_JMP || insn.flow == VPREC_FLOW_IJMP || insn.flow == VPREC_FLOW_RET ||
            insn.flow == VPREC_FLOW_STOP)
            return at + insn.length;
    }
    return end;
}

/* Whether the instruction must not run as it is. */
static bool is_guarded_insn(const vprec_insn *insn)
{
    const vprec_arith *arith = &vprec_arith_current;
    return (insn->cls == VPREC_SITE && arith->use[insn->type] != VPREC_USE_NONE) ||
           (insn->cls == VPREC_CONTROL && vprec_arith_rounds(arith)) ||
           (insn->cls == VPREC_REFUSED && vprec_wire_shared->config.audit);
}

typedef struct sweep {
    vprec_vec pokes, data; /* vprec_poke; uint64_t: addresses in the gap that code reads or computes */
    uint8_t *bytes;
    bool *code;            /* by byte of the gap: it is in a block that was guarded */
} sweep;

/* Puts int3 at a block's operations and at its start, where calls and jumps by pointer arrive. */
static bool guard_block(sweep *s, const gap *g, uint64_t start, uint64_t end)
{
    vprec_insn insn;
    bool any = false;
    for (uint64_t at = start; at < end; at += insn.length) {
        if (!vprec_insn_decode(s->bytes + (at - g->start), end - at < 15 ? end - at : 15, at, &insn))
            return false;
        bool first = !any && is_guarded_insn(&insn);
        any |= first;
        if (first && at != start && !add_poke(&s->pokes, start, 0xCC))
            return false;
        if (is_guarded_insn(&insn) && !add_poke(&s->pokes, at, 0xCC))
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

/* Addresses in the gap that its instructions name, other than by a jump or call. */
static bool read_references(sweep *s, const vprec_loaded *l, const gap *g)
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
        }
        at = end;
    }
    vprec_vec_sort_u64(&s->data);
    return true;
}

/* Guards all that looks like code in the gap; its pages get X where nothing else could be meant to be rounded. */
static bool sweep_gap(vprec_loaded *l, gap *g)
{
    size_t size = g->end - g->start;
    sweep s = {.pokes = VPREC_VEC(vprec_poke), .data = VPREC_VEC(uint64_t)};
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
            if (good && !may_be_data(&s, at, end))
                done = guard_block(&s, g, at, end);
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
            if (stop > at && !is_clean(l, at, stop) && !vprec_vec_add_u64(&l->closed, page))
                done = false;
            at = stop > at ? stop : at;
        }
    }
    vprec_vec_free(&s.pokes);
    vprec_vec_free(&s.data);
    vprec_pages_free(s.bytes, size + 16);
    vprec_pages_free(s.code, size + 16);
    return done;
}

/* The gap that holds the address, which is in no function. NULL: no memory. */
static gap *gap_at(vprec_loaded *l, uint64_t address)
{
    for (size_t i = 0; i < l->gaps.count; i++) {
        gap *g = &VPREC_AT(l->gaps, gap, i);
        if (address >= g->start && address < g->end)
            return g;
    }
    vprec_extent e = gap_around(l, address);
    gap *g = vprec_vec_add(&l->gaps, 1);
    if (g)
        *g = (gap){e.start, e.end, 0, false};
    return g;
}

static bool is_closed(const vprec_loaded *l, uint64_t page)
{
    for (size_t i = 0; i < l->closed.count; i++)
        if (VPREC_AT(l->closed, uint64_t, i) == page)
            return true;
    return false;
}

/* Code of no function in [start, end) of a page, which is not clean. `*runs`: the page may have X for it. */
static bool provide_gap(vprec_loaded *l, uint64_t start, uint64_t end, uint64_t address, bool *runs)
{
    enum { ENTRIES = 64 };
    gap *g = gap_at(l, start);
    if (!g)
        return false;
    bool executed = address >= start && address < end;
    g->entries += executed;
    if (executed && !vprec_image_of(address) && !translate_gap(l, address))
        return false;
    if (g->entries >= ENTRIES && !g->swept && !sweep_gap(l, g))
        return false;
    *runs = g->swept && !is_closed(l, vprec_page_start(start));
    return true;
}

/* Looks at every function that overlaps [start, end) of a page. */
static bool provide_range(vprec_loaded *l, uint64_t start, uint64_t end, uint64_t address, bool *clean)
{
    for (uint64_t at = start; at < end;) {
        vprec_symbol f;
        bool found = vprec_object_function_at(&l->object, at, &f) || vprec_object_function_next(&l->object, at, end, &f);
        uint64_t gap_end = !found ? end : f.start > at ? f.start : at;
        bool runs = true;
        if (gap_end > at && !is_clean(l, at, gap_end) && !provide_gap(l, at, gap_end, address, &runs))
            return false;
        *clean &= runs;
        if (!found)
            return true;
        bool executed = address >= f.start && address < f.end;
        const known *k = known_at(l, f.start, NULL);
        if (executed && (!k || k->state == PENDING) && !needs_no_look(l, f.start, f.end)) {
            if (!translate(l, &f, address))
                return false;
        } else if (!k && !plant(l, &f)) {
            return false;
        }
        at = f.end > at ? f.end : at + 1;
    }
    return true;
}

/* Looks at every function that overlaps the page. `*clean`: what is no function is clean. */
static bool provide(vprec_loaded *l, uint64_t page, uint64_t address, bool *clean)
{
    *clean = true;
    for (size_t i = 0; i < l->object.code.count; i++) { /* what else is there is a PLT */
        vprec_extent e = VPREC_AT(l->object.code, vprec_extent, i);
        uint64_t start = e.start > page ? e.start : page, end = e.end < page + PAGE ? e.end : page + PAGE;
        if (start < end && !provide_range(l, start, end, address, clean))
            return false;
    }
    return true;
}

/* Gives the clean page X, and its clean neighbours. */
static bool run_around(vprec_loaded *l, uint64_t page)
{
    uint64_t window = page & ~(uint64_t)(AROUND * PAGE - 1), start = page, end = page + PAGE;
    while (start > window && vprec_text_has(&l->text, start - PAGE) &&
           !(*vprec_text_state(&l->text, start - PAGE) & VPREC_PAGE_RUNS) && is_clean(l, start - PAGE, start))
        start -= PAGE;
    while (end < window + AROUND * PAGE && vprec_text_has(&l->text, end) &&
           !(*vprec_text_state(&l->text, end) & VPREC_PAGE_RUNS) && is_clean(l, end, end + PAGE))
        end += PAGE;
    return vprec_text_run(&l->text, start, end);
}

static uint64_t clone_of(uint64_t address)
{
    const vprec_image *image = vprec_image_of(address);
    uint64_t clone = image ? vprec_where_clone(&image->where, address) : 0;
    if (clone)
        vprec_image_enter(image, clone);
    return clone;
}

/* Clones make their calls by the original instruction: it must run where it is. */
static bool is_call(const vprec_loaded *l, uint64_t address)
{
    uint8_t bytes[15];
    vprec_insn insn;
    vprec_text_read(&l->text, address, bytes, sizeof bytes);
    return vprec_insn_decode(bytes, sizeof bytes, address, &insn) &&
           (insn.flow == VPREC_FLOW_CALL || insn.flow == VPREC_FLOW_ICALL);
}

typedef struct arrival {
    uint64_t address;
    uint64_t page; /* the one without X: the next, where the instruction lies across its border */
    uint64_t to;   /* where it goes on; 0: it is none of ours */
} arrival;

static void give_up(vprec_loaded *l)
{
    if (!l->text.failed)
        vprec_record_native(VPREC_REASON_NO_MEMORY, l->object.path, NULL);
    l->text.failed = true;
}

static void on_generated(vprec_loaded *l, arrival *a)
{
    const vprec_image *image = vprec_image_of(a->address);
    if (l->text.failed)
        return;
    if (image && !is_current(image))
        retire(l, image);
    a->to = clone_of(a->address);
    if (!a->to && translate_generated(l, a->address))
        a->to = clone_of(a->address);
    if (a->to)
        return;
    give_up(l);
    a->to = vprec_generated_give_up(l->text.lo, l->text.hi) ? a->address : 0;
}

/* Control has come to a page without X. */
static void on_fetch(void *data)
{
    arrival *a = data;
    vprec_loaded *l = loaded_at(a->page);
    if (!l)
        return;
    uint64_t page = a->page;
    a->to = a->address;
    if (l->generated) {
        on_generated(l, a);
        return;
    }
    if (*vprec_text_state(&l->text, page) & VPREC_PAGE_RUNS) { /* another thread was quicker */
        if (!vprec_text_again(&l->text, page))
            a->to = 0;
        return;
    }
    if (needs_no_look(l, page, page + PAGE)) {
        if (!run_around(l, page))
            a->to = 0;
        return;
    }
    bool clean;
    if (!provide(l, page, a->address, &clean))
        give_up(l);
    uint64_t clone = clone_of(a->address);
    if ((clean || !clone || l->text.failed) && !vprec_text_run(&l->text, page, page + PAGE))
        a->to = 0;
    else if (clone && !is_call(l, a->address))
        a->to = clone;
}

/* int3, perhaps planted. */
static void on_int3(void *data)
{
    arrival *a = data;
    vprec_loaded *l = loaded_at(a->address);
    const known *k = l ? known_at(l, a->address, NULL) : NULL;
    if (!l)
        return;
    uint8_t loaded;
    vprec_text_read(&l->text, a->address, &loaded, 1);
    if (loaded == 0xCC)
        return; /* the program's own */
    vprec_symbol f;
    if ((!k || k->state == PENDING) && !vprec_image_of(a->address)) {
        bool function = vprec_object_function_at(&l->object, k ? k->start : a->address, &f) && a->address < f.end;
        if (function ? !translate(l, &f, a->address) : !translate_gap(l, a->address)) {
            unplant(l, k ? k->start : a->address, k ? k->end : a->address + 1);
            give_up(l);
        }
    }
    a->to = clone_of(a->address);
    if (!a->to && *(const uint8_t *)a->address == 0xCC) /* it is in no clone after all */
        unplant(l, a->address, a->address + 1);
    if (!a->to && *(const uint8_t *)a->address != 0xCC)
        a->to = a->address;
}

bool vprec_demand_fetch(ucontext_t *uc, uint64_t address)
{
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    arrival a = {.address = address - rip < 15 ? rip : address, .page = vprec_page_start(address)};
    if (vprec_lock_run(on_fetch, &a) != VPREC_LOCK_DONE || !a.to)
        return false;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)a.to;
    return true;
}

uint64_t vprec_demand_trap(uint64_t at)
{
    arrival a = {.address = at};
    return vprec_lock_run(on_int3, &a) == VPREC_LOCK_DONE ? a.to : 0;
}

typedef struct caller {
    uint64_t at, back, to;
} caller;

/* The call stays where it is, and its return address too; it names the clone. */
static void on_called(void *data)
{
    const caller *c = data;
    vprec_loaded *l = loaded_at(c->back - 5);
    int64_t rel = (int64_t)(c->to - c->back);
    if (!l || l != loaded_at(c->back - 1) || l != loaded_at(c->at) || rel != (int32_t)rel)
        return;
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    int32_t led = (int32_t)rel;
    if (vprec_poke_add(&pokes, c->back - 4, &led, sizeof led))
        vprec_text_patch(&l->text, &pokes); /* where it fails, the next call is led here again */
    vprec_vec_free(&pokes);
}

void vprec_demand_called(uint64_t at, uint64_t back, uint64_t to)
{
    caller c = {at, back, to};
    vprec_lock_run(on_called, &c);
}

static bool settled;

/* Everything in the object that may be code. False: there is too much of it, or some of it no function tells of. */
static bool translate_rest(vprec_loaded *l)
{
    enum { MOST = 16 << 20 };
    bool whole = true;
    uint64_t bytes = 0;
    for (size_t i = 0; i < l->object.code.count; i++)
        bytes += VPREC_AT(l->object.code, vprec_extent, i).end - VPREC_AT(l->object.code, vprec_extent, i).start;
    if (bytes > MOST)
        return false;
    for (size_t i = 0; i < l->object.code.count; i++) {
        vprec_extent e = VPREC_AT(l->object.code, vprec_extent, i);
        vprec_symbol f = {e.start, e.start, NULL};
        for (uint64_t at = e.start; at < e.end; at = f.end > at ? f.end : at + 1) {
            bool found = vprec_object_function_at(&l->object, at, &f) ||
                         vprec_object_function_next(&l->object, at, e.end, &f);
            uint64_t gap = found && f.start > at ? f.start : found ? at : e.end;
            whole &= gap == at || is_clean(l, at, gap);
            if (!found)
                break;
            const known *k = known_at(l, f.start, NULL);
            if ((!k || k->state == PENDING) && !needs_no_look(l, f.start, f.end))
                whole &= translate(l, &f, 0);
        }
    }
    return whole;
}

static void settle(void *data)
{
    (void)data;
    for (size_t i = 0; i < stripped.count && !settled; i++) {
        vprec_loaded *l = VPREC_AT(stripped, vprec_loaded *, i);
        if (l->generated) {
            vprec_generated_give_up(l->text.lo, l->text.hi);
            vprec_record_native(VPREC_REASON_FORBIDDEN, l->object.path, NULL);
            continue;
        }
        if (!translate_rest(l))
            vprec_record_native(VPREC_REASON_FORBIDDEN, l->object.path, NULL);
        for (size_t k = 0; k < l->known.count; k++) {
            known *f = &VPREC_AT(l->known, known, k);
            if (f->state == PENDING)
                unplant(l, f->start, f->end);
            f->state = f->state == PENDING ? IDLE : f->state;
        }
        if (!vprec_text_run(&l->text, l->text.lo, l->text.hi))
            l->text.failed = true;
    }
    if (vprec_wire_shared->config.count)
        vprec_record_prepare(); /* their counters need no system call either */
    settled = true;
}

void vprec_demand_settle(enum vprec_hardening what)
{
    (void)what;
    vprec_lock_run(settle, NULL);
}

vprec_loaded *vprec_demand_at(uint64_t address)
{
    vprec_loaded *l = loaded_at(address);
    return l && !l->generated ? l : NULL;
}

vprec_loaded *vprec_demand_make(void)
{
    vprec_loaded *l = vprec_pages(sizeof *l);
    if (l)
        *l = (vprec_loaded){.images = VPREC_VEC(vprec_image *), .gates = VPREC_VEC(uint64_t),
                            .targets = VPREC_VEC(uint64_t), .known = VPREC_VEC(known), .gaps = VPREC_VEC(gap),
                            .closed = VPREC_VEC(uint64_t), .words = VPREC_VEC(uint64_t), .parts = VPREC_VEC(uint64_t)};
    return l;
}

/* From now on it is asked about when something faults there. False: no memory. */
static bool watch(vprec_loaded *l, enum vprec_isa processor)
{
    vprec_loaded **slot = vprec_vec_add(&stripped, 1);
    if (!slot)
        return false;
    *slot = l;
    isa = processor;
    return true;
}

static void unwatch(const vprec_loaded *l)
{
    vprec_loaded **all = stripped.data;
    for (size_t i = 0; i < stripped.count; i++)
        if (all[i] == l)
            all[i] = all[--stripped.count];
}

void vprec_demand_drop(vprec_loaded *l)
{
    unwatch(l);
    for (size_t i = 0; i < l->images.count; i++) {
        vprec_image *image = VPREC_AT(l->images, vprec_image *, i);
        vprec_gates_free(&image->gates);
        vprec_image_drop(image);
    }
    vprec_text_close(&l->text);
    vprec_object_release(&l->object);
    vprec_vec *all[] = {&l->images, &l->gates, &l->targets, &l->known, &l->gaps, &l->closed, &l->words, &l->parts};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        vprec_vec_free(all[i]);
    vprec_pages_free(l, sizeof *l);
}

vprec_loaded *vprec_demand_generated(uint64_t lo, uint64_t hi, vprec_object_record *record, enum vprec_isa processor)
{
    vprec_loaded *l = vprec_demand_make();
    if (!l)
        return NULL;
    l->generated = l->selected = true;
    l->record = record;
    l->object = (vprec_object){.path = record->path, .bias = lo, .lo = lo, .hi = hi, .pie = true,
                               .code = VPREC_VEC(vprec_extent), .plt = VPREC_VEC(vprec_extent),
                               .imports = VPREC_VEC(vprec_import), .resolvers = VPREC_VEC(uint64_t)};
    vprec_extent *e = vprec_vec_add(&l->object.code, 1);
    if (e)
        *e = (vprec_extent){lo, hi};
    if (!e || !vprec_text_open(&l->text, lo, hi, &l->object.code) || !watch(l, processor)) {
        vprec_demand_drop(l);
        return NULL;
    }
    for (uint64_t at = lo; at < hi; at += PAGE)
        *vprec_text_state(&l->text, at) &= (uint8_t)~VPREC_PAGE_RUNS;
    return l;
}

bool vprec_demand_begin(vprec_loaded *l, enum vprec_isa processor)
{
    if (settled || !watch(l, processor))
        return false;
    vprec_trap_fetch = vprec_demand_fetch;
    vprec_trap_pending = vprec_demand_trap;
    vprec_trap_called = vprec_demand_called;
    vprec_harden_begins = vprec_demand_settle;
    if (vprec_text_strip(&l->text))
        return true;
    unwatch(l);
    return false;
}
