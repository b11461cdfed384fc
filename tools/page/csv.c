/* SPDX-License-Identifier: Apache-2.0
 * csv.c: report.csv: a header and a row for each cell, in full precision,
 * with CR LF as RFC 4180 has it. Leaves out what is no number or name of a cell. */
#include "common/say.h"
#include "common/shortest.h"
#include "files.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const fixed[] = {"id", "format", "exponent", "fraction", "precision", "mode", "where", "status",
                                    "exit", "signal", "samples", "failed", "seconds", "cpu_seconds", "over_native"};
static const struct {
    const char *key, *suffix; /* in the document, of the heading */
} parts[] = {{"value", ""}, {"sd", "_sd"}, {"min", "_min"}, {"max", "_max"}, {"n", "_n"}};
static const char *const last[] = {"digits_median", "keeps", "directory"};
#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct row {
    FILE *out;
    const char *before; /* the next field: "" or a comma */
} row;

static void put_text(row *row, const char *text)
{
    fputs(row->before, row->out);
    row->before = ",";
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, row->out);
        return;
    }
    putc('"', row->out);
    for (; *text; text++)
        fprintf(row->out, *text == '"' ? "\"\"" : "%c", *text);
    putc('"', row->out);
}

static void put_number(row *row, double number, bool there)
{
    char text[VPREC_SHORTEST_ROOM] = "";
    if (there)
        vprec_shortest(text, number);
    put_text(row, text);
}

/* Empty where there is no number; a NaN that was computed is "nan". */
static void put_value(row *row, const json_t *value)
{
    put_number(row, page_number(value), json_is_number(value) || json_is_string(value));
}

static void put_integer(row *row, long long number, bool there)
{
    char text[32] = "";
    if (there)
        snprintf(text, sizeof text, "%lld", number);
    put_text(row, text);
}

static void put_cell(row *row, const page_view *view, const page_cell *cell)
{
    const char *const texts[] = {cell->mode, cell->where, cell->status};
    bool ran = strcmp(cell->status, "pending") != 0;
    int keeps = page_keeps(view, cell);
    put_text(row, cell->id);
    put_text(row, cell->format);
    put_integer(row, cell->exponent, cell->exponent >= 0);
    put_integer(row, cell->fraction, cell->fraction >= 0);
    put_integer(row, cell->precision, cell->precision >= 0);
    for (size_t i = 0; i < COUNT(texts); i++)
        put_text(row, texts[i]);
    put_integer(row, cell->exit, ran);
    put_integer(row, cell->signal, ran);
    put_integer(row, cell->samples, true);
    put_integer(row, cell->failed, true);
    put_number(row, cell->seconds, !isnan(cell->seconds));
    put_number(row, cell->cpu_seconds, !isnan(cell->cpu_seconds));
    put_number(row, cell->over_native, !isnan(cell->over_native));
    for (size_t m = 0; m < view->metric_count; m++)
        for (size_t i = 0; i < COUNT(parts); i++)
            put_value(row, json_object_get(cell->values[m].json, parts[i].key));
    put_value(row, json_object_get(cell->digits, "median"));
    put_text(row, keeps < 0 ? "" : keeps ? "yes" : "no");
    put_text(row, cell->directory);
}

/* A heading that no other column has: a metric called "seconds" stands under "seconds_2". To be freed. */
static char *heading_of(char *const *taken, size_t count, const char *name, const char *suffix)
{
    char *heading = vprec_text("%s%s", name, suffix);
    for (size_t i = 0, number = 2; i < count; i++)
        if (!strcmp(taken[i], heading)) {
            free(heading);
            heading = vprec_text("%s%s_%zu", name, suffix, number++);
            i = (size_t)-1;
        }
    return heading;
}

static void put_headings(row *row, const page_view *view)
{
    size_t count = 0, own = COUNT(fixed) + COUNT(last);
    char **taken = vprec_alloc(own + COUNT(parts) * view->metric_count, sizeof *taken);
    for (size_t i = 0; i < own; i++)
        taken[count++] = vprec_text("%s", i < COUNT(fixed) ? fixed[i] : last[i - COUNT(fixed)]);
    for (size_t i = 0; i < COUNT(fixed); i++)
        put_text(row, fixed[i]);
    for (size_t m = 0; m < view->metric_count; m++)
        for (size_t i = 0; i < COUNT(parts); i++) {
            taken[count] = heading_of(taken, count, view->metrics[m].name, parts[i].suffix);
            put_text(row, taken[count++]);
        }
    for (size_t i = 0; i < COUNT(last); i++)
        put_text(row, last[i]);
    while (count)
        free(taken[--count]);
    free(taken);
}

void page_put_csv(FILE *out, const page_content *content)
{
    const page_view *view = content->view;
    put_headings(&(row){out, ""}, view);
    for (size_t c = 0; c < view->cell_count; c++) {
        fputs("\r\n", out);
        put_cell(&(row){out, ""}, view, &view->cells[c]);
    }
    fputs("\r\n", out);
}
