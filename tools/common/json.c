/* SPDX-License-Identifier: Apache-2.0
 * json.c: helpers above jansson. Knows nothing of what is written. */
#include "json.h"
#include "say.h"
#include "shortest.h"
#include "whole.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
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

json_t *vprec_json_real(double x)
{
    return isnan(x) ? json_null() : isinf(x) ? json_string(x > 0 ? "inf" : "-inf") : json_real(x);
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

/* A dump comes in pieces of a few bytes: a number, a quote, what stands between two of them. */
typedef struct dump {
    json_dump_callback_t put;
    void *data;
    bool quoted; /* within a string */
} dump;

/* Numbers that jansson has written in 17 digits, in the fewest that read back as them. */
static int put_shortest(const char *piece, size_t size, void *data)
{
    dump *d = data;
    char text[VPREC_SHORTEST_ROOM + 2], number[VPREC_SHORTEST_ROOM];
    if (size == 1 && *piece == '"')
        d->quoted = !d->quoted;
    bool real = !d->quoted && size < sizeof number && (*piece == '-' || (*piece >= '0' && *piece <= '9')) &&
                (memchr(piece, '.', size) || memchr(piece, 'e', size));
    if (!real)
        return d->put(piece, size, d->data);
    snprintf(number, sizeof number, "%.*s", (int)size, piece);
    vprec_shortest(text, strtod(number, NULL));
    if (!text[strcspn(text, ".e")]) /* as jansson marks a real number that is whole */
        snprintf(text + strlen(text), 3, ".0");
    return d->put(text, strlen(text), d->data);
}

static bool dump_to(const json_t *root, json_dump_callback_t put, void *data)
{
    dump d = {put, data, false};
    return !json_dump_callback(root, put_shortest, &d, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
}

/* What waits to be written. */
typedef struct waiting {
    int fd;
    size_t bytes;
    char text[1 << 14];
} waiting;

static int write_waiting(waiting *w)
{
    const size_t bytes = w->bytes;
    w->bytes = 0;
    return write_all(w->text, bytes, &w->fd);
}

static int wait_or_write(const char *buffer, size_t size, void *data)
{
    waiting *w = data;
    if (size > sizeof w->text - w->bytes && write_waiting(w))
        return -1;
    if (size > sizeof w->text)
        return write_all(buffer, size, &w->fd);
    memcpy(w->text + w->bytes, buffer, size);
    w->bytes += size;
    return 0;
}

bool vprec_json_write(const json_t *root, int fd)
{
    waiting w = {.fd = fd, .bytes = 0};
    return dump_to(root, wait_or_write, &w) && !wait_or_write("\n", 1, &w) && !write_waiting(&w);
}

/* Bytes in memory. */
typedef struct growing {
    char *text;
    size_t size, room;
} growing;

static int grow(const char *buffer, size_t size, void *data)
{
    growing *g = data;
    while (g->size + size + 1 > g->room)
        g->text = vprec_grow(g->text, g->room = 2 * g->room + 1024, 1);
    memcpy(g->text + g->size, buffer, size);
    g->size += size;
    g->text[g->size] = 0;
    return 0;
}

char *vprec_json_bytes(const json_t *root)
{
    growing g = {.text = NULL};
    vprec_json_must(dump_to(root, grow, &g) ? json_true() : NULL);
    grow("\n", 1, &g);
    return g.text;
}

/* Writes `root`, or where that is NULL the bytes, to a file of that name. */
static bool put(const char *path, const json_t *root, const char *bytes, size_t size, bool over)
{
    vprec_whole file;
    bool ok = vprec_whole_begin(&file, path) &&
              (root ? vprec_json_write(root, file.fd) : !write_all(bytes, size, &file.fd));
    return vprec_whole_end(&file, ok, over);
}

bool vprec_json_replace(const json_t *root, const char *path)
{
    return put(path, root, NULL, 0, true);
}

bool vprec_json_create(const json_t *root, const char *path)
{
    return put(path, root, NULL, 0, false);
}

bool vprec_bytes_replace(const char *bytes, size_t size, const char *path)
{
    return put(path, NULL, bytes, size, true);
}

bool vprec_bytes_create(const char *bytes, size_t size, const char *path)
{
    return put(path, NULL, bytes, size, false);
}

json_t *vprec_json_read(const char *path)
{
    return json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
}
