/* SPDX-License-Identifier: Apache-2.0
 * record.h: the shared mapping from inside the process: its configuration, and
 * the records that the interposer appends. */
#ifndef VPREC_RECORD_H
#define VPREC_RECORD_H

#include "wire.h"
#include <stdbool.h>
#include <stddef.h>

extern vprec_wire *vprec_wire_shared; /* NULL: this process is not part of a run */

bool vprec_record_open(const char *path);
int vprec_record_file(void); /* a descriptor of the mapping's file; the caller closes it. -1: none */

/* Room for `bytes` of consecutive records, zeroed, or NULL (then counted as dropped). */
void *vprec_record_room(size_t bytes);
uint64_t vprec_record_offset(const void *record);
/* Completes a record: size and kind are written last. */
void vprec_record_done(void *record, uint32_t kind, size_t bytes);
/* With --count: the counters of a function for `type`, made at the first call; NULL without room. The function is
 * given by the number of its record, 0 for none. Async-signal-safe. */
vprec_counts *vprec_record_counts(uint32_t function, vprec_type type);
uint32_t vprec_record_number(uint64_t offset);

/* A record of `fixed` bytes and a text, room included; NULL without room. */
void *vprec_record_text(uint32_t kind, size_t fixed, const char *text);

/* This process' own record, once it has one. */
extern vprec_process_record *vprec_record_process;

/* A warning for the report. */
void vprec_record_warning(const char *text);

static inline size_t vprec_record_align(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

#endif
