/* SPDX-License-Identifier: Apache-2.0
 * keep.c: files that samples write below the working directory. Only one
 * sample at a time may run there. */
#include "keep.h"
#include "common/json.h"
#include "common/say.h"
#include "results.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct vprec_keep_file {
    char *path;
    struct stat st;
};

/* Whether `path` is a regular file outside `out`. */
static bool eligible(const char *path, const char *out, struct stat *st)
{
    if (stat(path, st) || !S_ISREG(st->st_mode))
        return false;
    char *real = realpath(path, NULL);
    size_t length = strlen(out);
    bool inside = real && !strncmp(real, out, length) && real[length] == '/';
    free(real);
    return !inside;
}

static void add(vprec_keep *keep, const char *path, const struct stat *st)
{
    keep->files = vprec_grow(keep->files, keep->count + 1, sizeof *keep->files);
    keep->files[keep->count++] = (vprec_keep_file){vprec_text("%s", path), *st};
}

/* What the pattern matches, to be freed with globfree where it is true in *any. False, having said why: then it is not
 * known what is there, and so not what is new. */
static bool match(const char *pattern, int flags, glob_t *found, bool *any)
{
    int error = glob(pattern, flags, NULL, found);
    *any = !error;
    if (!error || error == GLOB_NOMATCH)
        return true;
    vprec_say("cannot look for --keep '%s' (%s): check the permissions, or name another pattern", pattern,
              error == GLOB_NOSPACE ? "out of memory" : strerror(errno));
    return false;
}

bool vprec_keep_look(vprec_keep *before, char *const *patterns, const char *out)
{
    *before = (vprec_keep){NULL, 0};
    for (; patterns && *patterns; patterns++) {
        glob_t found;
        bool any;
        if (!match(*patterns, GLOB_NOSORT, &found, &any))
            return false;
        for (size_t i = 0; any && i < found.gl_pathc; i++) {
            struct stat st;
            /* A name that leads nowhere yet, or to no file, is the user's all the same. */
            if (!eligible(found.gl_pathv[i], out, &st))
                st = (struct stat){0};
            add(before, found.gl_pathv[i], &st);
        }
        if (any)
            globfree(&found);
    }
    return true;
}

static const struct stat *known(const vprec_keep *before, const char *path)
{
    for (size_t i = 0; i < before->count; i++)
        if (!strcmp(before->files[i].path, path))
            return &before->files[i].st;
    return NULL;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* The change time cannot be set back by the program, unlike the modification time. */
static bool unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

/* Opens the directory of `into` that `path` is in, made if need be, no part of it behind a link; -1 with errno. */
static int open_parent(const char *into, const char *path)
{
    int directory = open(into, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char *copy = vprec_text("%s", path), *part = copy;
    for (char *slash; directory >= 0 && (slash = strchr(part, '/')); part = slash + 1) {
        *slash = 0;
        if (!*part)
            continue;
        int next = !mkdirat(directory, part, 0777) || errno == EEXIST
                       ? openat(directory, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                       : -1;
        int error = errno;
        close(directory);
        directory = next;
        errno = error;
    }
    free(copy);
    return directory;
}

static bool copy_file(const char *path, const char *into, mode_t mode)
{
    int directory = open_parent(into, path), to = -1;
    int from = directory < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (from >= 0)
        to = openat(directory, vprec_base(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
    bool ok = to >= 0 && vprec_copy(from, to) && !fsync(to);
    int error = errno;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    if (to >= 0 && !ok) /* half of it is of no use, and takes room */
        unlinkat(directory, vprec_base(path), 0);
    if (directory >= 0)
        close(directory);
    if (!ok)
        vprec_say("cannot copy '%s' to '%s/%s' (%s): free room there, or check the permissions", path, into, path,
                  strerror(error));
    return ok;
}

static bool listed(const json_t *files, const char *path)
{
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
        if (!strcmp(json_string_value(json_object_get(file, "path")), path))
            return true;
    return false;
}

/* One file that a pattern names; `*matched` is set where a sample wrote it. */
static bool take(const vprec_keep *before, const char *path, const char *out, const char *into, json_t *files,
                 vprec_keep *taken, bool *matched)
{
    struct stat st;
    const struct stat *then = known(before, path);
    if (!eligible(path, out, &st) || (then && unchanged(then, &st)))
        return true;
    *matched = true;
    json_t *name = vprec_json_must(vprec_json_text(path));
    bool ok = listed(files, json_string_value(name)) || copy_file(path, into, st.st_mode);
    if (ok && !listed(files, json_string_value(name))) {
        json_t *file = vprec_json_must(json_object());
        vprec_json_put(file, "path", json_incref(name));
        vprec_json_put(file, "bytes", json_integer((json_int_t)st.st_size));
        vprec_json_put(file, "new", json_boolean(!then));
        vprec_json_add(files, file);
        if (!then)
            add(taken, path, &st);
    }
    json_decref(name);
    return ok;
}

/* Takes the copies away again: without a record of them nobody knew later whose they are. */
static void undo(const char *into, const json_t *files)
{
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
    {
        const char *path = json_string_value(json_object_get(file, "path"));
        int directory = open_parent(into, path);
        if (directory < 0)
            continue;
        unlinkat(directory, vprec_base(path), 0);
        close(directory);
    }
}

bool vprec_keep_copy(const vprec_keep *before, char *const *patterns, const char *out, const char *into, json_t *files,
                     vprec_keep *taken, json_t *unmatched)
{
    bool ok = true;
    for (; ok && patterns && *patterns; patterns++) {
        glob_t found;
        bool matched = false, any;
        ok = match(*patterns, 0, &found, &any);
        for (size_t i = 0; ok && any && i < found.gl_pathc; i++)
            ok = take(before, found.gl_pathv[i], out, into, files, taken, &matched);
        if (any)
            globfree(&found);
        if (!matched)
            vprec_json_add(unmatched, vprec_json_text(*patterns));
    }
    if (!ok)
        undo(into, files);
    return ok;
}

void vprec_keep_clean(const vprec_keep *taken)
{
    for (size_t i = 0; i < taken->count; i++) {
        struct stat st;
        if (!stat(taken->files[i].path, &st) && unchanged(&taken->files[i].st, &st))
            unlink(taken->files[i].path);
    }
}

void vprec_keep_free(vprec_keep *keep)
{
    for (size_t i = 0; i < keep->count; i++)
        free(keep->files[i].path);
    free(keep->files);
    *keep = (vprec_keep){NULL, 0};
}
