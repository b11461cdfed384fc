/* SPDX-License-Identifier: Apache-2.0
 * result.h: from numbers to totals and the list of the worst. Reads no files. */
#ifndef VPREC_STATS_RESULT_H
#define VPREC_STATS_RESULT_H

#include "stats.h"

void stats_total_add(stats_total *total, const stats_number *number);
/* `sums` too unless they are kept apart. */
void stats_total_join(stats_total *to, const stats_total *from, bool sums);
void stats_sums_join(stats_sums *to, const stats_sums *from);

/* The mean of the numbers' means, the root mean square of their standard deviations, their mean bias. NaN: none. */
double stats_total_mean(const stats_total *total);
double stats_total_rms(const stats_total *total);
double stats_total_bias(const stats_total *total);

void stats_total_free(stats_total *total);

/* The histogram of that estimate, made where there is none yet. */
uint64_t *stats_total_histogram(stats_total *total, stats_estimate which);
/* Where in it a number with so many bits is counted. */
static inline size_t stats_bin(double bits)
{
    double at = (bits - STATS_BITS_LOW) * STATS_BINS_PER_BIT;
    return at < 0 ? 0 : at >= STATS_BINS ? STATS_BINS - 1 : (size_t)at;
}

/* Counts a number's bits there, before it counts in `known`. */
void stats_total_count(stats_total *total, stats_estimate which, double bits);

/* The bits below which a share of the numbers lies: the ceil(share n)-th smallest, and where share n is whole the middle
 * between that and the next. Exact up to STATS_FEW numbers, then to 1/STATS_BINS_PER_BIT. NaN: there are none. */
double stats_total_quantile(const stats_total *total, stats_estimate which, double share);

/* A number whose `worst` is that or above, and that stands behind those in the list, is not kept. NaN: any is. */
double stats_list_limit(const stats_list *list);
/* Keeps the number if it is among the worst. Takes its name over. */
void stats_list_offer(stats_list *list, const stats_number *number);
void stats_list_join(stats_list *to, stats_list *from); /* empties `from` */
void stats_list_sort(stats_list *list);                 /* by position */

#endif
