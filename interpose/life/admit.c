/* SPDX-License-Identifier: Apache-2.0
 * admit.c: see admit.h. */
#include "admit.h"
#include "bystanders.h"
#include "clone/patch.h"
#include "find/scan.h"
#include "keep.h"

enum { PAGE = 4096, BEHIND = 15 };

static vprec_patch *patch_over(uint64_t address)
{
    const vprec_image *image = vprec_image_of(address);
    return image ? vprec_image_patch_over(image, address) : NULL;
}

/* Whether the page, or the one before it, where a patch may begin, was patched. */
static bool is_patched(const vprec_text_pages *text, uint64_t address)
{
    size_t page = (address - text->lo) / PAGE;
    return text->loaded[page] || (page && text->loaded[page - 1]);
}

/* Undoes the patches that begin at the addresses (uint64_t). */
static bool undo(vprec_loaded *l, vprec_vec *patches)
{
    vprec_vec pokes = VPREC_VEC(vprec_poke);
    bool done = true;
    vprec_vec_sort_u64(patches);
    for (size_t i = 0; i < patches->count && done; i++) {
        uint64_t at = VPREC_AT(*patches, uint64_t, i);
        done = vprec_patch_undo(&l->text, vprec_image_of(at), patch_over(at + 1), &pokes);
    }
    done = done && (!pokes.count || vprec_text_patch(&l->text, &pokes));
    vprec_vec_free(&pokes);
    return done;
}

/* That something may lead to these is known from now on. `patches` (uint64_t): where those begin that are to go. */
static bool add_strays(vprec_loaded *l, const vprec_vec *targets, vprec_vec *patches)
{
    vprec_text_pages *text = &l->text;
    for (size_t i = 0; i < targets->count; i++) {
        uint64_t to = VPREC_AT(*targets, uint64_t, i);
        bool news = vprec_strays_add(&text->strays, &text->heap, to);
        const vprec_patch *patch = news && is_patched(text, to) ? patch_over(to) : NULL;
        bool written = patch && (patch->waits || *(const uint8_t *)patch->at != VPREC_TRAP_BYTE);
        if (written && !vprec_vec_add_u64(patches, patch->at))
            return false;
    }
    return true;
}

bool vprec_admit_targets(vprec_loaded *l, const vprec_vec *targets)
{
    vprec_vec patches = VPREC_VEC(uint64_t);
    bool done = add_strays(l, targets, &patches) && (!patches.count || undo(l, &patches));
    vprec_vec_free(&patches);
    return done;
}

/* Likewise where code of the page may jump to. */
static bool read_page(vprec_loaded *l, uint64_t page, vprec_vec *targets, vprec_vec *patches)
{
    static uint8_t room[PAGE + BEHIND];
    vprec_text_pages *text = &l->text;
    size_t behind = vprec_text_has(text, page + PAGE) ? BEHIND : 0;
    const uint8_t *bytes = vprec_text_view(text, page, room, PAGE + behind);
    targets->count = 0;
    return vprec_scan_jumps(bytes, PAGE, behind, page, text->lo, text->hi, targets) &&
           add_strays(l, targets, patches) && vprec_keep_read(l, bytes, page);
}

bool vprec_admit_read(vprec_loaded *l, uint64_t start, uint64_t end)
{
    static vprec_vec targets = {.size = sizeof(uint64_t)}, patches = {.size = sizeof(uint64_t)};
    bool done = true;
    patches.count = 0;
    for (uint64_t page = vprec_page_start(start); page < end && done; page += PAGE)
        if (vprec_text_has(&l->text, page) && !(*vprec_text_state(&l->text, page) & VPREC_PAGE_RUNS))
            done = read_page(l, page, &targets, &patches);
    return done && (!patches.count || undo(l, &patches));
}

bool vprec_admit(vprec_loaded *l, uint64_t start, uint64_t end)
{
    return vprec_admit_read(l, start, end) && vprec_text_run(&l->text, start, end);
}

void vprec_admit_waiting(vprec_loaded *l)
{
    if (vprec_bystanders_any() && !vprec_bystanders_left(&l->bystanders))
        return;
    for (size_t i = 0; i < l->images.count; i++) {
        vprec_image *image = VPREC_AT(l->images, vprec_image *, i);
        vprec_vec pokes = VPREC_VEC(vprec_poke);
        if (image->waiting && vprec_patch_finish(image, &pokes) && pokes.count)
            vprec_text_patch(&l->text, &pokes);
        vprec_vec_free(&pokes);
    }
}
