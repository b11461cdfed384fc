/* SPDX-License-Identifier: Apache-2.0
 * returns.c: see returns.h. A table by the frame's address, which returns.S reads as well: no more can change here than
 * there. Entries go when the function returns, and only then: what is left in another way may be on a stack that somebody
 * comes back to. Else the place is used again for the same frame. */
#include "returns.h"
#include "runtime/sys.h"
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { PLACES = 1 << 16, NONE = 0, GONE = 1 /* no frame: others may lie behind it */ };

typedef struct kept {
    _Atomic uint64_t frame, back;
} kept;

_Static_assert(sizeof(kept) == 16 && PLACES == 1 << 16, "returns.S");

kept *_Atomic vprec_returns __attribute__((visibility("hidden"))); /* NULL: nothing was kept yet */

/* Made when it is needed; NULL: no memory. */
static kept *table(void)
{
    kept *now = atomic_load_explicit(&vprec_returns, memory_order_acquire);
    if (now)
        return now;
    void *made = vprec_sys_mmap(NULL, PLACES * sizeof *now, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    if (atomic_compare_exchange_strong(&vprec_returns, &now, made))
        return made;
    vprec_sys(SYS_munmap, (long)made, PLACES * sizeof *now, 0, 0, 0, 0); /* another thread was quicker */
    return now;
}

/* The frame's place or the first free one that `free_too` allows; NULL: there is none. */
static kept *find(uint64_t frame, bool free_too)
{
    kept *all = table();
    for (size_t i = 0; i < PLACES && all; i++) {
        kept *k = &all[(frame / sizeof *k + i) % PLACES];
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
