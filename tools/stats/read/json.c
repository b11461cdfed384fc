/* SPDX-License-Identifier: Apache-2.0
 * json.c: numbers and labels of a JSON document, by their paths. */
#include "common/json.h"
#include "common/say.h"
#include "tokens.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MOST = 1 << 14 };

typedef struct walk {
    const stats_sink *sink;
    char path[PATH_MOST], group[PATH_MOST]; /* .layers[3].w and .layers[].w */
    size_t path_end, group_end;
    const char *name;
} walk;

/* Python writes NaN and Infinity, which JSON does not have. Strings of the same length take their place, so that
 * places in messages stay right. DEL in a string means NaN. */
static void quote_constants(char *text, size_t size)
{
    static const struct {
        const char *from, *to;
    } constants[] = {{"NaN", "\"\x7F\""}, {"-Infinity", "\"-inf\"   "}, {"Infinity", "\"inf\"   "}};
    bool inside = false;
    for (char *at = text; at < text + size; at++) {
        if (inside && *at == '\\') {
            at++;
        } else if (*at == '"') {
            inside = !inside;
        } else if (!inside && (*at == 'N' || *at == 'I' || *at == '-')) {
            for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
                size_t length = strlen(constants[i].from);
                if ((size_t)(text + size - at) >= length && !memcmp(at, constants[i].from, length)) {
                    memcpy(at, constants[i].to, length);
                    at += length - 1;
                    break;
                }
            }
        }
    }
}

static void emit(const walk *w, uint64_t index, const json_t *value)
{
    char number[32];
    stats_token token = {.group = w->group, .index = index, .name = w->path, .bits = 53};
    switch (json_typeof(value)) {
    case JSON_INTEGER:
    case JSON_REAL:
        token.number = true;
        token.value = json_number_value(value);
        token.text = number;
        token.length = (size_t)snprintf(number, sizeof number, "%.17g", token.value);
        break;
    case JSON_STRING:
        token.text = json_string_value(value);
        token.length = json_string_length(value);
        if (!strcmp(token.text, "\x7F")) {
            token.number = true;
            token.value = NAN;
        } else {
            stats_parse_number(token.text, token.length, &token);
        }
        break;
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

static bool visit(walk *w, uint64_t index, const json_t *value)
{
    bool ok = true;
    if (json_is_object(value)) {
        const char *key;
        json_t *child;
        json_object_foreach((json_t *)(uintptr_t)value, key, child) {
            char *step = vprec_text(".%s", key);
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

bool stats_parse_json(const char *name, char *text, size_t size, bool rows, const stats_sink *sink)
{
    json_error_t error;
    quote_constants(text, size);
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &error);
    if (!root) {
        vprec_say("%s: line %d, column %d: no good JSON: %s", name, error.line, error.column, error.text);
        return false;
    }
    walk *w = vprec_alloc(1, sizeof *w);
    w->sink = sink;
    w->name = name;
    bool ok = true;
    if (rows && !json_is_array(root)) {
        vprec_say("%s: --rows needs an array on top, one element a sample", name);
        ok = false;
    }
    for (size_t i = 0; ok && rows && i < json_array_size(root); i++) {
        ok = visit(w, 0, json_array_get(root, i));
        sink->row(sink->context);
    }
    if (ok && !rows)
        ok = visit(w, 0, root);
    free(w);
    json_decref(root);
    return ok;
}
