/* SPDX-License-Identifier: Apache-2.0
 * state.h: moments, extremes and counts of many numbers, updated sample
 * by sample. Knows no files and no estimators. */
#ifndef VPREC_STATS_STATE_H
#define VPREC_STATS_STATE_H

#include "common/lanes.h"
#include <stddef.h>

/* One array for each field, `count` elements, the room a multiple of STATS_STEP. Values are kept
 * relative to `origin`, the first finite one of each number: noise in the last bits is then not lost in the mean's.
 * mean, m2, m3 and m4 are those of the differences times 2^-exponent, so that no power of them leaves a double's range;
 * the exponent is 0 where the differences are neither very small nor very large. */
#define STATS_FIELDS(X) X(origin) X(exponent) X(n) X(mean) X(m2) X(m3) X(m4) X(low) X(high) X(nan) X(inf)
typedef struct stats_state {
    size_t count, room;
#define STATS_FIELD_ENTRY(name) double *name;
    STATS_FIELDS(STATS_FIELD_ENTRY)
#undef STATS_FIELD_ENTRY
} stats_state;

/* A value that is not there. It counts nowhere: missing are the samples that are left. */
double stats_missing(void);

/* The smallest multiple of STATS_STEP that holds `count`. */
size_t stats_round_up(size_t count);

/* Makes room for `count` numbers; new ones are empty. */
void stats_state_resize(stats_state *state, size_t count);
/* Empties all numbers, of which there are `count` now. */
void stats_state_clear(stats_state *state, size_t count);
void stats_state_free(stats_state *state);

/* Adds `samples` values of every number: x[s * stride + i] for number i; stride is a multiple of STATS_STEP,
 * x aligned to 32 bytes, and values between count and room are anything. Pairwise: the values
 * of one call in two passes, joined to what there is by P. Pebay's formulas (2008, section 3). */
void stats_state_add(stats_state *state, const double *x, size_t stride, size_t samples);
/* The same for the numbers first..first+count, both multiples of STATS_STEP: x[s * stride + i] for first+i. */
void stats_state_add_some(stats_state *state, size_t first, size_t count, const double *x, size_t stride,
                          size_t samples);

#endif
