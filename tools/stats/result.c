/* SPDX-License-Identifier: Apache-2.0
 * result.c: many numbers together, and the worst of them. */
#include "result.h"
#include "common/say.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

static double larger(double a, double b)
{
    return b > a ? b : a;
}

/* A single number needs no histogram: it is the least. */
uint64_t *stats_total_histogram(stats_total *t, stats_estimate e)
{
    if (!t->histogram[e]) {
        t->histogram[e] = vprec_alloc(STATS_BINS, sizeof *t->histogram[e]);
        t->few[e] = vprec_alloc(STATS_FEW, sizeof *t->few[e]);
        if (t->known[e]) {
            t->histogram[e][stats_bin(t->least[e])] = 1;
            t->few[e][t->few_count[e]++] = t->least[e];
        }
    }
    return t->histogram[e];
}

void stats_total_count(stats_total *t, stats_estimate e, double bits)
{
    if (isnan(bits) || !t->known[e])
        return;
    stats_total_histogram(t, e)[stats_bin(bits)]++;
    if (t->few_count[e] == t->known[e] && t->known[e] < STATS_FEW)
        t->few[e][t->few_count[e]++] = bits;
}

void stats_total_free(stats_total *t)
{
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++) {
        free(t->histogram[e]);
        free(t->few[e]);
    }
    *t = (stats_total){0};
}

void stats_sums_join(stats_sums *to, const stats_sums *from)
{
#define ADD(name) to->name += from->name;
    STATS_SUMS(ADD)
#undef ADD
    for (size_t e = 0; e < STATS_ESTIMATES_COUNT; e++)
        to->bits[e] += from->bits[e];
}

static double mean_of(double sum, double far, uint64_t n)
{
    return far != 0 ? (far + sum * STATS_FAR_SCALE) / (double)n / STATS_FAR_SCALE : sum / (double)n;
}

double stats_total_mean(const stats_total *t)
{
    return mean_of(t->sums.mean, t->sums.mean_far, t->valued);
}

double stats_total_bias(const stats_total *t)
{
    return t->biases ? mean_of(t->sums.bias, t->sums.bias_far, t->biases) : NAN;
}

double stats_total_rms(const stats_total *t)
{
    const stats_sums *s = &t->sums;
    const double n = (double)t->valued, step = 1 / STATS_SD_SCALE;
    return s->variance_far > 0 ? sqrt((s->variance_far + s->variance * step * step) / n) * STATS_SD_SCALE
           : s->variance > 0   ? sqrt((s->variance + s->variance_near * step * step) / n)
                               : sqrt(s->variance_near / n) * step;
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
        if (to->known[e] || from->histogram[e]) {
            uint64_t *histogram = stats_total_histogram(to, e);
            if (!from->histogram[e])
                histogram[stats_bin(from->least[e])]++;
            for (size_t b = 0; from->histogram[e] && b < STATS_BINS; b++)
                histogram[b] += from->histogram[e][b];
            const double *few = from->histogram[e] ? from->few[e] : &from->least[e];
            bool all = !from->histogram[e] || from->few_count[e] == from->known[e];
            if (all && to->few_count[e] == to->known[e] && to->known[e] + from->known[e] <= STATS_FEW) {
                memcpy(to->few[e] + to->few_count[e], few, from->known[e] * sizeof *few);
                to->few_count[e] += from->known[e];
            }
        }
        to->least[e] = to->known[e] && to->least[e] <= from->least[e] ? to->least[e] : from->least[e];
        to->most[e] = to->known[e] && to->most[e] >= from->most[e] ? to->most[e] : from->most[e];
        to->known[e] += from->known[e];
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The bits of the number that has `rank` - 1 below it: of many, the middle of its bin, unless the extremes say better. */
static double ranked(const stats_total *t, stats_estimate e, const double *sorted, uint64_t rank)
{
    if (sorted)
        return sorted[rank - 1];
    if (rank <= 1 || rank >= t->known[e])
        return rank <= 1 ? t->least[e] : t->most[e];
    size_t b = 0;
    for (uint64_t seen = 0; b < STATS_BINS - 1 && (seen += t->histogram[e][b]) < rank;)
        b++;
    double bits = STATS_BITS_LOW + ((double)b + 0.5) / STATS_BINS_PER_BIT;
    return bits < t->least[e] ? t->least[e] : bits > t->most[e] ? t->most[e] : bits;
}

double stats_total_quantile(const stats_total *t, stats_estimate e, double share)
{
    double sorted[STATS_FEW];
    uint64_t n = t->known[e];
    if (n < 2)
        return n ? t->least[e] : NAN;
    bool few = t->few_count[e] == n;
    if (few) {
        memcpy(sorted, t->few[e], n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_value);
    }
    /* Shares are decimal: n times one that is whole but for the last bit is whole. */
    double at = share * (double)n, whole = nearbyint(at);
    bool between = fabs(at - whole) < 1e-9 * (double)n && whole >= 1 && whole < (double)n;
    double rank = between ? whole : fmin(fmax(ceil(at), 1), (double)n);
    double low = ranked(t, e, few ? sorted : NULL, (uint64_t)rank);
    double high = between ? ranked(t, e, few ? sorted : NULL, (uint64_t)rank + 1) : low;
    return low == high || isinf(low) ? low : low + (high - low) / 2;
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

double stats_list_limit(const stats_list *list)
{
    return list->count < list->most ? NAN : list->most ? list->numbers[0].worst : -INFINITY;
}

void stats_list_offer(stats_list *list, const stats_number *x)
{
    if (list->count == list->most) {
        if (!list->most || !worse(x, &list->numbers[0])) {
            free(x->name);
            free(x->label);
            return;
        }
        /* In the place of the best one, and down from there. */
        free(list->numbers[0].name); /* NOLINT(clang-analyzer-unix.Malloc): each number owns its name, x's is another */
        free(list->numbers[0].label);
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
        for (size_t n = 0; n < g->list.count; n++) {
            free(g->list.numbers[n].name);
            free(g->list.numbers[n].label);
        }
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
