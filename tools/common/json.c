/* SPDX-License-Identifier: Apache-2.0
 * json.c: helpers above jansson. Knows nothing of what is written. */
#include "json.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

json_t *vprec_json_must(json_t *value)
{
    if (!value) {
        vprec_say("out of memory for the report: free some, or raise the limit (ulimit -v)");
        exit(vprec_failure);
    }
    return value;
}

void vprec_json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, vprec_json_must(value)))
        vprec_json_must(NULL);
}

void vprec_json_add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, vprec_json_must(value)))
        vprec_json_must(NULL);
}

json_t *vprec_json_text(const char *bytes)
{
    json_t *string = json_string(bytes);
    if (string)
        return string;
    char *escaped = vprec_alloc(strlen(bytes) * 4 + 1, 1), *out = escaped;
    for (; *bytes; bytes++)
        out += sprintf(out, (unsigned char)*bytes < 0x80 ? "%c" : "\\x%02x", (unsigned char)*bytes);
    string = json_string(escaped);
    free(escaped);
    return string;
}

json_t *vprec_json_strings(char *const *list)
{
    json_t *array = vprec_json_must(json_array());
    for (; *list; list++)
        vprec_json_add(array, vprec_json_text(*list));
    return array;
}

json_t *vprec_json_seed(uint64_t seed)
{
    char decimal[24];
    snprintf(decimal, sizeof decimal, "%" PRIu64, seed);
    return json_string(decimal);
}

json_t *vprec_json_number(uint64_t n)
{
    return n <= INT64_MAX ? json_integer((json_int_t)n) : vprec_json_seed(n);
}

static int write_all(const char *buffer, size_t size, void *data)
{
    for (ssize_t done; size; buffer += done, size -= (size_t)done)
        while ((done = write(*(int *)data, buffer, size)) < 0)
            if (errno != EINTR)
                return -1;
    return 0;
}

bool vprec_json_write(const json_t *root, int fd)
{
    return !json_dump_callback(root, write_all, &fd, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) &&
           !write_all("\n", 1, &fd);
}

/* Puts `root`, or where that is NULL the bytes, in the place of the file. */
static bool replace(const char *path, const json_t *root, const char *bytes, size_t size)
{
    char *partial = vprec_text("%s.tmp", path);
    int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && (root ? vprec_json_write(root, fd) : !write_all(bytes, size, &fd)) && !fsync(fd);
    int error = errno;
    if (fd >= 0 && close(fd) && ok) {
        error = errno;
        ok = false;
    }
    if (ok && rename(partial, path)) {
        error = errno;
        ok = false;
    }
    if (!ok)
        unlink(partial);
    free(partial);
    errno = error;
    return ok;
}

bool vprec_json_replace(const json_t *root, const char *path)
{
    return replace(path, root, NULL, 0);
}

bool vprec_bytes_replace(const char *bytes, size_t size, const char *path)
{
    return replace(path, NULL, bytes, size);
}

json_t *vprec_json_read(const char *path)
{
    return json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
}
