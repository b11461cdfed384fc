/* SPDX-License-Identifier: Apache-2.0
 * names.h: what symbols of the objects' files tell: whether a pattern for functions names something at all, for the
 * processes hold patterns only against what they execute; and which function code belongs to. */
#ifndef VPREC_RUN_NAMES_H
#define VPREC_RUN_NAMES_H

#include "records.h"

/* Fills `named`: for rules for functions that have no hits. Files that cannot be read have no functions. */
void vprec_names_find(vprec_records *records, const vprec_wire_config *config);

/* The symbol of the function that the code at an address of the file belongs to, and how far behind its begin it lies.
 * NULL: no symbol tells. It stays. */
const char *vprec_names_at(const char *path, uint64_t address, uint64_t *offset);

#endif
