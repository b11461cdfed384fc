/* SPDX-License-Identifier: Apache-2.0
 * native.c: see native.h. */
#include "native.h"
#include "common/say.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *code, *text;
    bool selected;
} reasons[VPREC_REASONS] = {
    [VPREC_REASON_NONE] = {"unknown", "nobody knows why", true},
#define NATIVE(name, code, text) [VPREC_REASON_##name] = {code, text, true},
    VPREC_REASONS_NATIVE(NATIVE)
#define LEFT_OUT(name, code, text) [VPREC_REASON_##name] = {code, text, false},
    VPREC_REASONS_LEFT_OUT(LEFT_OUT)
};

const char *vprec_reason_code(enum vprec_reason reason)
{
    return reasons[reason].code;
}

const char *vprec_reason_text(enum vprec_reason reason)
{
    return reasons[reason].text;
}

static int by_object(const void *a, const void *b)
{
    const vprec_left_native *p = a, *q = b;
    int order = strcmp(p->object, q->object);
    if (!order)
        order = (int)p->reason - (int)q->reason;
    if (!order)
        order = strcmp(p->function ? p->function : "", q->function ? q->function : "");
    return order ? order : p->process < q->process ? -1 : p->process > q->process;
}

static bool same(const vprec_left_native *p, const vprec_left_native *q)
{
    return p->reason == q->reason && !strcmp(p->object, q->object) &&
           !strcmp(p->function ? p->function : "", q->function ? q->function : "");
}

/* The name of the function; NULL where none, or no sound one, is meant. */
static const char *function_of(const vprec_native_record *record)
{
    size_t fixed = offsetof(vprec_native_record, path);
    return record->function && record->function < record->head.size - fixed ? record->path + record->function : NULL;
}

vprec_left_native *vprec_natives_collect(const vprec_records *records, bool selected, size_t *count)
{
    const vprec_items *list = &VPREC_ITEMS(records, NATIVE);
    vprec_left_native *natives = vprec_alloc(list->count + 1, sizeof *natives);
    size_t all = 0;
    for (size_t i = 0; i < list->count; i++) {
        const vprec_native_record *record = vprec_native_at(records, i);
        enum vprec_reason reason = record->reason < VPREC_REASONS ? (enum vprec_reason)record->reason
                                                                  : VPREC_REASON_NONE;
        if (reasons[reason].selected == selected)
            natives[all++] = (vprec_left_native){record->path, function_of(record), reason, list->items[i].parent};
    }
    qsort(natives, all, sizeof *natives, by_object);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        if (!*count || !same(&natives[i], &natives[*count - 1]))
            natives[(*count)++] = natives[i];
    return natives;
}
