/* SPDX-License-Identifier: Apache-2.0
 * measure.c: owns the measures of how far outputs are from the reference's. Runs
 * no layer. Sums are taken in long double, in which no square of a double overflows. */
#include "measure.h"
#include <fenv.h>
#include <math.h>
#include <stdlib.h>

vprec_status vprec_gather_begin(vprec_gather *gather, size_t n, bool several)
{
    *gather = (vprec_gather){.n = n};
    if (!several || !n)
        return VPREC_OK;
    gather->mean = calloc(n, sizeof *gather->mean);
    gather->square = calloc(n, sizeof *gather->square);
    if (gather->mean && gather->square)
        return VPREC_OK;
    vprec_gather_end(gather);
    return VPREC_ENOMEM;
}

void vprec_gather_end(vprec_gather *gather)
{
    free(gather->mean);
    free(gather->square);
    gather->mean = gather->square = NULL;
}

static void add_outcomes(vprec_outcomes *to, const vprec_outcomes *more)
{
    to->operations += more->operations;
    to->overflows += more->overflows;
    to->underflows += more->underflows;
    to->zeros += more->zeros;
    to->invalids += more->invalids;
    to->poles += more->poles;
    to->most = fmax(to->most, more->most);
    if (more->least > 0 && (!(to->least > 0) || more->least < to->least))
        to->least = more->least;
}

static void note_exponent(vprec_gather *gather, double x)
{
    if (x == 0 || !isfinite(x))
        return;
    int exponent = ilogb(x);
    vprec_measure *counts = &gather->counts;
    if (!gather->exponents || exponent < counts->least_exponent)
        counts->least_exponent = exponent;
    if (!gather->exponents || exponent > counts->most_exponent)
        counts->most_exponent = exponent;
    gather->exponents = true;
}

/* y is finite and not zero, x is finite or lost. */
static void note_relative(vprec_gather *gather, long double difference, double y)
{
    long double error = fabsl(difference) / fabsl((long double)y);
    double bits = vprec_bernoulli_bits((double)error);
    gather->relatives++;
    gather->relative += error;
    if ((double)error > gather->counts.max_relative)
        gather->counts.max_relative = (double)error;
    if (error == 0)
        gather->exact++;
    else if (bits >= VPREC_GATHER_LOW) /* else an error without a double: among the lost */
        gather->bins[(int)fmin(bits, VPREC_GATHER_HIGH) - VPREC_GATHER_LOW]++;
}

/* B. P. Welford, 1962. */
static void note_deviation(vprec_gather *gather, size_t i, double difference)
{
    double from = difference - gather->mean[i];
    gather->mean[i] += from / gather->samples;
    gather->square[i] += from * (difference - gather->mean[i]);
}

static void note_output(vprec_gather *gather, size_t i, double x, double y)
{
    vprec_measure *counts = &gather->counts;
    note_exponent(gather, x);
    if (!isfinite(y)) {
        counts->unmeasured++;
        return;
    }
    bool lost = !isfinite(x);
    long double difference = lost ? (long double)INFINITY : (long double)x - y, wide = y;
    counts->outputs++;
    counts->lost += lost;
    counts->vanished += x == 0 && y != 0;
    counts->appeared += y == 0 && x != 0;
    gather->signal += wide * wide;
    gather->noise += difference * difference;
    gather->power += (long double)x * x;
    gather->dot += wide * x;
    if (y != 0)
        note_relative(gather, difference, y);
    if (gather->mean)
        note_deviation(gather, i, (double)difference);
}

void vprec_gather_sample(vprec_gather *gather, const double *x, const double *y, const vprec_outcomes *outcomes)
{
    fenv_t caller;
    fegetenv(&caller);
    fesetenv(FE_DFL_ENV);
    gather->samples++;
    add_outcomes(&gather->counts.outcomes, outcomes);
    for (size_t i = 0; i < gather->n; i++)
        note_output(gather, i, x[i], y[i]);
    fesetenv(&caller);
}

/* Whether from `n` outputs, of which `failures` have a larger error, follows that a share of all has not. */
static bool follows(size_t failures, size_t n, const vprec_probe_options *options)
{
    if (!failures)
        return (double)n >= vprec_samples_needed(options->probability, options->confidence);
    return vprec_success_bound(n - failures, n, options->confidence) >= options->probability;
}

/* The largest k that follows. It is one that an output has: between them nothing changes. */
static double bernoulli_bits(const vprec_gather *gather, const vprec_probe_options *options)
{
    size_t n = gather->relatives, good = gather->exact;
    if (!follows(0, n, options))
        return NAN;
    if (follows(n - good, n, options))
        return INFINITY;
    for (int bin = VPREC_GATHER_BINS - 1; bin >= 0; bin--) {
        good += gather->bins[bin];
        if (gather->bins[bin] && follows(n - good, n, options))
            return bin + VPREC_GATHER_LOW;
    }
    return -INFINITY;
}

static double cnh_bits(const vprec_gather *gather, const vprec_probe_options *options, const double *y)
{
    double least = NAN, shift = vprec_cnh_shift(gather->samples, options->probability, options->confidence);
    for (size_t i = 0; gather->mean && gather->samples > 1 && i < gather->n; i++) {
        if (y[i] == 0 || !isfinite(y[i]))
            continue;
        double deviation = sqrt(gather->square[i] / (gather->samples - 1));
        double bits = isnan(deviation) ? -INFINITY : log2(fabs(y[i])) - log2(deviation) - shift;
        least = fmin(least, bits); /* of a NaN and a number the number */
    }
    return least;
}

static double sqnr_of(const vprec_gather *gather)
{
    if (gather->noise == 0)
        return INFINITY;
    return isinf(gather->noise) ? -INFINITY : (double)(10 * (log10l(gather->signal) - log10l(gather->noise)));
}

static double cosine_of(const vprec_gather *gather)
{
    if (gather->noise == 0)
        return 1;
    if (gather->counts.lost || gather->signal == 0 || gather->power == 0)
        return NAN;
    return (double)(gather->dot / sqrtl(gather->signal) / sqrtl(gather->power));
}

static bool within(const vprec_measure *m, const vprec_probe_options *options)
{
    if (m->lost)
        return false;
    switch (options->metric) {
    case VPREC_METRIC_MAX_RELATIVE: return m->max_relative <= options->tolerance;
    case VPREC_METRIC_MEAN_RELATIVE: return m->mean_relative <= options->tolerance;
    case VPREC_METRIC_COSINE: return m->cosine >= options->tolerance;
    case VPREC_METRIC_BITS: return m->bits >= options->tolerance;
    default: return m->sqnr >= options->tolerance;
    }
}

void vprec_gather_measure(const vprec_gather *gather, const double *y, const vprec_probe_options *options,
                          vprec_measure *measure)
{
    fenv_t caller;
    fegetenv(&caller);
    fesetenv(FE_DFL_ENV);
    *measure = gather->counts;
    measure->samples = gather->samples;
    measure->mean_relative = gather->relatives ? (double)(gather->relative / gather->relatives) : 0;
    measure->sqnr = sqnr_of(gather);
    measure->cosine = cosine_of(gather);
    measure->worst_bits = vprec_bernoulli_bits(measure->max_relative);
    measure->bits = bernoulli_bits(gather, options);
    measure->cnh_bits = cnh_bits(gather, options, y);
    measure->within = within(measure, options);
    fesetenv(&caller);
}

bool vprec_measure_better(const vprec_measure *a, const vprec_measure *b, vprec_metric metric)
{
    switch (metric) {
    case VPREC_METRIC_MAX_RELATIVE: return a->max_relative < b->max_relative;
    case VPREC_METRIC_MEAN_RELATIVE: return a->mean_relative < b->mean_relative;
    case VPREC_METRIC_COSINE: return a->cosine > b->cosine;
    case VPREC_METRIC_BITS: return a->bits > b->bits;
    default: return a->sqnr > b->sqnr;
    }
}
