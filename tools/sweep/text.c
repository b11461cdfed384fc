/* SPDX-License-Identifier: Apache-2.0
 * text.c: documents, their tokens, and what differs. */
#include "text.h"
#include "common/say.h"
#include "measure.h"
#include "stats/align.h"
#include "stats/read/array.h"
#include "stats/read/file.h"
#include "stats/read/tokens.h"
#include "stats/rows.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *own(sweep_document *d, char *text)
{
    if (d->owned_count == d->owned_room) {
        d->owned_room = d->owned_room ? 2 * d->owned_room : 64;
        d->owned = vprec_grow(d->owned, d->owned_room, sizeof *d->owned);
    }
    return d->owned[d->owned_count++] = text;
}

static sweep_token *token_add(sweep_document *d)
{
    if (d->count == d->room) {
        d->room = d->room ? 2 * d->room : 256;
        d->tokens = vprec_grow(d->tokens, d->room, sizeof *d->tokens);
    }
    return &d->tokens[d->count++];
}

static void take(void *context, const stats_token *token)
{
    sweep_document *d = context;
    const char *group = d->count ? d->tokens[d->count - 1].group : "";
    if (strcmp(group, token->group))
        group = own(d, vprec_text("%s", token->group));
    const char *text = token->number ? NULL : own(d, vprec_text("%.*s", (int)token->length, token->text));
    const char *name = token->name ? own(d, stats_token_name(token)) : NULL;
    *token_add(d) = (sweep_token){.group = group, .index = token->index, .line = token->line, .piece = token->piece,
                                  .row = token->line, .name = name, .part = token->part, .unit = token->unit,
                                  .number = token->number, .value = token->value, .text = text};
}

static bool read_array(sweep_document *d, const stats_array *array)
{
    enum { BLOCK = 4096 };
    double values[BLOCK];
    char *raw = vprec_alloc(BLOCK, STATS_ELEMENT_MOST);
    const char *group = own(d, vprec_text("%s", array->name));
    bool ok = true;
    size_t last = array->dimensions && array->count ? array->shape[array->dimensions - 1] : 0;
    for (uint64_t first = 0; ok && first < array->count; first += BLOCK) {
        size_t count = array->count - first < BLOCK ? array->count - first : BLOCK;
        ok = stats_array_read(array, first, count, raw);
        if (ok)
            stats_array_convert(array, raw, 0, count, values);
        for (size_t i = 0; ok && i < count; i++)
            *token_add(d) = (sweep_token){.group = group, .index = first + i, .number = true, .value = values[i],
                                          .row = last ? 1 + (first + i) / last : 0};
    }
    free(raw);
    return ok;
}

static bool read_arrays(sweep_document *d, stats_file *file)
{
    stats_array *arrays;
    size_t count;
    if (!stats_arrays_open(file, d->kind, &arrays, &count))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = read_array(d, &arrays[i]);
    stats_arrays_close(arrays, count);
    return ok;
}

static int by_group(const void *a, const void *b)
{
    const sweep_token *x = *(const sweep_token *const *)a, *y = *(const sweep_token *const *)b;
    int order = strcmp(x->group, y->group);
    return order ? order : x->line < y->line ? -1 : x->line > y->line;
}

/* Marks the numbers that stand in an array: those of a line, or of a group. */
static void mark_arrays(sweep_document *d)
{
    const size_t least = d->kind == STATS_TEXT ? SWEEP_ARRAY_LEAST : 2;
    sweep_token **list = vprec_alloc(d->count, sizeof *list); /* NOLINT(bugprone-sizeof-expression): pointers */
    size_t count = 0, end;
    bool in_order = true;
    for (size_t i = 0; i < d->count; i++)
        if (d->tokens[i].number) {
            list[count++] = &d->tokens[i];
            in_order &= count < 2 || by_group(&list[count - 2], &list[count - 1]) <= 0;
        }
    if (!in_order)
        qsort(list, count, sizeof *list, by_group); /* NOLINT(bugprone-sizeof-expression) */
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1; end < count && !by_group(&list[i], &list[end]); end++) {
        }
        for (size_t k = i; end - i >= least && k < end; k++)
            list[k]->array = true;
    }
    free(list);
}

bool sweep_document_read(sweep_document *d, const char *path, stats_kind kind)
{
    stats_file file;
    *d = (sweep_document){.kind = kind};
    if (!stats_file_open(&file, path))
        return false;
    bool ok = (d->bytes = stats_file_text(&file)) != NULL;
    d->size = ok ? file.size : 0;
    if (ok && kind == STATS_AUTO)
        ok = (d->kind = stats_file_kind(&file)) != STATS_AUTO;
    if (ok && (d->kind == STATS_NPY || d->kind == STATS_NPZ)) {
        d->broken = !read_arrays(d, &file);
    } else if (ok && d->kind != STATS_BINARY) {
        char *copy = vprec_alloc(d->size + 1, 1); /* parsing changes it */
        memcpy(copy, d->bytes, d->size);
        stats_sink sink = {.token = take, .context = d};
        d->broken = !stats_parse(d->kind, path, copy, d->size, false, &sink);
        free(copy);
    }
    stats_file_close(&file);
    if (ok)
        mark_arrays(d);
    else
        sweep_document_free(d);
    return ok;
}

void sweep_document_free(sweep_document *d)
{
    for (size_t i = 0; i < d->owned_count; i++)
        free(d->owned[i]);
    free(d->owned);
    free(d->tokens);
    free(d->bytes);
    *d = (sweep_document){0};
}

/* By group and place; where they are equal, as places of a text are not, in the order of the document. */
static int by_place(const void *a, const void *b)
{
    const sweep_token *x = *(const sweep_token *const *)a, *y = *(const sweep_token *const *)b;
    int order = strcmp(x->group, y->group);
    if (order)
        return order;
    return x->index != y->index ? (x->index < y->index ? -1 : 1) : (x > y) - (x < y);
}

static const sweep_token **sorted(const sweep_document *d)
{
    const sweep_token **list = vprec_alloc(d->count, sizeof *list); /* NOLINT(bugprone-sizeof-expression): pointers */
    bool in_order = true; /* as most documents are */
    for (size_t i = 0; i < d->count; i++) {
        list[i] = &d->tokens[i];
        in_order &= !i || by_place(&list[i - 1], &list[i]) < 0;
    }
    if (!in_order)
        qsort(list, d->count, sizeof *list, by_place); /* NOLINT(bugprone-sizeof-expression) */
    return list;
}

/* What is summed up on the way. */
typedef struct sums {
    sweep_errors e;
    vprec_gather gather;
    stats_rows rows;
    const sweep_token *last; /* of native, in a row */
    vprec_gather array;
    const char *group; /* of the array; NULL: none has begun */
} sums;

static const vprec_probe_options measured = {.metric = VPREC_METRIC_SQNR, .probability = 0.95, .confidence = 0.95};

/* The array is whole. */
static void end_array(sums *s)
{
    if (!s->group)
        return;
    vprec_measure measure;
    vprec_gather_measure(&s->array, NULL, &measured, &measure);
    if (!s->e.arrays++ || measure.sqnr < s->e.worst_array || isnan(measure.sqnr))
        s->e.worst_array = measure.sqnr;
    s->group = NULL;
}

static void add_to_array(sums *s, double x, const sweep_token *want)
{
    static const vprec_outcomes none;
    if (s->group && strcmp(s->group, want->group) != 0)
        end_array(s);
    if (!s->group)
        s->array = (vprec_gather){.n = 1};
    s->group = want->group;
    vprec_gather_sample(&s->array, &x, &want->value, &none);
}

static void sum_up(sums *s, const sweep_token *is, const sweep_token *want)
{
    static const vprec_outcomes none;
    double x = is ? is->value : NAN;
    s->gather.n = 1;
    vprec_gather_sample(&s->gather, &x, &want->value, &none);
    if (s->last && (s->last->row != want->row || strcmp(s->last->group, want->group) != 0))
        stats_rows_end(&s->rows);
    s->last = want->row ? want : NULL;
    if (want->row)
        stats_rows_add(&s->rows, x, want->value);
    if (want->array)
        add_to_array(s, x, want);
}

/* `is` may be NULL: there is no number. */
static void compare_numbers(const sweep_token *is, const sweep_token *of, sweep_errors *e)
{
    double error = INFINITY, relative = INFINITY, want = of->value;
    if (is && ((isnan(is->value) && isnan(want)) || is->value == want)) {
        error = relative = 0;
    } else if (is && isfinite(is->value) && isfinite(want)) {
        error = fabs(is->value - want);
        relative = isfinite(error) ? error / fabs(want) /* infinite where that is 0 */
                                   : fabs(is->value / 2 - want / 2) / fabs(want / 2);
    }
    e->numbers++;
    e->missing += !is;
    if (error > e->max_abs)
        e->worst_abs = (sweep_pair){is, of};
    if (relative > e->max_rel)
        e->worst_rel = (sweep_pair){is, of};
    if (!of->array && relative > e->max_lone)
        e->worst_lone = (sweep_pair){is, of};
    e->lone += !of->array;
    e->max_lone = of->array ? e->max_lone : fmax(e->max_lone, relative);
    e->max_abs = fmax(e->max_abs, error);
    e->max_rel = fmax(e->max_rel, relative);
    e->mean_abs += error;
    e->mean_rel += relative;
}

/* The tokens of one place; either may be NULL: not there. */
static void compare_tokens(const sweep_token *is, const sweep_token *want, sums *s)
{
    sweep_errors *e = &s->e;
    bool finite = !want || !want->number || isfinite(want->value);
    e->not_finite += is && is->number && !isfinite(is->value) && finite;
    if (want && want->number) {
        compare_numbers(is && is->number ? is : NULL, want, e);
        sum_up(s, is && is->number ? is : NULL, want);
    } else {
        e->added += is && is->number;
    }
    if ((want && !want->number) || (is && !is->number)) {
        e->labels++;
        e->agree += is && want && !is->number && !want->number && !strcmp(is->text, want->text);
    }
}

static stats_step *steps_of(const sweep_document *d)
{
    stats_step *steps = vprec_alloc(d->count, sizeof *steps);
    for (size_t i = 0; i < d->count; i++) {
        const sweep_token *t = &d->tokens[i];
        stats_token token = {.piece = t->piece,
                             .part = t->part,
                             .number = t->number,
                             .value = t->value,
                             .text = t->text,
                             .length = t->text ? strlen(t->text) : 0};
        steps[i] = stats_step_of(&token);
    }
    return steps;
}

static void compare_in_order(const sweep_document *is, const sweep_document *want, sums *s)
{
    stats_step *a = steps_of(is), *b = steps_of(want);
    size_t *match = vprec_alloc(is->count, sizeof *match), j = 0;
    bool order;
    stats_align(a, is->count, b, want->count, match, &order);
    for (size_t i = 0; i < is->count; i++) {
        for (; match[i] != STATS_UNMATCHED && j < match[i]; j++)
            compare_tokens(NULL, &want->tokens[j], s);
        compare_tokens(&is->tokens[i], match[i] == STATS_UNMATCHED ? NULL : &want->tokens[j++], s);
    }
    for (; j < want->count; j++)
        compare_tokens(NULL, &want->tokens[j], s);
    free(match);
    free(b);
    free(a);
}

static void compare_by_place(const sweep_document *is, const sweep_document *want, sums *s)
{
    const sweep_token **a = sorted(is), **b = sorted(want);
    for (size_t i = 0, j = 0; i < is->count || j < want->count;) {
        int order = 0;
        if (i == is->count || j == want->count)
            order = i == is->count ? 1 : -1;
        else if ((order = strcmp(a[i]->group, b[j]->group)) == 0 && a[i]->index != b[j]->index)
            order = a[i]->index < b[j]->index ? -1 : 1;
        compare_tokens(order <= 0 ? a[i] : NULL, order >= 0 ? b[j] : NULL, s);
        i += order <= 0;
        j += order >= 0;
    }
    free(b);
    free(a);
}

sweep_errors sweep_compare(const sweep_document *is, const sweep_document *want)
{
    sums s = {.last = NULL};
    vprec_measure measure;
    if (is->kind == STATS_TEXT && want->kind == STATS_TEXT)
        compare_in_order(is, want, &s);
    else
        compare_by_place(is, want, &s);
    stats_rows_end(&s.rows);
    end_array(&s);
    vprec_gather_measure(&s.gather, NULL, &measured, &measure);
    s.e.mean_abs /= (double)s.e.numbers;
    s.e.mean_rel /= (double)s.e.numbers;
    s.e.sqnr = measure.sqnr;
    s.e.cosine = measure.cosine;
    s.e.divergence = stats_rows_divergence(&s.rows);
    s.e.flips = stats_rows_flips(&s.rows);
    stats_rows_free(&s.rows);
    return s.e;
}

/* "2:4", "v row 3", ".a[1]", "x[17]". */
static char *place_of(const sweep_token *t)
{
    stats_token token = {.line = t->line, .piece = t->piece, .part = t->part, .unit = t->unit};
    if (t->line)
        return stats_token_name(&token);
    if (!t->name)
        return vprec_text("%s[%" PRIu64 "]", t->group, t->index);
    return *t->name == '.' || *t->name == '[' || !*t->name ? vprec_text("%s", t->name)
                                                           : vprec_text("%s %s", t->group, t->name);
}

/* The word in front of it in its line, NULL: none. */
static const char *label_of(const sweep_token *t, const sweep_document *d)
{
    for (const sweep_token *at = t; t->line && at-- > d->tokens && at->line == t->line;)
        if (!at->number && !at->unit)
            return at->text;
    return NULL;
}

char *sweep_pair_text(const sweep_pair *worst, const sweep_errors *e, const sweep_document *want)
{
    if (!worst->want)
        return NULL;
    char *place = place_of(worst->want), *here = worst->is ? place_of(worst->is) : NULL;
    char *value = worst->is ? vprec_text("%.9g", worst->is->value) : vprec_text("missing");
    char *counts = e->missing || e->added
                       ? vprec_text("; of %" PRIu64 " numbers %" PRIu64 " are missing, %" PRIu64 " are there besides",
                                    e->numbers, e->missing, e->added)
                       : vprec_text("%s", "");
    const char *label = label_of(worst->want, want);
    bool moved = here && strcmp(place, here) != 0;
    char *text =
        vprec_text("%s%s%s%s%s%s%s: %s, native %.9g%s", place, label ? " '" : "", label ? label : "", label ? "'" : "",
                   moved ? " (" : "", moved ? here : "", moved ? ")" : "", value, worst->want->value, counts);
    free(counts);
    free(value);
    free(here);
    free(place);
    return text;
}
