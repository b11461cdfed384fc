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

static int by_number(const void *a, const void *b)
{
    uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return p < q ? -1 : p > q;
}

/* The programs that were executed and are not among the processes, behind the `all` that there are. */
static size_t append_lost(vprec_left_native *natives, size_t all, const vprec_records *records, bool selected)
{
    const vprec_items *execs = &VPREC_ITEMS(records, EXEC);
    size_t processes = VPREC_ITEMS(records, PROCESS).count;
    uint64_t *arrived = vprec_alloc(processes, sizeof *arrived);
    for (size_t i = 0; i < processes; i++)
        arrived[i] = vprec_process_at(records, i)->via;
    qsort(arrived, processes, sizeof *arrived, by_number);
    for (size_t i = 0; i < execs->count; i++) {
        const vprec_exec_record *record = vprec_exec_at(records, i);
        enum vprec_reason reason = record->reason < VPREC_REASONS ? (enum vprec_reason)record->reason
                                                                  : VPREC_REASON_NONE;
        if (record->failed ||
            (!reason && bsearch(&execs->items[i].offset, arrived, processes, sizeof *arrived, by_number)))
            continue;
        if (!reason)
            reason = VPREC_REASON_CHILD_LOST;
        if (reasons[reason].selected == selected)
            natives[all++] = (vprec_left_native){record->path, NULL, reason, execs->items[i].parent};
    }
    free(arrived);
    return all;
}

vprec_left_native *vprec_natives_collect(const vprec_records *records, bool selected, size_t *count)
{
    const vprec_items *list = &VPREC_ITEMS(records, NATIVE);
    vprec_left_native *natives = vprec_alloc(list->count + VPREC_ITEMS(records, EXEC).count + 1, sizeof *natives);
    size_t all = 0;
    for (size_t i = 0; i < list->count; i++) {
        const vprec_native_record *record = vprec_native_at(records, i);
        enum vprec_reason reason = record->reason < VPREC_REASONS ? (enum vprec_reason)record->reason
                                                                  : VPREC_REASON_NONE;
        if (reasons[reason].selected == selected)
            natives[all++] = (vprec_left_native){record->path, function_of(record), reason, list->items[i].parent};
    }
    all = append_lost(natives, all, records, selected);
    qsort(natives, all, sizeof *natives, by_object);
    *count = 0;
    for (size_t i = 0; i < all; i++)
        if (!*count || !same(&natives[i], &natives[*count - 1]))
            natives[(*count)++] = natives[i];
    return natives;
}
