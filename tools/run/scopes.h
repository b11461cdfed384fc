/* SPDX-License-Identifier: Apache-2.0
 * scopes.h: what a run tells of its scopes: which there were, what was wrong with them. */
#ifndef VPREC_RUN_SCOPES_H
#define VPREC_RUN_SCOPES_H

#include "common/json.h"
#include "run.h"

/* Says which lines of the recipe matched no scope, and where it was not known for which of two scopes of different
 * formats a thread worked. False: there was such. */
bool vprec_scopes_say(const vprec_run *run);

/* How many names and calls: "3 scopes, 12 times entered". NULL: nobody asked. To be freed. */
char *vprec_scopes_summary(const vprec_run *run);

/* Tells on stderr, as a table, what --layers counted. */
void vprec_scopes_tell(const vprec_run *run);

/* The report's "scopes", in the order in which they were first open; and "recipe" of its configuration. */
json_t *vprec_scopes_report(const vprec_run *run);
json_t *vprec_scopes_recipe(const vprec_run *run);

/* report.c: what was counted, as of functions. */
json_t *vprec_report_counts(const vprec_records *records, const vprec_counts *counts, unsigned precision,
                            uint32_t counting);

#endif
