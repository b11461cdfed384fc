/* SPDX-License-Identifier: Apache-2.0
 * compare.h: vprec-stats compare: where two runs part, layer by layer. */
#ifndef VPREC_STATS_COMPARE_H
#define VPREC_STATS_COMPARE_H

#include "stats.h"
#include "vprec_probe.h"

/* A layer of both runs. */
typedef struct stats_pair {
    char *name;
    const char *missing; /* the run that does not have it, or NULL */
    bool shapes;         /* there, and of one shape: measured */
    uint64_t elements;   /* of A's */
    uint64_t differ;     /* of them, by their bits; two NaN do not */
    vprec_measure measure;
} stats_pair;

/* What stands in front of a threshold's number, "sqnr>="; --threshold has no "bits>=". */
extern const char *const stats_thresholds[VPREC_METRICS];

typedef struct stats_comparison {
    const char *runs[2];
    vprec_probe_options threshold; /* metric and tolerance */
    stats_format format;
    size_t count;
    stats_pair *pairs; /* in A's order, then what B alone has */
    size_t first_different, first_beyond; /* VPREC_NONE: none */
} stats_comparison;

/* `argv` from "compare" on. The exit status. */
int stats_compare(int argc, char **argv);

bool stats_comparison_print(const stats_comparison *comparison, FILE *out);

#endif
