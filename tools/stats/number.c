/* SPDX-License-Identifier: Apache-2.0
 * number.c: from moments to significant digits, STATS_LANES numbers at a time. Knows neither files nor lists. */
#include "number.h"
#include "common/lanes.h"
#include "vprec.h"

enum { NORMALITY_LEAST = 8, BITS_MOST = 64 }; /* samples below which the test says nothing; of the Bernoulli bits */

/* What stats_number has, of STATS_LANES numbers. */
#define FIGURES(X) X(n) X(nan) X(inf) X(missing) X(mean) X(sd) X(low) X(high) X(reference) X(bias) X(worst)
#define FLAGS(X) X(equal) X(tested) X(normal) X(biased)
typedef struct figures {
#define FIGURE_ENTRY(name) lanes name;
    FIGURES(FIGURE_ENTRY)
#undef FIGURE_ENTRY
#define FLAG_ENTRY(name) masks name;
    FLAGS(FLAG_ENTRY)
#undef FLAG_ENTRY
    lanes bits[STATS_ESTIMATES_COUNT];
} figures;

static const stats_factors *factors_of(stats_scale *scale, double n)
{
    const stats_options *o = scale->options;
    size_t count = n > 1 ? (size_t)n : 1;
    stats_factors *f = &scale->of[count % STATS_SCALES];
    if (f->n != (double)count) {
        double shift = vprec_cnh_shift(count, o->probability, o->confidence);
        *f = (stats_factors){.n = (double)count, .shift = shift, .spread = exp2(shift),
                             .contributing = vprec_cnh_shift_contributing(count, o->contributing, o->confidence),
                             .cestac = vprec_cestac_digits(1, 1, count, o->confidence) / log10(2),
                             .limit = vprec_chi2_quantile(o->confidence, 2)};
    }
    return f;
}

/* What is the same for many numbers, the factors in every lane. */
typedef struct terms {
#define FACTOR_ENTRY(name) lanes name;
    STATS_FACTORS(FACTOR_ENTRY)
#undef FACTOR_ENTRY
    lanes n; /* to which they belong */
    double samples, precision, last; /* 2^-precision */
    double ddof;
    unsigned methods;
    bool absolute, compared; /* some number has a reference */
} terms;

static void set_factors(terms *t, stats_scale *scale, const lanes *n)
{
    t->n = *n;
    for (int l = 0; l < STATS_LANES; l++) {
        const stats_factors *f = factors_of(scale, (*n)[l]);
#define FACTOR_ENTRY(name) t->name[l] = f->name;
        STATS_FACTORS(FACTOR_ENTRY)
#undef FACTOR_ENTRY
    }
}

static void set_terms(terms *t, const stats_options *o, double samples, double precision, bool compared)
{
    *t = (terms){.samples = samples, .precision = precision, .last = exp2(-precision), .ddof = o->ddof,
                 .methods = o->methods, .absolute = o->absolute, .compared = compared};
}

/* Bits that all samples have right (vprec_bernoulli_bits), of the largest |Z|: that of the lowest or of the highest
 * value. Of large numbers halves, whose differences are not too large. */
STATS_INLINE void bernoulli_bits(figures *x, const lanes *y, const lanes *added, bool absolute)
{
    lanes part = pick(larger(magnitude(*y), larger(magnitude(x->low), magnitude(x->high))) < 0x1p1000, LANES(1.),
                      LANES(0.5));
    lanes below = x->low * part - *y * part, above = x->high * part - *y * part, fraction, exponent;
    lanes error = larger(magnitude(below), magnitude(above));
    error /= absolute ? part : magnitude(*y * part);
    lanes_split(&error, &fraction, &exponent);
    masks plain = is_finite(error) & (error != 0);
    lanes extreme = pick(error == 0, LANES(INFINITY), LANES(-INFINITY));
    lanes contributing = pick(plain, -1 - exponent, extreme) + *added;
    lanes significant = contributing + pick_or_zero(plain & (fraction == 1), LANES(1.));
    x->bits[STATS_BERNOULLI] = smaller(significant, LANES((double)BITS_MOST));
    x->bits[STATS_BERNOULLI_CONTRIBUTING] = smaller(contributing, LANES((double)BITS_MOST));
}

/* x / size, as a logarithm; x is worth 2^exponent. */
STATS_INLINE void log_ratio(lanes *x, const lanes *size, const lanes *exponent)
{
    if (!any((*exponent != 0) | ((*size > 0) & ((*size < 0x1p-800) | (*size > 0x1p800))))) {
        *x /= *size;
        lanes_log2(x);
        return;
    }
    lanes divisor = *size; /* the quotient, or x, may be beyond a double's range */
    lanes_log2(x);
    lanes_log2(&divisor);
    *x += *exponent - divisor;
}

/* Bits of numbers with samples; `unit`: what one bit before the binary point is worth; sd: without 2^exponent. */
STATS_INLINE void estimate(figures *x, const terms *t, const lanes *y, const lanes *sd, const lanes *power, lanes *unit)
{
    const lanes none = LANES((double)NAN), all = LANES(t->precision), one = LANES(1.);
    lanes size = magnitude(*y), added = {0}, fraction, spread = *sd, steady = *sd, mean = magnitude(x->mean);
    masks usable = is_finite(*y) & (x->n > 0), measured = usable;
    *unit = size;
    if (!t->absolute) {
        measured &= size != 0;
    } else { /* bits count from floor(log2|y|); at zero, behind the binary point */
        lanes_split(&size, &fraction, &added);
        added = pick(size == 0, LANES(0.), added);
        *unit = pick(size == 0, LANES(1.), size / fraction);
    }
    bernoulli_bits(x, y, &added, t->absolute);
    log_ratio(&spread, t->absolute ? &one : &size, power);
    if (t->compared || t->absolute)
        log_ratio(&steady, &mean, power);
    else
        steady = spread;
    /* Nothing is seen to differ: as many bits as the values can have, of two samples and more. */
    lanes equal = pick(x->n > 1, all, none);
    x->bits[STATS_CNH] = pick(x->equal, equal, pick(measured, added - spread - t->shift, none));
    x->bits[STATS_CNH_CONTRIBUTING] = pick(x->equal, equal, pick(measured, added - spread - t->contributing, none));
    x->bits[STATS_CESTAC] = pick(x->equal, equal, t->cestac - steady);
    masks same = x->equal & (*y == x->mean);
    for (size_t e = STATS_BERNOULLI; e <= STATS_BERNOULLI_CONTRIBUTING; e++)
        x->bits[e] = pick(same, all, pick(measured, x->bits[e], none));
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        x->bits[e] = pick(usable, x->bits[e], none);
}

/* vprec_jarque_bera against its limit; products are ordered so that they stay within a double's range. */
STATS_INLINE void test_normality(figures *x, const terms *t, const lanes *m2, const lanes *m3, const lanes *m4)
{
    lanes inverse = 1 / *m2, skewness2 = x->n * (*m3 * inverse) * (*m3 * inverse) * inverse;
    lanes kurtosis = x->n * (*m4 * inverse) * inverse - 3;
    lanes statistic = x->n * (skewness2 + kurtosis * kurtosis * 0.25);
    x->tested = ~x->equal & (x->n >= NORMALITY_LEAST) & is_finite(statistic);
    x->normal = x->tested & (statistic <= 6 * t->limit);
}

#define AT(field) (*(const lanes *)&state->field[i])

/* Numbers i.. of the state. */
STATS_INLINE void fill(figures *x, const terms *t, const stats_state *state, size_t i, const lanes *reference)
{
    const lanes none = LANES((double)NAN);
    masks some = AT(n) > 0, known = is_number(*reference);
    x->n = AT(n), x->nan = AT(nan), x->inf = AT(inf), x->reference = *reference;
    x->missing = t->samples - x->n - x->nan - x->inf;
    x->low = pick(some, AT(low), none), x->high = pick(some, AT(high), none);
    x->equal = x->low == x->high;
    lanes m2 = pick(x->equal, LANES(0.), AT(m2)), m3 = AT(m3), m4 = AT(m4), sd = m2 / (x->n - t->ddof), unit;
    lanes power = AT(exponent), moved = AT(mean);
    lanes_sqrt(&sd);
    sd = pick(x->n > t->ddof, sd, none);
    x->sd = sd;
    x->mean = AT(origin) + moved;
    /* Not by way of the mean, whose last bits may be too few. */
    x->bias = AT(origin) - *reference + moved;
    for (int l = 0; any(power != 0) && l < STATS_LANES; l++) {
        int e = (int)power[l], down = e > 0 ? -e : 0; /* sums before the power are no larger than the result */
        double from = scalbn(AT(origin)[l], down), m = e > 0 ? moved[l] : scalbn(moved[l], e);
        x->sd[l] = scalbn(sd[l], e);
        x->mean[l] = scalbn(from + m, -down);
        x->bias[l] = scalbn(from - scalbn((*reference)[l], down) + m, -down);
    }
    x->mean = pick(x->equal, x->low, pick(some, x->mean, none));
    x->bias = pick(known & some, pick(x->equal, x->mean - *reference, x->bias), none);
    lanes y = pick(known, *reference, x->mean);
    estimate(x, t, &y, &sd, &power, &unit);
    test_normality(x, t, &m2, &m3, &m4);
    lanes allowed = pick(x->equal, unit * t->last, x->sd * t->spread); /* what the CNH bits mean */
    x->biased = known & is_number(x->bits[STATS_CNH]) & (magnitude(x->bias) > allowed);
    x->worst = LANES(-(double)INFINITY);
    for (size_t e = STATS_ESTIMATES_COUNT; e--;) {
        if (!(stats_estimate_methods[e] & t->methods))
            x->bits[e] = none;
        x->worst = pick(is_number(x->bits[e]), x->bits[e], x->worst);
    }
    /* The CNH bits of biased numbers are wrong. */
    x->worst = pick(x->biased, smaller(x->bits[STATS_BERNOULLI], x->worst), x->worst);
    x->worst = pick(((x->nan > 0) | (x->inf > 0)), LANES(-(double)INFINITY), x->worst);
}

/* One of the lanes, without index and name. */
STATS_INLINE void take_lane(stats_number *number, const figures *x, size_t l)
{
    *number = (stats_number){0};
#define FIGURE_ENTRY(name) number->name = x->name[l];
    FIGURES(FIGURE_ENTRY)
#undef FIGURE_ENTRY
#define FLAG_ENTRY(name) number->name = x->name[l] != 0;
    FLAGS(FLAG_ENTRY)
#undef FLAG_ENTRY
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        number->bits[e] = x->bits[e][l];
}

STATS_WIDE void stats_number_fill(stats_number *number, stats_scale *scale, const stats_state *state, size_t place,
                                  double samples, double reference, double precision)
{
    size_t i = place / STATS_LANES * STATS_LANES;
    lanes references = LANES(reference);
    figures x;
    terms t;
    set_terms(&t, scale->options, samples, precision, !isnan(reference));
    set_factors(&t, scale, &AT(n));
    fill(&x, &t, state, i, &references);
    take_lane(number, &x, place - i);
    number->index = place;
}

/* ---- Totals ---- */

typedef int32_t places __attribute__((vector_size(4 * STATS_LANES)));

/* Sums of many numbers, lane by lane. */
typedef struct tally {
    masks equal, tested, normal, biased, valued, biases, known[STATS_ESTIMATES_COUNT]; /* counts below zero */
    lanes nan, inf, missing, most_bias, most_bias_relative;
    lanes mean, mean_far, variance, variance_near, variance_far, bias, bias_far;
    lanes bits[STATS_ESTIMATES_COUNT], least[STATS_ESTIMATES_COUNT], most[STATS_ESTIMATES_COUNT];
} tally;

STATS_INLINE void tally_begin(tally *t)
{
    *t = (tally){0};
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        t->least[e] = LANES((double)INFINITY);
        t->most[e] = LANES(-(double)INFINITY);
    }
}

STATS_INLINE void tally_add(tally *t, const figures *x, bool compared)
{
    masks valued = is_number(x->sd), known = is_number(x->bias);
#define FLAG_ENTRY(name) t->name += x->name;
    FLAGS(FLAG_ENTRY)
#undef FLAG_ENTRY
    t->nan += x->nan;
    t->inf += x->inf;
    t->missing += x->missing;
    t->valued += valued;
    masks near = (x->sd < STATS_SD_NEAR) & (x->sd != 0), far = x->sd > STATS_SD_FAR;
    if (any(valued & (near | far | (magnitude(x->mean) > STATS_FAR)))) {
        lanes small = pick_or_zero(near, x->sd * STATS_SD_SCALE), large = pick_or_zero(far, x->sd / STATS_SD_SCALE);
        masks away = magnitude(x->mean) > STATS_FAR;
        t->variance += pick_or_zero(valued & ~near & ~far, x->sd * x->sd);
        t->variance_near += small * small;
        t->variance_far += large * large;
        t->mean += pick_or_zero(valued & ~away, x->mean);
        t->mean_far += pick_or_zero(valued & away, x->mean * STATS_FAR_SCALE);
    } else {
        t->mean += pick_or_zero(valued, x->mean);
        t->variance += pick_or_zero(valued, x->sd * x->sd);
    }
    if (compared) {
        lanes size = magnitude(x->bias), relative = pick_or_zero(size != 0, size / magnitude(x->reference));
        t->biases += known;
        masks away = size > STATS_FAR;
        t->bias += pick_or_zero(known & ~away, x->bias);
        t->bias_far += pick_or_zero(known & away, x->bias * STATS_FAR_SCALE);
        t->most_bias = larger(size, t->most_bias); /* NaN: as it is */
        t->most_bias_relative = larger(relative, t->most_bias_relative);
    }
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        known = is_number(x->bits[e]);
        t->known[e] += known;
        t->bits[e] += pick_or_zero(known, x->bits[e]);
        t->least[e] = smaller(x->bits[e], t->least[e]);
        t->most[e] = larger(x->bits[e], t->most[e]);
    }
}

#define SUM(x) ((x)[0] + (x)[1] + ((x)[2] + (x)[3]))
#define COUNT(x) ((uint64_t)-SUM(x))

STATS_INLINE void tally_end(const tally *t, uint64_t numbers, stats_total *total)
{
    total->numbers += numbers;
    total->nan += SUM(t->nan);
    total->inf += SUM(t->inf);
    total->missing += SUM(t->missing);
    total->equal += COUNT(t->equal);
    total->tested += COUNT(t->tested);
    total->not_normal += COUNT(t->tested) - COUNT(t->normal);
    total->biased += COUNT(t->biased);
    total->valued += COUNT(t->valued);
    total->biases += COUNT(t->biases);
#define SUM_ENTRY(name) total->sums.name += SUM(t->name);
    STATS_SUMS(SUM_ENTRY)
#undef SUM_ENTRY
    for (size_t l = 0; l < STATS_LANES; l++) {
        total->most_bias = fmax(total->most_bias, t->most_bias[l]);
        total->most_bias_relative = fmax(total->most_bias_relative, t->most_bias_relative[l]);
    }
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        double least = INFINITY, most = -INFINITY;
        for (size_t l = 0; l < STATS_LANES; l++) {
            least = fmin(least, t->least[e][l]);
            most = fmax(most, t->most[e][l]);
        }
        if (!COUNT(t->known[e]))
            continue;
        total->least[e] = total->known[e] ? fmin(total->least[e], least) : least;
        total->most[e] = total->known[e] ? fmax(total->most[e], most) : most;
        total->sums.bits[e] += SUM(t->bits[e]);
        total->known[e] += COUNT(t->known[e]);
    }
}

STATS_INLINE void count_bits(stats_total *total, const figures *x, unsigned methods)
{
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        if (!(stats_estimate_methods[e] & methods))
            continue;
        uint64_t *histogram = total->histogram[e];
        lanes at = (x->bits[e] - STATS_BITS_LOW) * STATS_BINS_PER_BIT;
        at = larger(at, LANES(0.)); /* 0 for what is not known, too */
        places bin = __builtin_convertvector(smaller(at, LANES(STATS_BINS - 1.)), places);
        masks known = is_number(x->bits[e]);
        for (size_t l = 0; l < STATS_LANES; l++)
            histogram[bin[l]] -= (uint64_t)known[l];
    }
}

void stats_total_add(stats_total *total, const stats_number *number)
{
    figures x = {.sd = LANES((double)NAN), .bias = LANES((double)NAN)};
    tally t;
#define FIGURE_ENTRY(name) x.name[0] = number->name;
    FIGURES(FIGURE_ENTRY)
#undef FIGURE_ENTRY
#define FLAG_ENTRY(name) x.name[0] = -(int64_t)number->name;
    FLAGS(FLAG_ENTRY)
#undef FLAG_ENTRY
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        x.bits[e] = LANES((double)NAN);
        x.bits[e][0] = number->bits[e];
        stats_total_count(total, e, number->bits[e]);
    }
    tally_begin(&t);
    tally_add(&t, &x, true);
    tally_end(&t, 1, total);
}

STATS_WIDE void stats_block_add(const stats_block *block, stats_scale *scale, stats_total *total, stats_list *list)
{
    const stats_state *state = block->state;
    /* Few numbers are kept one by one. */
    size_t whole = state->count > STATS_FEW ? state->count / STATS_LANES * STATS_LANES : 0;
    lanes reference = LANES((double)NAN);
    stats_number number;
    figures x;
    terms t;
    tally sums;
    tally_begin(&sums);
    set_terms(&t, scale->options, block->samples, block->precision, block->references != NULL);
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT && whole; e++)
        stats_total_histogram(total, e);
    for (size_t i = 0; i < whole; i += STATS_LANES) {
        if (any(AT(n) != t.n))
            set_factors(&t, scale, &AT(n));
        if (t.compared)
            reference = *(const lanes *)&block->references[i];
        fill(&x, &t, state, i, &reference);
        tally_add(&sums, &x, t.compared);
        count_bits(total, &x, t.methods);
        if (!any(~(x.worst >= stats_list_limit(list))))
            continue;
        for (size_t l = 0; l < STATS_LANES; l++) {
            take_lane(&number, &x, l);
            number.index = block->first + i + l;
            stats_list_offer(list, &number);
        }
    }
    tally_end(&sums, whole, total);
    for (size_t i = whole; i < state->count; i++) {
        stats_number_fill(&number, scale, state, i, block->samples, t.compared ? block->references[i] : NAN,
                          block->precision);
        number.index = block->first + i;
        stats_total_add(total, &number);
        stats_list_offer(list, &number);
    }
}
