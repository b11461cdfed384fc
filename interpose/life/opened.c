/* SPDX-License-Identifier: Apache-2.0
 * opened.c: see opened.h. Languages that collect garbage read their code, and write to it, all the time: patches in it
 * would be read. So one region that is written after it ran speaks for all that its owner makes. */
#include "opened.h"
#include "gap.h"
#include "keep.h"
#include "mapped.h"
#include "retired.h"
#include "runtime/sys.h"
#include "syscalls.h"
#include <string.h>

enum { PAGE = 4096 };

_Atomic unsigned vprec_opened_count;

/* Whether nobody writes to the memory but by its own mapping, which may be read; `*writes`: that has W. */
static bool is_private(uint64_t lo, uint64_t hi, bool *writes)
{
    int maps = vprec_mapped_open();
    bool all = maps >= 0, first = true;
    *writes = false;
    for (uint64_t at = lo; at < hi && all;) {
        vprec_mapped m;
        all = vprec_mapped_at(maps, at, &m) && m.has & VPREC_MAPPED_READ &&
              !(m.has & (VPREC_MAPPED_SHARED | VPREC_MAPPED_EXECUTE)) &&
              (first || *writes == !!(m.has & VPREC_MAPPED_WRITE));
        *writes = m.has & VPREC_MAPPED_WRITE;
        first = false;
        at = m.end;
    }
    if (maps >= 0)
        vprec_sys_close(maps);
    return all;
}

/* Whose code is written after it ran. */
static vprec_vec rewriters = {.size = sizeof(const vprec_object_record *)};

static bool is_rewriter(const vprec_object_record *owner)
{
    for (size_t i = 0; i < rewriters.count; i++)
        if (VPREC_AT(rewriters, const vprec_object_record *, i) == owner)
            return true;
    return false;
}

static void watch(vprec_loaded *l)
{
    l->phase = VPREC_PHASE_CHANGES;
    if (is_rewriter(l->record) || !is_private(l->text.lo, l->text.hi, &l->writes))
        return;
    if (l->writes && vprec_sys_mprotect((void *)l->text.lo, l->text.hi - l->text.lo, PROT_READ))
        return;
    l->phase = VPREC_PHASE_WATCHED;
    if (l->writes && !atomic_fetch_add(&vprec_opened_count, 1))
        vprec_syscall_fills();
}

/* What was executed is translated anew, for patches this time. */
static bool begin(vprec_loaded *l)
{
    bool done = true;
    for (size_t i = 0; i < l->images.count && done; i++)
        done = vprec_keep_uncount(l, VPREC_AT(l->images, vprec_image *, i));
    vprec_retired_add_all(l);
    l->phase = VPREC_PHASE_OPEN;
    for (size_t i = 0; i < l->executed.count && done; i++) {
        uint64_t at = VPREC_AT(l->executed, uint64_t, i);
        done = vprec_image_of(at) || vprec_gap_translate(l, at);
    }
    if (!done)
        vprec_opened_end(l);
    return done;
}

bool vprec_opened_enter(vprec_loaded *l)
{
    enum { WATCHED = 32, OPEN = 128 };
    l->entries += l->entries < OPEN;
    if (l->phase == VPREC_PHASE_FRESH && l->entries >= WATCHED)
        watch(l);
    return l->phase == VPREC_PHASE_WATCHED && l->entries >= OPEN && begin(l);
}

bool vprec_opened_knows(vprec_loaded *l, uint64_t page)
{
    if (vprec_gap_closed(l, page))
        return false;
    bool knows = true;
    for (uint64_t at = page; at < page + PAGE && knows;) {
        uint64_t stop;
        const vprec_image *image = vprec_image_stretch(at, page + PAGE, &stop);
        knows = image || vprec_loaded_clean(l, at, stop);
        at = stop;
    }
    if (!knows && vprec_vec_add_u64(&l->closed, page))
        vprec_vec_sort_u64(&l->closed);
    return knows;
}

/* Memory that the program has given back is zero since. */
static bool is_dropped(const uint8_t *page)
{
    return !*page && !memcmp(page, page + 1, PAGE - 1);
}

static void restore(vprec_loaded *l, int protection)
{
    vprec_text_pages *t = &l->text;
    vprec_sys_mprotect((void *)t->lo, t->hi - t->lo, PROT_READ);
    for (uint64_t page = t->lo; page < t->hi; page += PAGE) {
        uint8_t **loaded = &t->loaded[(page - t->lo) / PAGE];
        *vprec_text_state(t, page) &= (uint8_t)~VPREC_PAGE_RUNS;
        if (*loaded && !is_dropped((const uint8_t *)page) &&
            !vprec_sys_mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE))
            memcpy((void *)page, *loaded, PAGE);
        *loaded = NULL;
    }
    vprec_sys_mprotect((void *)t->lo, t->hi - t->lo, protection);
}

void vprec_opened_end(vprec_loaded *l)
{
    const enum vprec_phase before = l->phase;
    if (before == VPREC_PHASE_CHANGES || !l->entries)
        return;
    l->phase = VPREC_PHASE_CHANGES;
    if (before == VPREC_PHASE_FRESH)
        return;
    const int protection = PROT_READ | (l->writes ? PROT_WRITE : 0);
    if (l->writes)
        atomic_fetch_sub(&vprec_opened_count, 1);
    if (before == VPREC_PHASE_OPEN) {
        restore(l, protection);
        for (size_t i = 0; i < l->images.count; i++)
            vprec_keep_uncount(l, VPREC_AT(l->images, vprec_image *, i));
        vprec_retired_add_all(l);
        l->closed.count = l->gaps.count = 0;
    } else if (l->writes) {
        vprec_sys_mprotect((void *)l->text.lo, l->text.hi - l->text.lo, protection);
    }
}

bool vprec_opened_written(vprec_loaded *l, uint64_t address)
{
    if (!l->generated || !l->writes)
        return false;
    if (l->phase == VPREC_PHASE_CHANGES) { /* another thread's write was quicker, unless the program itself took W */
        bool writes = false;
        return is_private(vprec_page_start(address), vprec_page_start(address) + PAGE, &writes) && writes;
    }
    const vprec_object_record **owner = is_rewriter(l->record) ? NULL : vprec_vec_add(&rewriters, 1);
    if (owner)
        *owner = l->record;
    vprec_opened_end(l);
    return true;
}
