/* SPDX-License-Identifier: Apache-2.0
 * record.c: see record.h. */
#include "record.h"
#include "memory.h"
#include <string.h>

/* A process' chunks grow with what it has to say, so that many small processes take little. */
enum { CHUNK_LEAST = VPREC_WIRE_PAGE, CHUNK_MOST = 1024 * VPREC_WIRE_PAGE };
enum { COUNTS_PREPARED = 60 };

vprec_process_record *vprec_record_process;
static vprec_chunk *_Atomic current; /* where the next record goes if there is room; forked processes share it */

static void *carve(vprec_chunk *chunk, size_t bytes)
{
    uint64_t at = atomic_load(&chunk->used);
    do {
        if (at > chunk->size || bytes > chunk->size - at)
            return NULL;
    } while (!atomic_compare_exchange_weak(&chunk->used, &at, at + bytes));
    vprec_record *head = (void *)((char *)chunk + at);
    head->size = (uint32_t)bytes; /* a reader can skip it should we die before it is done */
    return head;
}

void *vprec_record_room(size_t bytes)
{
    bytes = vprec_record_align(bytes);
    vprec_chunk *chunk = atomic_load(&current);
    void *room = chunk ? carve(chunk, bytes) : NULL;
    if (room)
        return room;
    uint64_t good = vprec_share_taken();
    good = good < CHUNK_LEAST ? CHUNK_LEAST : good > CHUNK_MOST ? CHUNK_MOST : good;
    bool apart = bytes > good / 2;
    vprec_chunk *made = vprec_share_take(apart ? bytes : good - sizeof *made);
    if (!made && !apart)
        made = vprec_share_take(bytes);
    if (!made) {
        atomic_fetch_add(&vprec_wire_shared->dropped, 1);
        return NULL;
    }
    room = carve(made, bytes);
    if (!apart) /* Who comes second leaves the rest of his chunk empty: waiting is not for signal handlers. */
        atomic_compare_exchange_strong(&current, &chunk, made);
    return room;
}

void *vprec_record_room_or_memory(size_t bytes)
{
    void *room = vprec_record_room(bytes);
    return room ? room : vprec_pages(bytes);
}

uint64_t vprec_record_offset(const void *record)
{
    return vprec_share_offset(record);
}

void vprec_record_done(void *record, uint32_t kind, size_t bytes)
{
    vprec_record *head = record;
    head->size = (uint32_t)vprec_record_align(bytes);
    atomic_store_explicit(&head->kind, kind, memory_order_release);
}

/* Functions that count. Blocks stay where they are, since other threads look into them. */
typedef struct counted {
    vprec_function_record *record;
    vprec_counts *_Atomic counts[VPREC_TYPES]; /* NULL: not looked for yet */
} counted;

enum { BLOCK = 1024, BLOCKS = 16384 };
static counted *blocks[BLOCKS];
static uint32_t counted_last;

/* Stands for: no room. */
static char nowhere;
#define NOWHERE ((vprec_counts *)(void *)&nowhere)

uint32_t vprec_record_counted(vprec_function_record *function)
{
    uint32_t number = counted_last + 1;
    counted **block = number / BLOCK < BLOCKS ? &blocks[number / BLOCK] : NULL;
    if (block && !*block)
        *block = vprec_pages(BLOCK * sizeof **block);
    if (!block || !*block) {
        atomic_fetch_add(&vprec_wire_shared->dropped, 1);
        return 0;
    }
    (*block)[number % BLOCK].record = function;
    return counted_last = number;
}

/* A process that this one was forked from, or that was forked from it, may have made them. */
vprec_counts *vprec_record_counts_at(_Atomic uint64_t *place)
{
    uint64_t at = atomic_load_explicit(place, memory_order_acquire);
    vprec_counts_record *record = NULL;
    if (!at && (record = vprec_record_room(sizeof *record))) {
        uint64_t made = vprec_record_offset(record);
        vprec_record_done(record, VPREC_RECORD_COUNTS, sizeof *record);
        /* Who comes second leaves an empty record behind. */
        if (!atomic_compare_exchange_strong(place, &at, made))
            record = NULL;
    }
    if (at && !record && !(record = vprec_share_at(at, sizeof *record)))
        atomic_fetch_add(&vprec_wire_shared->dropped, 1);
    return record ? &record->counts : NULL;
}

/* The first time in this process. */
__attribute__((noinline)) static vprec_counts *find_counts(counted *function, vprec_type type)
{
    vprec_counts *counts = vprec_record_counts_at(&function->record->counts[type]);
    if (!counts)
        counts = NOWHERE;
    atomic_store_explicit(&function->counts[type], counts, memory_order_release);
    return counts;
}

vprec_counts *vprec_record_counts(uint32_t function, vprec_type type)
{
    if (!function)
        return NULL;
    counted *c = &blocks[function / BLOCK][function % BLOCK];
    vprec_counts *counts = atomic_load_explicit(&c->counts[type], memory_order_acquire);
    if (__builtin_expect(!counts, 0))
        counts = find_counts(c, type);
    return counts == NOWHERE ? NULL : counts;
}

void vprec_record_prepare(void)
{
    /* and of a stack for each that goes wrong, and of some objects in it */
    enum { STACK = sizeof(vprec_stack_record) + VPREC_CALLED_MOST * sizeof(vprec_called), OBJECTS = 8192 };
    size_t bytes = 0;
    for (uint32_t i = counted_last; i && bytes < COUNTS_PREPARED * sizeof(vprec_counts_record); i--)
        for (int type = 0; type < VPREC_TYPES; type++)
            if (blocks[i / BLOCK][i % BLOCK].record->sites[type])
                bytes += vprec_record_align(sizeof(vprec_counts_record)) + VPREC_FIRSTS * vprec_record_align(STACK);
    bytes += bytes ? OBJECTS : 0;
    vprec_chunk *chunk = atomic_load(&current), *made;
    if (bytes && (!chunk || chunk->size - atomic_load(&chunk->used) < bytes) && (made = vprec_share_take(bytes)))
        atomic_compare_exchange_strong(&current, &chunk, made);
}

void *vprec_record_text(uint32_t kind, size_t fixed, const char *text)
{
    size_t length = strlen(text) + 1;
    char *record = vprec_record_room(fixed + length);
    if (!record)
        return NULL;
    memcpy(record + fixed, text, length);
    vprec_record_done(record, kind, fixed + length);
    return record;
}

void vprec_record_native(enum vprec_reason reason, const char *path, const char *function)
{
    size_t length = strlen(path) + 1, more = function ? strlen(function) + 1 : 0;
    vprec_native_record *native = vprec_record_room(sizeof *native + length + more);
    if (!native)
        return;
    native->process = vprec_record_process ? vprec_record_offset(vprec_record_process) : 0;
    native->reason = reason;
    native->function = function ? (uint32_t)length : 0;
    memcpy(native->path, path, length);
    if (function)
        memcpy(native->path + length, function, more);
    vprec_record_done(native, VPREC_RECORD_NATIVE, sizeof *native + length + more);
}

void vprec_record_warning(const char *text)
{
    vprec_message_record *m = vprec_record_text(VPREC_RECORD_MESSAGE, sizeof *m, text);
    if (m && vprec_record_process)
        m->process = vprec_record_offset(vprec_record_process);
}
