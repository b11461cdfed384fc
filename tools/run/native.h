/* SPDX-License-Identifier: Apache-2.0
 * native.h: what ran as it was written although, or because, of the selection:
 * the processes' records of it, each fact once, and their words. */
#ifndef VPREC_RUN_NATIVE_H
#define VPREC_RUN_NATIVE_H

#include "records.h"

typedef struct vprec_left_native {
    const char *object, *function; /* in the records; function NULL: all of the object */
    enum vprec_reason reason;
    size_t process; /* index of the first process that told it */
} vprec_left_native;

/* What was selected and stays native, or (`selected` false) the objects that were left out; to be freed. */
vprec_left_native *vprec_natives_collect(const vprec_records *records, bool selected, size_t *count);

/* "unreadable", the same for reasons of one kind; "it is not an ELF file". */
const char *vprec_reason_code(enum vprec_reason reason);
const char *vprec_reason_text(enum vprec_reason reason);

#endif
