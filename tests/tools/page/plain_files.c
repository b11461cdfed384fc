/* SPDX-License-Identifier: Apache-2.0
 * plain_files.c: preloaded, it makes all file systems such as have no files without a name (O_TMPFILE), as NFS; with
 * PLAIN_FILES=2 in the environment such as do not know RENAME_NOREPLACE either. */
#undef _FILE_OFFSET_BITS /* which would call open() open64() */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int plain_open(const char *path, int flags, mode_t mode)
{
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define PLAIN_OPEN(name)                                                                                               \
    int name(const char *path, int flags, ...);                                                                        \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;                                        \
        va_end(list);                                                                                                  \
        return plain_open(path, flags, mode);                                                                          \
    }
PLAIN_OPEN(open)
PLAIN_OPEN(open64)

int renameat2(int from, const char *old, int to, const char *new, unsigned flags);
int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    const char *how = getenv("PLAIN_FILES");
    if (flags && how && *how == '2') {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}
