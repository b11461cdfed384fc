/* SPDX-License-Identifier: Apache-2.0
 * number.h: from moments to a number's significant digits, one by one or
 * in blocks that are added up at once. Reads no files. */
#ifndef VPREC_STATS_NUMBER_H
#define VPREC_STATS_NUMBER_H

#include "result.h"
#include "state.h"

/* What depends on the number of samples n only: what CNH bits are lessened by, 2 to that, the same of contributing
 * bits, what CESTAC's are raised by, and the limit of the test of normality. */
#define STATS_FACTORS(X) X(shift) X(spread) X(contributing) X(cestac) X(limit)
typedef struct stats_factors {
    double n;
#define STATS_FACTOR_ENTRY(name) double name;
    STATS_FACTORS(STATS_FACTOR_ENTRY)
#undef STATS_FACTOR_ENTRY
} stats_factors;

/* Factors that were needed, kept from number to number; to begin with only `options` is set. */
enum { STATS_SCALES = 32 };
typedef struct stats_scale {
    const stats_options *options;
    stats_factors of[STATS_SCALES]; /* by n modulo STATS_SCALES */
} stats_scale;

/* Number i of the state, of `samples` samples. Reference NaN: the mean. `precision`: bits of equal values. */
void stats_number_fill(stats_number *number, stats_scale *scale, const stats_state *state, size_t i, double samples,
                       double reference, double precision);

/* All numbers of a state, the first of which has position `first`. */
typedef struct stats_block {
    const stats_state *state;
    uint64_t first;
    const double *references; /* one for each number, aligned to 32 bytes; NaN, or a NULL: the mean */
    double samples, precision;
} stats_block;

/* Adds them to the total and offers them to the list, which has had no number behind them. */
void stats_block_add(const stats_block *block, stats_scale *scale, stats_total *total, stats_list *list);

#endif
