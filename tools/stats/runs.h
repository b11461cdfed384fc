/* SPDX-License-Identifier: Apache-2.0
 * runs.h: which samples there are, which documents they have, and the
 * reference. Opens no document. */
#ifndef VPREC_STATS_RUNS_H
#define VPREC_STATS_RUNS_H

#include "stats.h"

typedef struct stats_runs {
    char **samples; /* files or directories; with --rows the documents themselves */
    size_t count;
    bool directories;
    char *reference;   /* file or directory, or NULL */
    char **documents;  /* names below a sample's directory; of files the one name they share */
    size_t document_count;
    char **warnings;
    size_t warning_count;
} stats_runs;

/* 0; 1 or 2 having said why. */
int stats_runs_find(stats_runs *runs, const stats_options *options);
void stats_runs_free(stats_runs *runs);

/* The document's path in a sample, or in the reference; NULL where it is not there. To be freed. */
char *stats_runs_path(const stats_runs *runs, size_t sample, size_t document);
char *stats_runs_reference(const stats_runs *runs, size_t document);

#endif
