/* SPDX-License-Identifier: Apache-2.0
 * meters.c: see meters.h. As records.c, it trusts nothing of what it reads. */
#include "meters.h"
#include "common/say.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The numbers of a meter; what nobody has written to is zeros, and takes no memory. */
static char *read_meter(vprec_mapping *mapping, uint64_t offset)
{
    char *bytes = mmap(NULL, VPREC_METER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return NULL;
    if (vprec_mapping_copy(mapping, bytes, VPREC_METER_BYTES, offset))
        return bytes;
    munmap(bytes, VPREC_METER_BYTES);
    return NULL;
}

static uint64_t number_at(const char *meter, uint64_t at, size_t bytes)
{
    uint64_t number = 0;
    memcpy(&number, meter + at, bytes);
    return number;
}

/* As vprec_metered_kind says of `first` and `second`, of a type with `fraction` bits in the fraction. */
static void widen(vprec_span *span, uint64_t first, uint64_t second, vprec_type type)
{
    unsigned fraction = type == VPREC_F64 ? 52 : 23, bits = type == VPREC_F64 ? 64 : 32;
    uint64_t one = UINT64_C(1) << fraction, sign = UINT64_C(1) << (bits - 1), infinity = sign - one;
    uint64_t found[2] = {first > one ? first - one : 0, second ? sign - second : 0};
    for (int i = 0; i < 2; i++) {
        if (!found[i] || found[i] >= infinity)
            continue;
        double x;
        float f;
        uint32_t narrow = (uint32_t)found[i];
        memcpy(&x, &found[i], sizeof x);
        memcpy(&f, &narrow, sizeof f);
        x = type == VPREC_F64 ? x : (double)f;
        memcpy(&found[i], &x, sizeof x);
        if (found[i] > span->largest)
            span->largest = found[i];
        if (~found[i] > span->smallest)
            span->smallest = ~found[i];
    }
}

static void add_extent(vprec_span *span, const char *meter, const vprec_metered *item)
{
    size_t size = item->type == VPREC_F64 ? 8 : 4;
    bool pair = item->kind == VPREC_METERED_PAIR;
    for (size_t i = 0; i < item->lanes; i += pair ? 2 * size : size)
        widen(span, number_at(meter, item->at + i, size),
              number_at(meter, item->at + i + (pair ? size : item->lanes), size), (vprec_type)item->type);
}

static bool is_sound(const vprec_metered *item)
{
    bool extent = item->kind == VPREC_METERED_PAIR || item->kind == VPREC_METERED_WIDE;
    return item->at >= VPREC_METER_FIRST && item->at <= VPREC_METER_BYTES - 256 && item->type < VPREC_TYPES &&
           item->op < VPREC_OPS && item->kind <= VPREC_METERED_WIDE && (!extent || (item->lanes <= 64 && !(item->lanes % 16)));
}

/* To the counter of an exact record. */
static void add_executed(const vprec_records *records, uint64_t to, uint64_t times)
{
    const vprec_items *list = &VPREC_ITEMS(records, EXACT);
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list->items[middle].offset + offsetof(vprec_exact_record, executed) < to)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < list->count && list->items[low].offset + offsetof(vprec_exact_record, executed) == to)
        ((vprec_exact_record *)list->items[low].record)->executed += times;
}

/* What a meter is of, and whom its numbers are for: with --layers a scope, else the function that they tell. */
typedef struct meter {
    const char *bytes;
    bool by_scope;
    size_t scope; /* VPREC_NO_PARENT: there was no room for its record */
} meter;

/* The one that is outside of all. */
static size_t outside(const vprec_records *records)
{
    for (size_t i = 0; i < VPREC_ITEMS(records, SCOPE).count; i++)
        if (!strcmp(vprec_scope_at(records, i)->name, VPREC_SCOPE_OUTSIDE ":"))
            return i;
    return VPREC_NO_PARENT;
}

static void add_function(vprec_records *records, const vprec_metered_record *what, const meter *of, uint32_t limit)
{
    const char *meter = of->bytes;
    size_t function = vprec_item_at(records, VPREC_RECORD_FUNCTION, what->function);
    uint64_t room = (what->head.size - sizeof *what) / sizeof *what->item;
    for (uint64_t i = 0; i < what->count && i < room; i++) {
        const vprec_metered *item = &what->item[i];
        if (!is_sound(item) || item->at >= limit)
            continue;
        if (item->kind == VPREC_METERED_ELSE) {
            add_executed(records, item->to, number_at(meter, item->at, 8));
            continue;
        }
        if ((of->by_scope ? of->scope : function) == VPREC_NO_PARENT)
            continue;
        vprec_counts *counts = of->by_scope ? vprec_scope_counts_make(records, of->scope, (vprec_type)item->type)
                                            : vprec_counts_make(records, function, (vprec_type)item->type);
        if (item->kind == VPREC_METERED_TIMES)
            counts->ops[item->op] += number_at(meter, item->at, 8) * item->lanes;
        else
            add_extent(&counts->results, meter, item);
    }
}

static const vprec_lineage_record *lineage_at(const vprec_records *records, uint64_t offset)
{
    size_t i = vprec_item_at(records, VPREC_RECORD_LINEAGE, offset);
    return i == VPREC_NO_PARENT ? NULL : (const vprec_lineage_record *)VPREC_ITEMS(records, LINEAGE).items[i].record;
}

typedef struct metered {
    const vprec_metered_record *record;
} metered;

static int by_lineage(const void *a, const void *b)
{
    const metered *p = a, *q = b;
    return p->record->lineage < q->record->lineage ? -1 : p->record->lineage > q->record->lineage;
}

/* What is counted, sorted by lineage; to be freed. */
static metered *sort(const vprec_records *records)
{
    size_t count = VPREC_ITEMS(records, METERED).count;
    metered *all = vprec_alloc(count + 1, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i].record = (const void *)VPREC_ITEMS(records, METERED).items[i].record;
    qsort(all, count, sizeof *all, by_lineage);
    return all;
}

/* All that a meter of `lineage` counts: of its process, and of those before it what they had when they were forked. */
static void add_meter(vprec_records *records, const metered *all, const meter *meter, uint64_t lineage)
{
    uint32_t limit = UINT32_MAX;
    size_t count = VPREC_ITEMS(records, METERED).count;
    const vprec_lineage_record *of;
    while ((of = lineage_at(records, lineage))) {
        size_t low = 0, high = count;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (all[middle].record->lineage < lineage)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < count && all[low].record->lineage == lineage; low++)
            add_function(records, all[low].record, meter, limit);
        if (of->parent >= lineage) /* made before it */
            break;
        limit = of->first < limit ? of->first : limit;
        lineage = of->parent;
    }
}

void vprec_meters_add(vprec_records *records, vprec_mapping *mapping)
{
    uint32_t count = atomic_load(&mapping->wire->meters);
    metered *all = sort(records);
    for (uint32_t i = 0; i < count && i < mapping->meters; i++) {
        char *meter = read_meter(mapping, mapping->capacity + (uint64_t)i * VPREC_METER_BYTES);
        if (!meter) {
            records->complete = false;
            continue;
        }
        uint64_t scope = number_at(meter, offsetof(vprec_meter, scope), 8);
        bool layers = mapping->wire->config.layers;
        add_meter(records, all, &(struct meter){.bytes = meter, .by_scope = layers,
                                                .scope = scope ? vprec_item_at(records, VPREC_RECORD_SCOPE, scope)
                                                         : layers ? outside(records) : VPREC_NO_PARENT},
                  number_at(meter, offsetof(vprec_meter, lineage), 8));
        munmap(meter, VPREC_METER_BYTES);
    }
    free(all);
}
