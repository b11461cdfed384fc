/* SPDX-License-Identifier: Apache-2.0
 * descriptors.c: a program that closes all it has inherited, before it executes
 * another, means no harm to the run's shared file: close_range and closefrom
 * leave it open. One that closes that very number gets what it asks for. */
#include "runtime/share.h"
#include "runtime/sys.h"
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>

#define PUBLIC __attribute__((visibility("default")))

static long close_some(unsigned first, unsigned last, int flags)
{
    return first > last ? 0 : vprec_sys(SYS_close_range, first, last, flags, 0, 0, 0);
}

static long close_others(unsigned first, unsigned last, int flags)
{
    int ours = first < last ? vprec_share_descriptor() : -1;
    unsigned number = (unsigned)ours;
    if (ours < 0 || number < first || number > last)
        return vprec_sys(SYS_close_range, first, last, flags, 0, 0, 0);
    long result = number == first ? 0 : close_some(first, number - 1, flags);
    return result ? result : close_some(number + 1, last, flags);
}

PUBLIC int close_range(unsigned first, unsigned last, int flags)
{
    long result = close_others(first, last, flags);
    if (!vprec_sys_failed(result))
        return 0;
    errno = (int)-result;
    return -1;
}

/* As the C library does it where the kernel is older than 5.9: one by one, up to the limit. */
PUBLIC void closefrom(int low)
{
    unsigned first = low < 0 ? 0 : (unsigned)low;
    if (!vprec_sys_failed(close_others(first, UINT_MAX, 0)))
        return;
    struct rlimit limit = {0, 0};
    vprec_sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit, 0, 0);
    int ours = vprec_share_descriptor();
    for (unsigned fd = first; fd < limit.rlim_cur; fd++)
        if ((int)fd != ours)
            vprec_sys_close((int)fd);
}
