/* SPDX-License-Identifier: Apache-2.0
 * records.h: the records of a run, copied out of the shared file and checked:
 * a process that crashed may have left anything there. */
#ifndef VPREC_RUN_RECORDS_H
#define VPREC_RUN_RECORDS_H

#include "mapping.h"
#include <stdbool.h>
#include <stddef.h>

#define VPREC_NO_PARENT SIZE_MAX

typedef struct vprec_item {
    uint64_t offset;      /* in the file: how other records name it */
    size_t parent;        /* index of the process (of an object, message, exec) or of the object; or VPREC_NO_PARENT */
    size_t function;      /* refused and exact records: index of the function, or VPREC_NO_PARENT */
    vprec_record *record; /* a copy; the text at its end is terminated */
    vprec_counts *counts[VPREC_TYPES]; /* of a function: what vprec_counts_make has made */
} vprec_item;

typedef struct vprec_items {
    vprec_item *items; /* in the order of the file: a process' own are in that of their making */
    size_t count, room;
} vprec_items;

typedef struct vprec_records {
    vprec_items of[VPREC_RECORD_KINDS];       /* by enum vprec_record_kind */
    uint64_t dropped;                         /* records that found no room */
    uint64_t skipped;                         /* unfinished, unknown or malformed ones */
    bool running;                             /* processes that could record more have not ended */
    bool complete;                            /* the walk came to the end of what was handed out */
    uint32_t hits[VPREC_RULES_MAX];           /* by rule: what it matched */
    uint32_t *scope_hits;                     /* by line of the recipe: scopes that it matched */
    size_t named[VPREC_RULES_MAX];            /* by rule without hits: index of an object with a function that it
                                                 matches, where that is known; or VPREC_NO_PARENT */
} vprec_records;

/* Reads the file while processes may still write to it. */
void vprec_records_read(vprec_records *records, vprec_mapping *mapping);
void vprec_records_free(vprec_records *records);

#define VPREC_ITEMS(records, kind) ((records)->of[VPREC_RECORD_##kind])

#define VPREC_RECORD_AT(name, kind)                                                                                   \
    static inline const vprec_##name##_record *vprec_##name##_at(const vprec_records *records, size_t i)              \
    {                                                                                                                 \
        return (const vprec_##name##_record *)VPREC_ITEMS(records, kind).items[i].record;                             \
    }
VPREC_RECORD_AT(process, PROCESS)
VPREC_RECORD_AT(object, OBJECT)
VPREC_RECORD_AT(function, FUNCTION)
VPREC_RECORD_AT(refused, REFUSED)
VPREC_RECORD_AT(message, MESSAGE)
VPREC_RECORD_AT(native, NATIVE)
VPREC_RECORD_AT(exec, EXEC)
VPREC_RECORD_AT(exact, EXACT)
VPREC_RECORD_AT(scope, SCOPE)
VPREC_RECORD_AT(probe, PROBE)
VPREC_RECORD_AT(loaded, LOADED)
VPREC_RECORD_AT(stack, STACK)
#undef VPREC_RECORD_AT

/* What function `function` counted of `type`; nothing, where it executed none. */
const vprec_counts *vprec_counts_of(const vprec_records *records, size_t function, vprec_type type);

/* The same, to be added to. */
vprec_counts *vprec_counts_make(vprec_records *records, size_t function, vprec_type type);

/* Likewise of scope `scope`, with --layers. */
const vprec_counts *vprec_scope_counts_of(const vprec_records *records, size_t scope, vprec_type type);
vprec_counts *vprec_scope_counts_make(vprec_records *records, size_t scope, vprec_type type);

/* Index of the record of `kind` that lies at `offset` in the file, or VPREC_NO_PARENT. */
size_t vprec_item_at(const vprec_records *records, uint32_t kind, uint64_t offset);

/* Path of object `index`, "?" for VPREC_NO_PARENT. */
static inline const char *vprec_object_path(const vprec_records *records, size_t index)
{
    return index == VPREC_NO_PARENT ? "?" : vprec_object_at(records, index)->path;
}

#endif
