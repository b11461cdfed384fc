/* SPDX-License-Identifier: Apache-2.0
 * stats_result.c: significant digits of numbers, and many numbers together. */
#include "stats_result.h"
#include "say.h"
#include "vprec.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NORMALITY_LEAST = 8 }; /* samples below which the test says nothing */

const char *const stats_estimate_keys[STATS_ESTIMATES_COUNT] = {
#define STATS_ESTIMATE_ENTRY(id, key, method) key,
    STATS_ESTIMATES(STATS_ESTIMATE_ENTRY)
#undef STATS_ESTIMATE_ENTRY
};
const unsigned stats_estimate_methods[STATS_ESTIMATES_COUNT] = {
#define STATS_ESTIMATE_ENTRY(id, key, method) method,
    STATS_ESTIMATES(STATS_ESTIMATE_ENTRY)
#undef STATS_ESTIMATE_ENTRY
};

static void set_scale(stats_scale *scale, double n)
{
    const stats_options *o = scale->options;
    size_t count = (size_t)n;
    scale->n = n;
    scale->shift = vprec_cnh_shift(count, o->probability, o->confidence);
    scale->contributing = vprec_cnh_shift_contributing(count, o->contributing, o->confidence);
    scale->cestac = vprec_cestac_digits(1, 1, count, o->confidence) / log10(2);
    scale->limit = vprec_chi2_quantile(o->confidence, 2);
}

/* floor(log2|y|); 0 at zero, where bits then count behind the binary point. */
static double exponent(double y)
{
    return y == 0 ? 0 : ilogb(y);
}

/* The largest |Z|: rounding keeps order, so it is that of the lowest or of the highest value. */
static double largest_error(const stats_number *x, double y, bool absolute)
{
    double low = absolute ? x->low - y : x->low / y - 1, high = absolute ? x->high - y : x->high / y - 1;
    return fmax(fabs(low), fabs(high));
}

static void estimate(stats_number *x, const stats_scale *scale, double y, double precision)
{
    const stats_options *o = scale->options;
    if (x->equal) {
        /* Nothing is seen to differ: as many bits as the values can have. */
        double own = y == x->mean ? precision : INFINITY;
        x->bits[STATS_CNH] = x->bits[STATS_CNH_CONTRIBUTING] = precision;
        x->bits[STATS_CESTAC] = x->n > 1 ? precision : NAN;
        x->bits[STATS_BERNOULLI] = x->bits[STATS_BERNOULLI_CONTRIBUTING] = own;
        if (x->n < 2)
            x->bits[STATS_CNH] = x->bits[STATS_CNH_CONTRIBUTING] = NAN;
    }
    if (!(x->equal && y == x->mean) && (o->absolute || y != 0)) {
        double added = o->absolute ? exponent(y) : 0, error = largest_error(x, y, o->absolute);
        x->bits[STATS_BERNOULLI] = fmin(vprec_bernoulli_bits(error) + added, 64);
        x->bits[STATS_BERNOULLI_CONTRIBUTING] = fmin(vprec_bernoulli_bits_contributing(error) + added, 64);
    }
    if (x->equal || x->n < 2)
        return;
    if (o->absolute || y != 0) {
        double bits = -log2(o->absolute ? x->sd : x->sd / fabs(y)) + (o->absolute ? exponent(y) : 0);
        x->bits[STATS_CNH] = bits - scale->shift;
        x->bits[STATS_CNH_CONTRIBUTING] = bits - scale->contributing;
    }
    x->bits[STATS_CESTAC] = log2(fabs(x->mean) / x->sd) + scale->cestac;
}

void stats_number_fill(stats_number *x, stats_scale *scale, const stats_state *state, size_t i, double samples,
                       double reference, double precision)
{
    const stats_options *o = scale->options;
    double n = state->n[i], m2 = state->m2[i], mean = state->origin[i] + state->mean[i];
    *x = (stats_number){.index = i, .n = n, .nan = state->nan[i], .inf = state->inf[i],
                        .missing = samples - n - state->nan[i] - state->inf[i], .mean = mean, .sd = NAN,
                        .low = state->low[i], .high = state->high[i], .reference = reference, .bias = NAN};
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        x->bits[e] = NAN;
    x->worst = -INFINITY;
    if (n == 0) {
        x->mean = x->low = x->high = NAN;
        return;
    }
    if (n != scale->n)
        set_scale(scale, n);
    x->equal = x->low == x->high;
    if (x->equal) {
        x->mean = x->low;
        m2 = 0;
    }
    x->sd = n > o->ddof ? sqrt(m2 / (n - o->ddof)) : NAN;
    if (!isnan(reference))
        x->bias = x->equal ? x->mean - reference : state->origin[i] - reference + state->mean[i];
    double y = isnan(reference) ? x->mean : reference;
    if (isfinite(y))
        estimate(x, scale, y, precision);
    if (!x->equal && n >= NORMALITY_LEAST) {
        double statistic = vprec_jarque_bera(n, m2, state->m3[i], state->m4[i], NULL);
        x->tested = isfinite(statistic);
        x->normal = statistic <= scale->limit;
    }
    double claimed = x->bits[STATS_CNH];
    if (!isnan(reference) && !isnan(claimed))
        x->biased = o->absolute ? fabs(x->bias) > ldexp(1, (int)exponent(y)) * exp2(-claimed)
                                : fabs(x->bias) > fabs(y) * exp2(-claimed);
    for (size_t e = STATS_ESTIMATES_COUNT; e--;) {
        if (!(stats_estimate_methods[e] & o->methods))
            x->bits[e] = NAN;
        else if (!isnan(x->bits[e]))
            x->worst = x->bits[e];
    }
    if (x->nan > 0 || x->inf > 0)
        x->worst = -INFINITY;
}

static double larger(double a, double b)
{
    return b > a ? b : a;
}

/* `count` numbers with so many bits. A single one needs no histogram: it is the least. */
static void histogram_add(stats_total *t, size_t e, double bits, uint64_t count)
{
    double at = (bits - STATS_BITS_LOW) * STATS_BINS_PER_BIT;
    if (!t->histogram[e])
        t->histogram[e] = vprec_alloc(STATS_BINS, sizeof *t->histogram[e]);
    t->histogram[e][at < 0 ? 0 : at >= STATS_BINS ? STATS_BINS - 1 : (size_t)at] += count;
}

void stats_total_free(stats_total *t)
{
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        free(t->histogram[e]);
    *t = (stats_total){0};
}

void stats_total_add(stats_total *t, const stats_number *x)
{
    t->numbers++;
    t->nan += x->nan;
    t->inf += x->inf;
    t->missing += x->missing;
    t->equal += x->equal;
    t->tested += x->tested;
    t->not_normal += x->tested && !x->normal;
    t->biased += x->biased;
    if (x->n > 0 && !isnan(x->sd)) {
        t->valued++;
        t->sums.mean += x->mean;
        t->sums.variance += x->sd * x->sd;
    }
    if (!isnan(x->bias)) {
        double size = fabs(x->bias);
        t->biases++;
        t->sums.bias += x->bias;
        t->most_bias = larger(t->most_bias, size);
        t->most_bias_relative = larger(t->most_bias_relative, size == 0 ? 0 : size / fabs(x->reference));
    }
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        double bits = x->bits[e];
        if (isnan(bits))
            continue;
        if (t->known[e] == 1)
            histogram_add(t, e, t->least[e], 1);
        if (t->known[e])
            histogram_add(t, e, bits, 1);
        t->least[e] = t->known[e] && t->least[e] <= bits ? t->least[e] : bits;
        t->most[e] = t->known[e] && t->most[e] >= bits ? t->most[e] : bits;
        t->sums.bits[e] += bits;
        t->known[e]++;
    }
}

void stats_sums_join(stats_sums *to, const stats_sums *from)
{
    to->mean += from->mean;
    to->variance += from->variance;
    to->bias += from->bias;
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        to->bits[e] += from->bits[e];
}

void stats_total_join(stats_total *to, const stats_total *from, bool sums)
{
    to->numbers += from->numbers;
    to->valued += from->valued;
    to->biases += from->biases;
    to->equal += from->equal;
    to->tested += from->tested;
    to->not_normal += from->not_normal;
    to->biased += from->biased;
    to->nan += from->nan;
    to->inf += from->inf;
    to->missing += from->missing;
    to->most_bias = larger(to->most_bias, from->most_bias);
    to->most_bias_relative = larger(to->most_bias_relative, from->most_bias_relative);
    if (sums)
        stats_sums_join(&to->sums, &from->sums);
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        if (!from->known[e])
            continue;
        if (to->known[e] == 1)
            histogram_add(to, e, to->least[e], 1);
        if (from->known[e] == 1 && to->known[e])
            histogram_add(to, e, from->least[e], 1);
        if (from->known[e] > 1) {
            if (!to->histogram[e])
                to->histogram[e] = vprec_alloc(STATS_BINS, sizeof *to->histogram[e]);
            for (size_t b = 0; b < STATS_BINS; b++)
                to->histogram[e][b] += from->histogram[e][b];
        }
        to->least[e] = to->known[e] && to->least[e] <= from->least[e] ? to->least[e] : from->least[e];
        to->most[e] = to->known[e] && to->most[e] >= from->most[e] ? to->most[e] : from->most[e];
        to->known[e] += from->known[e];
    }
}

double stats_total_quantile(const stats_total *t, stats_estimate e, double share)
{
    if (t->known[e] < 2)
        return t->known[e] ? t->least[e] : NAN;
    uint64_t rank = (uint64_t)ceil(share * (double)t->known[e]), seen = 0;
    size_t b = 0;
    while (b < STATS_BINS - 1 && (seen += t->histogram[e][b]) < (rank ? rank : 1))
        b++;
    /* The middle of the bin, unless the extremes say better. */
    double bits = STATS_BITS_LOW + ((double)b + 0.5) / STATS_BINS_PER_BIT;
    return bits < t->least[e] ? t->least[e] : bits > t->most[e] ? t->most[e] : bits;
}

/* Whether a is listed before b when there is room for one only: by bits, then by position. */
static bool worse(const stats_number *a, const stats_number *b)
{
    return a->worst != b->worst ? a->worst < b->worst : a->index < b->index;
}

static void swap(stats_number *a, stats_number *b)
{
    stats_number c = *a;
    *a = *b;
    *b = c;
}

void stats_list_offer(stats_list *list, const stats_number *x)
{
    if (list->count == list->most) {
        if (!list->most || !worse(x, &list->numbers[0])) {
            free(x->name);
            return;
        }
        /* In the place of the best one, and down from there. */
        free(list->numbers[0].name); /* NOLINT(clang-analyzer-unix.Malloc): each number owns its name, x's is another */
        list->numbers[0] = *x;
        for (size_t i = 0, child; (child = 2 * i + 1) < list->count; i = child) {
            if (child + 1 < list->count && worse(&list->numbers[child], &list->numbers[child + 1]))
                child++;
            if (!worse(&list->numbers[i], &list->numbers[child]))
                break;
            swap(&list->numbers[i], &list->numbers[child]);
        }
        return;
    }
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->numbers = vprec_grow(list->numbers, list->room, sizeof *list->numbers);
    }
    list->numbers[list->count] = *x;
    for (size_t i = list->count++; i && worse(&list->numbers[(i - 1) / 2], &list->numbers[i]); i = (i - 1) / 2)
        swap(&list->numbers[i], &list->numbers[(i - 1) / 2]);
}

void stats_list_join(stats_list *to, stats_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        stats_list_offer(to, &from->numbers[i]);
    free(from->numbers);
    *from = (stats_list){0};
}

static int by_index(const void *a, const void *b)
{
    uint64_t i = ((const stats_number *)a)->index, j = ((const stats_number *)b)->index;
    return (i > j) - (i < j);
}

void stats_list_sort(stats_list *list)
{
    if (list->count)
        qsort(list->numbers, list->count, sizeof *list->numbers, by_index);
}

void stats_warn(stats_document *document, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (!text)
        return;
    document->warnings = vprec_grow(document->warnings, document->warning_count + 1, sizeof *document->warnings);
    document->warnings[document->warning_count++] = text;
}

stats_group *stats_group_add(stats_document *document, const char *name, const stats_options *options)
{
    stats_group *group = vprec_alloc(1, sizeof *group);
    group->name = vprec_text("%s", name);
    group->dimensions = -1;
    group->list.most = options->numbers;
    document->groups = vprec_grow(document->groups, document->group_count + 1,
                                 sizeof *document->groups); /* NOLINT(bugprone-sizeof-expression): of pointers */
    return document->groups[document->group_count++] = group;
}

void stats_document_free(stats_document *d)
{
    for (size_t i = 0; i < d->group_count; i++) {
        stats_group *g = d->groups[i];
        for (size_t n = 0; n < g->list.count; n++)
            free(g->list.numbers[n].name);
        for (size_t n = 0; n < g->label_count; n++) {
            free(g->labels[n].name);
            free(g->labels[n].text);
            free(g->labels[n].other);
        }
        stats_total_free(&g->total);
        free(g->list.numbers);
        free(g->labels);
        free(g->name);
        free(g->type);
        free(g);
    }
    for (size_t i = 0; i < d->warning_count; i++)
        free(d->warnings[i]);
    free(d->warnings);
    free(d->groups);
    free(d->reference);
    free(d->name);
}
