/* SPDX-License-Identifier: Apache-2.0
 * reach.c: see reach.h. Reads /proc/self/maps with plain system calls.
 *
 * Pools are reserved, and given out in parts: few mappings, and far from where the program has mapped and unmapped
 * something, as it may map something there again. */
#include "reach.h"
#include "runtime/memory.h"
#include "runtime/ranges.h"
#include "runtime/sys.h"
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define REACH ((UINT64_C(1) << 31) - (1 << 20))
#define LOWEST UINT64_C(0x10000)
#define HIGHEST ((UINT64_C(1) << 47) - (UINT64_C(1) << 21))
/* Above an object lies its heap, below the last one what the program maps next: room to grow. */
#define HEAP_ROOM (UINT64_C(256) << 20)
#define WIDE (UINT64_C(1) << 30) /* no hole that something has left */

typedef struct search {
    uint64_t lo, hi, bytes;
    uint64_t best, best_distance;
    bool found, wide;
} search;

/* Takes the place nearest to the object in the free range [start, end). */
static void consider(search *s, uint64_t start, uint64_t end)
{
    uint64_t lowest = s->hi > REACH ? s->hi - REACH : LOWEST;
    uint64_t highest = s->lo + REACH - s->bytes;
    if (s->bytes > REACH || s->lo + REACH < s->bytes || end < s->bytes || end - s->bytes < start)
        return;
    uint64_t first = start > lowest ? start : lowest, last = end - s->bytes < highest ? end - s->bytes : highest;
    first = vprec_page_end(first);
    last = vprec_page_start(last);
    if (first > last)
        return;
    uint64_t at;
    if (start >= s->hi) {
        at = s->hi + HEAP_ROOM > last ? last : s->hi + HEAP_ROOM > first ? s->hi + HEAP_ROOM : first;
    } else {
        at = last - first > HEAP_ROOM ? last - HEAP_ROOM : first;
    }
    if (at >> 32 != (at + s->bytes - 1) >> 32) { /* below the border */
        uint64_t border = (at + s->bytes - 1) & ~UINT64_C(0xFFFFFFFF);
        if (border >= s->bytes && border - s->bytes >= first)
            at = border - s->bytes;
        else if (border <= last)
            at = border;
        else
            return;
    }
    uint64_t distance = at > s->hi ? at - s->hi : s->lo > at ? s->lo - at : 0;
    bool wide = end - start >= WIDE;
    if (!s->found || wide > s->wide || (wide == s->wide && distance < s->best_distance)) {
        s->found = true;
        s->wide = wide;
        s->best = at;
        s->best_distance = distance;
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Walks the mappings in order; between two of them lies a free range. */
static bool walk(search *s)
{
    int fd = vprec_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    char buffer[4096];
    uint64_t number[2] = {0, 0}, last_end = LOWEST;
    int field = 0; /* 0 start, 1 end, 2 the rest of the line */
    long n;
    while ((n = vprec_sys_read(fd, buffer, sizeof buffer)) > 0)
        for (long i = 0; i < n; i++) {
            char c = buffer[i]; /* NOLINT(clang-analyzer-core.uninitialized.Assign): the system call sets it */
            if (c == '\n') {
                field = 0;
                number[0] = number[1] = 0;
            } else if (field < 2 && hex_digit(c) >= 0) {
                number[field] = number[field] << 4 | (uint64_t)hex_digit(c);
            } else if (field < 2 && ++field == 2 && number[1] <= HIGHEST) {
                if (number[0] > last_end)
                    consider(s, last_end, number[0]);
                if (number[1] > last_end)
                    last_end = number[1];
            }
        }
    vprec_sys_close(fd);
    if (last_end < HIGHEST)
        consider(s, last_end, HIGHEST);
    return true;
}

static void *reserve(const search *s)
{
    void *p = vprec_sys_mmap((void *)s->best, s->bytes, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (p == (void *)s->best)
        return p;
    if (p != MAP_FAILED)
        vprec_sys_munmap(p, s->bytes);
    return NULL;
}

/* Without /proc: asks for one place after the other, outward from the object. */
static void *feel(const search *wanted)
{
    enum { STEP = 1 << 20 };
    for (uint64_t away = STEP; away < REACH; away += STEP) {
        const uint64_t start[] = {wanted->lo - away - wanted->bytes, wanted->hi + HEAP_ROOM + away};
        for (int i = 0; i < 2; i++) {
            search s = *wanted;
            uint64_t at = vprec_page_start(start[i]);
            if (at >= LOWEST && at < HIGHEST)
                consider(&s, at, at + s.bytes);
            void *p = s.found ? reserve(&s) : NULL;
            if (p)
                return p;
        }
    }
    return NULL;
}

static void *reserve_near(uint64_t lo, uint64_t hi, size_t bytes)
{
    for (int attempt = 0; attempt < 8; attempt++) { /* another thread may map what was free */
        search s = {.lo = lo, .hi = hi, .bytes = vprec_page_end(bytes)};
        if (!walk(&s))
            return feel(&s);
        if (!s.found)
            return NULL;
        void *p = reserve(&s);
        if (p)
            return p;
    }
    return NULL;
}

static vprec_vec unused = {.size = sizeof(vprec_stretch)}; /* of the pools */
static size_t pool_count;

static void *take(uint64_t lo, uint64_t hi, size_t bytes)
{
    uint64_t lowest = hi > REACH ? hi - REACH : LOWEST;
    return (void *)vprec_ranges_take(&unused, lowest, lo + REACH, bytes);
}

void *vprec_reach_reserve(uint64_t lo, uint64_t hi, size_t bytes)
{
    enum { FIRST = 2 << 20, DOUBLINGS = 4 };
    bytes = vprec_page_end(bytes);
    void *p = take(lo, hi, bytes);
    if (p)
        return p;
    size_t size = (size_t)FIRST << (pool_count < DOUBLINGS ? pool_count : DOUBLINGS);
    uint64_t pool = size > bytes ? (uint64_t)reserve_near(lo, hi, size) : 0;
    if (!pool)
        return reserve_near(lo, hi, bytes);
    pool_count++;
    vprec_ranges_give(&unused, pool + bytes, pool + size); /* without memory to know it, it is never used */
    return (void *)pool;
}

void vprec_reach_release(void *at, size_t bytes)
{
    bytes = vprec_page_end(bytes);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    if (vprec_sys_mmap(at, bytes, PROT_NONE, flags, -1, 0) == at)
        vprec_ranges_give(&unused, (uint64_t)at, (uint64_t)at + bytes);
}
