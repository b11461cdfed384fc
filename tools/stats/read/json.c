/* SPDX-License-Identifier: Apache-2.0
 * json.c: numbers and labels of JSON documents, by their paths: of one, or of several behind one another (JSON Lines).
 */
#include "common/json.h"
#include "common/say.h"
#include "piece.h"
#include "tokens.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MOST = 1 << 14 };

/* ---- What the text says and JSON does not: NaN, infinities, digits ---- */

/* Of each value that is no array and no object, in their order: the bits of a number's digits, or one of these. */
enum { VALUE_OTHER = 0, VALUE_NAN = 100, VALUE_INFINITE = 101, VALUE_BELOW = 102 };
typedef struct values {
    unsigned char *list;
    size_t count, room;
} values;

static void value_add(values *v, int what)
{
    if (v->count == v->room) {
        v->room = v->room ? 2 * v->room : 256;
        v->list = vprec_grow(v->list, v->room, 1);
    }
    v->list[v->count++] = (unsigned char)what;
}

static char *string_end(char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\' && at + 1 < end;
    return at < end ? at + 1 : at;
}

static bool is_key(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at < end && *at == ':';
}

/* Lists the values. NaN and Infinity, which Python writes, nan and inf, which C does, and numbers beyond the largest
 * become 0, of the same length, so that places in messages stay right. */
static void list_values(char *text, size_t size, values *v)
{
    const char *end = text + size;
    for (char *at = text; at < end;) {
        char *start = at;
        stats_part part;
        if (*at == '"') {
            at = string_end(at, end);
            if (!is_key(at, end))
                value_add(v, VALUE_OTHER);
            continue;
        }
        while (at < end && !isspace((unsigned char)*at) && !strchr(",:[]{}\"\036", *at))
            at++;
        size_t length = (size_t)(at - start);
        if (!length) {
            at++;
        } else if (!stats_piece_number(start, length, &part)) {
            value_add(v, VALUE_OTHER);
        } else if (isfinite(part.value)) {
            value_add(v, part.bits);
        } else {
            value_add(v, isnan(part.value) ? VALUE_NAN : part.value > 0 ? VALUE_INFINITE : VALUE_BELOW);
            memset(start, ' ', length);
            *start = '0';
        }
    }
}

/* ---- The documents of a file ---- */

typedef struct roots {
    json_t **list;
    size_t count, room;
} roots;

static void roots_free(roots *r)
{
    for (size_t i = 0; i < r->count; i++)
        json_decref(r->list[i]);
    free(r->list);
}

/* Behind white space, and what stands before a record of a JSON text sequence (RFC 7464). */
static const char *behind_space(const char *at, const char *end)
{
    while (at < end && (isspace((unsigned char)*at) || *at == '\036'))
        at++;
    return at;
}

/* One at least. False with the error, whose line is that of the text. */
static bool load(const char *text, size_t size, roots *r, json_error_t *error)
{
    const char *end = text + size, *at = behind_space(text, end);
    int line = 0;
    for (const char *counted = text; at < end || !r->count; at = behind_space(at, end)) {
        for (; counted < at; counted++)
            line += *counted == '\n';
        json_t *root = json_loadb(
            at, (size_t)(end - at),
            JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, error);
        if (!root) {
            error->line += line;
            return false;
        }
        if (r->count == r->room) {
            r->room = r->room ? 2 * r->room : 16;
            r->list = vprec_grow(r->list, r->room, sizeof *r->list); /* NOLINT(bugprone-sizeof-expression): pointers */
        }
        r->list[r->count++] = root;
        at += error->position;
    }
    return true;
}

/* Without a byte order mark. */
static char *behind_mark(char *text, size_t *size)
{
    bool mark = *size >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3);
    *size -= mark ? 3 : 0;
    return mark ? text + 3 : text;
}

bool stats_json_is(const char *text, size_t size)
{
    values v = {0};
    roots r = {0};
    json_error_t error;
    char *copy = vprec_alloc(size + 1, 1);
    memcpy(copy, text, size);
    char *start = behind_mark(copy, &size);
    list_values(start, size, &v);
    bool is = load(start, size, &r, &error);
    roots_free(&r);
    free(v.list);
    free(copy);
    return is;
}

/* ---- Tokens ---- */

typedef struct walk {
    const stats_sink *sink;
    char path[PATH_MOST], group[PATH_MOST]; /* .layers[3].w and .layers[].w */
    size_t path_end, group_end;
    const char *name;
    values values;
    size_t next; /* of them */
} walk;

static void emit(walk *w, uint64_t index, const json_t *value)
{
    char number[32];
    stats_token token = {.group = w->group, .index = index, .name = w->path};
    int what = w->next < w->values.count ? w->values.list[w->next] : VALUE_OTHER;
    w->next++;
    switch (json_typeof(value)) {
    case JSON_INTEGER:
    case JSON_REAL:
        token.number = true;
        token.value = what == VALUE_NAN        ? NAN
                      : what == VALUE_INFINITE ? INFINITY
                      : what == VALUE_BELOW    ? -INFINITY
                                               : json_number_value(value);
        token.bits = what >= VALUE_NAN || what == VALUE_OTHER ? 53 : what;
        token.text = number;
        token.length = (size_t)snprintf(number, sizeof number, "%.17g", token.value);
        break;
    case JSON_STRING:
        stats_emit_cell(json_string_value(value), json_string_length(value), &token, w->sink);
        return;
    default:
        token.text = json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null";
        token.length = strlen(token.text);
    }
    w->sink->token(w->sink->context, &token);
}

static bool append(char *to, size_t *end, const char *text, size_t length)
{
    if (length >= PATH_MOST - *end)
        return false;
    memcpy(to + *end, text, length + 1);
    *end += length;
    return true;
}

/* Mixes the array indices of a path into one: equal paths have equal indices. */
static uint64_t mix(uint64_t index, uint64_t step)
{
    index = (index ^ (step + 1)) * 0x9E3779B97F4A7C15;
    return index ^ index >> 29;
}

static bool visit(walk *w, uint64_t index, const json_t *value);

static bool visit_child(walk *w, uint64_t index, const char *path, size_t path_length, const char *group,
                        size_t group_length, const json_t *value)
{
    size_t path_end = w->path_end, group_end = w->group_end;
    bool ok = append(w->path, &w->path_end, path, path_length) && append(w->group, &w->group_end, group, group_length);
    if (!ok)
        vprec_say("%s: a path of more than %d bytes: %.60s...", w->name, PATH_MOST, w->path);
    ok = ok && visit(w, index, value);
    w->path[w->path_end = path_end] = 0;
    w->group[w->group_end = group_end] = 0;
    return ok;
}

/* ".key", or ."k.e.y" where it could be taken for a path; to be freed. */
static char *step_of(const char *key)
{
    if (*key && !key[strcspn(key, ".[]\"\\ ")])
        return vprec_text(".%s", key);
    char *step = vprec_alloc(2 * strlen(key) + 4, 1), *to = step;
    *to++ = '.';
    *to++ = '"';
    for (; *key; key++) {
        if (*key == '"' || *key == '\\')
            *to++ = '\\';
        *to++ = *key;
    }
    *to = '"';
    return step;
}

static bool visit(walk *w, uint64_t index, const json_t *value)
{
    bool ok = true;
    if (json_is_object(value)) {
        const char *key;
        json_t *child;
        json_object_foreach((json_t *)(uintptr_t)value, key, child) {
            char *step = step_of(key);
            ok = ok && visit_child(w, index, step, strlen(step), step, strlen(step), child);
            free(step);
        }
    } else if (json_is_array(value)) {
        for (size_t i = 0; ok && i < json_array_size(value); i++) {
            char step[32];
            int length = snprintf(step, sizeof step, "[%zu]", i);
            ok = visit_child(w, mix(index, i), step, (size_t)length, "[]", 2, json_array_get(value, i));
        }
    } else {
        emit(w, index, value);
    }
    return ok;
}

/* A document of several: [2].path, in the group of .path. */
static bool visit_root(walk *w, const roots *r, size_t i, bool row)
{
    char step[32] = "";
    int length = r->count > 1 && !row ? snprintf(step, sizeof step, "[%zu]", i) : 0;
    return visit_child(w, i && !row ? mix(0, i) : 0, step, (size_t)length, "", 0, r->list[i]);
}

bool stats_parse_json(const char *name, char *text, size_t size, bool rows, const stats_sink *sink)
{
    json_error_t error;
    roots r = {0};
    walk *w = vprec_alloc(1, sizeof *w);
    w->sink = sink;
    w->name = name;
    text = behind_mark(text, &size);
    list_values(text, size, &w->values);
    bool ok = load(text, size, &r, &error);
    if (!ok)
        vprec_say("%s: line %d, column %d: no good JSON: %s", name, error.line, error.column, error.text);
    const json_t *array = ok && rows && r.count == 1 ? r.list[0] : NULL;
    if (array && !json_is_array(array)) {
        vprec_say("%s: --rows needs an array on top, one element a sample, or a document in each line", name);
        ok = false;
    }
    size_t count = array ? json_array_size(array) : r.count;
    for (size_t i = 0; ok && i < count; i++) {
        ok = array ? visit(w, 0, json_array_get(array, i)) : visit_root(w, &r, i, rows);
        if (rows)
            sink->row(sink->context, (double)(i + 1) / (double)count);
    }
    roots_free(&r);
    free(w->values.list);
    free(w);
    return ok;
}
