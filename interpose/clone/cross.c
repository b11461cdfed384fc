/* SPDX-License-Identifier: Apache-2.0
 * cross.c: see cross.h. */
#include "cross.h"
#include "x86/emulate/enter.h"

static void make_good(const vprec_counted_site *s, bool more)
{
    uint64_t one = more ? 1 : UINT64_MAX;
    vprec_counts *counts = s->executed || !vprec_counters ? NULL : vprec_counters(s->counter, (vprec_type)s->type);
    if (s->executed)
        atomic_fetch_add_explicit(s->executed, one, memory_order_relaxed);
    else if (counts)
        atomic_fetch_add_explicit(&counts->ops[s->op], s->lanes * one, memory_order_relaxed);
}

const vprec_counted_run *vprec_runs_at(const vprec_image *image, uint64_t original)
{
    size_t behind = image->runs.count ? VPREC_UP_TO(image->runs, vprec_counted_run, start, original) : 0;
    const vprec_counted_run *run = behind ? &VPREC_AT(image->runs, vprec_counted_run, behind - 1) : NULL;
    return run && original < run->end ? run : NULL;
}

void vprec_runs_cross(const vprec_image *image, uint64_t original, bool past, bool arrives)
{
    const vprec_counted_run *run = vprec_runs_at(image, original);
    if (!run || (original == run->start && !(past && run->counted == original)))
        return;
    /* whether its counter has taken in the whole run */
    bool done = original > run->counted || (original == run->counted && past);
    for (uint32_t i = 0; i < run->sites; i++) {
        const vprec_counted_site *s = &VPREC_AT(image->run_sites, vprec_counted_site, run->first + i);
        if (done ? s->at >= original : s->at < original)
            make_good(s, done == arrives);
    }
}
