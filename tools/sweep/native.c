/* SPDX-License-Identifier: Apache-2.0
 * native.c: looks at the native run before the first cell is run. */
#include "native.h"
#include "common/json.h"
#include "common/say.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 160 }; /* bytes of the output's end */

/* The end of the output, lines separated by " | "; to be freed. */
static char *end_of(const sweep_document *d)
{
    size_t size = d->size;
    while (size && strchr(" \t\r\n", d->bytes[size - 1]))
        size--;
    size_t from = size > SHOWN ? size - SHOWN : 0;
    while (from && from < size && (d->bytes[from] & 0xC0) == 0x80) /* not in the middle of a character */
        from++;
    char *text = vprec_text("%s", from ? "..." : "");
    for (size_t at = from; at < size;) {
        size_t length = 0;
        while (at + length < size && d->bytes[at + length] != '\n')
            length++;
        char *more = vprec_text("%s%.*s%s", text, (int)length, d->bytes + at, at + length < size ? " | " : "");
        free(text);
        text = more;
        at += length + 1;
    }
    return text;
}

/* Whether the expression finds a number in what the native run wrote to standard error. */
static bool in_errors(const sweep *s, const sweep_metric *m)
{
    char *path = vprec_results_file(&s->grid.cells[SWEEP_NATIVE].results, 1, "stderr");
    sweep_document errors;
    bool found = sweep_document_read(&errors, path, STATS_BINARY);
    if (found) {
        sweep_value value = sweep_metric_extract(m, &errors);
        found = !value.error;
        free(value.error);
        sweep_document_free(&errors);
    }
    free(path);
    return found;
}

static void say_extract(const sweep *s, const sweep_metric *m, const char *why)
{
    const char *output = s->options->output;
    char *end = end_of(&s->native), *what = output ? vprec_text("'%s'", output) : vprec_text("what it printed");
    const char *mend =
        output              ? "correct the expression"
        : !in_errors(s, m) ? "correct the expression, or name the file that has the number by --output"
                           : "it is found in standard error, which is not looked at: run it by sh -c '... 2>&1'";
    if (*end)
        vprec_say("the native run has no %s: --extract '%s': %s; %s ends in '%s': %s", m->name, m->detail, why, what,
                  end, mend);
    else
        vprec_say("the native run has no %s: --extract '%s': %s: %s is empty: %s", m->name, m->detail, why, what, mend);
    free(what);
    free(end);
}

/* NAME=REGEX may have been meant as a whole: says so where that finds another number. */
static void say_ambiguous(const sweep *s, const sweep_metric *m, double value)
{
    char *whole = vprec_text("%s=%s", m->name, m->detail), *error = NULL;
    sweep_pattern *pattern = sweep_pattern_make(whole, &error);
    double other, of;
    if (pattern && !(error = sweep_pattern_find(pattern, s->native.bytes, s->native.size, &other, &of)) &&
        other != value)
        vprec_say("hint: --extract '%s' is the metric '%s', and finds %.6g by '%s': to find %.6g, behind the text "
                  "'%s=', write --extract '%s=%s'", whole, m->name, value, m->detail, other, m->name, m->name, whole);
    free(error);
    sweep_pattern_free(pattern);
    free(whole);
}

static bool check_kept(const sweep *s)
{
    const sweep_cell *native = &s->grid.cells[SWEEP_NATIVE];
    char *path = vprec_results_file(&native->results, 1, "status.json");
    json_t *status = vprec_json_read(path), *unmatched = json_object_get(status, "keep_unmatched");
    const char *pattern = json_string_value(json_array_get(unmatched, 0));
    if (pattern)
        vprec_say("--keep '%s' matched no file that the native run wrote: correct it, or leave it out (then begin anew "
                  "with --restart)", pattern);
    bool ok = !pattern;
    json_decref(status);
    free(path);
    return ok;
}

/* Whether the bounds follow from what the native run has. */
static bool of_native(const sweep_threshold *t)
{
    return t->requirement->sign == VPREC_WITHIN || t->requirement->sign == VPREC_AS_NATIVE;
}

bool sweep_native_check(const sweep *s, const sweep_question *q)
{
    const sweep_metrics *metrics = &s->options->metrics;
    const sweep_summary *values = s->grid.cells[SWEEP_NATIVE].values;
    for (size_t m = 0; m < metrics->count; m++) {
        if (metrics->list[m].kind != SWEEP_EXTRACT)
            continue;
        if (values[m].error) {
            say_extract(s, &metrics->list[m], values[m].error);
            return false;
        }
        if (!s->options->quiet)
            say_ambiguous(s, &metrics->list[m], values[m].value);
    }
    for (size_t i = 0; !q->usual && i < q->count; i++) {
        const sweep_threshold *t = &q->list[i];
        /* Digits are those of samples, which the native run has not. */
        if (!values[t->metric].error || (metrics->list[t->metric].kind == SWEEP_DIGITS && !of_native(t)))
            continue;
        vprec_say("the native run has no %s (%s): so nothing can be told of %s '%s': choose another metric",
                  metrics->list[t->metric].name, values[t->metric].error, q->option, q->spec);
        return false;
    }
    for (size_t m = 0; m < metrics->count; m++)
        if (metrics->list[m].kind == SWEEP_COMMAND && values[m].error && !s->options->quiet)
            vprec_say("warning: --metric '%s' has no value in the native run: %s", metrics->list[m].name,
                      values[m].error);
    return check_kept(s);
}

void sweep_native_compare(const sweep *s, const sweep_question *q)
{
    const sweep_cell *native = &s->grid.cells[SWEEP_NATIVE];
    const sweep_threshold *t = sweep_question_missed(q, native);
    const sweep_metric *m = t ? &s->options->metrics.list[t->metric] : NULL;
    if (!t || m->kind == SWEEP_DIGITS || (q->usual && s->repeats))
        return;
    if (q->usual)
        vprec_say("a second native run does not keep what is asked either (%s %.6g): ask for less by %s, or for the "
                  "part of the output that repeats itself by --extract or --output", m->name,
                  m->better < 0 ? native->values[t->metric].max : native->values[t->metric].min, q->option);
    else
        vprec_say("the native run itself does not keep '%s': it has %s %.6g: a share of that, as in '%s:1%%', may be "
                  "meant", t->spec, m->name, native->values[t->metric].value, m->name);
}
