/* SPDX-License-Identifier: Apache-2.0
 * stats_result.h: from moments to a number's significant digits, and from
 * numbers to totals and the list of the worst. Reads no files. */
#ifndef VPREC_STATS_RESULT_H
#define VPREC_STATS_RESULT_H

#include "stats.h"
#include "stats_state.h"

/* What depends on the number of samples only; kept from number to number. */
typedef struct stats_scale {
    const stats_options *options;
    double n, shift, contributing, cestac, limit; /* limit of the test of normality */
} stats_scale;

/* Number i of the state, of `samples` samples. Reference NaN: the mean. `precision`: bits of equal values. */
void stats_number_fill(stats_number *number, stats_scale *scale, const stats_state *state, size_t i, double samples,
                       double reference, double precision);

void stats_total_add(stats_total *total, const stats_number *number);
/* `sums` too unless they are kept apart. */
void stats_total_join(stats_total *to, const stats_total *from, bool sums);
void stats_sums_join(stats_sums *to, const stats_sums *from);

void stats_total_free(stats_total *total);

/* The bits below which a share of the numbers lies, to 1/STATS_BINS_PER_BIT; NaN: there are none. */
double stats_total_quantile(const stats_total *total, stats_estimate which, double share);

/* Keeps the number if it is among the worst. Takes its name over. */
void stats_list_offer(stats_list *list, const stats_number *number);
void stats_list_join(stats_list *to, stats_list *from); /* empties `from` */
void stats_list_sort(stats_list *list);                 /* by position */

#endif
