/* SPDX-License-Identifier: Apache-2.0
 * answer.c: words the result of a sweep: the smallest format that keeps
 * the metric, or what was measured. Plain text, unescaped. */
#include "answer.h"
#include "common/say.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 4 }; /* so many series are told apart in the sentence; more only in the table */

static void note(page_answer *answer, char *text)
{
    if (answer->note_count < PAGE_NOTES)
        answer->notes[answer->note_count++] = text;
    else
        free(text);
}

static char *value_text(double value, const char *unit)
{
    return page_value_text(&(page_value){.there = !isnan(value), .error = "", .value = value}, unit);
}

static const page_cell *cell_of(const page_view *view, const page_smallest *s)
{
    for (size_t c = 0; *s->format && c < view->cell_count; c++) {
        const page_cell *cell = &view->cells[c];
        if (!strcmp(cell->format, s->format) && !strcmp(cell->mode, s->mode) && !strcmp(cell->where, s->where))
            return cell;
    }
    return NULL;
}

/* Bits of the whole number, so that formats of different exponent widths compare; far too many for one without bits. */
static int width_of(const page_view *view, const page_smallest *s)
{
    const page_cell *cell = cell_of(view, s);
    return cell && cell->bits > 0 ? cell->bits : 1000;
}

/* " (16 bits)", or nothing where the format has no such number; to be freed. */
static char *width_text(const page_view *view, const page_smallest *s)
{
    int bits = width_of(view, s);
    return bits < 1000 ? vprec_text(" (%d bits)", bits) : vprec_text("%s", "");
}

/* Of how many bits a number of the types that the format replaces is: f32, f64, or both. */
static int native_width(const char *format)
{
    bool f64 = strstr(format, "f64=") != NULL, f32 = !f64 || strncmp(format, "f64=", 4) != 0;
    return 32 * f32 + 64 * f64;
}

static bool together(const page_smallest *a, const page_smallest *b)
{
    return !strcmp(a->mode, b->mode) && !strcmp(a->where, b->where);
}

/* For each mode and place the series with the narrowest format, NULL-terminated; one without any where none has. */
static const page_smallest **narrowest(const page_view *view)
{
    const page_smallest **best = vprec_alloc(view->smallest_count + 1, sizeof(void *));
    for (size_t i = 0; i < view->smallest_count; i++) {
        const page_smallest *s = &view->smallest[i];
        size_t b = 0;
        while (best[b] && !together(best[b], s))
            b++;
        if (!best[b] || (*s->format && (!*best[b]->format || width_of(view, s) < width_of(view, best[b]))))
            best[b] = s;
    }
    return best;
}

/* "accuracy at 0.951 or higher", "all labels equal and lone numbers within 1 %". */
static char *goal(const page_view *view)
{
    if (*view->question)
        return vprec_text("%s", view->question);
    const page_metric *metric = &view->metrics[view->threshold];
    char *limit = value_text(view->limit, metric->unit);
    char *text = !metric->better || isnan(view->limit)
                     ? vprec_text("%s within %s", metric->name, *view->spec ? view->spec : "its threshold")
                     : vprec_text("%s at %s or %s", metric->name, limit, metric->better > 0 ? "higher" : "lower");
    free(limit);
    return text;
}

/* ", rounded rne in function:conv*": where several answers are told apart. */
static char *place(const page_smallest *s)
{
    return vprec_text("%s%s%s%s", *s->mode ? " with " : "", s->mode, *s->where ? " in " : "", s->where);
}

/* ": 0.96 there, 0.97 in native arithmetic": of a question of one part; to be freed. */
static char *found_text(const page_view *view, const page_smallest *s)
{
    const page_metric *metric = &view->metrics[view->threshold];
    if (*view->question)
        return vprec_text("%s", "");
    char *native = value_text(view->native.values[view->threshold].value, metric->unit);
    char *found = value_text(s->value, metric->unit);
    char *text = *s->format ? vprec_text(": %s there, %s in native arithmetic", found, native)
                            : vprec_text(" (%s in native arithmetic)", native);
    free(found);
    free(native);
    return text;
}

/* What is known of the single items, in the format that is the answer. */
static void note_items(page_answer *answer, const page_cell *cell)
{
    const json_t *items = json_object_get(cell->json, "items"), *paired = json_object_get(items, "paired");
    const char *of = page_string(items, "of");
    double count = page_number(json_object_get(items, "count"));
    double changed = page_number(json_object_get(items, "changed"));
    double most = page_number(json_object_get(items, "changed_at_most"));
    if (count > 1)
        note(answer, vprec_text("With %s %.0f of %.0f %s changed; of many such at most %.3g %% do (Clopper and "
                                "Pearson, confidence 95 %%).", cell->format, changed, count,
                                !strcmp(of, "rows") ? "rows' largest numbers" : of, 100 * most));
    if (!json_is_object(paired))
        return;
    double low = page_number(json_object_get(paired, "low")), high = page_number(json_object_get(paired, "high"));
    note(answer, vprec_text("Its accuracy is %.4g %%, native %.4g %%: the difference lies between %+.3g and %+.3g "
                            "percentage points (paired, Newcombe's method 10, 95 %%; for information, McNemar's p is "
                            "%.3g).", 100 * page_number(json_object_get(paired, "accuracy")),
                            100 * page_number(json_object_get(paired, "native_accuracy")), 100 * low, 100 * high,
                            page_number(json_object_get(paired, "mcnemar"))));
}

/* Of counts, K/N, of which it is not known which ones they were. */
static void note_counts(page_answer *answer, const page_view *view, const page_cell *cell)
{
    for (size_t m = 0; m < view->metric_count; m++) {
        const json_t *value = cell->values[m].json;
        double of = page_number(json_object_get(value, "of"));
        if (of > 0)
            note(answer, vprec_text("%s: %.0f of %.0f is %.4g %%, %.4g to %.4g %% with a confidence of 95 %% (Wilson; "
                                    "unpaired: which ones changed is not known).", view->metrics[m].name,
                                    cell->values[m].value, of, 100 * page_number(json_object_get(value, "share")),
                                    100 * page_number(json_object_get(value, "low")),
                                    100 * page_number(json_object_get(value, "high"))));
    }
}

static void answer_one(page_answer *answer, const page_view *view, const page_smallest *s)
{
    char *wanted = goal(view), *found = found_text(view, s);
    int bits = width_of(view, s), native = native_width(s->format);
    if (*s->format) {
        char *width = width_text(view, s);
        char *saved = bits < native ? vprec_text(" It takes %d of %d bits: %.0f %% are saved.", bits, native,
                                                 100. * (native - bits) / native)
                                    : vprec_text("%s", "");
        answer->subject = vprec_text("%s%s", s->format, width);
        answer->sentence = vprec_text(" is the smallest format %sthat keeps %s%s.%s", view->complete ? "" : "so far ",
                                      wanted, found, saved);
        free(saved);
        free(width);
    } else {
        answer->subject = vprec_text("No format");
        answer->sentence = vprec_text(" %s keeps %s%s.", view->complete ? "of this sweep" : "that has run so far",
                                      wanted, found);
    }
    const page_cell *cell = cell_of(view, s);
    if (cell) {
        note_items(answer, cell);
        note_counts(answer, view, cell);
    }
    free(found);
    free(wanted);
}

static void answer_many(page_answer *answer, const page_view *view, const page_smallest **best, size_t count)
{
    char *wanted = goal(view), *list = vprec_text("%s", "");
    for (size_t i = 0; i < count && count <= NAMED; i++) {
        char *where = place(best[i]), *width = width_text(view, best[i]);
        char *longer = vprec_text("%s%s%s%s%s", list, !i ? "" : i + 1 < count ? ", " : " and ",
                                  *best[i]->format ? best[i]->format : "none", width, where);
        free(width);
        free(where);
        free(list);
        list = longer;
    }
    answer->subject = *list ? list : vprec_text("%zu answers", count);
    answer->sentence = count <= NAMED
                           ? vprec_text(": these are the smallest formats that keep %s.", wanted)
                           : vprec_text(", one for each mode and place: the table below names the smallest format "
                                        "that keeps %s.", wanted);
    if (!*list)
        free(list);
    free(wanted);
}

static void answer_threshold(page_answer *answer, const page_view *view)
{
    const page_smallest **best = narrowest(view);
    size_t count = 0;
    while (best[count])
        count++;
    if (count == 1)
        answer_one(answer, view, best[0]);
    else
        answer_many(answer, view, best, count);
    if (view->usual)
        note(answer, vprec_text("This is what is asked where nobody asks: --threshold asks for something else."));
    if (view->crooked == 1 && count == 1 && !best[0]->monotone && *best[0]->note)
        note(answer, vprec_text("The answer has a hole: %s.", best[0]->note));
    else if (view->crooked)
        note(answer, vprec_text("The metric does not fall steadily with the bits in %zu of %zu series: some wider "
                                "format misses the threshold that a narrower one keeps.", view->crooked,
                                view->smallest_count));
    free(best);
}

/* Without a threshold: the first metric from one end to the other. */
static void answer_range(page_answer *answer, const page_view *view)
{
    const page_metric *metric = &view->metrics[0];
    const page_cell *low = NULL, *high = NULL;
    for (size_t c = 0; c < view->cell_count; c++) {
        const page_cell *cell = &view->cells[c];
        if (!cell->values[0].there || !isfinite(cell->values[0].value))
            continue;
        if (!low || cell->values[0].value < low->values[0].value)
            low = cell;
        if (!high || cell->values[0].value > high->values[0].value)
            high = cell;
    }
    answer->subject = vprec_text("%s", metric->name);
    if (!low) {
        answer->sentence = vprec_text(" has a value in none of the %zu cells.", view->cell_count);
        return;
    }
    char *from = value_text(low->values[0].value, metric->unit), *to = value_text(high->values[0].value, metric->unit);
    char *native = value_text(view->native.values[0].value, metric->unit);
    const char *first = *low->format ? low->format : low->id, *last = *high->format ? high->format : high->id;
    answer->sentence = low->values[0].value == high->values[0].value
                           ? vprec_text(" is %s wherever it has a value, and %s in native arithmetic.", from, native)
                           : vprec_text(" runs from %s (%s) to %s (%s) and is %s in native arithmetic.", from, first,
                                        to, last, native);
    free(from);
    free(to);
    free(native);
}

static void add_notes(page_answer *answer, const page_view *view)
{
    size_t failed = view->cell_count - view->ok - view->pending;
    if (*view->native.status && strcmp(view->native.status, "ok")) {
        char *status = page_status(view, &view->native);
        note(answer, vprec_text("The native run has no result (%s), so there is nothing to compare with.", status));
        free(status);
    }
    if (view->idle)
        note(answer, vprec_text("In %zu of %zu cells that ended well no operation was rounded: they are the native run "
                                "once more, and say nothing of their formats. vprec-run advises: %s.",
                                view->idle, view->ok, view->advice));
    size_t natives = json_object_size(json_object_get(view->root, "native_parts"));
    if (natives)
        note(answer, vprec_text("%zu part%s of the program that %s to be rounded stayed native: %s%s.", natives,
                                natives == 1 ? "" : "s", natives == 1 ? "was" : "were",
                                json_object_iter_key(json_object_iter(json_object_get(view->root, "native_parts"))),
                                natives == 1 ? "" : ", and others"));
    if (failed)
        note(answer, vprec_text("%zu of %zu cells failed; their rows say how.", failed, view->cell_count));
    if (view->pending && view->complete)
        note(answer, vprec_text("Bisection ran %zu of %zu cells; the others are not needed to find the smallest "
                                "formats.", view->cell_count - view->pending, view->cell_count));
    else if (!view->complete)
        note(answer, vprec_text("The sweep is not complete: %zu of %zu cells have not run yet. The same command "
                                "goes on with them.", view->pending, view->cell_count));
}

page_answer page_answer_make(const page_view *view)
{
    page_answer answer = {0};
    if (!view->cell_count) {
        answer.subject = vprec_text("Nothing was measured");
        answer.sentence = vprec_text(": the sweep has no cells.");
    } else if (view->idle && view->idle == view->ok) {
        answer.subject = vprec_text("No answer");
        answer.sentence = vprec_text(": no operation was rounded in any cell.");
    } else if (view->smallest_count) {
        answer_threshold(&answer, view);
    } else if (view->metric_count) {
        answer_range(&answer, view);
    } else {
        answer.subject = vprec_text("%zu of %zu cells", view->ok, view->cell_count);
        answer.sentence = vprec_text(" ran to their end; no metric was asked for.");
    }
    add_notes(&answer, view);
    return answer;
}

void page_answer_free(page_answer *answer)
{
    for (size_t i = 0; i < answer->note_count; i++)
        free(answer->notes[i]);
    free(answer->subject);
    free(answer->sentence);
}
