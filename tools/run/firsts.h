/* SPDX-License-Identifier: Apache-2.0
 * firsts.h: what a run tells of the first operations that went wrong: their operands, and who called whom. */
#ifndef VPREC_RUN_FIRSTS_H
#define VPREC_RUN_FIRSTS_H

#include "common/json.h"
#include "run.h"

/* The report's "first": of each kind, those that there were. */
json_t *vprec_firsts_report(const vprec_records *records, const vprec_first first[VPREC_FIRSTS]);

/* Says on stderr which operation of the run was the first to overflow, and which the first to give a NaN, and where. */
void vprec_firsts_tell(const vprec_run *run);

#endif
