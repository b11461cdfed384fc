/* SPDX-License-Identifier: Apache-2.0
 * ranges.c: see ranges.h. */
#include "ranges.h"

static void drop(vprec_vec *ranges, size_t place)
{
    vprec_stretch *all = ranges->data;
    for (size_t i = place + 1; i < ranges->count; i++)
        all[i - 1] = all[i];
    ranges->count--;
}

bool vprec_ranges_give(vprec_vec *ranges, uint64_t start, uint64_t end)
{
    size_t place = VPREC_BELOW(*ranges, vprec_stretch, start, start);
    vprec_stretch *all = ranges->data, *before = place ? &all[place - 1] : NULL;
    vprec_stretch *behind = place < ranges->count ? &all[place] : NULL;
    bool joins = before && before->end == start, joined = behind && behind->start == end;
    if (start >= end)
        return true;
    if (joins)
        before->end = joined ? behind->end : end;
    else if (joined)
        behind->start = start;
    if (joins && joined)
        drop(ranges, place);
    if (joins || joined)
        return true;
    vprec_stretch *added = vprec_vec_insert(ranges, place);
    if (added)
        *added = (vprec_stretch){start, end};
    return added;
}

uint64_t vprec_ranges_take(vprec_vec *ranges, uint64_t lo, uint64_t hi, uint64_t bytes)
{
    for (size_t i = 0; i < ranges->count; i++) {
        vprec_stretch *r = &VPREC_AT(*ranges, vprec_stretch, i), was = *r;
        uint64_t start = was.start > lo ? was.start : lo, end = was.end < hi ? was.end : hi;
        if (start >= end || end - start < bytes)
            continue;
        if (start > was.start && start + bytes < was.end) { /* out of the middle */
            vprec_stretch *rest = vprec_vec_insert(ranges, i + 1);
            if (!rest)
                return 0;
            *rest = (vprec_stretch){start + bytes, was.end};
            VPREC_AT(*ranges, vprec_stretch, i).end = start;
        } else if (start > was.start) {
            r->end = start;
        } else if (start + bytes < was.end) {
            r->start = start + bytes;
        } else {
            drop(ranges, i);
        }
        return start;
    }
    return 0;
}
