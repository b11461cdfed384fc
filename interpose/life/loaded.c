/* SPDX-License-Identifier: Apache-2.0
 * loaded.c: see loaded.h. */
#include "loaded.h"
#include "find/scan.h"
#include "runtime/share.h"
#include "runtime/version.h"

vprec_loaded *vprec_loaded_make(void)
{
    vprec_loaded *l = vprec_pages(sizeof *l);
    if (l)
        *l = (vprec_loaded){.images = VPREC_VEC(vprec_image *), .gates = VPREC_VEC(uint64_t),
                            .targets = VPREC_VEC(uint64_t),
                            .gaps = VPREC_VEC(vprec_gap), .closed = VPREC_VEC(uint64_t), .words = VPREC_VEC(uint64_t),
                            .parts = VPREC_VEC(uint64_t), .tails = VPREC_VEC(uint64_t),
                            .named = VPREC_VEC(uint64_t),
                            .chosen = VPREC_VEC(vprec_chosen), .bystanders = VPREC_VEC(vprec_bystander), .links = VPREC_VEC(vprec_link),
                            .launches = VPREC_VEC(uint64_t), .executed = VPREC_VEC(uint64_t),
                            .pieces = VPREC_VEC(uint64_t), .recorded = VPREC_VEC(vprec_recorded)};
    return l;
}

void vprec_loaded_drop(const vprec_loaded *l, vprec_image *image)
{
    vprec_version_give(image->ways, image->way_count);
    if (image->source)
        vprec_arena_give(l->text.arena, (const uint8_t *)image->code, (const uint8_t *)image->code_end, image->slots,
                         image->slot_count);
    vprec_gates_free(&image->gates);
    vprec_image_drop(image);
}

void vprec_loaded_free(vprec_loaded *l)
{
    for (size_t i = 0; i < l->images.count; i++)
        vprec_loaded_drop(l, VPREC_AT(l->images, vprec_image *, i));
    vprec_text_close(&l->text);
    vprec_object_release(&l->object);
    vprec_vec *all[] = {&l->images, &l->gates,   &l->targets, &l->tails, &l->named, &l->gaps,
                        &l->chosen, &l->closed,  &l->words, &l->parts, &l->pieces,
                        &l->bystanders, &l->links, &l->recorded, &l->executed, &l->undone, &l->launches};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        vprec_vec_free(all[i]);
    vprec_visits_free(&l->visits);
    vprec_offsets_free(&l->leads);
    vprec_strays_free(&l->counted);
    vprec_pages_free(l, sizeof *l);
}

bool vprec_loaded_counts(vprec_loaded *l, uint64_t start)
{
    if (!l->counted.hi)
        l->counted = (vprec_strays){.lo = l->text.lo, .hi = l->text.hi};
    return vprec_strays_add(&l->counted, &l->text.heap, start);
}

static vprec_scan scan_of(const vprec_loaded *l)
{
    vprec_scan scan = {.syscalls = true, .control = vprec_arith_rounds(&vprec_arith_current), .targets = l->targets.data,
                       .target_count = l->targets.count};
    for (int t = 0; t < VPREC_TYPES; t++)
        scan.type[t] = vprec_arith_current.use[t] != VPREC_USE_NONE;
    return scan;
}

/* Whether one of those starts in [start, end). */
static bool has_named(const vprec_loaded *l, uint64_t start, uint64_t end)
{
    const vprec_vec *all = &l->named;
    size_t i = vprec_sorted_below(all->data, all->count, sizeof(uint64_t), 0, start, false);
    return i < all->count && VPREC_AT(*all, uint64_t, i) < end;
}

bool vprec_loaded_clean(const vprec_loaded *l, uint64_t start, uint64_t end)
{
    enum { PIECE = 16 << 10, BEHIND = 15 };
    static uint8_t room[PIECE + BEHIND];
    if (has_named(l, start, end))
        return false;
    vprec_scan scan = scan_of(l);
    for (uint64_t at = start; at < end; at += PIECE) {
        size_t size = end - at < PIECE ? end - at : PIECE, behind = 0;
        while (behind < BEHIND && vprec_text_has(&l->text, at + size + behind))
            behind++;
        const uint8_t *bytes = vprec_text_view(&l->text, at, room, size + behind);
        if (!vprec_scan_clean(&scan, bytes, size, behind, at))
            return false;
    }
    return true;
}

bool vprec_loaded_idle(const vprec_loaded *l, uint64_t start, uint64_t end)
{
    return !vprec_wire_shared->config.audit && vprec_loaded_clean(l, start, end);
}
