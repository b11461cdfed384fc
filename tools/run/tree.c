/* SPDX-License-Identifier: Apache-2.0
 * tree.c: see tree.h. */
#include "tree.h"
#include "common/say.h"
#include "sample/results.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool copy_link(const char *from, const char *to)
{
    char target[PATH_MAX], there[PATH_MAX];
    ssize_t n = readlink(from, target, sizeof target), m = readlink(to, there, sizeof there);
    if (n < 0 || n == (ssize_t)sizeof target)
        return false;
    if (m == n && !memcmp(target, there, (size_t)n))
        return true;
    target[n] = 0;
    return (!unlink(to) || errno == ENOENT) && !symlink(target, to);
}

static bool copy_file(const char *from, const char *to, mode_t mode)
{
    if (unlink(to) && errno != ENOENT)
        return false;
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = out >= 0 && vprec_copy(in, out) && !fchmod(out, mode & 07777);
    int error = errno;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    errno = error;
    return ok;
}

static bool copy_one(const char *from, const char *to)
{
    struct stat st;
    if (lstat(from, &st))
        return false;
    if (S_ISLNK(st.st_mode))
        return copy_link(from, to);
    if (S_ISREG(st.st_mode))
        return copy_file(from, to, st.st_mode);
    if (!S_ISDIR(st.st_mode)) /* a FIFO, or a socket, that somebody has made there */
        return mkfifo(to, st.st_mode & 07777) == 0;
    struct stat there;
    if (!lstat(to, &there) && S_ISLNK(there.st_mode))
        unlink(to);
    return (!mkdir(to, st.st_mode & 07777) || errno == EEXIST) && vprec_tree_copy(from, to);
}

/* `each` with every entry of `at`, as it is called there and in `other`. */
static bool walk(const char *at, const char *other, bool (*each)(const char *one, const char *two))
{
    DIR *list = opendir(at);
    bool ok = list;
    for (const struct dirent *entry; ok && (entry = readdir(list));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        char *one = vprec_text("%s/%s", at, entry->d_name), *two = vprec_text("%s/%s", other, entry->d_name);
        ok = each(one, two);
        free(two);
        free(one);
    }
    if (list)
        closedir(list);
    return ok;
}

/* The program has taken that link away. */
static bool drop_link(const char *to, const char *from)
{
    struct stat st;
    return lstat(to, &st) || !S_ISLNK(st.st_mode) || !lstat(from, &st) || !unlink(to);
}

bool vprec_tree_copy(const char *from, const char *to)
{
    return walk(from, to, copy_one) && walk(to, from, drop_link);
}
