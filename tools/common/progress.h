/* SPDX-License-Identifier: Apache-2.0
 * progress.h: one line on a terminal that says how far a run of many is. */
#ifndef VPREC_COMMON_PROGRESS_H
#define VPREC_COMMON_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct vprec_progress {
    bool on; /* standard error is a terminal, and it may speak */
    uint32_t total;
    const char *what; /* "samples" */
} vprec_progress;

void vprec_progress_begin(vprec_progress *progress, uint32_t total, const char *what, bool quiet);

/* Draws the line anew; `seconds_left` below zero is not known yet. */
void vprec_progress_draw(const vprec_progress *progress, uint32_t done, uint32_t running, uint32_t failed,
                         double seconds_left);

/* The same where work is no list of runs: a share of it, 0 to 1; `total` is not used. */
void vprec_progress_draw_share(const vprec_progress *progress, double share, double seconds_left);

/* Takes the line away, before anything else is said there. */
void vprec_progress_clear(const vprec_progress *progress);

#endif
