/* SPDX-License-Identifier: Apache-2.0
 * names.h: whether a pattern for functions names something at all: held against the symbols of the objects that the run
 * has met, in their files. The processes hold patterns only against what they execute. */
#ifndef VPREC_RUN_NAMES_H
#define VPREC_RUN_NAMES_H

#include "records.h"

/* Fills `named`: for rules for functions that have no hits. Files that cannot be read have no functions. */
void vprec_names_find(vprec_records *records, const vprec_wire_config *config);

#endif
