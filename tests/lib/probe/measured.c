/* SPDX-License-Identifier: Apache-2.0
 * measured.c: the measures by their definitions: sums in MPFR, shares of outputs by counting for each number of bits,
 * quantiles from tables. */
#include "measured.h"
#include <criterion/criterion.h>
#include <math.h>
#include <mpfr.h>
#include <string.h>

enum { BITS = 300, FEWEST = 59 /* ceil(ln 0.05 / ln 0.95) */ };

/* Tables: the normal distribution's quantiles at 0.95 and 0.975, chi-square's at 0.025 by degrees of freedom. */
static const double z95 = 1.6448536269514722, z975 = 1.959963984540054;
static const double chi2_025[31] = {0, 0.000982069117175, 0.0506356159686, 0.215795282623, 0.484418557087,
    0.831211613487, 1.23734424579, 1.68986918068, 2.17973074725, 2.70038949998, 3.24697278024, 3.81574825122,
    4.40378850698, 5.00875051181, 5.62872610303, 6.26213779504, 6.90766435349, 7.56418644958, 8.23074619476,
    8.90651648199, 9.59077739226, 10.2828977825, 10.9823207345, 11.6885519224, 12.4011502175, 13.119720025,
    13.8439049821, 14.5733827309, 15.3078605527, 16.0470716954, 16.7907722656};

/* |x-y|/|y| */
static void relative(mpfr_t error, double x, double y)
{
    mpfr_set_d(error, x, MPFR_RNDN);
    mpfr_sub_d(error, error, y, MPFR_RNDN);
    mpfr_div_d(error, error, y, MPFR_RNDN);
    mpfr_abs(error, error, MPFR_RNDN);
}

/* Whether all but `failures` of n say enough of a share of 0.95 at the confidence 0.95. */
static bool enough(size_t failures, size_t n)
{
    if (!failures)
        return n >= FEWEST;
    double s = (double)(n - failures) + 2, f = (double)failures + 2, all = (double)n + 4;
    return s / all - z95 * sqrt(s * f / all / all / all) >= 0.95;
}

static double share_bits(const double *x, const double *y, size_t n, unsigned samples)
{
    mpfr_t error;
    mpfr_init2(error, BITS);
    size_t total = 0, exact = 0;
    for (size_t i = 0; i < n * samples; i++) {
        total += isfinite(y[i % n]) && y[i % n] != 0;
        exact += isfinite(y[i % n]) && y[i % n] != 0 && x[i] == y[i % n];
    }
    double result = total < FEWEST ? NAN : -INFINITY;
    if (total >= FEWEST && enough(total - exact, total))
        result = INFINITY;
    for (int k = 120; k >= -120 && total >= FEWEST && isinf(result) && result < 0; k--) {
        size_t failures = 0;
        for (size_t i = 0; i < n * samples; i++) {
            if (!isfinite(y[i % n]) || y[i % n] == 0)
                continue;
            relative(error, x[i], y[i % n]);
            failures += !isfinite(x[i]) || mpfr_cmp_d(error, ldexp(1, -k)) > 0;
        }
        if (enough(failures, total))
            result = k;
    }
    mpfr_clear(error);
    return result;
}

static double deviation_bits(const double *x, const double *y, size_t n, unsigned samples)
{
    double least = NAN;
    for (size_t i = 0; i < n && samples > 1; i++) {
        if (y[i] == 0 || !isfinite(y[i]))
            continue;
        long double mean = 0, square = 0;
        bool lost = false;
        for (unsigned s = 0; s < samples; s++) {
            mean += (long double)x[s * n + i] / y[i] / samples;
            lost = lost || !isfinite(x[s * n + i]);
        }
        for (unsigned s = 0; s < samples; s++)
            square += powl((long double)x[s * n + i] / y[i] - mean, 2);
        double shift = 0.5 * log2((samples - 1) / chi2_025[samples - 1]) + log2(z975);
        double bits = lost ? -INFINITY : (double)-log2l(sqrtl(square / (samples - 1))) - shift;
        least = fmin(least, bits);
    }
    return least;
}

vprec_measure measured(const double *x, const double *y, size_t n, unsigned samples)
{
    vprec_measure m = {.samples = samples, .cosine = NAN};
    mpfr_t signal, noise, power, dot, sum, a, b;
    mpfr_inits2(BITS, signal, noise, power, dot, sum, a, b, (mpfr_ptr)NULL);
    mpfr_t *const sums[] = {&signal, &noise, &power, &dot, &sum};
    for (int i = 0; i < 5; i++)
        mpfr_set_zero(*sums[i], 1);
    size_t relatives = 0;
    int least = 100000, most = -100000;
    for (size_t i = 0; i < n * samples; i++) {
        double xi = x[i], yi = y[i % n];
        if (isfinite(xi) && xi != 0) {
            int exponent;
            frexp(xi, &exponent);
            least = exponent - 1 < least ? exponent - 1 : least;
            most = exponent - 1 > most ? exponent - 1 : most;
        }
        if (!isfinite(yi)) {
            m.unmeasured++;
            continue;
        }
        m.outputs++;
        m.lost += !isfinite(xi);
        m.vanished += xi == 0 && yi != 0;
        m.appeared += xi != 0 && yi == 0;
        if (!isfinite(xi)) {
            relatives += yi != 0;
            m.max_relative = yi != 0 ? INFINITY : m.max_relative;
            continue;
        }
        mpfr_set_d(a, xi, MPFR_RNDN);
        mpfr_set_d(b, yi, MPFR_RNDN);
        mpfr_fma(signal, b, b, signal, MPFR_RNDN);
        mpfr_fma(power, a, a, power, MPFR_RNDN);
        mpfr_fma(dot, a, b, dot, MPFR_RNDN);
        mpfr_sub(a, a, b, MPFR_RNDN);
        mpfr_fma(noise, a, a, noise, MPFR_RNDN);
        if (yi == 0)
            continue;
        relative(a, xi, yi);
        relatives++;
        m.max_relative = fmax(m.max_relative, mpfr_get_d(a, MPFR_RNDN));
        mpfr_add(sum, sum, a, MPFR_RNDN);
    }
    m.mean_relative = relatives ? mpfr_get_d(sum, MPFR_RNDN) / (double)relatives : 0;
    if (isinf(m.max_relative))
        m.mean_relative = INFINITY;
    m.least_exponent = least <= most ? least : 0;
    m.most_exponent = least <= most ? most : 0;
    m.worst_bits = m.max_relative == 0 ? INFINITY : isinf(m.max_relative) ? -INFINITY : floor(-log2(m.max_relative));
    m.bits = share_bits(x, y, n, samples);
    m.cnh_bits = deviation_bits(x, y, n, samples);
    bool silent = mpfr_zero_p(noise) && !m.lost;
    if (!silent && !m.lost && !mpfr_zero_p(signal) && !mpfr_zero_p(power)) {
        mpfr_mul(a, signal, power, MPFR_RNDN);
        mpfr_sqrt(a, a, MPFR_RNDN);
        mpfr_div(a, dot, a, MPFR_RNDN);
        m.cosine = mpfr_get_d(a, MPFR_RNDN);
    }
    if (silent)
        m.cosine = 1;
    mpfr_div(a, signal, noise, MPFR_RNDN);
    mpfr_log10(a, a, MPFR_RNDN);
    m.sqnr = silent ? INFINITY : m.lost ? -INFINITY : 10 * mpfr_get_d(a, MPFR_RNDN);
    mpfr_clears(signal, noise, power, dot, sum, a, b, (mpfr_ptr)NULL);
    return m;
}

bool measured_same(const void *a, const void *b, size_t n)
{
    return !memcmp(a, b, n);
}

static bool near(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

void measured_check(const vprec_measure *got, const vprec_measure *want, const char *of)
{
#define WHOLE(member) cr_expect_eq(got->member, want->member, "%s: " #member " %lld, not %lld", of,                    \
                                   (long long)got->member, (long long)want->member)
#define REAL(member) cr_expect(near(got->member, want->member), "%s: " #member " %.17g, not %.17g", of, got->member,   \
                               want->member)
    WHOLE(samples);
    WHOLE(outputs);
    WHOLE(lost);
    WHOLE(unmeasured);
    WHOLE(vanished);
    WHOLE(appeared);
    WHOLE(least_exponent);
    WHOLE(most_exponent);
    REAL(max_relative);
    REAL(mean_relative);
    REAL(sqnr);
    REAL(cosine);
    REAL(worst_bits);
    REAL(bits);
    REAL(cnh_bits);
}
