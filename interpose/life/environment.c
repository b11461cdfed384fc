/* SPDX-License-Identifier: Apache-2.0
 * environment.c: see environment.h. Who started the process has put our variables last (wire.h), so that nothing of the
 * program's need move:
 *
 *     argc | argv | NULL | envp | LD_PRELOAD, VPREC_WIRE | NULL | auxiliary vector
 *     argc | argv | NULL | envp | NULL | AT_IGNORE, 0           | auxiliary vector
 *
 * but they may also come by way of a static program, and then be anywhere. */
#include "environment.h"
#include "runtime/sys.h"
#include <elf.h>
#include <string.h>
#include <sys/prctl.h>

#define PRELOAD VPREC_ENVIRONMENT_PRELOAD
#define WIRE VPREC_ENVIRONMENT_WIRE

/* Index of the last variable that begins so; `count`: there is none. */
static size_t last(char **envp, size_t count, const char *name)
{
    for (size_t i = count; i--;)
        if (!strncmp(envp[i], name, strlen(name)))
            return i;
    return count;
}

bool vprec_environment_find(char **envp, size_t length, vprec_variables *found)
{
    size_t count = 0;
    if (!envp)
        return false;
    while (envp[count])
        count++;
    *found = (vprec_variables){.envp = envp, .count = count, .preload = last(envp, count, PRELOAD),
                               .wire = last(envp, count, WIRE), .length = length};
    if (found->preload == count || found->wire == count)
        return false;
    found->list = envp[found->preload] + strlen(PRELOAD);
    return length && strlen(found->list) >= length && (!found->list[length] || found->list[length] == ':');
}

/* The numbers of /proc/self/stat from the first one behind the name on, which is the third field; how many. */
static int read_stat(uint64_t *number, int most)
{
    char text[2048];
    int fd = vprec_sys_open("/proc/self/stat", O_RDONLY | O_CLOEXEC), n = 0;
    long got = fd < 0 ? 0 : vprec_sys_read(fd, text, sizeof text - 1);
    if (fd >= 0)
        vprec_sys_close(fd);
    text[got > 0 ? got : 0] = 0;
    const char *name = strrchr(text, ')');
    for (const char *at = name ? name : ""; n < most && (at = strchr(at, ' ')); n++) {
        number[n] = 0;
        for (at++; *at >= '0' && *at <= '9'; at++)
            number[n] = number[n] * 10 + (uint64_t)(*at - '0');
    }
    return n;
}

/* Tells the kernel where the environment ends that /proc shows. Without the privilege to say just that, all that it
 * could be told along with it is told as it is. */
static void set_end(uint64_t end)
{
    enum { FIRST = 3, CODE = 26, STACK = 28, DATA = 45, BREAK = 47, ARGUMENTS = 48, ENVIRONMENT = 50, LAST = 51 };
    uint64_t field[LAST + 1];
    if (!vprec_sys(SYS_prctl, PR_SET_MM, PR_SET_MM_ENV_END, (long)end, 0, 0, 0) ||
        read_stat(field + FIRST, LAST - FIRST + 1) != LAST - FIRST + 1)
        return;
    struct prctl_mm_map map = {
        .start_code = field[CODE], .end_code = field[CODE + 1], .start_data = field[DATA], .end_data = field[DATA + 1],
        .start_brk = field[BREAK], .brk = (uint64_t)vprec_sys(SYS_brk, 0, 0, 0, 0, 0, 0), .start_stack = field[STACK],
        .arg_start = field[ARGUMENTS], .arg_end = field[ARGUMENTS + 1], .env_start = field[ENVIRONMENT], .env_end = end,
        .exe_fd = (uint32_t)-1};
    vprec_sys(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, (long)&map, sizeof map, 0, 0);
}

static void take_out(char **envp, size_t *count, size_t i)
{
    memset(envp[i], 0, strlen(envp[i]));
    for (; i < *count; i++)
        envp[i] = envp[i + 1];
    --*count;
}

void vprec_environment_hide(const vprec_variables *ours)
{
    char **envp = ours->envp;
    size_t count = ours->count, preload = ours->preload, wire = ours->wire;
    char *first = envp[preload];
    bool own = last(envp, preload, PRELOAD) != preload; /* the program's is there beside ours */
    if (ours->list[ours->length] && !own) {
        /* The program's is within ours: its name goes before the rest. */
        char *rest = ours->list + ours->length + 1 - strlen(PRELOAD);
        memmove(rest, envp[preload], strlen(PRELOAD));
        memset(envp[preload], 0, (size_t)(rest - envp[preload]));
        envp[preload] = rest;
        take_out(envp, &count, wire);
        return;
    }
    bool ends = preload + 2 == count && wire + 1 == count && first < envp[wire];
    take_out(envp, &count, preload > wire ? preload : wire);
    take_out(envp, &count, preload > wire ? wire : preload);
    envp[count + 1] = (char *)AT_IGNORE; /* some look for the auxiliary vector behind the environment */
    if (ends)
        set_end((uint64_t)first);
}
