/* SPDX-License-Identifier: Apache-2.0
 * clean.c: a copy of a JSON document whose strings hold nothing but
 * UTF-8 without NUL. Knows nothing of what the document says. */
#include "clean.h"
#include "common/json.h"
#include "common/say.h"
#include <stdlib.h>
#include <string.h>

static const char unknown[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Bytes of the character at `text`, 0 where it is none; what jansson takes is what it writes. */
static size_t character(const char *text, size_t size)
{
    for (size_t length = 1; *text && length <= 4 && length <= size; length++) {
        json_t *one = json_stringn(text, length);
        json_decref(one);
        if (one)
            return length;
    }
    return 0;
}

static char *clean_text(const char *text, size_t size)
{
    char *copy = vprec_alloc(3 * size + 1, 1), *out = copy;
    while (size) {
        size_t length = character(text, size);
        const char *from = length ? text : unknown;
        size_t bytes = length ? length : strlen(unknown);
        memcpy(out, from, bytes);
        out += bytes;
        text += length ? length : 1;
        size -= length ? length : 1;
    }
    return copy;
}

json_t *page_clean(const json_t *value)
{
    json_t *copy;
    if (json_is_object(value)) {
        copy = vprec_json_must(json_object());
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)value, key, member) {
            char *name = clean_text(key, strlen(key));
            vprec_json_put(copy, name, page_clean(member));
            free(name);
        }
    } else if (json_is_array(value)) {
        copy = vprec_json_must(json_array());
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item)
            vprec_json_add(copy, page_clean(item));
    } else if (json_is_string(value)) {
        char *text = clean_text(json_string_value(value), json_string_length(value));
        copy = vprec_json_must(json_string(text));
        free(text);
    } else {
        copy = vprec_json_must(json_copy((json_t *)value));
    }
    return copy;
}
