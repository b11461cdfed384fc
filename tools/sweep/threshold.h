/* SPDX-License-Identifier: Apache-2.0
 * threshold.h: a requirement of one metric, and which cells keep it. */
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

#endif
