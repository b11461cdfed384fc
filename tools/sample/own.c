/* SPDX-License-Identifier: Apache-2.0
 * own.c: removes what is ours, name by name, from directories that it opens one by one. */
#include "own.h"
#include "common/json.h"
#include "common/say.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, KEPT_MOST = 1000 };

/* The directory `below` of `top`, no part of it behind a link, nor above; -1 with errno set. */
static int open_below(const char *top, const char *below)
{
    char *copy = vprec_text("%s", below), *rest = copy;
    int directory = open(top, DIRECTORY);
    for (char *part; directory >= 0 && (part = strsep(&rest, "/"));) {
        errno = ENOENT;
        int next = strcmp(part, "..") ? openat(directory, part, DIRECTORY) : -1, error = errno;
        close(directory);
        directory = next;
        errno = error;
    }
    free(copy);
    return directory;
}

/* Its entries; the descriptor stays the caller's. */
static DIR *entries(int directory)
{
    int fd = openat(directory, ".", DIRECTORY);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (!list && fd >= 0)
        close(fd);
    return list;
}

static const char *next_name(DIR *list)
{
    const struct dirent *entry;
    while ((entry = readdir(list)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            return entry->d_name;
    return NULL;
}

bool vprec_own_vacant(const char *top, const char *below)
{
    char *path = vprec_text("%s/%s", top, below);
    int fd = open(path, DIRECTORY), error = errno;
    free(path);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    bool vacant = list ? !next_name(list) : fd < 0 && error == ENOENT;
    if (list)
        closedir(list);
    else if (fd >= 0)
        close(fd);
    return vacant;
}

bool vprec_own_remove(int directory, const char *name)
{
    struct stat st;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT;
    errno = EEXIST;
    return S_ISREG(st.st_mode) && !unlinkat(directory, name, 0);
}

/* Whether `name` is a link to HERE/name. */
static bool is_link_to(int directory, const char *name, const char *here)
{
    char target[PATH_MAX], *want = vprec_text("%s/%s", here, name);
    ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = 0;
    bool same = length > 0 && !strcmp(target, want);
    free(want);
    return same;
}

void vprec_own_unlink(int directory, const char *here)
{
    DIR *list = entries(directory);
    for (const char *name; list && (name = next_name(list));) {
        int below = -1;
        if (is_link_to(directory, name, here))
            unlinkat(directory, name, 0);
        else if ((below = openat(directory, name, DIRECTORY)) >= 0) {
            char *inner = vprec_text("%s/%s", here, name);
            vprec_own_unlink(below, inner);
            free(inner);
            close(below);
        }
    }
    if (list)
        closedir(list);
}

/* Goes through all that lies below: puts it into `found`, or takes away what is in `listed`. */
static void walk(int directory, const char *prefix, json_t *found, const json_t *listed)
{
    DIR *list = entries(directory);
    for (const char *name; list && (name = next_name(list));) {
        struct stat st;
        if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        bool folder = S_ISDIR(st.st_mode);
        char *path = vprec_text("%s%s%s", prefix, name, folder ? "/" : "");
        int below = folder ? openat(directory, name, DIRECTORY) : -1;
        if (below >= 0) {
            walk(below, path, found, listed);
            close(below);
        }
        json_t *text = vprec_json_must(vprec_json_text(path)), *bytes = json_integer(folder ? 0 : st.st_size);
        if (found) {
            json_t *entry = vprec_json_must(json_object());
            vprec_json_put(entry, "path", json_incref(text));
            vprec_json_put(entry, "bytes", json_incref(bytes));
            vprec_json_add(found, entry);
        } else if (json_equal(json_object_get(listed, json_string_value(text)), bytes)) {
            unlinkat(directory, name, folder ? AT_REMOVEDIR : 0);
        }
        json_decref(bytes);
        json_decref(text);
        free(path);
    }
    if (list)
        closedir(list);
}

json_t *vprec_own_list(const char *sample)
{
    json_t *found = vprec_json_must(json_array());
    int directory = open_below(sample, VPREC_OWN_FILES);
    if (directory >= 0) {
        walk(directory, "", found, NULL);
        close(directory);
    }
    return found;
}

/* What a record in the sample's directory lists: bytes by path. */
static void read_record(int directory, const char *name, json_t *listed)
{
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    json_t *record = fd < 0 ? NULL : json_loadfd(fd, 0, NULL), *entry;
    size_t i;
    json_array_foreach(json_object_get(record, "left"), i, entry)
    {
        const char *path = json_string_value(json_object_get(entry, "path"));
        if (path)
            json_object_set(listed, path, json_object_get(entry, "bytes"));
    }
    json_decref(record);
    if (fd >= 0)
        close(fd);
}

/* Away with files/; where something is left in it, under another name. */
static bool clear_files(int directory, const char *place, const json_t *listed, const char *here)
{
    int files = openat(directory, VPREC_OWN_FILES, DIRECTORY);
    if (files < 0)
        return errno == ENOENT;
    if (here)
        vprec_own_unlink(files, here);
    walk(files, "", NULL, listed);
    close(files);
    if (!unlinkat(directory, VPREC_OWN_FILES, AT_REMOVEDIR))
        return true;
    bool ok = errno == ENOTEMPTY || errno == EEXIST;
    for (int i = 1; ok && i < KEPT_MOST; i++) {
        char *name = i > 1 ? vprec_text(VPREC_OWN_FILES ".kept-%d", i) : vprec_text(VPREC_OWN_FILES ".kept");
        /* A directory takes the place of an empty one only. */
        bool moved = !renameat(directory, VPREC_OWN_FILES, directory, name);
        if (moved)
            vprec_say("'%s/" VPREC_OWN_FILES "' held what no record lists: it is in '%s/%s' now: remove it if it is of "
                      "no use", place, place, name);
        free(name);
        if (moved)
            return true;
    }
    return false;
}

bool vprec_own_clear_metric(int directory, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(name, "metric-", 7) || length < 12 || strcmp(name + length - 5, ".json"))
        return true;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    json_t *record = fd < 0 ? NULL : json_loadfd(fd, 0, NULL);
    const char *tool = json_string_value(json_object_get(record, "tool"));
    bool ok = true;
    if (tool && !strcmp(tool, vprec_command)) {
        char *out = vprec_text("%.*s.out", (int)length - 5, name), *err = vprec_text("%.*s.err", (int)length - 5, name);
        ok = vprec_own_remove(directory, out) && vprec_own_remove(directory, err) && vprec_own_remove(directory, name);
        free(err);
        free(out);
    }
    json_decref(record);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool clear_names(int directory)
{
    static const char *const names[] = {"stdout", "stderr", "report.json"};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof names / sizeof *names; i++)
        ok = vprec_own_remove(directory, names[i]);
    DIR *list = entries(directory);
    for (const char *name; ok && list && (name = next_name(list));)
        ok = vprec_own_clear_metric(directory, name);
    if (list)
        closedir(list);
    return ok;
}

bool vprec_own_clear(const char *top, const char *sample, const char *here)
{
    int directory = open_below(top, sample);
    if (directory < 0 && errno == ENOENT)
        return true;
    char *place = vprec_text("%s/%s", top, sample);
    json_t *listed = vprec_json_must(json_object());
    bool ok = directory >= 0;
    if (ok) {
        /* From here on it is unfinished, whatever happens to us. */
        read_record(directory, VPREC_OWN_UNFINISHED, listed);
        read_record(directory, VPREC_OWN_STATUS, listed);
        ok = (!renameat(directory, VPREC_OWN_STATUS, directory, VPREC_OWN_UNFINISHED) || errno == ENOENT) &&
             clear_files(directory, place, listed, here) && clear_names(directory) &&
             vprec_own_remove(directory, VPREC_OWN_UNFINISHED);
    }
    if (!ok && (errno == EEXIST || errno == ENOTDIR || errno == ELOOP || errno == EISDIR))
        vprec_say("something in '%s' is not as %s left it (%s): move it away, or name another --out", place,
                  vprec_command, strerror(errno));
    else if (!ok)
        vprec_say("cannot take away what is in '%s' (%s): check its permissions, or name another --out", place,
                  strerror(errno));
    else
        rmdir(place); /* stays where there is something else in it */
    if (directory >= 0)
        close(directory);
    json_decref(listed);
    free(place);
    return ok;
}
