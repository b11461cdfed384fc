/* SPDX-License-Identifier: Apache-2.0
 * records.c: walks the shared file. Trusts no size, offset or text in it, and
 * reads each size once: what is checked is what is used. */
#include "records.h"
#include "common/say.h"
#include "meters.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the text begins in each kind: the record's fixed part. */
static const size_t text_at[] = {
    [VPREC_RECORD_PROCESS] = offsetof(vprec_process_record, path),
    [VPREC_RECORD_OBJECT] = offsetof(vprec_object_record, path),
    [VPREC_RECORD_FUNCTION] = offsetof(vprec_function_record, name),
    [VPREC_RECORD_COUNTS] = sizeof(vprec_counts_record) - 1, /* has none */
    [VPREC_RECORD_REFUSED] = offsetof(vprec_refused_record, text),
    [VPREC_RECORD_MESSAGE] = offsetof(vprec_message_record, text),
    [VPREC_RECORD_NATIVE] = offsetof(vprec_native_record, path),
    [VPREC_RECORD_EXEC] = offsetof(vprec_exec_record, path),
    [VPREC_RECORD_EXACT] = offsetof(vprec_exact_record, text),
    [VPREC_RECORD_SCOPE] = offsetof(vprec_scope_record, name),
    [VPREC_RECORD_PROBE] = offsetof(vprec_probe_record, name),
    [VPREC_RECORD_LINEAGE] = sizeof(vprec_lineage_record) - 1,
    [VPREC_RECORD_METERED] = sizeof(vprec_metered_record) - 1,
    [VPREC_RECORD_LOADED] = offsetof(vprec_loaded_record, path),
    [VPREC_RECORD_STACK] = sizeof(vprec_stack_record) - 1,
};

static void keep(vprec_records *records, uint32_t kind, uint64_t offset, const void *source, uint32_t size)
{
    vprec_items *list = &records->of[kind];
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->items = vprec_grow(list->items, list->room, sizeof *list->items);
    }
    /* Room for the whole struct with its padding, and one byte that terminates the text whatever the process left. */
    size_t fixed = text_at[kind] + 16;
    char *copy = vprec_alloc(1, (size > fixed ? size : fixed) + 1);
    memcpy(copy, source, size);
    ((vprec_record *)(void *)copy)->size = size; /* the one that was checked, whatever is written there meanwhile */
    list->items[list->count++] =
        (vprec_item){.offset = offset, .parent = VPREC_NO_PARENT, .function = VPREC_NO_PARENT,
                     .record = (vprec_record *)(void *)copy};
}

static int by_offset(const void *key, const void *element)
{
    uint64_t a = *(const uint64_t *)key, b = ((const vprec_item *)element)->offset;
    return a < b ? -1 : a > b;
}

/* The item of `list` whose record lies at `offset`. */
static size_t find(const vprec_items *list, uint64_t offset)
{
    if (!list->count)
        return VPREC_NO_PARENT;
    const vprec_item *item = bsearch(&offset, list->items, list->count, sizeof *list->items, by_offset);
    return item ? (size_t)(item - list->items) : VPREC_NO_PARENT;
}

static void link_parents(vprec_records *records)
{
    const vprec_items *processes = &VPREC_ITEMS(records, PROCESS), *objects = &VPREC_ITEMS(records, OBJECT);
    const vprec_items *functions = &VPREC_ITEMS(records, FUNCTION);
    for (size_t i = 0; i < objects->count; i++)
        objects->items[i].parent = find(processes, vprec_object_at(records, i)->process);
    for (size_t i = 0; i < functions->count; i++)
        functions->items[i].parent = find(objects, vprec_function_at(records, i)->object);
    for (size_t i = 0; i < VPREC_ITEMS(records, REFUSED).count; i++) {
        vprec_item *item = &VPREC_ITEMS(records, REFUSED).items[i];
        item->parent = find(objects, vprec_refused_at(records, i)->object);
        item->function = find(functions, vprec_refused_at(records, i)->function);
    }
    for (size_t i = 0; i < VPREC_ITEMS(records, EXACT).count; i++) {
        vprec_item *item = &VPREC_ITEMS(records, EXACT).items[i];
        item->parent = find(objects, vprec_exact_at(records, i)->object);
        item->function = find(functions, vprec_exact_at(records, i)->function);
    }
    for (size_t i = 0; i < VPREC_ITEMS(records, MESSAGE).count; i++)
        VPREC_ITEMS(records, MESSAGE).items[i].parent = find(processes, vprec_message_at(records, i)->process);
    for (size_t i = 0; i < VPREC_ITEMS(records, SCOPE).count; i++)
        VPREC_ITEMS(records, SCOPE).items[i].parent = find(processes, vprec_scope_at(records, i)->process);
    for (size_t i = 0; i < VPREC_ITEMS(records, PROBE).count; i++)
        VPREC_ITEMS(records, PROBE).items[i].parent = find(processes, vprec_probe_at(records, i)->process);
    for (size_t i = 0; i < VPREC_ITEMS(records, NATIVE).count; i++)
        VPREC_ITEMS(records, NATIVE).items[i].parent = find(processes, vprec_native_at(records, i)->process);
    for (size_t i = 0; i < VPREC_ITEMS(records, EXEC).count; i++)
        VPREC_ITEMS(records, EXEC).items[i].parent = find(processes, vprec_exec_at(records, i)->process);
}

/* The records of a chunk that lies at `offset`, from `at` up to `end` within it. */
static void read_chunk(vprec_records *records, const char *chunk, uint64_t offset, uint64_t at, uint64_t end)
{
    while (at + sizeof(vprec_record) <= end) {
        const vprec_record *head = (const vprec_record *)(const void *)(chunk + at);
        uint32_t kind = head->kind, size = head->size;
        /* Handed out and not filled: its writer died, or is still at it; how long it is nobody knows. */
        if (size < sizeof(vprec_record) || size % 16 || size > end - at) {
            records->complete = false;
            return;
        }
        bool known = kind >= VPREC_RECORD_PROCESS && kind < VPREC_RECORD_KINDS && size > text_at[kind];
        if (known)
            keep(records, kind, offset + at, head, size);
        else
            records->skipped++;
        at += size;
    }
}

/* Past a hole that begins at `offset`: a process that is killed at the wrong moment leaves one, and where `end` is
 * damaged it may be as large as all the file. */
static uint64_t past_hole(int file, uint64_t offset, uint64_t end)
{
    off_t found = offset < end ? lseek(file, (off_t)offset, SEEK_DATA) : -1;
    return found < 0 || (uint64_t)found > end ? end : (uint64_t)found & ~(uint64_t)(VPREC_WIRE_PAGE - 1);
}

void vprec_records_read(vprec_records *records, vprec_mapping *mapping)
{
    enum { HEAD = (sizeof(vprec_chunk) + 15) & ~(size_t)15 };
    uint64_t offset = mapping->head, end = atomic_load(&mapping->wire->used), room = 0;
    char *bytes = NULL;
    *records = (vprec_records){.complete = true};
    records->dropped = atomic_load(&mapping->wire->dropped);
    for (size_t i = 0; i < VPREC_RULES_MAX; i++)
        records->hits[i] = atomic_load(&mapping->wire->config.rule[i].hits);
    if (end > mapping->capacity || end < offset) {
        records->complete = false;
        end = mapping->capacity;
    }
    while (offset < end) {
        uint64_t hole = offset;
        offset = past_hole(mapping->file, offset, end);
        records->complete &= offset == hole;
        if (offset == end)
            break;
        vprec_chunk head = {0};
        if (!vprec_mapping_copy(mapping, &head, sizeof head, offset) || head.magic != VPREC_CHUNK_MAGIC ||
            head.offset != offset || head.size < VPREC_WIRE_PAGE || head.size % VPREC_WIRE_PAGE ||
            head.size > end - offset) {
            records->complete = false;
            offset += VPREC_WIRE_PAGE;
            continue;
        }
        uint64_t used = atomic_load(&head.used);
        if (used < HEAD || used > head.size) {
            records->complete = false;
            used = used < HEAD ? HEAD : head.size;
        }
        if (used > room) {
            room = used > 2 * room ? used : 2 * room;
            bytes = vprec_grow(bytes, room, 1);
        }
        memset(bytes, 0, used);
        if (vprec_mapping_copy(mapping, bytes, used, offset))
            read_chunk(records, bytes, offset, HEAD, used);
        else
            records->complete = false;
        offset += head.size;
    }
    free(bytes);
    link_parents(records);
    records->scope_hits = vprec_alloc(mapping->lines + 1, sizeof *records->scope_hits);
    for (size_t i = 0; i < mapping->lines; i++)
        records->scope_hits[i] = atomic_load(&mapping->recipe->line[i].hits);
    vprec_meters_add(records, mapping);
    for (size_t i = 0; i < VPREC_RULES_MAX; i++)
        records->named[i] = find(&VPREC_ITEMS(records, OBJECT), atomic_load(&mapping->wire->config.rule[i].idle));
}

static const vprec_counts *counts_at(const vprec_records *records, uint64_t offset)
{
    static const vprec_counts none;
    const vprec_items *list = &VPREC_ITEMS(records, COUNTS);
    size_t i = find(list, offset);
    return i == VPREC_NO_PARENT ? &none : &((const vprec_counts_record *)list->items[i].record)->counts;
}

static vprec_counts *make(vprec_counts **made, const vprec_counts *before)
{
    if (!*made) {
        *made = vprec_alloc(1, sizeof **made);
        memcpy(*made, before, sizeof **made);
    }
    return *made;
}

const vprec_counts *vprec_counts_of(const vprec_records *records, size_t function, vprec_type type)
{
    const vprec_counts *made = VPREC_ITEMS(records, FUNCTION).items[function].counts[type];
    return made ? made : counts_at(records, vprec_function_at(records, function)->counts[type]);
}

vprec_counts *vprec_counts_make(vprec_records *records, size_t function, vprec_type type)
{
    return make(&VPREC_ITEMS(records, FUNCTION).items[function].counts[type],
                vprec_counts_of(records, function, type));
}

size_t vprec_item_at(const vprec_records *records, uint32_t kind, uint64_t offset)
{
    return find(&records->of[kind], offset);
}

const vprec_counts *vprec_scope_counts_of(const vprec_records *records, size_t scope, vprec_type type)
{
    const vprec_counts *made = VPREC_ITEMS(records, SCOPE).items[scope].counts[type];
    return made ? made : counts_at(records, vprec_scope_at(records, scope)->counts[type]);
}

vprec_counts *vprec_scope_counts_make(vprec_records *records, size_t scope, vprec_type type)
{
    return make(&VPREC_ITEMS(records, SCOPE).items[scope].counts[type], vprec_scope_counts_of(records, scope, type));
}

void vprec_records_free(vprec_records *records)
{
    for (uint32_t kind = VPREC_RECORD_PROCESS; kind < VPREC_RECORD_KINDS; kind++) {
        for (size_t i = 0; i < records->of[kind].count; i++) {
            free(records->of[kind].items[i].record);
            for (int type = 0; type < VPREC_TYPES; type++)
                free(records->of[kind].items[i].counts[type]);
        }
        free(records->of[kind].items);
    }
    free(records->scope_hits);
}
