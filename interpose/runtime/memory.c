/* SPDX-License-Identifier: Apache-2.0
 * memory.c: see memory.h.
 *
 * Pages lie one behind the other in a stretch of addresses of their own, below all that the kernel chooses by itself: a
 * program may map something over what it believes to be free, where it has unmapped something before, and meets nothing
 * of ours. Nothing is reserved there, and neighbours are one mapping. */
#include "memory.h"
#include "sys.h"
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

/* Pages that were given back and are kept: a unit of translation takes some twenty pieces of memory and gives them
 * back at its end, and a pair of system calls for each was a tenth of what vprec cost a program at start. A piece lies in
 * the list of its number of pages; `busy` is tried, never waited for: who comes meanwhile asks the kernel. */
#ifndef VPREC_PAGES_KEPT /* 0 in a test that counts what is given back */
#define VPREC_PAGES_KEPT 256
#endif
enum { PAGE = 4096, LONGEST = 64, MOST_KEPT = VPREC_PAGES_KEPT };

static struct {
    atomic_flag busy;
    uint32_t pages;
    struct kept {
        struct kept *next;
    } * first[LONGEST + 1];
} kept = {.busy = ATOMIC_FLAG_INIT};

static void *take_kept(size_t pages)
{
    struct kept *piece = NULL;
    if (pages > LONGEST || atomic_flag_test_and_set_explicit(&kept.busy, memory_order_acquire))
        return NULL;
    if ((piece = kept.first[pages])) {
        kept.first[pages] = piece->next;
        kept.pages -= (uint32_t)pages;
    }
    atomic_flag_clear_explicit(&kept.busy, memory_order_release);
    return piece;
}

static bool keep(void *at, size_t pages)
{
    struct kept *piece = at;
    bool room;
    if (pages > LONGEST || atomic_flag_test_and_set_explicit(&kept.busy, memory_order_acquire))
        return false;
    if ((room = kept.pages + pages <= MOST_KEPT)) {
        piece->next = kept.first[pages];
        kept.first[pages] = piece;
        kept.pages += (uint32_t)pages;
    }
    atomic_flag_clear_explicit(&kept.busy, memory_order_release);
    return room;
}

#define STRETCH UINT64_C(0x7E8000000000) /* among what sanitizers leave to programs, too */
#define STRETCH_BYTES (UINT64_C(1) << 38)

static _Atomic uint64_t top; /* where the next pages lie */

/* Somewhere in the first half, as the library itself is. */
static void begin(void)
{
    uint64_t none = 0, at = STRETCH + vprec_page_start((uint64_t)&top * UINT64_C(0x9E3779B97F4A7C15) >> 27);
    atomic_compare_exchange_strong(&top, &none, at);
}

void *vprec_pages_map(size_t bytes, int protection, int flags, int fd)
{
    enum { ATTEMPTS = 4, STEP = 1 << 30 };
    for (int i = 0; i < ATTEMPTS; i++) {
        if (!atomic_load_explicit(&top, memory_order_relaxed))
            begin();
        uint64_t at = atomic_fetch_add(&top, vprec_page_end(bytes));
        if (at + bytes > STRETCH + STRETCH_BYTES)
            break;
        void *p = vprec_sys_mmap((void *)at, bytes, protection, flags | MAP_FIXED_NOREPLACE, fd, 0);
        if (p != MAP_FAILED)
            return p;
        atomic_fetch_add(&top, STEP); /* something of the program's lies there, or there is no more memory */
    }
    void *p = vprec_sys_mmap(NULL, bytes, protection, flags, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

void vprec_pages_unmap(void *pages, size_t bytes)
{
    uint64_t end = (uint64_t)pages + vprec_page_end(bytes);
    vprec_sys_munmap(pages, vprec_page_end(bytes));
    atomic_compare_exchange_strong(&top, &end, (uint64_t)pages);
}

static void *map(size_t bytes)
{
    return vprec_pages_map(vprec_page_end(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void *vprec_pages(size_t bytes)
{
    void *p = take_kept(vprec_page_end(bytes) / PAGE);
    return p ? memset(p, 0, vprec_page_end(bytes)) : map(bytes);
}

void vprec_pages_free(void *pages, size_t bytes)
{
    if (pages && !keep(pages, vprec_page_end(bytes) / PAGE))
        vprec_sys_munmap(pages, vprec_page_end(bytes));
}

/* Room for `room` elements: the first `count` stay, the others hold anything. */
static bool grow(vprec_vec *vec, size_t room)
{
    size_t from = vec->room * vec->size, to = room * vec->size;
    void *data = take_kept(vprec_page_end(to) / PAGE);
    if (!data && !(data = map(to)))
        return false;
    if (vec->data)
        memcpy(data, vec->data, vec->count * vec->size);
    vprec_pages_free(vec->data, from);
    vec->data = data;
    vec->room = room;
    return true;
}

void *vprec_vec_add(vprec_vec *vec, size_t n)
{
    if (vec->count + n > vec->room) {
        size_t room = vec->room ? vec->room * 2 : vec->size < PAGE ? PAGE / vec->size : 1;
        while (room < vec->count + n)
            room *= 2;
        if (!grow(vec, room))
            return NULL;
    }
    char *first = (char *)vec->data + vec->count * vec->size;
    memset(first, 0, n * vec->size);
    vec->count += n;
    return first;
}

void *vprec_vec_insert(vprec_vec *vec, size_t place)
{
    if (!vprec_vec_add(vec, 1))
        return NULL;
    char *at = (char *)vec->data + place * vec->size;
    memmove(at + vec->size, at, (vec->count - 1 - place) * vec->size);
    memset(at, 0, vec->size);
    return at;
}

void vprec_vec_free(vprec_vec *vec)
{
    vprec_pages_free(vec->data, vec->room * vec->size);
    vec->data = NULL;
    vec->count = vec->room = 0;
}

typedef struct vprec_heap_block {
    struct vprec_heap_block *next;
    size_t size, used;
} block;

void *vprec_heap_take(vprec_heap *heap, size_t bytes)
{
    enum { FIRST = 4 << 10, BLOCK = 64 << 10, HEAD = VPREC_HEAP_LINE };
    bytes = (bytes + 15) & ~(size_t)15;
    block *b = heap->blocks;
    if (!b || b->size - b->used < bytes) {
        size_t least = b ? BLOCK : FIRST, size = vprec_page_end(bytes + HEAD > least ? bytes + HEAD : least);
        block *made = vprec_pages(size);
        if (!made)
            return NULL;
        *made = (block){.size = size, .used = HEAD};
        heap->bytes += size;
        if (b && size - HEAD - bytes < b->size - b->used) { /* the older one has more left */
            made->next = b->next;
            b->next = made;
        } else {
            made->next = b;
            heap->blocks = made;
        }
        b = made;
    }
    void *taken = (char *)b + b->used;
    b->used += bytes;
    return taken;
}

void vprec_heap_free(vprec_heap *heap)
{
    while (heap->blocks) {
        block *b = heap->blocks;
        heap->blocks = b->next;
        vprec_pages_free(b, b->size);
    }
    heap->bytes = 0;
}

/* Bottom-up radix sort by bytes: no recursion, no libc qsort (it may malloc). */
void vprec_vec_sort_u64(vprec_vec *vec)
{
    size_t n = vec->count;
    if (n < 2)
        return;
    uint64_t *from = vec->data, *to = vprec_pages(n * sizeof *to), *spare = to;
    uint64_t differ = 0;
    for (size_t i = 1; i < n; i++)
        differ |= from[i] ^ from[0];
    if (!to) { /* without memory: in place, slowly */
        for (size_t i = 1; i < n; i++)
            for (size_t j = i; j && from[j - 1] > from[j]; j--) {
                uint64_t t = from[j];
                from[j] = from[j - 1], from[j - 1] = t;
            }
    } else {
        for (int shift = 0; shift < 64; shift += 8) {
            if (!((differ >> shift) & 255))
                continue;
            size_t at[257] = {0};
            for (size_t i = 0; i < n; i++)
                at[((from[i] >> shift) & 255) + 1]++;
            for (int b = 0; b < 256; b++)
                at[b + 1] += at[b];
            for (size_t i = 0; i < n; i++)
                to[at[(from[i] >> shift) & 255]++] = from[i];
            uint64_t *t = from;
            from = to, to = t;
        }
        if (from != vec->data)
            memcpy(vec->data, from, n * sizeof *from);
        vprec_pages_free(spare, n * sizeof *spare);
        from = vec->data;
    }
    size_t kept = 1;
    for (size_t i = 1; i < n; i++)
        if (from[i] != from[kept - 1])
            from[kept++] = from[i];
    vec->count = kept;
}
