/* SPDX-License-Identifier: Apache-2.0
 * table.c: a table of texts, coloured on a terminal. */
#include "table.h"
#include "common/say.h"
#include "report.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REASONS_MOST = 5 };
#define RED "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

typedef struct table {
    char **texts; /* row by row */
    const char **colours;
    size_t columns, rows;
} table;

/* https://no-color.org: any value but the empty one. */
static bool coloured(void)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(none && *none) && !(terminal && !strcmp(terminal, "dumb"));
}

/* The text is taken over. */
static void put(table *t, size_t row, size_t column, char *text)
{
    t->texts[row * t->columns + column] = text;
}

/* Columns of a text in UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += (*text & 0xC0) != 0x80;
    return width;
}

static void print(const table *t, size_t left)
{
    bool colour = coloured();
    for (size_t r = 0; r < t->rows; r++) {
        const char *tint = colour && t->colours[r] ? t->colours[r] : NULL;
        if (tint)
            fputs(tint, stdout);
        for (size_t c = 0; c < t->columns; c++) {
            size_t widest = 0;
            for (size_t i = 0; i < t->rows; i++) {
                size_t width = width_of(t->texts[i * t->columns + c]);
                widest = width > widest ? width : widest;
            }
            const char *text = t->texts[r * t->columns + c];
            int blanks = (int)(widest - width_of(text));
            if (c < left)
                printf("%s%s%*s", c ? "  " : "", text, c + 1 < t->columns ? blanks : 0, "");
            else
                printf("  %*s%s", blanks, "", text);
        }
        puts(tint ? PLAIN : "");
    }
}

static void release(table *t)
{
    for (size_t i = 0; i < t->rows * t->columns; i++)
        free(t->texts[i]);
    free(t->texts);
    free(t->colours);
}

static char *status_text(const sweep_cell *c)
{
    const char *name = c->signal ? sigabbrev_np(c->signal) : NULL;
    char *how = c->status == SWEEP_SIGNAL_STATUS && name ? vprec_text("SIG%s", name)
                : c->status == SWEEP_EXIT_STATUS     ? vprec_text("exit %d", c->exited)
                                                     : vprec_text("%s", sweep_status_names[c->status]);
    if (c->count == 1 || !c->failed)
        return how;
    char *more = vprec_text("%s (%" PRIu32 "/%" PRIu32 ")", how, c->failed, c->count);
    free(how);
    return more;
}

static char *value_text(const sweep_cell *c, size_t metric, bool spread)
{
    const sweep_summary *s = &c->values[metric];
    if (s->error)
        return vprec_text("-");
    return spread && s->n > 1 ? vprec_text("%.4g ±%.2g", s->value, s->sd) : vprec_text("%.4g", s->value);
}

static const char *name_of(const sweep_cell *c)
{
    return !c->mode ? "native" : c->format ? c->format : c->precision;
}

static void add_row(table *t, size_t row, const sweep *s, const sweep_cell *c, bool wheres)
{
    const sweep_metrics *metrics = &s->options->metrics;
    double native = s->grid.cells[SWEEP_NATIVE].seconds;
    size_t column = 0;
    put(t, row, column++, c->mode && !c->format ? vprec_text("t=%s", c->precision) : vprec_text("%s", name_of(c)));
    put(t, row, column++, vprec_text("%s", c->mode ? c->mode : ""));
    if (wheres)
        put(t, row, column++, vprec_text("%s", c->where ? strchr(c->where, ':') + 1 : ""));
    put(t, row, column++, status_text(c));
    for (size_t m = 0; m < metrics->count; m++)
        put(t, row, column++, value_text(c, m, metrics->list[m].kind != SWEEP_DIGITS && c->mode));
    put(t, row, column++, isnan(c->seconds) ? vprec_text("-")
                          : c->mode         ? vprec_text("%.2fx", c->seconds / native)
                                            : vprec_text("%.3g s", c->seconds));
}

static void print_cells(const sweep *s, const sweep_threshold *threshold)
{
    const sweep_metrics *metrics = &s->options->metrics;
    bool wheres = s->options->wheres.count > 0;
    size_t left = 3 + wheres, column = 0;
    table t = {.columns = left + metrics->count + 1, .rows = 1};
    for (size_t i = 0; i < s->grid.count; i++)
        t.rows += s->grid.cells[i].settled;
    t.texts = vprec_alloc(t.columns * t.rows, sizeof *t.texts);
    t.colours = vprec_alloc(t.rows, sizeof *t.colours);
    put(&t, 0, column++, vprec_text("FORMAT"));
    put(&t, 0, column++, vprec_text("MODE"));
    if (wheres)
        put(&t, 0, column++, vprec_text("%s", s->options->cumulative ? "UP TO" : "WHERE"));
    put(&t, 0, column++, vprec_text("STATUS"));
    for (size_t m = 0; m < metrics->count; m++)
        put(&t, 0, column++, vprec_text("%s", metrics->list[m].name));
    put(&t, 0, column, vprec_text("TIME"));
    for (size_t i = 0, row = 1; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        if (!c->settled) /* not needed by the bisection */
            continue;
        if (i && (c->status != SWEEP_OK_STATUS || threshold))
            t.colours[row] = c->status == SWEEP_OK_STATUS && sweep_keeps(threshold, c) ? GREEN : RED;
        add_row(&t, row++, s, c, wheres);
    }
    print(&t, left);
    release(&t);
}

/* A metric that nothing could be said of, with the reason. */
static void say_reasons(const sweep *s)
{
    const sweep_metrics *metrics = &s->options->metrics;
    for (size_t m = 0; m < metrics->count; m++) {
        const char *why = NULL;
        bool any = false;
        for (size_t i = 0; i < s->grid.count; i++) {
            const sweep_cell *c = &s->grid.cells[i];
            if (!c->settled || c->status != SWEEP_OK_STATUS)
                continue;
            any |= !c->values[m].error && i > 0;
            why = c->values[m].error && i ? c->values[m].error : why;
        }
        if (!any && why)
            vprec_say("%s: %s", metrics->list[m].name, why);
    }
}

/* Where the largest of the largest errors is. */
static void print_worst(const sweep *s)
{
    const sweep_metrics *metrics = &s->options->metrics;
    for (size_t m = 0; m < metrics->count; m++) {
        const sweep_cell *most = NULL;
        for (size_t i = 1; i < s->grid.count; i++) {
            const sweep_cell *c = &s->grid.cells[i];
            if (c->settled && c->values[m].worst && (!most || c->values[m].max > most->values[m].max))
                most = c;
        }
        if (most)
            printf("%s is largest (%.6g) in %s\n", metrics->list[m].name, most->values[m].max, most->values[m].worst);
    }
}

/* Why cells failed, each reason once. */
static void say_failures(const sweep *s)
{
    size_t said = 0;
    for (size_t i = 1; i < s->grid.count && said < REASONS_MOST; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        bool seen = !c->note;
        for (size_t k = 1; k < i && !seen; k++)
            seen = s->grid.cells[k].note && !strcmp(s->grid.cells[k].note, c->note);
        if (seen)
            continue;
        char *how = status_text(c);
        vprec_say("%s: %s%s%s", c->id, how,
                  c->status == SWEEP_REFUSED_STATUS ? ": " : "; its last line on standard error: ", c->note);
        free(how);
        said++;
    }
}

static void print_series(const sweep_series *series, const sweep_threshold *threshold)
{
    const sweep_cell *first = series->cells[0];
    char *line = first->exponent >= 0 ? vprec_text("  %d exponent bits, %s", first->exponent, first->mode)
                                      : vprec_text("  %s", first->mode);
    printf("%s%s%s: ", line, first->where ? ", " : "", first->where ? first->where : "");
    free(line);
    if (series->smallest < series->count) {
        const sweep_cell *c = series->cells[series->smallest];
        printf("%s%s (%.6g)", c->format ? "" : "t=", name_of(c), c->values[threshold->metric].value);
    } else {
        printf("none");
    }
    printf("%s%s\n", series->note ? "; " : "", series->note ? series->note : "");
}

void sweep_table_print(const sweep *s, const sweep_threshold *threshold, const sweep_series *series, size_t count)
{
    print_cells(s, series ? threshold : NULL);
    print_worst(s);
    if (!series)
        return;
    char *text = sweep_threshold_text(threshold, &s->options->metrics);
    printf("\nSmallest that keeps %s (native %.6g):\n", text,
           s->grid.cells[SWEEP_NATIVE].values[threshold->metric].value);
    free(text);
    for (size_t i = 0; i < count; i++)
        print_series(&series[i], threshold);
}

void sweep_table_warn(const sweep *s)
{
    say_reasons(s);
    say_failures(s);
    json_t *natives = sweep_report_native(s), *cells;
    const char *text;
    size_t said = 0;
    json_object_foreach(natives, text, cells)
        if (said++ < REASONS_MOST)
            vprec_say("%s (in %" JSON_INTEGER_FORMAT " of %zu cells)", text, json_integer_value(cells),
                      s->grid.count - 1);
    if (said > REASONS_MOST)
        vprec_say("and %zu more: native_parts in the report by --json lists them", said - REASONS_MOST);
    json_decref(natives);
    const sweep_cell *first = NULL;
    size_t idle = 0, good = 0;
    for (size_t i = 1; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        good += c->settled && c->status == SWEEP_OK_STATUS;
        idle += c->settled && c->status == SWEEP_OK_STATUS && c->idle;
        if (!first && c->idle)
            first = c;
    }
    if (!idle)
        return;
    if (idle == good)
        vprec_say("warning: no operation was rounded in any cell: all are the native run once more, and say nothing of "
                  "formats: %s", first->idle);
    else
        vprec_say("warning: no operation was rounded in %zu of %zu cells, such as %s: they are the native run once "
                  "more: %s", idle, good, first->id, first->idle);
}

void sweep_table_list(const sweep *s)
{
    size_t runs = 0;
    for (size_t i = 0; i < s->grid.count; i++) {
        const sweep_cell *c = &s->grid.cells[i];
        printf("%s", c->id);
        for (size_t o = 0; c->mode && o < c->options.givens; o++)
            printf(" %s", c->options.given[o]);
        if (c->count > 1)
            printf(" (%" PRIu32 " runs)", c->count);
        putchar('\n');
        runs += c->count;
    }
    size_t counting = s->grid.all - s->grid.count - s->grid.recipes;
    printf("%zu cells, %zu runs", s->grid.count, runs);
    if (counting > 1)
        printf(", one that counts, and one for each format that fails (at most %zu)", counting - 1);
    if (s->grid.recipes)
        printf(", a few that measure recipes (at most %zu)", s->grid.recipes);
    puts(counting == 1 ? ", and one that counts" : "");
}
