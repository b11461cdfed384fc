/* SPDX-License-Identifier: Apache-2.0
 * measure.h: outputs against the reference's, gathered sample by sample and
 * summed up as vprec_measure. Internal to lib/. */
#ifndef VPREC_MEASURE_H
#define VPREC_MEASURE_H

#include "vprec_probe.h"

/* Outputs are counted by the largest k with |x-y|/|y| <= 2^-k, from LOW to HIGH; what is exact or lost is not in BINS. */
enum {
    VPREC_GATHER_LOW = -1100,
    VPREC_GATHER_HIGH = 1100,
    VPREC_GATHER_BINS = VPREC_GATHER_HIGH - VPREC_GATHER_LOW + 1
};

/* What is known of the samples so far. All zero, then vprec_gather_begin. */
typedef struct vprec_gather {
    vprec_measure counts; /* outputs, lost, vanished, ..., least and most exponent */
    bool exponents;       /* whether there are any */
    long double signal, power, dot, noise, relative; /* sums of y^2, x^2, xy, (x-y)^2, |x-y|/|y| */
    size_t relatives;     /* outputs with y not zero */
    size_t exact, bins[VPREC_GATHER_BINS];
    size_t n;             /* outputs of a sample */
    unsigned samples;
    double *mean, *square; /* [n] of x-y, for more than one sample: mean and sum of squared deviations from it */
} vprec_gather;

/* Of `n` outputs a sample; room for deviations if there will be `several`. VPREC_ENOMEM. */
vprec_status vprec_gather_begin(vprec_gather *gather, size_t n, bool several);
void vprec_gather_end(vprec_gather *gather);

/* One sample x against y, and its operations. The caller's floating-point environment does not matter here and
 * below. */
void vprec_gather_sample(vprec_gather *gather, const double *x, const double *y, const vprec_outcomes *outcomes);

/* By metric, tolerance, probability and confidence of the options, none of them zero, against y;
 * format and mode are the caller's. */
void vprec_gather_measure(const vprec_gather *gather, const double *y, const vprec_probe_options *options,
                          vprec_measure *measure);

/* Whether `a` is the better one by the metric. */
bool vprec_measure_better(const vprec_measure *a, const vprec_measure *b, vprec_metric metric);

#endif
