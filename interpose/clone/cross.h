/* SPDX-License-Identifier: Apache-2.0
 * cross.h: what the counters of runs (runs.h) take in too much or leave out where a run is not executed from its start
 * to its end. */
#ifndef VPREC_CLONE_CROSS_H
#define VPREC_CLONE_CROSS_H

#include "image.h"

/* The run that an original lies in; NULL: none. */
const vprec_counted_run *vprec_runs_at(const vprec_image *image, uint64_t original);

/* Control leaves the clone at `original` in the middle of a run, or comes to it there, as only a signal can lead it:
 * that is made good. `past`: beyond the start of that instruction's code. Async-signal-safe. */
void vprec_runs_cross(const vprec_image *image, uint64_t original, bool past, bool arrives);

#endif
