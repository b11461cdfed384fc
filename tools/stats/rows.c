/* SPDX-License-Identifier: Apache-2.0
 * rows.c: see rows.h. */
#include "rows.h"
#include "common/say.h"
#include <math.h>
#include <stdbool.h>

#define SUM_NEAR 1e-3 /* of probabilities that were rounded, or printed with few digits */

void stats_rows_add(stats_rows *r, double is, double want)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        r->is = vprec_grow(r->is, r->room, sizeof *r->is);
        r->want = vprec_grow(r->want, r->room, sizeof *r->want);
    }
    r->is[r->count] = is;
    r->want[r->count++] = want;
}

static bool all_finite(const double *x, size_t n)
{
    bool finite = true;
    for (size_t i = 0; i < n; i++)
        finite &= isfinite(x[i]);
    return finite;
}

static size_t largest(const double *x, size_t n)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[at])
            at = i;
    return at;
}

static bool is_distribution(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i] < 0)
            return false;
        sum += x[i];
    }
    return fabs(sum - 1) <= SUM_NEAR;
}

/* The logarithm of the sum that a softmax divides by, less the largest number. */
static double log_sum(const double *x, size_t n, double most)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += exp(x[i] - most);
    return n ? log(sum) : -INFINITY;
}

static double divergence(const double *is, const double *want, size_t n)
{
    double sum = 0;
    if (is_distribution(want, n)) {
        for (size_t i = 0; i < n; i++)
            if (want[i] > 0)
                sum += want[i] * (is[i] > 0 ? log(want[i]) - log(is[i]) : INFINITY);
        return fmax(sum, 0);
    }
    double p = want[largest(want, n)], q = is[largest(is, n)], ps = log_sum(want, n, p), qs = log_sum(is, n, q);
    for (size_t i = 0; i < n; i++) {
        double lp = want[i] - p - ps, lq = is[i] - q - qs;
        sum += exp(lp) * (lp - lq);
    }
    return fmax(sum, 0);
}

void stats_rows_end(stats_rows *r)
{
    if (r->count > 1 && all_finite(r->want, r->count)) {
        bool finite = all_finite(r->is, r->count);
        r->rows++;
        r->flips += !finite || largest(r->is, r->count) != largest(r->want, r->count);
        r->divergence += finite ? divergence(r->is, r->want, r->count) : INFINITY;
    }
    r->count = 0;
}

void stats_rows_free(stats_rows *r)
{
    free(r->is);
    free(r->want);
    *r = (stats_rows){0};
}

double stats_rows_divergence(const stats_rows *r)
{
    return r->rows ? r->divergence / (double)r->rows : NAN;
}

double stats_rows_flips(const stats_rows *r)
{
    return r->rows ? (double)r->flips / (double)r->rows : NAN;
}
