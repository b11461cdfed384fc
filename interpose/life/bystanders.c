/* SPDX-License-Identifier: Apache-2.0
 * bystanders.c: see bystanders.h. Of a thread that sleeps in a system call or elsewhere in the kernel,
 * /proc/self/task/N/syscall ends with its instruction pointer; of another one it says "running", and /proc/self/task/N/stat
 * how long it has computed. */
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

static void task_path(char path[64], uint64_t thread, const char *file)
{
    static const char task[] = "/proc/self/task/";
    memcpy(path, task, sizeof task);
    memcpy(vprec_decimal(path + sizeof task - 1, thread), file, strlen(file) + 1);
}

bool vprec_bystander_at(uint64_t thread, uint64_t *pointer, bool *gone)
{
    char path[64], text[256];
    task_path(path, thread, "/syscall");
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

/* The thread's; NULL: no memory. */
static vprec_bystander *known(vprec_vec *seen, uint64_t thread)
{
    size_t place = VPREC_BELOW(*seen, vprec_bystander, thread, thread);
    if (place < seen->count && VPREC_AT(*seen, vprec_bystander, place).thread == thread)
        return &VPREC_AT(*seen, vprec_bystander, place);
    vprec_bystander *b = vprec_vec_insert(seen, place);
    if (b)
        *b = (vprec_bystander){.thread = thread};
    return b;
}

/* Numbers of /proc/self/task/N/stat, which count from behind the name in parentheses. */
static bool read_times(uint64_t thread, vprec_bystander *now)
{
    enum { MINOR = 7, MAJOR = 9, USER = 11, KERNEL = 12, NUMBERS };
    char path[64], text[512];
    task_path(path, thread, "/stat");
    int fd = vprec_sys_open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    long got = vprec_sys_read(fd, text, sizeof text - 1), at = got;
    vprec_sys_close(fd);
    if (got <= 0)
        return false;
    text[got] = 0;
    while (at > 0 && text[at - 1] != ')')
        at--;
    uint64_t number[NUMBERS] = {0};
    unsigned i = 0;
    for (; at < got && i < NUMBERS; at++)
        if (text[at] == ' ')
            number[i++] = number_of(text + at + 1);
    *now = (vprec_bystander){thread, false, true, number[USER], number[KERNEL], number[MINOR] + number[MAJOR]};
    return i == NUMBERS;
}

/* Whether a thread that computes has certainly executed some instructions since it was looked at first: clock ticks have
 * found it in the program, none in the kernel, and no fault has kept it where it was. Else that counts from now on. */
static bool has_gone_on(vprec_bystander *b)
{
    enum { TICKS = 3 };
    vprec_bystander now;
    if (!read_times(b->thread, &now))
        return false;
    if (b->noted && now.kernel == b->kernel && now.faults == b->faults)
        return now.user - b->user >= TICKS;
    *b = now;
    return false;
}

/* Whether the thread is none that may stand there. */
static bool has_left(uint64_t thread, vprec_vec *seen)
{
    uint64_t pointer;
    bool gone;
    vprec_bystander *b = known(seen, thread);
    if (!b || b->elsewhere)
        return b;
    if (!vprec_bystander_at(thread, &pointer, &gone)) {
        b->elsewhere = gone || has_gone_on(b);
        return b->elsewhere;
    }
    const vprec_image *image = vprec_image_of(pointer);
    b->elsewhere = !image || !vprec_image_patch_over(image, pointer);
    return b->elsewhere;
}

bool vprec_bystanders_left(vprec_vec *seen)
{
    static vprec_vec threads = {.size = sizeof(uint64_t)};
    if (!vprec_bystanders_list(&threads))
        return false;
    bool left = true;
    for (size_t i = 0; i < threads.count; i++)
        left &= has_left(VPREC_AT(threads, uint64_t, i), seen);
    vprec_bystander *own = known(seen, (uint64_t)vprec_sys_gettid());
    if (own)
        own->elsewhere = true;
    return left;
}
