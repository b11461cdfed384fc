/* SPDX-License-Identifier: Apache-2.0
 * run.h: one run, finished or not, as the report and the summary see it. */
#ifndef VPREC_RUN_H
#define VPREC_RUN_H

#include "common/json.h"
#include "common/launch.h"
#include "common/options.h"
#include "common/program.h"
#include "records.h"
#include "totals.h"

typedef struct vprec_run {
    const vprec_options *options;
    const vprec_program *program;
    const vprec_outcome *outcome;
    const vprec_records *records;
    const vprec_totals *totals;
    int status;    /* what vprec-run exits with */
    bool snapshot; /* the program goes on, and there is no status yet */
} vprec_run;

/* Whether a process of the program itself, not only one it started, attached to the mapping. */
bool vprec_run_attached(const vprec_run *run);

/* The lines about what was rounded; what was left out and why that may matter; what to do: to be freed. The last two
 * are NULL where there is nothing to tell. */
char *vprec_summary_rounded(const vprec_run *run);
char *vprec_summary_left(const vprec_run *run);
char *vprec_summary_advice(const vprec_run *run);

/* For tables. Up to five digits as they are, larger numbers to three digits: "1.02 M". */
const char *vprec_profile_brief(uint64_t n, char text[16]);
/* A name in `width` columns, its end cut off where it is longer; of "libnet+0x1a40" its beginning. `text`: width + 1. */
const char *vprec_profile_fitted(const char *name, size_t width, char *text);

/* Tells on stderr, as a table, what --count saw: top functions, cancellation, range. */
void vprec_profile_tell(const vprec_run *run);

/* Says on stderr what the user must know after a run: failures, findings, and
 * (without --quiet) warnings and the summary. Returns the exit status: 125 where
 * a pattern matched nothing or the program did not attach, 124 where the audit
 * found something, else the program's own. */
int vprec_run_conclude(const vprec_run *run);

/* Tells on stderr the tables that were asked for, and the summary; of a snapshot without hints. */
void vprec_run_tell(const vprec_run *run);

/* Prints the table of --list on stdout; returns the exit status. */
int vprec_list_print(const vprec_run *run);

/* What every report starts with, for vprec_target_check, and the whole. */
#define VPREC_REPORT_BEGINS "{\n \"schema\": #,\n \"tool\": \"vprec-run\","
json_t *vprec_report_build(const vprec_run *run);

#endif
