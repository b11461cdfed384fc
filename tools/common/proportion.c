/* SPDX-License-Identifier: Apache-2.0
 * proportion.c: see proportion.h. All rests on the binomial distribution's tail, an incomplete beta function. */
#include "proportion.h"
#include "vprec.h"
#include <math.h>
#include <stdbool.h>

/* The continued fraction of the incomplete beta function (NIST Digital Library of Mathematical Functions, 8.17.22) by
 * W. J. Lentz's method, which converges quickly for x < (a + 1)/(a + b + 2). */
static double fraction(double a, double b, double x)
{
    enum { STEPS_MOST = 100000 }; /* some times the root of the larger of a and b */
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m < STEPS_MOST; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        value *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        value *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return value;
}

/* The regularized incomplete beta function I_x(a, b), 0 < x < 1. */
static double beta(double x, double a, double b)
{
    int sign;
    double scale = lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign);
    scale = exp(scale + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? scale * fraction(a, b, x) / a : 1 - scale * fraction(b, a, 1 - x) / b;
}

/* How probable it is that at most k < n of n items have a property whose share is `share`. */
static double at_most(uint64_t k, uint64_t n, double share)
{
    return share <= 0 ? 1 : share >= 1 ? 0 : beta(1 - share, (double)(n - k), (double)k + 1);
}

static bool good(uint64_t k, uint64_t n, double confidence)
{
    return n && k <= n && confidence > 0 && confidence < 1;
}

double vprec_share_most(uint64_t k, uint64_t n, double confidence)
{
    if (!good(k, n, confidence))
        return NAN;
    if (!k) /* (1 - share)^n = 1 - confidence */
        return -expm1(log1p(-confidence) / (double)n);
    if (k == n)
        return 1;
    double low = (double)k / (double)n, high = 1;
    for (double middle; (middle = low + (high - low) / 2) > low && middle < high;)
        *(at_most(k, n, middle) > 1 - confidence ? &low : &high) = middle;
    return high;
}

vprec_share_bounds vprec_share_interval(uint64_t k, uint64_t n, double confidence)
{
    if (!good(k, n, confidence))
        return (vprec_share_bounds){NAN, NAN};
    double z = vprec_normal_quantile((1 + confidence) / 2), of = (double)n, share = (double)k / of;
    double middle = share + z * z / (2 * of), scale = 1 + z * z / of;
    double half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of));
    return (vprec_share_bounds){k ? (middle - half) / scale : 0, k < n ? (middle + half) / scale : 1};
}

/* How the two judgements go together: phi with the continuity correction of method 10. */
static double correlation(const vprec_paired *p)
{
    double both = (double)p->both, first = (double)p->first, second = (double)p->second, neither = (double)p->neither;
    double product = both * neither - first * second, n = both + first + second + neither;
    double scale = sqrt(both + first) * sqrt(second + neither) * sqrt(both + second) * sqrt(first + neither);
    if (product > 0)
        product = fmax(product - n / 2, 0);
    return scale > 0 ? product / scale : 0;
}

/* The root of a^2 - 2 phi a b + b^2, which rounding may take below 0 where phi is 1. */
static double joined(double a, double b, double phi)
{
    return sqrt(fmax(a * a - 2 * phi * a * b + b * b, 0));
}

vprec_share_bounds vprec_paired_interval(const vprec_paired *p, double confidence)
{
    uint64_t n = p->both + p->first + p->second + p->neither, is = p->both + p->second, was = p->both + p->first;
    if (!good(is, n, confidence))
        return (vprec_share_bounds){NAN, NAN};
    vprec_share_bounds now = vprec_share_interval(is, n, confidence), then = vprec_share_interval(was, n, confidence);
    double share = (double)is / (double)n, native = (double)was / (double)n, phi = correlation(p);
    double difference = ((double)p->second - (double)p->first) / (double)n;
    return (vprec_share_bounds){difference - joined(share - now.low, then.high - native, phi),
                            difference + joined(now.high - share, native - then.low, phi)};
}

double vprec_paired_mcnemar(const vprec_paired *p)
{
    uint64_t changed = p->first + p->second, fewer = p->first < p->second ? p->first : p->second;
    return p->first == p->second ? 1 : fmin(1, 2 * at_most(fewer, changed, 0.5));
}
