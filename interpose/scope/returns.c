/* SPDX-License-Identifier: Apache-2.0
 * returns.c: see returns.h. A table by the frame's address, which returns.S reads as well: no more can change here than
 * there. Who puts an entry in is who takes it out again, or a thread that came back elsewhere for him. */
#include "returns.h"
#include <stdatomic.h>
#include <stddef.h>

enum { PLACES = 1 << 16, NONE = 0, GONE = 1 /* no frame: others may lie behind it */ };

typedef struct kept {
    _Atomic uint64_t frame, back;
} kept;

_Static_assert(sizeof(kept) == 16 && PLACES == 1 << 16, "returns.S");

kept vprec_returns[PLACES] __attribute__((visibility("hidden")));

/* The frame's place or the first free one that `free_too` allows; NULL: there is none. */
static kept *find(uint64_t frame, bool free_too)
{
    for (size_t i = 0; i < PLACES; i++) {
        kept *k = &vprec_returns[(frame / sizeof *k + i) % PLACES];
        const uint64_t now = atomic_load_explicit(&k->frame, memory_order_relaxed);
        if (now == frame || (free_too && now <= GONE))
            return k;
        if (now == NONE)
            return NULL;
    }
    return NULL;
}

bool vprec_returns_keep(const void *frame, uint64_t back)
{
    kept *k = NULL;
    bool mine = false;
    while (!mine && (k = find((uint64_t)frame, true))) {
        uint64_t now = atomic_load_explicit(&k->frame, memory_order_relaxed);
        mine = now == (uint64_t)frame ||
               (now <= GONE && atomic_compare_exchange_strong(&k->frame, &now, (uint64_t)frame));
    }
    if (k)
        atomic_store_explicit(&k->back, back, memory_order_relaxed);
    return k;
}

uint64_t vprec_returns_take(const void *frame)
{
    kept *k = find((uint64_t)frame, false);
    const uint64_t back = k ? atomic_load_explicit(&k->back, memory_order_relaxed) : 0;
    if (k)
        atomic_store_explicit(&k->frame, GONE, memory_order_relaxed);
    return back;
}
