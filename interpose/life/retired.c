/* SPDX-License-Identifier: Apache-2.0
 * retired.c: see retired.h. Return addresses on stacks are original ones, so that a thread is in a clone only if its
 * instruction pointer is, or in what a clone has called, all of which is this library's. The kernel tells where a
 * waiting thread stands. What was outside once does not come back: each thread is looked at until it was seen there. */
#include "retired.h"
#include "bystanders.h"
#include "guest.h"
#include "runtime/sys.h"
#include <link.h>

/* This library's code lies between that and its _DYNAMIC. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

typedef struct retired {
    vprec_loaded *owner;
    vprec_image *image;
} retired;

/* Those that wait for the next round, and those of this one. */
static vprec_vec waiting = {.size = sizeof(retired)}, leaving = {.size = sizeof(retired)};
static size_t waiting_bytes;
static vprec_vec threads = {.size = sizeof(uint64_t)}; /* that were not seen outside yet */

static void free_all(vprec_vec *images)
{
    for (size_t i = 0; i < images->count; i++) {
        retired r = VPREC_AT(*images, retired, i);
        vprec_loaded_drop(r.owner, r.image);
    }
    images->count = 0;
}

/* Whether a thread is seen outside of all clones, or has ended. */
static bool is_outside(uint64_t thread)
{
    uint64_t at;
    bool gone;
    if (!vprec_bystander_at(thread, &at, &gone))
        return gone;
    return !vprec_image_of_clone(at) && (at < (uint64_t)__ehdr_start || at >= (uint64_t)_DYNAMIC);
}

/* Frees what no thread can stand in, once it is worth it. */
static void collect(void)
{
    enum { MOST = 1 << 20 };
    if (atomic_load(&vprec_guests_inside)) /* a signal's handler will return to a clone */
        return;
    if (!leaving.count && waiting_bytes > MOST && vprec_bystanders_list(&threads)) {
        vprec_vec empty = leaving;
        leaving = waiting;
        waiting = empty;
        waiting_bytes = 0;
    }
    if (!leaving.count)
        return;
    uint64_t own = (uint64_t)vprec_sys_gettid();
    size_t kept = 0;
    for (size_t i = 0; i < threads.count; i++) {
        uint64_t thread = VPREC_AT(threads, uint64_t, i);
        if (thread != own && !is_outside(thread))
            VPREC_AT(threads, uint64_t, kept++) = thread;
    }
    threads.count = kept;
    if (!kept)
        free_all(&leaving);
}

void vprec_retired_add(vprec_loaded *owner, const vprec_image *image)
{
    vprec_image **all = owner->images.data;
    vprec_image_retire(image);
    for (size_t i = 0; i < owner->images.count; i++) {
        if (all[i] != image)
            continue;
        retired *r = vprec_vec_add(&waiting, 1);
        if (!r)
            return; /* it goes with its owner */
        *r = (retired){owner, all[i]};
        waiting_bytes += image->code_end - image->code + image->heap.bytes;
        all[i] = all[--owner->images.count];
        break;
    }
    collect();
}

void vprec_retired_add_all(vprec_loaded *owner)
{
    for (size_t i = owner->images.count; i-- > 0;)
        vprec_retired_add(owner, VPREC_AT(owner->images, vprec_image *, i));
}

void vprec_retired_drop(vprec_loaded *owner)
{
    vprec_vec *lists[] = {&waiting, &leaving};
    for (unsigned v = 0; v < 2; v++) {
        size_t kept = 0;
        for (size_t i = 0; i < lists[v]->count; i++) {
            retired r = VPREC_AT(*lists[v], retired, i);
            if (r.owner == owner)
                vprec_loaded_drop(owner, r.image);
            else
                VPREC_AT(*lists[v], retired, kept++) = r;
        }
        lists[v]->count = kept;
    }
}
