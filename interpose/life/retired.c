/* SPDX-License-Identifier: Apache-2.0
 * retired.c: see retired.h. Return addresses on stacks are original ones, so that a thread is in a clone only if its
 * instruction pointer is, or in what a clone has called, all of which is this library's. The kernel tells where a
 * waiting thread stands. What was outside once does not come back: each thread is looked at until it was seen there. */
#include "retired.h"
#include "guest.h"
#include "runtime/decimal.h"
#include "runtime/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

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

static uint64_t hex(const char *text)
{
    uint64_t n = 0;
    for (; *text && *text != '\n'; text++)
        n = n << 4 | (uint64_t)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
    return n;
}

/* Whether a thread is seen outside of all clones, or has ended. */
static bool is_outside(uint64_t thread)
{
    static const char behind[] = "/syscall";
    char path[64] = "/proc/self/task/", text[256];
    memcpy(vprec_decimal(path + strlen(path), thread), behind, sizeof behind);
    int fd = vprec_sys_open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fd == -ENOENT;
    long n = vprec_sys_read(fd, text, sizeof text - 1);
    vprec_sys_close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *last = strrchr(text, ' ');
    if (n <= 0 || !last || strncmp(last, " 0x", 3) != 0)
        return n == -ESRCH; /* else it runs, or the kernel does not tell */
    uint64_t at = hex(last + 3);
    return !vprec_image_of_clone(at) && (at < (uint64_t)__ehdr_start || at >= (uint64_t)_DYNAMIC);
}

/* All threads but this one. False: they cannot be listed. */
static bool list_threads(void)
{
    struct entry { /* what the kernel writes */
        uint64_t inode;
        int64_t offset;
        uint16_t length;
        uint8_t type;
        char name[];
    };
    char buffer[1024] __attribute__((aligned(8)));
    uint64_t own = (uint64_t)vprec_sys_gettid();
    int fd = vprec_sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    threads.count = 0;
    bool all = true;
    long n;
    while (all && (n = vprec_sys(SYS_getdents64, fd, (long)buffer, sizeof buffer, 0, 0, 0)) > 0)
        for (long i = 0; i < n;) {
            const struct entry *e = (const struct entry *)(const void *)(buffer + i);
            uint64_t id = 0;
            for (const char *c = e->name; *c >= '0' && *c <= '9'; c++)
                id = id * 10 + (uint64_t)(*c - '0');
            all &= !id || id == own || vprec_vec_add_u64(&threads, id);
            i += e->length;
        }
    vprec_sys_close(fd);
    return all && !n;
}

/* Frees what no thread can stand in, once it is worth it. */
static void collect(void)
{
    enum { MOST = 1 << 20 };
    if (atomic_load(&vprec_guests_inside)) /* a signal's handler will return to a clone */
        return;
    if (!leaving.count && waiting_bytes > MOST && list_threads()) {
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
