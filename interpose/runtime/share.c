/* SPDX-License-Identifier: Apache-2.0
 * share.c: see share.h. More of a file can be mapped without a descriptor: mremap
 * with an old size of 0 makes a second view of a shared mapping, which may be
 * longer than the first; what is not wanted of it is unmapped. */
#include "share.h"
#include "decimal.h"
#include "memory.h"
#include "sys.h"
#include <fcntl.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

vprec_wire *vprec_wire_shared;

/* What of the file is mapped. Entries are never taken back. They come in blocks of a page, made when they are needed:
 * most processes need a few of them, and what lies ready would count as data of every one (RLIMIT_DATA). */
typedef struct view {
    char *_Atomic at; /* written last; NULL: not yet */
    uint64_t offset, bytes;
} view;

enum { BLOCK = 4096 / sizeof(view), VIEWS = 48 * BLOCK };
static view *_Atomic blocks[VIEWS / BLOCK];
static _Atomic uint32_t views_used;
static _Atomic uint64_t taken;

static uint64_t pages(uint64_t bytes)
{
    return (bytes + VPREC_WIRE_PAGE - 1) & ~(uint64_t)(VPREC_WIRE_PAGE - 1);
}

static uint32_t views_count(void)
{
    uint32_t n = atomic_load(&views_used);
    return n < VIEWS ? n : VIEWS;
}

/* Entry i; NULL: its block is not there. */
static view *view_at(uint32_t i)
{
    view *block = atomic_load_explicit(&blocks[i / BLOCK], memory_order_acquire);
    return block ? &block[i % BLOCK] : NULL;
}

static view *view_made(uint32_t i)
{
    view *there = view_at(i), *none = NULL;
    if (there)
        return there;
    view *block = vprec_pages(BLOCK * sizeof *block);
    if (block && !atomic_compare_exchange_strong(&blocks[i / BLOCK], &none, block))
        vprec_pages_free(block, BLOCK * sizeof *block);
    return view_at(i);
}

static bool remember(char *at, uint64_t offset, uint64_t bytes)
{
    uint32_t i = atomic_fetch_add(&views_used, 1);
    if (i >= VIEWS) {
        atomic_store(&views_used, VIEWS);
        return false;
    }
    view *v = view_made(i);
    if (!v)
        return false;
    v->offset = offset;
    v->bytes = bytes;
    atomic_store_explicit(&v->at, at, memory_order_release);
    return true;
}

static void unmap(char *at, uint64_t bytes)
{
    vprec_sys(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0);
}

/* Maps `bytes` from `offset`, both whole pages, seen from the nearest page below that is mapped already. */
static char *map(uint64_t offset, uint64_t bytes)
{
    const char *from = (const char *)vprec_wire_shared;
    uint64_t nearest = 0;
    for (uint32_t i = views_count(); i--;) {
        const view *v = view_at(i);
        const char *at = v ? atomic_load_explicit(&v->at, memory_order_acquire) : NULL;
        if (!at || v->offset > offset)
            continue;
        uint64_t last = v->offset + v->bytes - VPREC_WIRE_PAGE;
        if (last > offset)
            last = offset;
        if (last > nearest) {
            nearest = last;
            from = at + (last - v->offset);
        }
    }
    uint64_t skip = offset - nearest;
    char *place = vprec_pages_map(skip + bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    long all = place ? vprec_sys(SYS_mremap, (long)from, 0, (long)(skip + bytes), MREMAP_MAYMOVE | MREMAP_FIXED,
                                 (long)place, 0)
                     : -1;
    if (vprec_sys_failed(all)) {
        if (place)
            vprec_pages_unmap(place, skip + bytes);
        return NULL;
    }
    if (skip)
        unmap((char *)all, skip);
    return (char *)all + skip;
}

/* Has the kernel find memory now: later it could only kill. Before Linux 5.14 it cannot be asked. */
static bool populate(char *at, uint64_t bytes)
{
    enum { NO_SUCH_ADVICE = -22 };
    long result = vprec_sys(SYS_madvise, (long)at, (long)bytes, MADV_POPULATE_WRITE, 0, 0, 0);
    return !vprec_sys_failed(result) || result == NO_SUCH_ADVICE;
}

vprec_chunk *vprec_share_take(size_t bytes)
{
    vprec_wire *wire = vprec_wire_shared;
    uint64_t size = pages(bytes + sizeof(vprec_chunk)), at = atomic_load(&wire->used);
    for (;;) {
        if (size < bytes || at > wire->capacity || size > wire->capacity - at || views_count() == VIEWS ||
            !view_made(views_count()))
            return NULL;
        /* Mapped before it is ours, so that what cannot be mapped is not taken. */
        char *view = map(at, size);
        if (!view)
            return NULL;
        if (!populate(view, size)) {
            unmap(view, size);
            return NULL;
        }
        if (atomic_compare_exchange_strong(&wire->used, &at, at + size)) {
            vprec_chunk *chunk = (vprec_chunk *)(void *)view;
            chunk->offset = at;
            chunk->size = size;
            atomic_store(&chunk->used, (sizeof *chunk + 15) & ~(uint64_t)15);
            chunk->magic = VPREC_CHUNK_MAGIC;
            atomic_fetch_add(&taken, size);
            return remember(view, at, size) ? chunk : NULL;
        }
        unmap(view, size);
    }
}

uint64_t vprec_share_taken(void)
{
    return atomic_load(&taken);
}

void *vprec_share_at(uint64_t offset, size_t bytes)
{
    if (offset > vprec_wire_shared->capacity || bytes > vprec_wire_shared->capacity - offset)
        return NULL;
    for (uint32_t i = views_count(); i--;) {
        const view *v = view_at(i);
        char *at = v ? atomic_load_explicit(&v->at, memory_order_acquire) : NULL;
        if (at && offset >= v->offset && offset - v->offset <= v->bytes && bytes <= v->bytes - (offset - v->offset))
            return at + (offset - v->offset);
    }
    uint64_t start = offset & ~(uint64_t)(VPREC_WIRE_PAGE - 1), size = pages(offset - start + bytes);
    char *at = map(start, size);
    if (at && remember(at, start, size))
        return at + (offset - start);
    if (at)
        unmap(at, size);
    return NULL;
}

vprec_meter *vprec_share_meter(void)
{
    vprec_wire *wire = vprec_wire_shared;
    uint32_t number = atomic_load(&wire->meters);
    for (;;) {
        if (number >= wire->meters_most || views_count() == VIEWS)
            return NULL;
        uint64_t offset = wire->capacity + (uint64_t)number * VPREC_METER_BYTES;
        char *at = map(offset, VPREC_METER_BYTES);
        if (!at)
            return NULL;
        if (atomic_compare_exchange_strong(&wire->meters, &number, number + 1)) {
            remember(at, offset, VPREC_METER_BYTES);
            return (vprec_meter *)(void *)at;
        }
        unmap(at, VPREC_METER_BYTES);
    }
}

uint64_t vprec_share_offset(const void *address)
{
    for (uint32_t i = views_count(); i--;) {
        const view *v = view_at(i);
        const char *at = v ? atomic_load_explicit(&v->at, memory_order_acquire) : NULL;
        uint64_t inside = (uint64_t)address - (uint64_t)at;
        if (at && inside < v->bytes)
            return v->offset + inside;
    }
    return 0;
}

static uint64_t place[VPREC_WIRE_PLACES]; /* what the environment said */

static bool read_place(const char *text)
{
    for (int i = 0; i < VPREC_WIRE_PLACES; i++) {
        if (*text < '0' || *text > '9')
            return false;
        for (place[i] = 0; *text >= '0' && *text <= '9'; text++)
            place[i] = place[i] * 10 + (uint64_t)(*text - '0');
        if (*text++ != (i == VPREC_WIRE_PLACES - 1 ? 0 : ':'))
            return false;
    }
    return true;
}

/* Whether `fd` is the file of the run; its number may be another file's by now. */
static bool is_shared(int fd, struct stat *st)
{
    return !vprec_sys_failed(vprec_sys(SYS_fstat, fd, (long)st, 0, 0, 0, 0)) &&
           st->st_dev == place[VPREC_WIRE_DEVICE] && st->st_ino == place[VPREC_WIRE_INODE];
}

int vprec_share_descriptor(void)
{
    struct stat st;
    int fd = (int)place[VPREC_WIRE_DESCRIPTOR];
    return vprec_wire_shared && is_shared(fd, &st) ? fd : -1;
}

static bool attach(int fd)
{
    struct stat st;
    if (!is_shared(fd, &st) || (uint64_t)st.st_size < VPREC_WIRE_HEAD)
        return false;
    long at = vprec_sys(SYS_mmap, 0, VPREC_WIRE_HEAD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (vprec_sys_failed(at))
        return false;
    vprec_wire *wire = (void *)at;
    if (wire->magic != VPREC_WIRE_MAGIC || wire->capacity > (uint64_t)st.st_size) {
        unmap((char *)wire, VPREC_WIRE_HEAD);
        return false;
    }
    vprec_wire_shared = wire;
    if (wire->meters_most) { /* from here the others are seen, when there may be no descriptor */
        long first = vprec_sys(SYS_mmap, 0, VPREC_WIRE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (long)wire->capacity);
        if (!vprec_sys_failed(first))
            remember((char *)first, wire->capacity, VPREC_WIRE_PAGE);
    }
    return remember((char *)wire, 0, VPREC_WIRE_HEAD);
}

static bool write_all(int fd, const char *from, uint64_t bytes, uint64_t offset)
{
    while (bytes) {
        long n = vprec_sys(SYS_pwrite64, fd, (long)from, (long)bytes, (long)offset, 0, 0);
        if (n <= 0)
            return false;
        from += n, offset += (uint64_t)n, bytes -= (uint64_t)n;
    }
    return true;
}

/* What the header of `to` has of the other: what was counted so far. */
static void carry(vprec_wire *to, vprec_wire *from)
{
    atomic_store(&to->meters, atomic_load(&from->meters));
    atomic_store(&to->used, atomic_load(&from->used));
    atomic_store(&to->dropped, atomic_load(&from->dropped));
    atomic_store(&to->images, atomic_load(&from->images));
    atomic_store(&to->firsts, atomic_load(&from->firsts));
    for (uint32_t i = 0; i < from->config.rules && i < to->config.rules; i++) {
        atomic_store(&to->config.rule[i].hits, atomic_load(&from->config.rule[i].hits));
        atomic_store(&to->config.rule[i].idle, atomic_load(&from->config.rule[i].idle));
    }
}

bool vprec_share_move(int fd, const uint64_t there[VPREC_WIRE_PLACES])
{
    vprec_wire *from = vprec_wire_shared;
    const uint64_t head = pages(from->recipe ? from->recipe + from->recipe_bytes : VPREC_WIRE_HEAD);
    const uint64_t used = atomic_load(&from->used);
    const char *records = used > head ? vprec_share_at(head, used - head) : NULL;
    long at = vprec_sys(SYS_mmap, 0, VPREC_WIRE_HEAD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if ((used > head && !records) || vprec_sys_failed(at))
        return false;
    vprec_wire *to = (vprec_wire *)at;
    const uint64_t taken_there = pages(to->recipe ? to->recipe + to->recipe_bytes : VPREC_WIRE_HEAD);
    bool ok = to->magic == VPREC_WIRE_MAGIC && to->capacity == from->capacity && taken_there <= head &&
              to->meters_most == from->meters_most && !atomic_load(&from->meters) && (used == head || write_all(fd, records, used - head, head));
    if (ok)
        carry(to, from);
    vprec_sys(SYS_munmap, at, VPREC_WIRE_HEAD, 0, 0, 0, 0);
    for (uint32_t i = 0; i < views_count() && ok; i++) {
        const view *v = view_at(i);
        char *mapped = v ? atomic_load_explicit(&v->at, memory_order_acquire) : NULL;
        ok = !mapped || vprec_sys(SYS_mmap, (long)mapped, (long)v->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                                  fd, (long)v->offset) == (long)mapped;
    }
    for (int i = VPREC_WIRE_OWNER; i < VPREC_WIRE_VIA; i++)
        place[i] = there[i];
    const int number = (int)place[VPREC_WIRE_DESCRIPTOR];
    if (number != VPREC_WIRE_NO_DESCRIPTOR)
        ok = ok && !vprec_sys_failed(vprec_sys(SYS_dup3, fd, number, O_CLOEXEC, 0, 0, 0));
    return ok;
}

uint64_t vprec_share_place(enum vprec_wire_place which)
{
    return place[which];
}

/* The file, by way of vprec-run, which has it open. */
static int open_owned(void)
{
    static const char proc[] = "/proc/", fd_directory[] = "/fd/";
    char path[64], *end = path;
    memcpy(end, proc, sizeof proc - 1);
    end = vprec_decimal(end + sizeof proc - 1, place[VPREC_WIRE_OWNER]);
    memcpy(end, fd_directory, sizeof fd_directory - 1);
    end = vprec_decimal(end + sizeof fd_directory - 1, place[VPREC_WIRE_OWNED]);
    *end = 0;
    /* O_NONBLOCK: should it be another process by now, and its file a FIFO. */
    return (int)vprec_sys(SYS_open, (long)path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0, 0, 0, 0);
}

void vprec_share_hand_on(void)
{
    struct stat st;
    int number = (int)place[VPREC_WIRE_DESCRIPTOR], fd;
    if (!vprec_wire_shared || number == VPREC_WIRE_NO_DESCRIPTOR)
        return;
    if (is_shared(number, &st)) {
        vprec_sys(SYS_fcntl, number, F_SETFD, 0, 0, 0, 0);
    } else if (vprec_sys_failed(vprec_sys(SYS_fcntl, number, F_GETFD, 0, 0, 0, 0)) && (fd = open_owned()) >= 0) {
        if (is_shared(fd, &st) && fd != number)
            vprec_sys(SYS_dup2, fd, number, 0, 0, 0, 0);
        if (fd != number)
            vprec_sys_close(fd);
        else
            vprec_sys(SYS_fcntl, fd, F_SETFD, 0, 0, 0, 0);
    }
}

bool vprec_share_open(const char *text)
{
    if (!read_place(text))
        return false;
    if (attach((int)place[VPREC_WIRE_DESCRIPTOR]))
        return true;
    int fd = open_owned();
    if (fd < 0)
        return false;
    bool attached = attach(fd);
    vprec_sys_close(fd);
    return attached;
}
