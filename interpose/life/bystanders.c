/* SPDX-License-Identifier: Apache-2.0
 * bystanders.c: see bystanders.h. Of a thread that sleeps in a system call or elsewhere in the kernel,
 * /proc/self/task/N/syscall ends with its instruction pointer; of another one it says "running". */
#include "bystanders.h"
#include "clone/image.h"
#include "runtime/decimal.h"
#include "runtime/sys.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

bool vprec_bystanders_any(void)
{
    enum { FOLDERS = 2 }; /* links of a folder that holds none */
    struct stat s;
    long failed = vprec_sys(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/task", (long)&s, 0, 0, 0);
    return failed || s.st_nlink != FOLDERS + 1;
}

bool vprec_bystander_at(uint64_t thread, uint64_t *pointer, bool *gone)
{
    static const char behind[] = "/syscall";
    char path[64] = "/proc/self/task/", text[256];
    memcpy(vprec_decimal(path + strlen(path), thread), behind, sizeof behind);
    int fd = vprec_sys_open(path, O_RDONLY | O_CLOEXEC);
    *gone = fd == -ENOENT || fd == -ESRCH;
    if (fd < 0)
        return false;
    long got = vprec_sys_read(fd, text, sizeof text);
    vprec_sys_close(fd);
    *gone = got == -ESRCH;
    long at = got;
    while (at > 0 && text[at - 1] != 'x')
        at--;
    if (at <= 0)
        return false;
    for (*pointer = 0; at < got && text[at] != '\n'; at++)
        *pointer = *pointer << 4 | (uint64_t)(text[at] <= '9' ? text[at] - '0' : (text[at] & 7) + 9);
    return true;
}

typedef struct entry { /* linux_dirent64 */
    uint64_t inode, offset;
    uint16_t size;
    uint8_t type;
    char name[];
} entry;

static uint64_t number_of(const char *text)
{
    uint64_t n = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        n = 10 * n + (uint64_t)(*text - '0');
    return n;
}

bool vprec_bystanders_list(vprec_vec *threads)
{
    _Alignas(entry) static char entries[4096];
    uint64_t own = (uint64_t)vprec_sys_gettid();
    int fd = vprec_sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool all = true;
    long got;
    threads->count = 0;
    while (all && (got = vprec_sys(SYS_getdents64, fd, (long)entries, sizeof entries, 0, 0, 0)) > 0)
        for (long at = 0; at < got;) {
            const entry *e = (const void *)(entries + at);
            uint64_t thread = number_of(e->name);
            all &= !thread || thread == own || vprec_vec_add_u64(threads, thread);
            at += e->size;
        }
    vprec_sys_close(fd);
    return all && !got;
}

static void add(vprec_vec *elsewhere, uint64_t thread)
{
    if (!vprec_sorted_has(elsewhere, thread) && vprec_vec_add_u64(elsewhere, thread))
        vprec_vec_sort_u64(elsewhere);
}

/* Whether the thread is none that may stand there. */
static bool has_left(uint64_t thread, vprec_vec *elsewhere)
{
    uint64_t pointer;
    bool gone;
    if (vprec_sorted_has(elsewhere, thread))
        return true;
    if (!vprec_bystander_at(thread, &pointer, &gone))
        return gone;
    const vprec_image *image = vprec_image_of(pointer);
    if (image && vprec_image_patch_over(image, pointer))
        return false;
    add(elsewhere, thread);
    return true;
}

bool vprec_bystanders_left(vprec_vec *elsewhere)
{
    static vprec_vec threads = {.size = sizeof(uint64_t)};
    if (!vprec_bystanders_list(&threads))
        return false;
    bool left = true;
    for (size_t i = 0; i < threads.count; i++)
        left &= has_left(VPREC_AT(threads, uint64_t, i), elsewhere);
    add(elsewhere, (uint64_t)vprec_sys_gettid());
    return left;
}
