/* SPDX-License-Identifier: Apache-2.0
 * file.c: files that are read at any place. */
#include "file.h"
#include "common/say.h"
#include "tokens.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(const stats_file *file, const char *what)
{
    vprec_say("%s: cannot %s (%s)", file->name, what, strerror(errno));
    return false;
}

size_t stats_files_most(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return 64;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 128 ? limit.rlim_cur - 64 : 64;
}

bool stats_file_temporary(stats_file *file, const char *name)
{
    const char *directory = getenv("TMPDIR");
    *file = (stats_file){vprec_text("%s", name), -1, 0};
    if (!directory || !*directory)
        directory = "/tmp";
    file->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file->fd < 0) { /* not every file system has O_TMPFILE */
        char *path = vprec_text("%s/vprec-stats-XXXXXX", directory);
        file->fd = mkostemp(path, O_CLOEXEC);
        if (file->fd >= 0)
            unlink(path);
        free(path);
    }
    if (file->fd >= 0)
        return true;
    vprec_say("%s: no temporary file in %s (%s): set TMPDIR to a directory with room", name, directory,
              strerror(errno));
    stats_file_close(file);
    return false;
}

bool stats_file_append(stats_file *file, const void *from, size_t size)
{
    for (const char *at = from; size;) {
        ssize_t done = pwrite(file->fd, at, size, (off_t)file->size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            vprec_say("%s: cannot write the temporary file (%s): set TMPDIR to a directory with room", file->name,
                      done ? strerror(errno) : "no progress");
            return false;
        }
        at += done;
        size -= (size_t)done;
        file->size += (uint64_t)done;
    }
    return true;
}

/* What cannot be read twice goes to a temporary file. */
static bool spool(stats_file *file, int from)
{
    static char buffer[1 << 16];
    stats_file copy;
    bool ok = stats_file_temporary(&copy, file->name);
    for (ssize_t got; ok && (got = read(from, buffer, sizeof buffer)) != 0;) {
        if (got < 0 && errno == EINTR)
            continue;
        ok = got > 0 ? stats_file_append(&copy, buffer, (size_t)got) : cannot(file, "be read");
    }
    if (!ok) {
        if (copy.name)
            stats_file_close(&copy);
        return false;
    }
    free(file->name);
    *file = copy;
    return true;
}

bool stats_file_open(stats_file *file, const char *path)
{
    struct stat is;
    bool input = !strcmp(path, "-");
    *file = (stats_file){vprec_text("%s", input ? "standard input" : path), -1, 0};
    int fd = input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    bool ok = (fd >= 0 && !fstat(fd, &is)) || cannot(file, "open it");
    if (ok && S_ISDIR(is.st_mode)) {
        vprec_say("%s: a directory, where a file is expected", file->name);
        ok = false;
    } else if (ok && (input || !S_ISREG(is.st_mode) || !is.st_size)) { /* files of the system have no size */
        ok = spool(file, fd);
    } else if (ok) {
        file->fd = fd;
        file->size = (uint64_t)is.st_size;
        return true;
    }
    if (fd >= 0)
        close(fd);
    if (!ok)
        stats_file_close(file);
    return ok;
}

void stats_file_rest(stats_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

void stats_file_close(stats_file *file)
{
    stats_file_rest(file);
    free(file->name);
    *file = (stats_file){NULL, -1, 0};
}

bool stats_file_read(const stats_file *file, void *to, size_t size, uint64_t offset)
{
    int fd = file->fd >= 0 ? file->fd : open(file->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cannot(file, "open it again");
    bool ok = true;
    while (ok && size) {
        ssize_t got = pread(fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            ok = cannot(file, "read it");
        } else if (!got) {
            vprec_say("%s: it has become shorter while it was read", file->name);
            ok = false;
        } else {
            to = (char *)to + got;
            size -= (size_t)got;
            offset += (uint64_t)got;
        }
    }
    if (file->fd < 0)
        close(fd);
    return ok;
}

char *stats_file_text(const stats_file *file)
{
    char *text = malloc(file->size + 1);
    if (!text) {
        vprec_say("%s: no memory for its %llu bytes", file->name, (unsigned long long)file->size);
        return NULL;
    }
    if (!stats_file_read(file, text, file->size, 0)) {
        free(text);
        return NULL;
    }
    text[file->size] = 0;
    return text;
}

static const char *const endings[STATS_KINDS_COUNT] = {
#define STATS_KIND_ENTRY(id, name, ending) ending,
    STATS_KINDS(STATS_KIND_ENTRY)
#undef STATS_KIND_ENTRY
};
const char *const stats_kind_names[STATS_KINDS_COUNT] = {
#define STATS_KIND_ENTRY(id, name, ending) name,
    STATS_KINDS(STATS_KIND_ENTRY)
#undef STATS_KIND_ENTRY
};

stats_kind stats_file_kind(const stats_file *file)
{
    char head[4096];
    size_t length = strlen(file->name), size = file->size < sizeof head ? file->size : sizeof head;
    for (stats_kind kind = STATS_NPY; kind < STATS_KINDS_COUNT; kind++) {
        size_t ending = endings[kind] ? strlen(endings[kind]) : 0;
        if (ending && length > ending && !strcasecmp(file->name + length - ending, endings[kind]))
            return kind;
    }
    static const char *const lines[] = {".jsonl", ".ndjson"};
    for (size_t i = 0; i < 2; i++)
        if (length > strlen(lines[i]) && !strcasecmp(file->name + length - strlen(lines[i]), lines[i]))
            return STATS_JSON;
    if (!stats_file_read(file, head, size, 0))
        return STATS_AUTO;
    if (size >= 6 && !memcmp(head, "\x93NUMPY", 6))
        return STATS_NPY;
    if (size >= 4 && !memcmp(head, "PK\3\4", 4))
        return STATS_NPZ;
    if (memchr(head, 0, size))
        return STATS_BINARY;
    size_t at = size >= 3 && !memcmp(head, "\xEF\xBB\xBF", 3) ? 3 : 0; /* a byte order mark */
    while (at < size && (isspace((unsigned char)head[at]) || head[at] == '\036'))
        at++;
    if (at == size || head[at] != '{')
        return STATS_TEXT;
    /* What only looks like JSON, as Python's dictionaries do, is text. */
    char *text = stats_file_text(file);
    stats_kind kind = !text ? STATS_AUTO : stats_json_is(text, file->size) ? STATS_JSON : STATS_TEXT;
    free(text);
    return kind;
}
