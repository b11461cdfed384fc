/* SPDX-License-Identifier: Apache-2.0
 * statistics.c: quantiles, and the estimators of significant digits made of them.
 * Owns no data: moments and extremes are the caller's.
 *
 * Distribution functions are summed in long double and inverted by Newton's method inside a bracket, so that
 * what comes out is right to about the last bits of a double. */
#include "vprec.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>

enum { STEPS_MOST = 200, TERMS_MOST = 2000000 };

/* A distribution function of x, its density in `*density`. */
typedef long double distribution(long double x, long double df, long double *density);

/* The x in [low, high] at which f is p. Newton's steps on log f, which is tame in the tail; one that leaves the bracket
 * is replaced by its middle. */
static double inverse(distribution *f, long double df, long double p, long double x, long double low, long double high)
{
    for (int i = 0; i < STEPS_MOST; i++) {
        long double density, value = f(x, df, &density);
        if (value < p)
            low = x;
        else
            high = x;
        long double next = density > 0 ? x - value * log1pl((value - p) / p) / density : low;
        if (!(next > low && next < high))
            next = (low + high) / 2;
        bool done = fabsl(next - x) <= 4 * LDBL_EPSILON * fabsl(x);
        x = next;
        if (done)
            break;
    }
    return (double)x;
}

static const long double half_sqrt = 0.70710678118654752440084436210485L;     /* sqrt(1/2) */
static const long double density_scale = 0.39894228040143267793994605993438L; /* 1/sqrt(2 pi) */

static long double normal(long double x, long double df, long double *density)
{
    (void)df;
    *density = density_scale * expl(-x * x / 2);
    return erfcl(-x * half_sqrt) / 2;
}

/* The same from 0 up to x, whose value near 0 is not the difference of two halves. */
static long double normal_central(long double x, long double df, long double *density)
{
    (void)df;
    *density = density_scale * expl(-x * x / 2);
    return erfl(x * half_sqrt) / 2;
}

/* Whether a quantile is found from the middle of a symmetric distribution, where its tail tells too little. */
static bool is_central(double p)
{
    return p > 0.3 && p < 0.7;
}

/* The x of a symmetric distribution below which a share p lies, of its integral from 0. */
static double central(distribution *f, long double df, double p)
{
    double share = fabs(p - 0.5); /* exact */
    long double high = 1, density;
    while (f(high, df, &density) < share)
        high *= 2;
    return copysign(inverse(f, df, share, high / 2, 0, high), p - 0.5);
}

double vprec_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1))
        return NAN;
    if (p == 0 || p == 1)
        return p ? INFINITY : -INFINITY;
    if (p == 0.5)
        return 0;
    if (is_central(p))
        return central(normal_central, 0, p);
    /* The tail that is small is the one computed without cancellation. */
    long double tail = p < 0.5 ? p : 1 - (long double)p;
    double x = inverse(normal, 0, tail, -1, -40, 0);
    return p < 0.5 ? x : -x;
}

/* log(t^a e^-t / Gamma(a)); for large a, where that is the difference of much larger ones, by Stirling's series
 * (DLMF 5.11.1) around t = a. */
static long double log_front(long double a, long double t)
{
    if (a < 50 || t < a / 2)
        return a * logl(t) - t - lgammal(a);
    long double r = 1 / (a * a), d = (t - a) / a;
    return a * (log1pl(d) - d) + logl(a * density_scale * density_scale) / 2 -
           (1 / 12.0L - r * (1 / 360.0L - r * (1 / 1260.0L - r / 1680))) / a;
}

/* The regularised lower incomplete gamma function at df/2: its series up to the mean, the continued fraction of the
 * upper one beyond (NIST Digital Library of Mathematical Functions, 8.11.4 and 8.9.2). */
static long double chi2(long double x, long double df, long double *density)
{
    long double a = df / 2, t = x / 2, front = expl(log_front(a, t));
    *density = front / x;
    if (t < a + 1) {
        long double term = 1 / a, sum = term;
        for (long n = 1; n < TERMS_MOST && term > sum * LDBL_EPSILON / 4; n++) {
            term *= t / (a + (long double)n);
            sum += term;
        }
        return front * sum;
    }
    /* Lentz's method. */
    long double b = t + 1 - a, c = 1 / LDBL_MIN, d = 1 / b, h = d;
    for (long n = 1; n < TERMS_MOST; n++) {
        long double k = (long double)n, an = -k * (k - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= c * d;
        if (fabsl(c * d - 1) < LDBL_EPSILON)
            break;
    }
    return 1 - front * h;
}

double vprec_chi2_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1 && df > 0 && df < 1e12))
        return NAN;
    if (p == 0 || p == 1)
        return p ? INFINITY : 0;
    /* E. B. Wilson and M. M. Hilferty, 1931: the cube root is nearly normal. */
    double spread = 2 / (9 * df), root = 1 - spread + vprec_normal_quantile(p) * sqrt(spread);
    double start = root > 0.1 ? df * root * root * root : df * exp((log(p) + lgamma(df / 2 + 1)) * 2 / df) * 2 / df;
    long double high = start > df ? start : df;
    for (long double density; chi2(high, df, &density) < p;)
        high *= 2;
    return inverse(chi2, df, p, start > 0 ? start : DBL_MIN, 0, high);
}

/* The regularised incomplete beta function's continued fraction (DLMF 8.17.22), good for x < (a+1)/(a+b+2). */
static long double beta_fraction(long double x, long double a, long double b)
{
    long double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), h = d;
    for (long n = 1; n < TERMS_MOST; n++) {
        long double m = (long double)n, even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        h *= c * d;
        long double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        h *= c * d;
        if (fabsl(c * d - 1) < LDBL_EPSILON)
            break;
    }
    return h;
}

/* log B(a, 1/2); for large a, whose log Gamma(a) is much larger, by the expansion of Gamma(a + 1/2) / Gamma(a)
 * (DLMF 5.11.13). */
static long double log_beta_half(long double a)
{
    if (a < 50)
        return lgammal(a) + lgammal(0.5L) - lgammal(a + 0.5L);
    long double r = 1 / (a * a);
    return lgammal(0.5L) - logl(a) / 2 + (1 / 8.0L - r * (1 / 192.0L - r * (1 / 640.0L - r * 17 / 14336))) / a;
}

/* Student's distribution for x <= 0: half of I_{df/(df+x^2)}(df/2, 1/2) (DLMF 8.17.1); or, from 0 up to x, what it is
 * less than 1/2. */
static long double student_part(long double x, long double df, long double *density, bool from_zero)
{
    long double a = df / 2, b = 0.5L, z = df / (df + x * x), w = x * x / (df + x * x);
    long double log_beta = log_beta_half(a);
    *density = expl(-(df + 1) / 2 * log1pl(x * x / df) - log_beta) / sqrtl(df);
    if (x == 0)
        return from_zero ? 0 : 0.5L;
    long double front = expl(b * logl(w) - a * log1pl(x * x / df) - log_beta);
    if (z < (a + 1) / (a + b + 2)) {
        long double tail = front * beta_fraction(z, a, b) / a / 2;
        return from_zero ? 0.5L - tail : tail;
    }
    long double middle = front * beta_fraction(w, b, a) / b / 2;
    return from_zero ? middle : 0.5L - middle;
}

static long double student(long double x, long double df, long double *density)
{
    return student_part(x, df, density, false);
}

static long double student_central(long double x, long double df, long double *density)
{
    return student_part(x, df, density, true);
}

double vprec_student_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1 && df > 0 && df < 1e12))
        return NAN;
    if (p == 0 || p == 1)
        return p ? INFINITY : -INFINITY;
    if (p == 0.5)
        return 0;
    if (is_central(p))
        return central(student_central, df, p);
    long double tail = p < 0.5 ? p : 1 - (long double)p, low = -2, density;
    while (student(low, df, &density) > tail)
        low *= 2;
    double x = inverse(student, df, tail, low / 2, low, 0);
    return p < 0.5 ? x : -x;
}

/* How much the standard deviation of n samples may be too small, in bits. */
static double deviation_bits(size_t n, double confidence)
{
    double df = (double)n - 1;
    return log2(df / vprec_chi2_quantile((1 - confidence) / 2, df)) / 2;
}

static bool open_interval(double p)
{
    return p > 0 && p < 1;
}

double vprec_cnh_shift(size_t n, double probability, double confidence)
{
    if (n < 2 || !open_interval(probability) || !open_interval(confidence))
        return NAN;
    return deviation_bits(n, confidence) + log2(vprec_normal_quantile((probability + 1) / 2));
}

double vprec_cnh_shift_contributing(size_t n, double probability, double confidence)
{
    if (n < 2 || !(probability > 0.5 && probability <= 0.7) || !open_interval(confidence))
        return NAN;
    return deviation_bits(n, confidence) + log2(probability - 0.5) + log2(2 / (double)density_scale);
}

double vprec_bernoulli_bits(double error)
{
    int exponent;
    if (!(error >= 0))
        return NAN;
    if (error == 0 || isinf(error))
        return error ? -INFINITY : INFINITY;
    /* error = f 2^exponent, 1/2 <= f < 1: at most 2^-k up to k = -exponent, one more where f is 1/2. */
    double f = frexp(error, &exponent);
    return f == 0.5 ? 1 - exponent : -exponent;
}

double vprec_bernoulli_bits_contributing(double error)
{
    int exponent;
    if (!(error >= 0))
        return NAN;
    if (error == 0 || isinf(error))
        return error ? -INFINITY : INFINITY;
    /* The first odd floor(2^j |Z|) is that of Z's leading bit, j = 1 - exponent: the largest |Z| decides. */
    frexp(error, &exponent);
    return -exponent;
}

double vprec_cestac_digits(double mean, double sd, size_t n, double confidence)
{
    if (n < 2 || !open_interval(confidence))
        return NAN;
    double tau = vprec_student_quantile((1 + confidence) / 2, (double)n - 1), ratio = fabs(mean) / sd;
    if (ratio > DBL_MIN && ratio < DBL_MAX / sqrt((double)n))
        return log10(sqrt((double)n) * ratio / tau);
    return log10(sqrt((double)n) / tau) + log10(fabs(mean)) - log10(sd); /* a quotient without a double */
}

double vprec_samples_needed(double probability, double confidence)
{
    if (!open_interval(probability) || !open_interval(confidence))
        return NAN;
    return ceil(log1p(-confidence) / log(probability));
}

double vprec_success_bound(size_t successes, size_t n, double confidence)
{
    if (successes > n || !open_interval(confidence))
        return NAN;
    double s = (double)successes + 2, f = (double)(n - successes) + 2, all = (double)n + 4;
    double bound = s / all - vprec_normal_quantile(confidence) * sqrt(s * f / (all * all * all));
    return bound > 0 ? bound : 0;
}

double vprec_jarque_bera(double n, double m2, double m3, double m4, double *chance)
{
    /* In an order that leaves a double's range only where a moment does. */
    double skewness = sqrt(n) * (m3 / m2 / sqrt(m2)), kurtosis = n * (m4 / m2 / m2) - 3;
    double statistic = n / 6 * (skewness * skewness + kurtosis * kurtosis / 4);
    if (chance)
        *chance = exp(-statistic / 2); /* the upper tail of chi-square with two degrees of freedom */
    return statistic;
}
