/* SPDX-License-Identifier: Apache-2.0
 * progress.h: how far the reading of the samples is, on a terminal. */
#ifndef VPREC_STATS_PROGRESS_H
#define VPREC_STATS_PROGRESS_H

#include "common/progress.h"
#include <stddef.h>

typedef struct stats_progress {
    vprec_progress bar;
    double started, drawn;      /* seconds; drawn 0: not yet */
    size_t documents, document; /* all, and those that are read */
} stats_progress;

/* `what` is gone through: "the samples". */
void stats_progress_begin(stats_progress *progress, size_t documents, const char *what, bool quiet);

/* A share, 0 to 1, of the document is read; drawn where all of it takes some seconds. NULL is told nothing. */
void stats_progress_tell(stats_progress *progress, double share);

/* The document is read. */
void stats_progress_next(stats_progress *progress);
void stats_progress_end(stats_progress *progress);

#endif
