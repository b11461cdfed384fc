/* SPDX-License-Identifier: Apache-2.0
 * verdict.h: what the samples come to, in a line. */
#ifndef VPREC_STATS_VERDICT_H
#define VPREC_STATS_VERDICT_H

#include "stats.h"

/* The estimate that verdict and summary speak of: CNH's unless it was not asked for or too many numbers are not normal,
 * then Bernoulli's, or CESTAC's. */
stats_estimate stats_verdict_estimate(const stats_report *report);

/* Numbers of all documents together; to be freed with stats_total_free. */
stats_total stats_report_total(const stats_report *report);

/* "1.4 digits in the median of 81 numbers, -0.6 in the worst (19:4); 1 of 21 labels changes"; to be freed. */
char *stats_verdict(const stats_report *report);

/* How many samples there are, and how many it takes; to be freed. */
char *stats_verdict_samples(const stats_report *report);

/* A number and where it is. */
typedef struct stats_place {
    const stats_document *document;
    const stats_group *group;
    const stats_number *number;
} stats_place;
/* The numbers that are listed, worst first; of `of`, or, NULL, of all documents. To be freed. */
stats_place *stats_worst(const stats_report *report, const stats_document *of, size_t *count);
/* "conv1.weight [0,3]", with the word in front of it in its line; to be freed. */
char *stats_place_name(const stats_place *place);

#endif
