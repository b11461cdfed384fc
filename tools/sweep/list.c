/* SPDX-License-Identifier: Apache-2.0
 * list.c: lists, braces, commas. Knows no formats, only that "f64=" in front of something names a type. */
#include "list.h"
#include "common/options.h"
#include "common/say.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MOST = 10000, RANGE_LIMIT = 1000000 };

void sweep_list_add(sweep_list *list, char *text)
{
    list->items = vprec_grow(list->items, list->count + 2, sizeof *list->items);
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

bool sweep_list_has(const sweep_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->items[i], text))
            return true;
    return false;
}

void sweep_list_free(sweep_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (sweep_list){NULL, 0};
}

static bool wrong(const char *option, const char *word, const char *what)
{
    vprec_say("%s '%s': %s, as in 'e8m{2..23}' or 'e{5,8}m10'", option, word, what);
    return false;
}

/* The brace that closes the one at `open`, NULL: none. */
static const char *closing(const char *open)
{
    int depth = 0;
    for (const char *c = open; *c; c++) {
        depth += (*c == '{') - (*c == '}');
        if (!depth)
            return c;
    }
    return NULL;
}

/* "2..23" or "2..23..3" */
static bool range(const char *text, long *first, long *last, long *step)
{
    char *end;
    errno = 0;
    *first = strtol(text, &end, 10);
    if (end == text || strncmp(end, "..", 2))
        return false;
    text = end + 2;
    *last = strtol(text, &end, 10);
    if (end == text)
        return false;
    *step = 1;
    if (!strncmp(end, "..", 2)) {
        text = end + 2;
        *step = labs(strtol(text, &end, 10));
        if (end == text)
            return false;
    }
    return !*end && !errno && *step && labs(*first) < RANGE_LIMIT && labs(*last) < RANGE_LIMIT;
}

static bool braces(const char *option, const char *word, sweep_list *list);

/* One word in the place of the brace from `open` to `close`, and on to the next. */
static bool with(const char *option, const char *word, const char *open, const char *close, const char *middle,
                 size_t length, sweep_list *list)
{
    char *one = vprec_text("%.*s%.*s%s", (int)(open - word), word, (int)length, middle, close + 1);
    bool ok = braces(option, one, list);
    free(one);
    return ok;
}

static bool braces(const char *option, const char *word, sweep_list *list)
{
    const char *open = strchr(word, '{');
    if (!open) {
        if (strchr(word, '}'))
            return wrong(option, word, "a brace '}' that was not opened");
        if (list->count == WORDS_MOST)
            return wrong(option, word, "too many values, 10000 are the most");
        sweep_list_add(list, vprec_text("%s", word));
        return true;
    }
    const char *close = closing(open);
    if (!close)
        return wrong(option, word, "a brace '{' that is not closed");
    long first, last, step;
    char *inner = vprec_text("%.*s", (int)(close - open - 1), open + 1);
    bool ok = true;
    if (range(inner, &first, &last, &step)) {
        for (long i = first; ok && (first <= last ? i <= last : i >= last); i += first <= last ? step : -step) {
            char number[24];
            size_t length = (size_t)snprintf(number, sizeof number, "%ld", i);
            ok = with(option, word, open, close, number, length, list);
        }
    } else if (strchr(inner, ',')) {
        int depth = 0;
        for (const char *part = open + 1, *c = part; ok && c <= close; c++) {
            if ((*c == ',' && !depth) || c == close) {
                ok = with(option, word, open, close, part, (size_t)(c - part), list);
                part = c + 1;
            }
            depth += (*c == '{') - (*c == '}');
        }
    } else {
        ok = wrong(option, word, "no range and no list between braces");
    }
    free(inner);
    return ok;
}

/* The type that a part names, by its bit; a bare one means f32. */
static unsigned type_of(const char *part)
{
    for (unsigned type = 0; type < VPREC_TYPES; type++) {
        size_t length = strlen(vprec_type_names[type]);
        if (!strncmp(part, vprec_type_names[type], length) && part[length] == '=')
            return 1U << type;
    }
    return 1U << VPREC_F32;
}

/* Length of the part at `text`: up to a comma outside braces. */
static size_t part_length(const char *text)
{
    int depth = 0;
    const char *c = text;
    for (; *c && (*c != ',' || depth > 0); c++)
        depth += (*c == '{') - (*c == '}');
    return (size_t)(c - text);
}

bool sweep_expand(const char *option, const char *word, sweep_list *list)
{
    bool ok = true;
    for (const char *at = word; ok; at++) {
        /* The parts from `at` on that name different types. */
        const char *start = at;
        unsigned types = 0;
        size_t length;
        while ((length = part_length(at)) && !(types & type_of(at))) {
            types |= type_of(at);
            at += length;
            if (*at != ',')
                break;
            at++;
        }
        if (!length)
            return wrong(option, word, "nothing before, between or after commas");
        if (*at)
            at--; /* the comma before the part that is the next one's */
        char *group = vprec_text("%.*s", (int)(at - start), start);
        ok = braces(option, group, list);
        free(group);
        if (!*at)
            break;
    }
    return ok;
}
