/* SPDX-License-Identifier: Apache-2.0
 * lines.h: where in the program's source something lies, by the debugging information (DWARF) of its object, on this
 * machine alone: in the file, or in one of its own that is found by build id or by the link in the file. */
#ifndef VPREC_RUN_LINES_H
#define VPREC_RUN_LINES_H

#include "common/json.h"
#include "records.h"

typedef struct vprec_source_line {
    const char *file; /* NULL: nobody knows; else it stays */
    int line;
} vprec_source_line;

/* Of the code at an address of the object's file, if that is still the one that ran. */
vprec_source_line vprec_line_of(const vprec_records *records, const char *object, uint64_t address);

/* "net.c:123", or NULL; to be freed. */
char *vprec_line_text(vprec_source_line line);

/* Puts `file` and `line` into the report's object, null where nobody knows. */
void vprec_line_put(json_t *object, vprec_source_line line);

#endif
