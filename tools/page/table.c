/* SPDX-License-Identifier: Apache-2.0
 * table.c: fills the tables of the report: which columns there are, and
 * their texts, plain and unescaped. */
#include "table.h"
#include "common/say.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void column(page_table *table, char *head, bool number)
{
    table->column = vprec_grow(table->column, table->columns + 1, sizeof *table->column);
    table->column[table->columns++] = (page_column){head, number};
}

static void heads(page_table *table, size_t count, const char *const *names)
{
    for (size_t i = 0; i < count; i++)
        column(table, vprec_text("%s", names[i]), false);
}

/* The texts of a table come in reading order; the table owns them. */
static void put(page_table *table, char *text)
{
    if (table->count == table->room) {
        table->room = table->room ? 2 * table->room : 64;
        table->texts = vprec_grow(table->texts, table->room, sizeof *table->texts);
    }
    table->texts[table->count++] = text;
    table->rows = table->count / table->columns;
}

static void put_text(page_table *table, const char *text)
{
    put(table, vprec_text("%s", *text ? text : "–"));
}

static void put_bits(page_table *table, int bits)
{
    put(table, bits < 0 ? vprec_text("–") : vprec_text("%d", bits));
}

static char *digits_text(const page_cell *cell)
{
    double median = page_number(json_object_get(cell->digits, "median"));
    return isnan(median) ? vprec_text("–") : vprec_text("%.1f", median);
}

/* Whether some cell has the metric; otherwise *error is why the first has not, "" where nobody says. */
static bool is_computed(const page_view *view, size_t metric, const char **error)
{
    const page_value *native = &view->native.values[metric];
    bool there = native->there;
    *error = native->error;
    for (size_t c = 0; c < view->cell_count && !there; c++) {
        const page_value *value = &view->cells[c].values[metric];
        there = value->there;
        *error = **error ? *error : value->error;
    }
    return there;
}

static void put_cell(page_table *table, const page_view *view, const page_cell *cell)
{
    put_text(table, *cell->format ? cell->format : cell->id);
    put_bits(table, cell->bits);
    put_bits(table, cell->exponent);
    put_bits(table, cell->fraction);
    if (view->precisions)
        put_bits(table, cell->precision);
    put_text(table, cell->mode);
    if (view->wheres)
        put_text(table, *cell->where || cell == &view->native ? cell->where : "everywhere");
    put(table, page_status(view, cell));
    if (view->threshold < view->metric_count) {
        int keeps = cell == &view->native ? -1 : page_keeps(view, cell);
        put(table, vprec_text("%s", keeps < 0 ? "–" : !keeps ? "no" : cell->smallest ? "yes, smallest" : "yes"));
    }
    const char *error;
    for (size_t m = 0; m < view->metric_count; m++) {
        if (!is_computed(view, m, &error))
            continue;
        bool told = !cell->values[m].there && strcmp(cell->status, "ok"); /* the status says why */
        put(table, told ? vprec_text("–") : page_value_text(&cell->values[m], view->metrics[m].unit));
    }
    if (view->digits)
        put(table, digits_text(cell));
    if (view->samples)
        put(table, vprec_text("%lld", cell->samples));
    put(table, page_seconds_text(cell->seconds));
    put(table, isnan(cell->over_native) ? vprec_text("–") : vprec_text("%.3g", cell->over_native));
}

page_table page_table_cells(const page_view *view)
{
    page_table table = {0};
    column(&table, vprec_text("format"), false);
    column(&table, vprec_text("bits"), true);
    column(&table, vprec_text("exponent bits"), true);
    column(&table, vprec_text("fraction bits"), true);
    if (view->precisions)
        column(&table, vprec_text("virtual precision"), true);
    column(&table, vprec_text("mode"), false);
    if (view->wheres)
        column(&table, vprec_text("where"), false);
    column(&table, vprec_text("status"), false);
    if (view->threshold < view->metric_count)
        column(&table, vprec_text("keeps %s", *view->question ? view->question
                                              : *view->spec   ? view->spec
                                                              : "the threshold"), false);
    const char *error;
    for (size_t m = 0; m < view->metric_count; m++)
        if (is_computed(view, m, &error))
            column(&table, vprec_text("%s", view->metrics[m].name), true);
    if (view->digits)
        column(&table, vprec_text("significant digits, median"), true);
    if (view->samples)
        column(&table, vprec_text("samples"), true);
    column(&table, vprec_text("time"), true);
    column(&table, vprec_text("time / native"), true);
    put_cell(&table, view, &view->native);
    for (size_t c = 0; c < view->cell_count; c++)
        put_cell(&table, view, &view->cells[c]);
    return table;
}

page_table page_table_checks(const page_view *view)
{
    page_table table = {0};
    size_t i;
    json_t *check;
    heads(&table, 3, (const char *const[]){"required", "met", "found"});
    json_array_foreach(json_object_get(view->root, "checks"), i, check) {
        put_text(&table, page_string(check, "name"));
        put_text(&table, json_is_true(json_object_get(check, "skipped")) ? "not run"
                         : json_is_true(json_object_get(check, "ok"))    ? "yes"
                                                                         : "no");
        put_text(&table, page_string(check, "message"));
    }
    return table;
}

page_table page_table_layers(const page_view *view)
{
    page_table table = {0};
    const page_metric *metric = view->threshold < view->metric_count ? &view->metrics[view->threshold] : NULL;
    json_t *layer;
    size_t i;
    column(&table, vprec_text("layer"), false);
    column(&table, vprec_text("narrowest format alone"), false);
    column(&table, vprec_text("%s", metric ? metric->name : "value"), true);
    column(&table, vprec_text("in the recipe"), false);
    json_array_foreach(json_object_get(json_object_get(view->root, "recipe"), "layers"), i, layer) {
        double value = page_number(json_object_get(layer, "value"));
        const char *narrowest = page_string(layer, "narrowest");
        put_text(&table, page_string(layer, "layer"));
        put_text(&table, *narrowest ? narrowest : "none of them");
        put(&table, page_value_text(&(page_value){.there = !isnan(value), .error = "", .value = value},
                                    metric ? metric->unit : ""));
        put_text(&table, page_string(layer, "recipe"));
    }
    return table;
}

page_table page_table_smallest(const page_view *view)
{
    page_table table = {0};
    const page_metric *metric = view->threshold < view->metric_count ? &view->metrics[view->threshold] : NULL;
    column(&table, vprec_text("exponent bits"), true);
    column(&table, vprec_text("mode"), false);
    if (view->wheres)
        column(&table, vprec_text("where"), false);
    column(&table, vprec_text("smallest format"), false);
    column(&table, vprec_text("%s", metric ? metric->name : "value"), true);
    heads(&table, 3, (const char *const[]){"monotone", "formats tried", "note"});
    for (size_t i = 0; i < view->smallest_count; i++) {
        const page_smallest *s = &view->smallest[i];
        put_bits(&table, s->exponent);
        put_text(&table, s->mode);
        if (view->wheres)
            put_text(&table, *s->where ? s->where : "everywhere");
        put_text(&table, *s->format ? s->format : "none");
        page_value value = {.there = *s->format && !isnan(s->value), .error = "", .value = s->value};
        put(&table, page_value_text(&value, metric ? metric->unit : ""));
        put_text(&table, s->monotone < 0 ? "not known" : s->monotone ? "yes" : "no");
        put_text(&table, s->tested);
        put_text(&table, s->note);
    }
    return table;
}

page_table page_table_metrics(const page_view *view)
{
    page_table table = {0};
    heads(&table, 6, (const char *const[]){"metric", "what it is", "how", "better", "unit", "detail"});
    for (size_t m = 0; m < view->metric_count; m++) {
        const page_metric *metric = &view->metrics[m];
        put_text(&table, metric->name);
        put_text(&table, metric->about);
        put_text(&table, metric->kind);
        put_text(&table, metric->better > 0 ? "higher" : metric->better ? "lower" : "");
        put_text(&table, metric->unit);
        const char *error;
        if (is_computed(view, m, &error) || !*error)
            put_text(&table, metric->detail);
        else
            put(&table, vprec_text("not computed: %s", error));
    }
    return table;
}

/* Whatever stands at `key`: text, number or nothing. */
static void put_fact(page_table *table, const char *name, const json_t *object, const char *key, const char *after)
{
    const json_t *value = json_object_get(object, key);
    const char *text = page_string(object, key);
    double number = page_number(value);
    put_text(table, name);
    if (*text)
        put(table, vprec_text("%s%s", text, after));
    else if (json_is_integer(value))
        put(table, vprec_text("%lld%s", (long long)json_integer_value(value), after));
    else
        put(table, isnan(number) ? vprec_text("none") : vprec_text("%g%s", number, after));
}

page_table page_table_facts(const page_view *view)
{
    page_table table = {0};
    const json_t *root = view->root, *machine = json_object_get(root, "machine");
    heads(&table, 2, (const char *const[]){"what", "value"});
    put_fact(&table, "vprec", root, "version", "");
    put_fact(&table, "seed", root, "seed", "");
    put_fact(&table, "samples per cell", root, "samples", "");
    put_fact(&table, "time limit", root, "timeout", " s");
    put_fact(&table, "GNU C library", machine, "glibc", "");
    put_fact(&table, "processor", machine, "cpu", "");
    put_fact(&table, "instructions used", machine, "instructions", "");
    put_fact(&table, "cores", machine, "cores", "");
    put_fact(&table, "system", machine, "system", "");
    put_fact(&table, "started", root, "started", "");
    put_fact(&table, "finished", root, "finished", "");
    return table;
}

page_table page_table_objects(const page_view *view)
{
    page_table table = {0};
    size_t i;
    json_t *object;
    heads(&table, 2, (const char *const[]){"program or library", "build-id"});
    json_array_foreach(json_object_get(view->root, "objects"), i, object) {
        put_text(&table, page_string(object, "path"));
        put_text(&table, page_string(object, "build_id"));
    }
    return table;
}

void page_table_free(page_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->texts[i]);
    for (size_t i = 0; i < table->columns; i++)
        free(table->column[i].head);
    free(table->texts);
    free(table->column);
}
