/* SPDX-License-Identifier: Apache-2.0
 * keep.c: see keep.h. Few pages have anything that reads as an instruction about such a register; their functions are
 * decoded. */
#include "keep.h"
#include "clone/patch.h"
#include "find/scan.h"
#include "runtime/record.h"
#include "unit.h"

enum { PAGE = 4096, LONGEST = 15, EXTENDED = (int)0xFFFF0000 };

/* Whether a call leads to clones: of the image, or, NULL, of any. */
static bool is_led(const vprec_loaded *l, const vprec_image *image, uint64_t to)
{
    if (image)
        return to >= image->code && to < image->code_end;
    return (to < l->text.lo || to >= l->text.hi) && vprec_image_of_clone(to);
}

/* Calls that were led to the clones go where they went: to a trap. */
static bool turn_calls(vprec_loaded *l, const vprec_image *image)
{
    enum { CALL = 5 };
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = true;
    for (size_t i = 0; i < l->links.count; i++) {
        const vprec_link *link = &VPREC_AT(l->links, vprec_link, i);
        if (is_led(l, image, *link->slot))
            __atomic_store_n(link->slot, link->original, __ATOMIC_RELEASE);
    }
    for (uint64_t page = l->text.lo; page < l->text.hi; page += PAGE) {
        if (!l->text.loaded[(page - l->text.lo) / PAGE])
            continue;
        for (uint64_t at = page; at < page + PAGE && done; at++) {
            int32_t led;
            if (*(const uint8_t *)at != 0xE8 || !vprec_text_has(&l->text, at + CALL - 1))
                continue;
            __builtin_memcpy(&led, (const void *)(at + 1), sizeof led);
            uint64_t to = at + CALL + (uint64_t)(int64_t)led;
            if (!is_led(l, image, to))
                continue;
            uint8_t call[CALL];
            vprec_text_read(&l->text, at, call, CALL);
            done = vprec_poke_add(&pokes, at + 1, call + 1, CALL - 1);
        }
    }
    done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
    for (size_t i = 0; i < pokes.count && done; i++) {
        const vprec_poke *p = &VPREC_AT(pokes, vprec_poke, i);
        done = !__builtin_memcmp((const void *)p->at, p->bytes, p->count);
    }
    vprec_vec_free(&pokes);
    return done;
}

/* The image's functions have records. */
static bool know_records(vprec_loaded *l, const vprec_image *image, bool counted)
{
    for (size_t at = 0; at < image->record_bytes;) {
        vprec_function_record *f = (vprec_function_record *)(void *)((char *)image->records + at);
        vprec_recorded *known = vprec_vec_add(&l->recorded, 1);
        if (!known)
            return false;
        *known = (vprec_recorded){f->address + l->object.bias, f, counted};
        at += vprec_record_align(f->head.size);
    }
    return true;
}

static void uncount_clones(vprec_object_record *r, const vprec_image *image)
{
    r->clone_bytes -= image->code_end - image->code;
    r->by_jump -= image->by_jump;
    r->by_short -= image->by_short;
    r->by_trap -= image->by_trap;
    r->inlined -= image->inlined;
}

bool vprec_keep_uncount(vprec_loaded *l, const vprec_image *image)
{
    vprec_object_record *r = l->record;
    for (int t = 0; t < VPREC_TYPES; t++)
        r->sites[t] -= image->sites[t];
    r->functions -= image->functions;
    uncount_clones(r, image);
    return know_records(l, image, false);
}

/* A trap waits at every way into the image's functions, but for calls that were led to the clones. */
static bool undo_patches(vprec_loaded *l, vprec_image *image)
{
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = true;
    for (size_t i = 0; i < image->patches.count && done; i++) {
        vprec_patch *p = &VPREC_AT(image->patches, vprec_patch, i);
        if (*(const uint8_t *)p->at != VPREC_TRAP_BYTE)
            done = vprec_patch_undo(&l->text, image, p, &pokes);
    }
    done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    return done;
}

/* The image's functions are pending, and it is nobody's any more. */
static void retire(vprec_loaded *l, vprec_image *image)
{
    for (size_t i = 0; i < image->spans.count; i++) {
        vprec_image_span s = VPREC_AT(image->spans, vprec_image_span, i);
        vprec_visit *v = vprec_visit_next(&l->visits, s.start);
        for (; v && v->start < s.end; v = vprec_visit_next(&l->visits, v->end))
            if (vprec_visit_is_cloned(v) && v->start >= s.start)
                v->state = VPREC_VISIT_PENDING;
    }
    image->waiting = false;
    image->borrowed_vectors = image->borrowed_masks = 0;
    vprec_image_retire(image);
}

bool vprec_keep_forget(vprec_loaded *l, vprec_image *image)
{
    if (!undo_patches(l, image) || !turn_calls(l, image))
        return false;
    retire(l, image);
    return vprec_keep_uncount(l, image);
}

static bool is_current(const vprec_image *image)
{
    return image->spans.count && vprec_image_of(VPREC_AT(image->spans, vprec_image_span, 0).start) == image;
}

/* By their starts: there are many. */
static void sort_recorded(vprec_loaded *l)
{
    vprec_recorded *all = l->recorded.data;
    const size_t count = l->recorded.count;
    for (size_t gap = count / 2; gap; gap /= 2)
        for (size_t i = gap; i < count; i++) {
            const vprec_recorded one = all[i];
            size_t to = i;
            for (; to >= gap && all[to - gap].start > one.start; to -= gap)
                all[to] = all[to - gap];
            all[to] = one;
        }
    l->sorted = count;
}

bool vprec_keep_renew(vprec_loaded *l)
{
    bool done = true;
    for (size_t i = 0; i < l->recorded.count; i++) {
        vprec_recorded *r = &VPREC_AT(l->recorded, vprec_recorded, i);
        r->counted = vprec_image_of(r->start) != NULL;
    }
    for (size_t i = 0; i < l->images.count && done; i++) {
        vprec_image *image = VPREC_AT(l->images, vprec_image *, i);
        if (!is_current(image))
            continue;
        done = undo_patches(l, image) && know_records(l, image, true);
        uncount_clones(l->record, image);
        retire(l, image);
    }
    sort_recorded(l);
    return done && turn_calls(l, NULL);
}

bool vprec_keep_add(vprec_loaded *l, uint32_t vectors, uint32_t masks)
{
    bool news = vectors & ~l->live_vectors || masks & ~l->live_masks, done = true;
    l->live_vectors |= vectors;
    l->live_masks |= masks;
    for (size_t i = 0; i < l->images.count && news && done && !l->generated; i++) {
        vprec_image *image = VPREC_AT(l->images, vprec_image *, i);
        if (image->borrowed_vectors & vectors || image->borrowed_masks & masks)
            done = vprec_keep_forget(l, image);
    }
    return done;
}

bool vprec_keep_nothing(vprec_loaded *l)
{
    bool done = true;
    for (size_t i = 0; i < l->images.count && done; i++) {
        vprec_image *image = VPREC_AT(l->images, vprec_image *, i);
        if (is_current(image))
            done = vprec_keep_forget(l, image);
    }
    return done;
}

/* Which such registers the instruction names; 0: none, or it is none. */
static uint32_t names(const vprec_loaded *l, uint64_t address)
{
    uint8_t bytes[LONGEST];
    size_t room = 0;
    while (room < LONGEST && vprec_text_has(&l->text, address + room))
        room++;
    vprec_decoded d;
    vprec_text_read(&l->text, address, bytes, room);
    if (!vprec_insn_whole(bytes, room, address, &d) || !d.insn.extended)
        return 0;
    const vprec_registers *r = &d.registers;
    return ((r->reads | r->writes) & (uint32_t)EXTENDED) | r->mask_reads | r->mask_writes;
}

bool vprec_keep_read(vprec_loaded *l, const uint8_t *bytes, uint64_t page)
{
    static vprec_vec places = {.size = sizeof(uint64_t)};
    places.count = 0;
    if (l->isa != VPREC_ISA_AVX512) /* clones have no use for them */
        return true;
    if (!vprec_scan_extended(bytes, PAGE, page, &places))
        return false;
    uint64_t seen = 0; /* up to where the functions were decoded */
    bool done = true;
    for (size_t i = 0; i < places.count && done; i++) {
        uint64_t at = VPREC_AT(places, uint64_t, i);
        vprec_symbol f;
        uint32_t vectors = 0, masks = 0;
        if (at < seen || !names(l, at))
            continue;
        if (!vprec_object_function_at(&l->object, at, &f))
            continue;
        seen = f.end;
        done = vprec_unit_kept(l, &f, &vectors, &masks) && vprec_keep_add(l, vectors, masks);
    }
    return done;
}
