/* SPDX-License-Identifier: Apache-2.0
 * bystanders.c: see bystanders.h. Of a thread that sleeps in a system call or elsewhere in the kernel,
 * /proc/self/task/N/syscall ends with its instruction pointer; of another one it says "running". */
#include "bystanders.h"
#include "clone/image.h"
#include "runtime/sys.h"
#include <dirent.h>
#include <sys/stat.h>

bool vprec_bystanders_any(void)
{
    enum { FOLDERS = 2 }; /* links of a folder that holds none */
    struct stat s;
    long failed = vprec_sys(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/task", (long)&s, 0, 0, 0);
    return failed || s.st_nlink != FOLDERS + 1;
}

/* The instruction pointer of a thread that sleeps. False: it does not. `*gone`: it has ended. */
static bool pointer_of(const char *thread, uint64_t *pointer, bool *gone)
{
    enum { FOLDER = 16 };
    char path[64] = "/proc/self/task/", text[256];
    size_t n = FOLDER;
    for (const char *c = thread; *c && n < 32; c++)
        path[n++] = *c;
    for (const char *c = "/syscall"; *c; c++)
        path[n++] = *c;
    int fd = vprec_sys_open(path, O_RDONLY | O_CLOEXEC);
    *gone = fd == -2 || fd == -3; /* ENOENT, ESRCH */
    if (fd < 0)
        return false;
    long got = vprec_sys_read(fd, text, sizeof text);
    vprec_sys_close(fd);
    *gone = got == -3;
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

/* Whether the thread is none that may stand there. */
static bool has_left(const char *name, vprec_vec *elsewhere)
{
    uint64_t number = number_of(name), pointer = 0;
    bool gone = false;
    if (!number || vprec_sorted_has(elsewhere, number))
        return true;
    if (number != (uint64_t)vprec_sys_gettid() && !pointer_of(name, &pointer, &gone))
        return gone;
    const vprec_image *image = vprec_image_of(pointer);
    if (image && vprec_image_patch_over(image, pointer))
        return false;
    if (vprec_vec_add_u64(elsewhere, number))
        vprec_vec_sort_u64(elsewhere);
    return true;
}

bool vprec_bystanders_left(vprec_vec *elsewhere)
{
    _Alignas(entry) static char entries[4096];
    int fd = vprec_sys_open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool left = true;
    long got;
    while ((got = vprec_sys(SYS_getdents64, fd, (long)entries, sizeof entries, 0, 0, 0)) > 0)
        for (long at = 0; at < got;) {
            const entry *e = (const void *)(entries + at);
            left &= has_left(e->name, elsewhere);
            at += e->size;
        }
    vprec_sys_close(fd);
    return left && !got;
}
