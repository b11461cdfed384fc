/* SPDX-License-Identifier: Apache-2.0
 * threshold.h: --threshold: which cells keep a metric, and the smallest of each series that does. */
#ifndef VPREC_SWEEP_THRESHOLD_H
#define VPREC_SWEEP_THRESHOLD_H

#include "common/require.h"
#include "run.h"

typedef struct sweep_threshold {
    const char *spec; /* as it was written */
    const vprec_requirement *requirement;
    size_t metric;
    vprec_bounds bounds; /* once native is known */
} sweep_threshold;

/* One line of cells that differ in fraction bits, or precision, alone. */
typedef struct sweep_series {
    sweep_cell **cells; /* by width */
    size_t count;
    size_t smallest;    /* index, or count: none keeps it */
    size_t tested;
    int monotone;       /* 1, 0, or -1: not all were run, or there is one */
    char *note;         /* NULL: nothing to say */
} sweep_series;

/* What the requirement, which stays the caller's, asks of which metric. False, having said why. Says in the metric which
 * values are better, where only the requirement does. */
bool sweep_threshold_find(sweep_threshold *threshold, const char *option, const vprec_requirement *requirement,
                          sweep_metrics *metrics);

/* Once native is known. */
void sweep_threshold_resolve(sweep_threshold *threshold, const sweep *sweep);

/* Whether the cell ended well and keeps the metric. */
bool sweep_keeps(const sweep_threshold *threshold, const sweep_cell *cell);

/* "labels >= 0.99", to be freed. */
char *sweep_threshold_text(const sweep_threshold *threshold, const sweep_metrics *metrics);

/* The series of the grid, cells sorted; to be freed with sweep_series_free. */
sweep_series *sweep_series_make(const sweep_grid *grid, size_t *count);
void sweep_series_free(sweep_series *series, size_t count);

/* Finds smallest, monotone and note from what is settled; `complete`: what is not is not needed. */
void sweep_series_judge(sweep_series *series, const sweep_threshold *threshold, bool complete);

/* --bisect: wants the next cells of each series that has all it wanted. False where there are none. */
bool sweep_series_next(sweep_series *series, size_t count, const sweep_threshold *threshold);

#endif
