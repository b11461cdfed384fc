/* SPDX-License-Identifier: Apache-2.0
 * record.h: the records that the interposer appends to the run's shared file. */
#ifndef VPREC_RUNTIME_RECORD_H
#define VPREC_RUNTIME_RECORD_H

#include "share.h"
#include <stdbool.h>
#include <stddef.h>

/* Room for `bytes` of consecutive records, zeroed, or NULL (then counted as dropped). */
void *vprec_record_room(size_t bytes);
/* The same, or else memory of this process alone, so that it goes on, rounded and unrecorded; NULL without memory. */
void *vprec_record_room_or_memory(size_t bytes);
uint64_t vprec_record_offset(const void *record); /* how other records name it; 0: it is in this process alone */
/* Completes a record: size and kind are written last. */
void vprec_record_done(void *record, uint32_t kind, size_t bytes);

/* With --count: a number for the function of this record; 0: none left. Not thread-safe: the caller holds the
 * instrumentation lock. */
uint32_t vprec_record_counted(vprec_function_record *function);
/* The counters of a function, given by that number, for `type`, made at the first call; NULL without room, or for
 * function 0. Async-signal-safe. */
vprec_counts *vprec_record_counts(uint32_t function, vprec_type type);
/* The counters whose offset is kept at `place`, made if there is none; NULL without room. Async-signal-safe. */
vprec_counts *vprec_record_counts_at(_Atomic uint64_t *place);
/* Sees to it that the next counters need no system call: a program may forbid itself all but a few. */
void vprec_record_prepare(void);

/* A record of `fixed` bytes and a text, room included; NULL without room. */
void *vprec_record_text(uint32_t kind, size_t fixed, const char *text);

/* This process' own record, once it has one. */
extern vprec_process_record *vprec_record_process;

/* A warning for the report. */
void vprec_record_warning(const char *text);

/* Records that `path`, or of it only the function of that name (NULL: all), stays native. */
void vprec_record_native(enum vprec_reason reason, const char *path, const char *function);

static inline size_t vprec_record_align(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

#endif
