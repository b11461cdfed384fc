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

void vprec_keep_look(vprec_keep *before, char *const *patterns, const char *out)
{
    *before = (vprec_keep){NULL, 0};
    for (; patterns && *patterns; patterns++) {
        glob_t found;
        if (glob(*patterns, GLOB_NOSORT, NULL, &found))
            continue;
        before->files = vprec_grow(before->files, before->count + found.gl_pathc, sizeof *before->files);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            vprec_keep_file *file = &before->files[before->count];
            if (!eligible(found.gl_pathv[i], out, &file->st))
                continue;
            file->path = vprec_text("%s", found.gl_pathv[i]);
            before->count++;
        }
        globfree(&found);
    }
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

/* Makes the directories above `path`, which lies below `base` bytes that exist. */
static bool make_parents(char *path, size_t base)
{
    for (char *slash = strchr(path + base, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool ok = !mkdir(path, 0777) || errno == EEXIST;
        *slash = '/';
        if (!ok)
            return false;
    }
    return true;
}

static bool copy_file(const char *path, const char *into, mode_t mode)
{
    char *target = vprec_text("%s/%s", into, path);
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), to = -1;
    bool ok = from >= 0 && make_parents(target, strlen(into) + 1) &&
              (to = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode & 0777)) >= 0 &&
              vprec_copy(from, to) && !fsync(to);
    int error = errno;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    if (!ok)
        vprec_say("cannot copy '%s' to '%s' (%s): free room there, or check the permissions", path, target,
                  strerror(error));
    free(target);
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
                 bool *matched)
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
    }
    json_decref(name);
    return ok;
}

bool vprec_keep_copy(const vprec_keep *before, char *const *patterns, const char *out, const char *into, json_t *files,
                     json_t *unmatched)
{
    bool ok = true;
    for (; ok && patterns && *patterns; patterns++) {
        glob_t found;
        bool matched = false;
        if (!glob(*patterns, 0, NULL, &found)) {
            for (size_t i = 0; ok && i < found.gl_pathc; i++)
                ok = take(before, found.gl_pathv[i], out, into, files, &matched);
            globfree(&found);
        }
        if (!matched)
            vprec_json_add(unmatched, vprec_json_text(*patterns));
    }
    return ok;
}

void vprec_keep_clean(const json_t *files)
{
    size_t i;
    json_t *file;
    json_array_foreach(files, i, file)
        if (json_is_true(json_object_get(file, "new")))
            unlink(json_string_value(json_object_get(file, "path")));
}

void vprec_keep_free(vprec_keep *before)
{
    for (size_t i = 0; i < before->count; i++)
        free(before->files[i].path);
    free(before->files);
    *before = (vprec_keep){NULL, 0};
}
