/* SPDX-License-Identifier: Apache-2.0
 * written.c: see written.h. */
#include "written.h"
#include "gap.h"
#include "keep.h"
#include "runtime/sys.h"
#include "unit.h"
#include <string.h>

enum { PAGE = 4096 };

static bool overlaps(const vprec_image *image, uint64_t lo, uint64_t hi)
{
    for (size_t i = 0; i < image->spans.count; i++) {
        vprec_image_span s = VPREC_AT(image->spans, vprec_image_span, i);
        if (s.start < hi && lo < s.end)
            return true;
    }
    return false;
}

/* Every byte that differs from what was loaded. */
static bool restore(vprec_loaded *l, uint64_t lo, uint64_t hi)
{
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = true;
    for (uint64_t page = lo; page < hi && done; page += PAGE) {
        if (!vprec_text_has(&l->text, page) || !vprec_text_is_kept(&l->text, page))
            continue;
        uint8_t loaded[PAGE];
        vprec_text_read(&l->text, page, loaded, sizeof loaded);
        for (size_t i = 0; i < PAGE && done; i++)
            if (loaded[i] != *(const uint8_t *)(page + i) && !vprec_sorted_has(&l->text.foreign, page + i))
                done = vprec_unit_poke(&pokes, page + i, loaded[i]);
    }
    done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    return done;
}

/* A patch that was taken back. The program may have read it before, and write back what it has read. */
typedef struct undone {
    uint64_t at;
    uint8_t count, patched[5], loaded[5];
} undone;

static bool note(vprec_loaded *l, uint64_t at, uint8_t count)
{
    if (!l->undone.size)
        l->undone = VPREC_VEC(undone);
    undone *u = vprec_vec_add(&l->undone, 1);
    if (u) {
        *u = (undone){.at = at, .count = count};
        memcpy(u->patched, (const void *)at, count);
        vprec_text_read(&l->text, at, u->loaded, count);
    }
    return u;
}

/* Of what is patched in [lo, hi): jumps and traps. */
static bool note_all(vprec_loaded *l, uint64_t lo, uint64_t hi)
{
    for (uint64_t at = lo; at < hi; at++) {
        if (!vprec_text_has(&l->text, at) || !vprec_text_is_kept(&l->text, at)) {
            at |= PAGE - 1;
            continue;
        }
        uint8_t now = *(const uint8_t *)at, loaded;
        vprec_text_read(&l->text, at, &loaded, 1);
        if (now == loaded)
            continue;
        const vprec_image *image = vprec_image_of(at);
        const vprec_patch *patch = image ? vprec_image_patch_over(image, at + 1) : NULL;
        uint8_t count = patch && patch->at == at && now != VPREC_TRAP_BYTE ? patch->bytes : 1;
        if (!note(l, at, count))
            return false;
        at += count - 1u;
    }
    return true;
}

/* What the program has read there, and has written back, it did not mean. */
static void mend_written(vprec_loaded *l, uint64_t lo, uint64_t hi)
{
    for (size_t i = 0; i < l->undone.count; i++) {
        const undone *u = &VPREC_AT(l->undone, undone, i);
        uint8_t *at = (uint8_t *)u->at;
        if (u->at < lo || u->at + u->count > hi || *at != u->patched[0])
            continue;
        if (!memcmp(at + 1, u->patched + 1, u->count - 1u) || !memcmp(at + 1, u->loaded + 1, u->count - 1u))
            memcpy(at, u->loaded, u->count);
    }
}

bool vprec_written_begin(vprec_loaded *l, uint64_t lo, uint64_t hi)
{
    if (!note_all(l, lo, hi))
        return false;
    for (size_t i = 0; i < l->images.count; i++) {
        vprec_image *image = VPREC_AT(l->images, vprec_image *, i);
        bool current = image->spans.count &&
                       vprec_image_of(VPREC_AT(image->spans, vprec_image_span, 0).start) == image;
        if (current && overlaps(image, lo, hi) && !vprec_keep_forget(l, image))
            return false;
    }
    if (!restore(l, lo, hi))
        return false;
    vprec_visits_drop(&l->visits, lo, hi);
    vprec_gap_again(l, lo, hi);
    for (uint64_t page = lo; page < hi; page += PAGE)
        if (vprec_text_has(&l->text, page)) {
            vprec_text_forget(&l->text, page);
            *vprec_text_state(&l->text, page) = VPREC_PAGE_WRITTEN;
        }
    return true;
}

void vprec_written_end(vprec_loaded *l, uint64_t lo, uint64_t hi)
{
    for (uint64_t page = lo < l->text.lo ? l->text.lo : lo; page < hi && page < l->text.hi; page += PAGE)
        if (*vprec_text_state(&l->text, page) == VPREC_PAGE_WRITTEN)
            mend_written(l, page, page + PAGE);
    for (uint64_t page = lo < l->text.lo ? l->text.lo : lo; page < hi && page < l->text.hi; page += PAGE)
        if (*vprec_text_state(&l->text, page) == VPREC_PAGE_WRITTEN) {
            *vprec_text_state(&l->text, page) = VPREC_PAGE_CODE | VPREC_PAGE_CHANGED;
            l->text.failed |= vprec_sys_mprotect((void *)page, PAGE, PROT_READ) != 0;
        }
}

/* A copy of `bytes` bytes of an object's text, what it has been made. */
typedef struct copy {
    vprec_loaded *of;
    uint64_t from, to;
    size_t bytes;
    bool ambiguous; /* another piece of text, of which something else was loaded, is as long */
} copy;

static bool is_text(const vprec_loaded *l, uint64_t address)
{
    return vprec_text_has(&l->text, address);
}

static uint8_t loaded_at(const vprec_loaded *l, uint64_t address)
{
    uint8_t byte;
    vprec_text_read(&l->text, address, &byte, 1);
    return byte;
}

/* Whether the byte at `to` may be a copy of that at `from`, now or when other traps stood there. */
static bool is_copy(const vprec_loaded *of, uint64_t from, uint64_t to)
{
    uint8_t byte = *(const uint8_t *)to;
    return byte == VPREC_TRAP_BYTE || byte == *(const uint8_t *)from || byte == loaded_at(of, from);
}

/* How much in front of and behind the two addresses is the same. */
static copy extend(vprec_loaded *of, uint64_t from, const vprec_loaded *l, uint64_t to)
{
    enum { MOST = 64 << 10 };
    copy c = {.of = of, .from = from, .to = to};
    while (c.bytes < MOST && is_text(of, c.from - 1) && c.to - 1 >= l->text.lo && is_copy(of, c.from - 1, c.to - 1))
        c.from--, c.to--, c.bytes++;
    while (c.bytes < MOST && is_text(of, c.from + c.bytes) && c.to + c.bytes < l->text.hi &&
           is_copy(of, c.from + c.bytes, c.to + c.bytes))
        c.bytes++;
    return c;
}

/* Whether the two pieces of text, of the same length, were loaded with the same bytes. */
static bool same_loaded(const copy *a, const copy *b)
{
    for (size_t i = 0; i < a->bytes; i++)
        if (loaded_at(a->of, a->from + i) != loaded_at(b->of, b->from + i))
            return false;
    return true;
}

enum { JMP = 0xE9, LEAST = 5 };

static void compare(vprec_loaded *of, uint64_t from, const vprec_loaded *l, uint64_t address, copy *best)
{
    copy c = extend(of, from, l, address);
    if (c.from + c.bytes < from + LEAST) /* no more than the jump, or what follows a trap */
        return;
    if (c.bytes > best->bytes)
        *best = c;
    else if (c.bytes == best->bytes && !same_loaded(&c, best))
        best->ambiguous = true;
}

/* The copied jump is one that stands there. */
static void find_jump(vprec_loaded *of, const vprec_loaded *l, uint64_t address, copy *best)
{
    for (size_t i = 0; i < of->images.count; i++) {
        const vprec_image *image = VPREC_AT(of->images, const vprec_image *, i);
        for (size_t k = 0; k < image->patches.count; k++) {
            uint64_t at = VPREC_AT(image->patches, vprec_patch, k).at;
            if (*(const uint8_t *)at == JMP && !memcmp((const void *)at, (const void *)address, LEAST))
                compare(of, at, l, address, best);
        }
    }
}

/* The piece of text that is likest to what is at `address`, where it has a trap, or had. */
static void find_trap(vprec_loaded *of, const vprec_loaded *l, uint64_t address, copy *best)
{
    for (uint64_t page = of->text.lo; page < of->text.hi; page += PAGE) {
        if (!is_text(of, page) || !vprec_text_is_kept(&of->text, page))
            continue;
        for (uint64_t at = page; at < page + PAGE; at++) {
            uint64_t behind = at + 1;
            if (is_text(of, behind) && is_copy(of, behind, address + 1) && loaded_at(of, at) != VPREC_TRAP_BYTE)
                compare(of, at, l, address, best);
        }
    }
}

/* Where the code from `address` on, in a row, cannot be what somebody has generated: a trap, or a jump to nowhere near.
 * 0: it can. */
static uint64_t strange(const vprec_loaded *l, uint64_t address)
{
    enum { MOST = 4096 };
    vprec_insn insn;
    for (uint64_t at = address; at < l->text.hi && at - address < MOST; at += insn.length) {
        size_t room = l->text.hi - at < 15 ? l->text.hi - at : 15;
        const uint8_t *code = (const uint8_t *)at;
        if (!vprec_insn_decode(code, room, at, &insn))
            return 0;
        if (*code == VPREC_TRAP_BYTE || (*code == JMP && (insn.target < l->text.lo || insn.target >= l->text.hi)))
            return at;
        if (vprec_flow_ends(insn.flow))
            return 0;
    }
    return 0;
}

void vprec_written_mend(vprec_loaded *l, uint64_t address, const vprec_vec *objects)
{
    enum { ROUNDS = 16 };
    const uint64_t page = vprec_page_start(address);
    for (size_t i = 0; i < objects->count; i++) {
        vprec_loaded *of = VPREC_AT(*objects, vprec_loaded *, i);
        if (page >= of->text.lo && page < of->text.hi && *vprec_text_state(&of->text, page) == VPREC_PAGE_WRITTEN)
            mend_written(of, page, page + PAGE);
    }
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t at = strange(l, address);
        copy best = {0};
        for (size_t i = 0; i < objects->count && at; i++) {
            vprec_loaded *of = VPREC_AT(*objects, vprec_loaded *, i);
            if (!of->generated)
                (*(const uint8_t *)at == JMP ? find_jump : find_trap)(of, l, at, &best);
        }
        if (!best.bytes || best.ambiguous)
            return;
        uint64_t start = vprec_page_start(best.to), size = vprec_page_end(best.to + best.bytes) - start;
        if (!l->writable && vprec_sys_mprotect((void *)start, size, PROT_READ | PROT_WRITE))
            return;
        for (size_t i = 0; i < best.bytes; i++)
            *(uint8_t *)(best.to + i) = loaded_at(best.of, best.from + i);
        if (!l->writable && vprec_sys_mprotect((void *)start, size, PROT_READ))
            l->text.failed = true;
    }
}
