/* SPDX-License-Identifier: Apache-2.0
 * whole.c: files without a name, where the file system has them: nothing is left of one when we die. */
#include "whole.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A name beside `path` that is nobody's; to be freed. */
static char *name_beside(const char *path)
{
    static unsigned count;
    return vprec_text("%.*s" VPREC_WHOLE_PREFIX "%ld-%u", (int)(vprec_base(path) - path), path, (long)getpid(), count++);
}

bool vprec_whole_begin(vprec_whole *file, const char *path)
{
    char *folder = vprec_text("%.*s.", (int)(vprec_base(path) - path), path);
    *file = (vprec_whole){.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666), .path = vprec_text("%s", path)};
    free(folder);
    if (file->fd >= 0)
        return true;
    file->name = name_beside(path);
    file->fd = open(file->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file->fd >= 0)
        return true;
    int error = errno;
    free(file->name);
    file->name = NULL;
    errno = error;
    return false;
}

/* From one name to another that nobody has. */
static bool move(const char *from, const char *to)
{
    if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
        return true;
    if (errno != EINVAL || link(from, to)) /* EINVAL: a file system that does not know the flag */
        return false;
    unlink(from);
    return true;
}

static bool link_to(const vprec_whole *file, const char *name)
{
    char *self = vprec_text("/proc/self/fd/%d", file->fd);
    bool ok = !linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
    free(self);
    return ok;
}

static bool give_name(vprec_whole *file, bool over)
{
    if (!file->name) {
        if (link_to(file, file->path))
            return true;
        if (!over || errno != EEXIST)
            return false;
        char *name = name_beside(file->path);
        if (!link_to(file, name)) {
            free(name);
            return false;
        }
        file->name = name;
    }
    return over ? !rename(file->name, file->path) : move(file->name, file->path);
}

bool vprec_whole_end(vprec_whole *file, bool ok, bool over)
{
    ok = ok && !fsync(file->fd) && give_name(file, over);
    int error = errno;
    if (!ok && file->name)
        unlink(file->name);
    if (file->fd >= 0)
        close(file->fd);
    free(file->name);
    free(file->path);
    errno = error;
    return ok;
}
