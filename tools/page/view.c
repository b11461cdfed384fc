/* SPDX-License-Identifier: Apache-2.0
 * view.c: reads the document of a sweep into structs. What the document
 * lacks or has of another type counts as absent; nothing is an error here. */
#include "view.h"
#include "clean.h"
#include "common/say.h"
#include "text.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *page_string(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double page_number(const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text)
        return json_is_number(value) ? json_number_value(value) : NAN;
    return !strcmp(text, "inf") ? INFINITY : !strcmp(text, "-inf") ? -INFINITY : NAN;
}

static double number(const json_t *object, const char *key)
{
    return page_number(json_object_get(object, key));
}

static long long integer(const json_t *object, const char *key, long long otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static int bits(const json_t *object, const char *key)
{
    long long n = integer(object, key, -1);
    return n >= 0 && n <= INT_MAX ? (int)n : -1;
}

static page_value value_of(const json_t *value)
{
    const json_t *mean = json_object_get(value, "value");
    return (page_value){.there = json_is_number(mean) || json_is_string(mean), .error = page_string(value, "error"),
                        .value = page_number(mean), .sd = number(value, "sd"), .min = number(value, "min"),
                        .max = number(value, "max"), .n = number(value, "n"), .json = value};
}

/* What follows the bits in the name of the format: "fn" of e4m3fn, ":sat" of fp16:sat. */
static const char *variant_of(const char *format, int exponent, int fraction)
{
    char plain[32];
    int length = snprintf(plain, sizeof plain, "e%dm%d", exponent, fraction);
    if (!strncmp(format, plain, (size_t)length))
        return format + length;
    const char *colon = strchr(format, ':');
    return colon ? colon : "";
}

/* A histogram whose bars have a place. */
static bool are_digits(const json_t *digits)
{
    const json_t *counts = json_object_get(digits, "counts"), *count;
    size_t i;
    json_array_foreach(counts, i, count)
        if (!(page_number(count) >= 0))
            return false;
    return json_array_size(counts) && isfinite(number(digits, "from")) && number(digits, "width") > 0;
}

static page_cell cell_of(const page_view *view, const json_t *json)
{
    page_cell cell = {
        .id = page_string(json, "id"), .format = page_string(json, "format"), .mode = page_string(json, "mode"),
        .where = page_string(json, "where"), .status = page_string(json, "status"), .error = page_string(json, "error"),
        .directory = page_string(json, "directory"), .exponent = bits(json, "exponent"),
        .fraction = bits(json, "fraction"), .precision = bits(json, "precision"), .exit = integer(json, "exit", 0),
        .signal = integer(json, "signal", 0), .samples = integer(json, "samples", 0),
        .failed = integer(json, "failed", 0), .seconds = number(json, "seconds"),
        .cpu_seconds = number(json, "cpu_seconds"), .over_native = number(json, "over_native"),
        .values = vprec_alloc(view->metric_count, sizeof *cell.values)};
    const json_t *metrics = json_object_get(json, "metrics"), *digits = json_object_get(json, "digits");
    for (size_t m = 0; m < view->metric_count; m++)
        cell.values[m] = value_of(json_object_get(metrics, view->metrics[m].name));
    const json_t *keeps = json_object_get(json, "keeps");
    cell.keeps = json_is_boolean(keeps) ? json_is_true(keeps) : -1;
    cell.bits = bits(json, "bits");
    if (cell.bits < 0 && cell.exponent >= 0 && cell.fraction >= 0) /* of an older document */
        cell.bits = 1 + cell.exponent + cell.fraction;
    if (are_digits(digits))
        cell.digits = digits;
    cell.json = json;
    cell.variant = variant_of(cell.format, cell.exponent, cell.fraction);
    return cell;
}

static page_metric metric_of(const json_t *json)
{
    const char *better = page_string(json, "better");
    return (page_metric){.name = page_string(json, "name"), .kind = page_string(json, "kind"),
                         .unit = page_string(json, "unit"), .detail = page_string(json, "detail"),
                         .about = page_string(json, "about"),
                         .better = !strcmp(better, "higher") ? 1 : !strcmp(better, "lower") ? -1 : 0};
}

static page_smallest smallest_of(const json_t *json)
{
    const json_t *monotone = json_object_get(json, "monotone");
    return (page_smallest){.format = page_string(json, "smallest"), .mode = page_string(json, "mode"),
                           .where = page_string(json, "where"), .note = page_string(json, "note"),
                           .exponent = bits(json, "exponent"), .value = number(json, "value"),
                           .monotone = json_is_boolean(monotone) ? json_is_true(monotone) : -1,
                           .tested = page_words(json_object_get(json, "tested"), ", ")};
}

static void read_threshold(page_view *view)
{
    const json_t *threshold = json_object_get(view->root, "threshold"), *series = json_object_get(threshold, "series");
    const char *name = page_string(threshold, "metric");
    while (view->threshold < view->metric_count && strcmp(view->metrics[view->threshold].name, name))
        view->threshold++;
    view->spec = page_string(threshold, "spec");
    view->limit = number(threshold, "limit");
    view->usual = json_is_true(json_object_get(threshold, "usual"));
    if (view->usual || json_array_size(json_object_get(threshold, "parts")) > 1)
        view->question = page_string(threshold, "question");
    view->smallest_count = view->threshold < view->metric_count ? json_array_size(series) : 0;
    view->smallest = vprec_alloc(view->smallest_count, sizeof *view->smallest);
    for (size_t i = 0; i < view->smallest_count; i++) {
        const page_smallest *s = &view->smallest[i];
        view->smallest[i] = smallest_of(json_array_get(series, i));
        view->crooked += !s->monotone;
        for (size_t c = 0; *s->format && c < view->cell_count; c++) {
            page_cell *cell = &view->cells[c];
            cell->smallest |= !strcmp(s->format, cell->format) && !strcmp(s->mode, cell->mode) &&
                              !strcmp(s->where, cell->where);
        }
    }
}

void page_view_make(page_view *view, const json_t *report)
{
    *view = (page_view){.root = page_clean(report), .question = ""};
    const json_t *metrics = json_object_get(view->root, "metrics"), *cells = json_object_get(view->root, "cells");
    view->metric_count = json_array_size(metrics);
    view->metrics = vprec_alloc(view->metric_count, sizeof *view->metrics);
    for (size_t m = 0; m < view->metric_count; m++)
        view->metrics[m] = metric_of(json_array_get(metrics, m));
    view->native = cell_of(view, json_object_get(view->root, "native"));
    view->native.format = "native";
    view->cell_count = json_array_size(cells);
    view->cells = vprec_alloc(view->cell_count, sizeof *view->cells);
    for (size_t c = 0; c < view->cell_count; c++) {
        page_cell *cell = &view->cells[c];
        *cell = cell_of(view, json_array_get(cells, c));
        view->ok += !strcmp(cell->status, "ok");
        view->pending += !strcmp(cell->status, "pending");
        const json_t *json = json_array_get(cells, c);
        if (json_is_false(json_object_get(json, "rounded")) && !view->idle++)
            view->advice = page_string(json, "advice");
        view->modes |= strcmp(cell->mode, view->cells[0].mode) != 0;
        view->wheres |= *cell->where != 0;
        view->precisions |= cell->precision >= 0;
        view->samples |= cell->samples > 1;
        view->digits |= cell->digits != NULL;
    }
    /* Of an older document this is not known: then cells that have not run are missing. */
    const json_t *complete = json_object_get(view->root, "complete");
    view->complete = complete ? json_is_true(complete) : !view->pending;
    read_threshold(view);
}

void page_view_free(page_view *view)
{
    for (size_t c = 0; c < view->cell_count; c++)
        free(view->cells[c].values);
    for (size_t i = 0; i < view->smallest_count; i++)
        free(view->smallest[i].tested);
    free(view->native.values);
    free(view->cells);
    free(view->metrics);
    free(view->smallest);
    json_decref(view->root);
}

int page_keeps(const page_view *view, const page_cell *cell)
{
    if (cell->keeps >= 0)
        return cell->keeps;
    if (view->threshold == view->metric_count || isnan(view->limit) || !strcmp(cell->status, "pending"))
        return -1;
    const page_value *value = &cell->values[view->threshold];
    int better = view->metrics[view->threshold].better;
    if (strcmp(cell->status, "ok") || !value->there || isnan(value->value))
        return 0;
    return !better ? -1 : better > 0 ? value->value >= view->limit : value->value <= view->limit;
}

char *page_status(const page_view *view, const page_cell *cell)
{
    const char *status = cell->status;
    const char *name = cell->signal > 0 && cell->signal <= 64 ? sigabbrev_np((int)cell->signal) : NULL;
    double timeout = number(view->root, "timeout");
    char *text;
    if (!strcmp(status, "ok"))
        text = cell->failed > 0 ? vprec_text("ok, but %lld of %lld samples failed", cell->failed, cell->samples)
                                : vprec_text("ok");
    else if (!strcmp(status, "exit"))
        text = vprec_text("failed: exit status %lld", cell->exit);
    else if (!strcmp(status, "signal"))
        text = name ? vprec_text("failed: signal %lld (SIG%s)", cell->signal, name)
                    : vprec_text("failed: signal %lld", cell->signal);
    else if (!strcmp(status, "timeout"))
        text = isnan(timeout) ? vprec_text("failed: timed out") : vprec_text("failed: timed out after %g s", timeout);
    else if (!strcmp(status, "refused"))
        text = vprec_text("failed: refused by vprec-run");
    else if (!strcmp(status, "pending"))
        text = vprec_text(view->complete ? "not run: bisection does not need it" : "not run yet");
    else
        text = vprec_text("failed: %s", *status ? status : "no status");
    if (!*cell->error)
        return text;
    char *longer = vprec_text("%s: %s", text, cell->error);
    free(text);
    return longer;
}
