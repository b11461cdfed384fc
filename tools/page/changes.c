/* SPDX-License-Identifier: Apache-2.0
 * changes.c: see changes.h. Cells go together by their ids. */
#include "changes.h"
#include "common/json.h"
#include "common/say.h"
#include "view.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAST_BITS 1e-12 /* a number that is another one but for its last bits has not changed */

static const page_cell *find(const page_view *view, const char *id)
{
    for (size_t c = 0; c < view->cell_count; c++)
        if (!strcmp(view->cells[c].id, id))
            return &view->cells[c];
    return NULL;
}

/* Of these per cent are meant, not per cent of what is often 0. */
static bool is_rate(const page_metric *metric)
{
    static const char *const rates[] = {"cer", "wer", "max-rel", "mean-rel", "lone", "kl", "flips", "changed-most",
                                        "accuracy-drop"};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (!strcmp(metric->kind, rates[i]))
            return true;
    return false;
}

/* The square of a mean's standard error. */
static double doubt(const page_value *value)
{
    return value->n > 1 && isfinite(value->sd) ? value->sd * value->sd / value->n : 0;
}

/* By how much it has become worse; negative: better. NaN: a value is missing, or not a number. */
static double fall(const page_metric *metric, const page_value *before, const page_value *after)
{
    if (before->value == after->value) /* infinite, too */
        return 0;
    double change = after->value - before->value;
    return !metric->better ? fabs(change) : metric->better > 0 ? -change : change;
}

static char *text_of(const page_value *value)
{
    return !value->there         ? vprec_text("no value")
           : isnan(value->value) ? vprec_text("NaN")
                                 : vprec_text("%.6g", value->value);
}

/* Takes the texts over. */
static void add(json_t *changes, const char *cell, const char *metric, char *before, char *after, bool worse)
{
    json_t *object = vprec_json_must(json_object());
    char *text = vprec_text("%s%s%s %s, was %s", cell, *cell ? ": " : "", metric, after, before);
    vprec_json_put(object, "cell", vprec_json_text(cell));
    vprec_json_put(object, "metric", vprec_json_text(metric));
    vprec_json_put(object, "before", vprec_json_text(before));
    vprec_json_put(object, "after", vprec_json_text(after));
    vprec_json_put(object, "worse", json_boolean(worse));
    vprec_json_put(object, "text", vprec_json_text(text));
    vprec_json_add(changes, object);
    free(text);
    free(before);
    free(after);
}

static void compare_value(json_t *changes, const page_metric *metric, const char *cell, const page_value *before,
                          const page_value *after, double tolerance)
{
    double change = fall(metric, before, after);
    bool lost = before->there && !isnan(before->value) && (!after->there || isnan(after->value));
    bool won = after->there && !isnan(after->value) && (!before->there || isnan(before->value));
    double room = tolerance * (is_rate(metric) ? 1 : fabs(before->value)) + LAST_BITS * fabs(before->value) +
                  2 * sqrt(doubt(before) + doubt(after));
    if (lost || won || fabs(change) > (isfinite(room) ? room : 0))
        add(changes, cell, metric->name, text_of(before), text_of(after), lost || (!won && change > 0));
}

static const page_metric *metric_of(const page_view *view, const char *name, size_t *index)
{
    for (*index = 0; *index < view->metric_count; ++*index)
        if (!strcmp(view->metrics[*index].name, name))
            return &view->metrics[*index];
    return NULL;
}

static void compare_cell(json_t *changes, const page_view *a, const page_view *b, const page_cell *before,
                         const page_cell *after, double tolerance)
{
    if (!strcmp(before->status, "pending") || !strcmp(after->status, "pending"))
        return;
    if (strcmp(before->status, after->status) != 0) {
        add(changes, after->id, "status", page_status(a, before), page_status(b, after),
            strcmp(after->status, "ok") != 0);
        return;
    }
    for (size_t m = 0, k; m < b->metric_count; m++)
        if (metric_of(a, b->metrics[m].name, &k))
            compare_value(changes, &b->metrics[m], after->id, &before->values[k], &after->values[m], tolerance);
}

/* The bits of the narrowest format that keeps what is asked, and its name; 0: there is none. */
static int narrowest(const page_view *view, const char **format)
{
    int bits = 0;
    *format = "none";
    for (size_t c = 0; c < view->cell_count; c++) {
        const page_cell *cell = &view->cells[c];
        if (cell->smallest && cell->bits > 0 && (!bits || cell->bits < bits)) {
            bits = cell->bits;
            *format = cell->format;
        }
    }
    return bits;
}

static char *width_text(const char *format, int bits)
{
    return bits ? vprec_text("%s (%d bits)", format, bits) : vprec_text("%s", format);
}

/* Of the same question: another one has another answer. */
static void compare_answers(json_t *changes, const page_view *a, const page_view *b)
{
    const char *before, *after;
    int was = narrowest(a, &before), is = narrowest(b, &after);
    if (!strcmp(a->spec, b->spec) && was != is)
        add(changes, "", "smallest", width_text(before, was), width_text(after, is), !is || (was && is > was));
}

json_t *page_changes(const json_t *before, const json_t *after, double tolerance)
{
    page_view a, b;
    json_t *changes = vprec_json_must(json_array());
    page_view_make(&a, before);
    page_view_make(&b, after);
    compare_answers(changes, &a, &b);
    for (size_t c = 0; c < b.cell_count; c++) {
        const page_cell *was = find(&a, b.cells[c].id);
        if (was)
            compare_cell(changes, &a, &b, was, &b.cells[c], tolerance);
    }
    page_view_free(&b);
    page_view_free(&a);
    return changes;
}

json_t *page_missing(const json_t *of, const json_t *in)
{
    page_view a, b;
    json_t *missing = vprec_json_must(json_array());
    page_view_make(&a, of);
    page_view_make(&b, in);
    for (size_t c = 0; c < a.cell_count; c++)
        if (!find(&b, a.cells[c].id))
            vprec_json_add(missing, vprec_json_text(a.cells[c].id));
    page_view_free(&b);
    page_view_free(&a);
    return missing;
}
