/* SPDX-License-Identifier: Apache-2.0
 * report.c: builds the document. A format that other programs read: a change that is no addition raises SCHEMA.
 * All in it but times is the same again when the same command goes on. */
#include "report.h"
#include "cell.h"
#include "common/json.h"
#include "common/say.h"
#include "machine.h"
#include "why.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SCHEMA = 1 };

static json_t *real(double x)
{
    return isfinite(x) ? json_real(x) : json_string(isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
}

static json_t *known(double x)
{
    return isnan(x) ? json_null() : json_real(x);
}

static json_t *text_or_null(const char *text)
{
    return text ? vprec_json_text(text) : json_null();
}

static json_t *bits(int n)
{
    return n < 0 ? json_null() : json_integer(n);
}

static json_t *metrics_of(const sweep_metrics *metrics)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < metrics->count; i++) {
        const sweep_metric *m = &metrics->list[i];
        json_t *object = vprec_json_must(json_object());
        vprec_json_put(object, "name", vprec_json_text(m->name));
        vprec_json_put(object, "kind", vprec_json_text(sweep_metric_kind(m)));
        vprec_json_put(object, "better", m->better ? json_string(m->better > 0 ? "higher" : "lower") : json_null());
        vprec_json_put(object, "unit", vprec_json_text(sweep_metric_unit(m)));
        vprec_json_put(object, "detail", vprec_json_text(m->detail));
        vprec_json_put(object, "about", vprec_json_text(sweep_metric_about(m)));
        vprec_json_add(array, object);
    }
    return array;
}

/* A count of so many, which may be others in each run. */
static void put_count(json_t *object, const sweep_summary *s)
{
    vprec_share_bounds share = vprec_share_interval((uint64_t)s->value, (uint64_t)s->of, SWEEP_CONFIDENCE);
    vprec_json_put(object, "of", json_real(s->of));
    vprec_json_put(object, "share", json_real(s->value / s->of));
    vprec_json_put(object, "low", json_real(share.low));
    vprec_json_put(object, "high", json_real(share.high));
    vprec_json_put(object, "paired", json_false());
}

static json_t *summary_of(const sweep_summary *s)
{
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "value", s->error ? json_null() : real(s->value));
    vprec_json_put(object, "sd", s->error ? json_null() : real(s->sd));
    vprec_json_put(object, "min", s->error ? json_null() : real(s->min));
    vprec_json_put(object, "max", s->error ? json_null() : real(s->max));
    vprec_json_put(object, "n", vprec_json_number(s->n));
    if (s->of > 0)
        put_count(object, s);
    if (s->error)
        vprec_json_put(object, "error", vprec_json_text(s->error));
    if (s->worst)
        vprec_json_put(object, "worst", vprec_json_text(s->worst));
    return object;
}

static json_t *values_of(const sweep_metrics *metrics, const sweep_cell *cell)
{
    json_t *object = vprec_json_must(json_object());
    for (size_t i = 0; i < metrics->count; i++)
        vprec_json_put(object, metrics->list[i].name, cell->settled ? summary_of(&cell->values[i]) : json_null());
    return object;
}

static json_t *native_of(const sweep *s)
{
    const sweep_cell *native = &s->grid.cells[SWEEP_NATIVE];
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "status", vprec_json_text(sweep_status_names[native->status]));
    vprec_json_put(object, "repeats", json_boolean(s->repeats));
    vprec_json_put(object, "seconds", known(native->seconds));
    vprec_json_put(object, "cpu_seconds", known(native->cpu_seconds));
    vprec_json_put(object, "metrics", values_of(&s->options->metrics, native));
    vprec_json_put(object, "directory", vprec_json_text(VPREC_RESULTS_CELLS "/native"));
    return object;
}

static json_t *cell_of(const sweep *s, const sweep_question *q, const sweep_cell *c)
{
    json_t *object = vprec_json_must(json_object());
    char *directory = vprec_text(VPREC_RESULTS_CELLS "/%s", c->id);
    vprec_json_put(object, "id", vprec_json_text(c->id));
    vprec_json_put(object, "format", text_or_null(c->format));
    vprec_json_put(object, "exponent", bits(c->exponent));
    vprec_json_put(object, "fraction", bits(c->fraction));
    vprec_json_put(object, "bits", c->format ? json_integer(sweep_bits(c)) : json_null());
    vprec_json_put(object, "mode", vprec_json_text(c->mode));
    vprec_json_put(object, "precision", c->precision ? bits(sweep_width(c)) : json_null());
    vprec_json_put(object, "where", text_or_null(c->where));
    sweep_status status = c->settled ? c->status : SWEEP_PENDING_STATUS;
    vprec_json_put(object, "status", vprec_json_text(sweep_status_names[status]));
    vprec_json_put(object, "exit", json_integer(c->settled ? c->exited : 0));
    vprec_json_put(object, "signal", json_integer(c->settled ? c->signal : 0));
    const sweep_threshold *missed = sweep_question_missed(q, c);
    vprec_json_put(object, "keeps", c->settled && q->count ? json_boolean(sweep_answers(q, c)) : json_null());
    vprec_json_put(object, "misses", missed ? vprec_json_text(missed->spec) : json_null());
    if (c->note)
        vprec_json_put(object, "error", vprec_json_text(c->note));
    if (c->settled && c->status == SWEEP_OK_STATUS) {
        vprec_json_put(object, "rounded", json_boolean(!c->idle));
        vprec_json_put(object, "advice", text_or_null(c->idle));
    }
    vprec_json_put(object, "samples", json_integer(c->count));
    vprec_json_put(object, "failed", json_integer(c->failed));
    vprec_json_put(object, "seconds", known(c->seconds));
    vprec_json_put(object, "cpu_seconds", known(c->cpu_seconds));
    vprec_json_put(object, "over_native", known(c->seconds / s->grid.cells[SWEEP_NATIVE].seconds));
    vprec_json_put(object, "metrics", values_of(&s->options->metrics, c));
    vprec_json_put(object, "items", c->settled ? sweep_judged_json(&c->judged) : json_null());
    vprec_json_put(object, "digits", c->digits ? json_incref(c->digits) : json_null());
    vprec_json_put(object, "directory", vprec_json_text(directory));
    free(directory);
    return object;
}

static json_t *series_of(const sweep_question *q, const sweep_series *s)
{
    const sweep_cell *first = s->cells[0], *found = s->smallest < s->count ? s->cells[s->smallest] : NULL;
    json_t *object = vprec_json_must(json_object()), *tested = vprec_json_must(json_array());
    for (size_t i = 0; i < s->count; i++)
        if (s->cells[i]->settled)
            vprec_json_add(tested, vprec_json_text(s->cells[i]->format ? s->cells[i]->format : s->cells[i]->precision));
    vprec_json_put(object, "exponent", bits(first->exponent));
    vprec_json_put(object, "mode", vprec_json_text(first->mode));
    vprec_json_put(object, "where", text_or_null(first->where));
    vprec_json_put(object, "smallest", text_or_null(!found ? NULL : found->format ? found->format : found->precision));
    vprec_json_put(object, "value", found ? real(found->values[sweep_question_metric(q)].value) : json_null());
    vprec_json_put(object, "monotone", s->monotone < 0 ? json_null() : json_boolean(s->monotone));
    vprec_json_put(object, "tested", tested);
    vprec_json_put(object, "note", text_or_null(s->note));
    return object;
}

static void put_bounds(json_t *object, const vprec_bounds *b)
{
    vprec_json_put(object, "limit", known(isfinite(b->low) ? b->low : isfinite(b->high) ? b->high : NAN));
    vprec_json_put(object, "low", isfinite(b->low) ? json_real(b->low) : json_null());
    vprec_json_put(object, "high", isfinite(b->high) ? json_real(b->high) : json_null());
}

/* What the question is made of: all of them are to be kept. */
static json_t *parts_of(const sweep *s, const sweep_question *q)
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < q->count; i++) {
        json_t *object = vprec_json_must(json_object());
        vprec_json_put(object, "metric", vprec_json_text(s->options->metrics.list[q->list[i].metric].name));
        vprec_json_put(object, "spec", vprec_json_text(q->list[i].spec));
        put_bounds(object, &q->list[i].bounds);
        vprec_json_add(array, object);
    }
    return array;
}

static json_t *threshold_of(const sweep *s, const sweep_question *q, const sweep_series *series, size_t count)
{
    if (!q->count)
        return json_null();
    json_t *object = vprec_json_must(json_object()), *array = vprec_json_must(json_array());
    for (size_t i = 0; i < count; i++)
        vprec_json_add(array, series_of(q, &series[i]));
    vprec_json_put(object, "metric", vprec_json_text(s->options->metrics.list[sweep_question_metric(q)].name));
    vprec_json_put(object, "spec", vprec_json_text(q->spec));
    put_bounds(object, &q->list[0].bounds);
    char *asked = sweep_question_text(q, &s->options->metrics);
    vprec_json_put(object, "question", vprec_json_text(asked));
    free(asked);
    vprec_json_put(object, "usual", json_boolean(q->usual));
    vprec_json_put(object, "parts", parts_of(s, q));
    vprec_json_put(object, "series", array);
    return object;
}

static json_t *moment(time_t t)
{
    char text[32];
    struct tm parts;
    gmtime_r(&t, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

/* What was selected and stayed native in some cell, and in how many. */
json_t *sweep_report_native(const sweep *s)
{
    json_t *counts = vprec_json_must(json_object()), *value;
    const char *text;
    for (size_t i = 1; i < s->grid.count; i++)
        json_object_foreach(s->grid.cells[i].native, text, value)
            json_object_set_new(counts, text, json_integer(1 + json_integer_value(json_object_get(counts, text))));
    return counts;
}

/* When the last run was recorded: the same again when nothing is run. */
static json_t *finished(const sweep *s)
{
    time_t last = 0;
    for (size_t i = 0; i < s->grid.count; i++)
        for (uint32_t n = 1; n <= s->grid.cells[i].count; n++) {
            struct stat st;
            char *path = vprec_results_file(&s->grid.cells[i].results, n, "status.json");
            if (s->grid.cells[i].settled && !stat(path, &st) && st.st_mtime > last)
                last = st.st_mtime;
            free(path);
        }
    return moment(last);
}

/* Objects of the first run of vprec-run that ended well, each once; and its processor. */
static json_t *objects_of(const sweep *s, json_t *machine)
{
    json_t *array = vprec_json_must(json_array()), *report = NULL, *item, *other;
    for (size_t i = 1; !report && i < s->grid.count; i++)
        if (s->grid.cells[i].settled && s->grid.cells[i].status == SWEEP_OK_STATUS) {
            char *path = vprec_results_file(&s->grid.cells[i].results, 1, "report.json");
            report = vprec_json_read(path);
            free(path);
        }
    size_t i, k;
    json_array_foreach(json_object_get(report, "objects"), i, item)
    {
        json_t *path = json_object_get(item, "path");
        bool seen = !json_is_string(path);
        json_array_foreach(array, k, other)
            seen |= json_equal(json_object_get(other, "path"), path);
        if (seen)
            continue;
        json_t *object = vprec_json_must(json_object());
        json_object_set(object, "path", path);
        json_object_set(object, "build_id", json_object_get(item, "build_id"));
        vprec_json_add(array, object);
    }
    json_t *isa = json_null();
    json_array_foreach(json_object_get(report, "processes"), i, item)
        if (json_is_true(json_object_get(item, "selected")))
            isa = json_object_get(item, "isa");
    json_object_set(machine, "instructions", isa);
    json_decref(report);
    return array;
}

json_t *sweep_report_make(const sweep *s, const sweep_question *q, const sweep_series *series, size_t count,
                          char *const *argv)
{
    const sweep_options *o = s->options;
    json_t *root = vprec_json_must(json_object()), *cells = vprec_json_must(json_array());
    json_t *machine = sweep_machine();
    json_t *objects = objects_of(s, machine);
    for (size_t i = 1; i < s->grid.count; i++)
        vprec_json_add(cells, cell_of(s, q, &s->grid.cells[i]));
    vprec_json_put(root, "schema", json_integer(SCHEMA));
    vprec_json_put(root, "generator", json_string("vprec-sweep"));
    vprec_json_put(root, "version", vprec_json_text(VPREC_VERSION));
    vprec_json_put(root, "title", vprec_json_text(o->title ? o->title : vprec_base(o->program[0])));
    vprec_json_put(root, "command", vprec_json_strings(o->program));
    json_object_set(root, "directory", json_object_get(s->results.run, "directory"));
    vprec_json_put(root, "sweep", vprec_json_strings(argv));
    json_object_set(root, "started", json_object_get(s->results.run, "started"));
    vprec_json_put(root, "finished", finished(s));
    vprec_json_put(root, "complete", json_boolean(s->complete));
    vprec_json_put(root, "seed", vprec_json_number(s->grid.cells[SWEEP_NATIVE].options.config.seed));
    vprec_json_put(root, "samples", json_integer(o->samples));
    vprec_json_put(root, "timeout", s->limit > 0 ? json_real(s->limit) : json_null());
    vprec_json_put(root, "machine", machine);
    vprec_json_put(root, "objects", objects);
    vprec_json_put(root, "native_parts", sweep_report_native(s));
    vprec_json_put(root, "metrics", metrics_of(&o->metrics));
    vprec_json_put(root, "native", native_of(s));
    vprec_json_put(root, "cells", cells);
    vprec_json_put(root, "threshold", threshold_of(s, q, series, count));
    vprec_json_put(root, "why", sweep_why_report(s, q->usual ? NULL : q));
    return root;
}
