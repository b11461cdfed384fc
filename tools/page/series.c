/* SPDX-License-Identifier: Apache-2.0
 * series.c: sorts the cells of a sweep into series and groups of series,
 * and names them. Draws nothing. */
#include "series.h"
#include "common/say.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double largest_drawable = 1e300;

int page_fraction(const page_cell *cell)
{
    return cell->fraction >= 0 ? cell->fraction : cell->precision > 0 ? cell->precision - 1 : -1;
}

/* A virtual precision beside a format's own bits tells series apart; alone it is the axis. */
static int extra_precision(const page_cell *cell)
{
    return cell->fraction >= 0 ? cell->precision : -1;
}

static int compare_groups(const page_cell *a, const page_cell *b)
{
    int order = strcmp(a->where, b->where);
    if (!order)
        order = strcmp(a->mode, b->mode);
    if (!order)
        order = strcmp(a->variant, b->variant);
    return order ? order : extra_precision(a) - extra_precision(b);
}

static int compare(const void *left, const void *right)
{
    const page_cell *a = *(const page_cell *const *)left, *b = *(const page_cell *const *)right;
    int order = compare_groups(a, b);
    if (!order)
        order = a->exponent - b->exponent;
    if (!order)
        order = page_fraction(a) - page_fraction(b);
    return order ? order : (a > b) - (a < b);
}

bool page_same_group(const page_series *a, const page_series *b)
{
    return !compare_groups(a->cells[0], b->cells[0]);
}

page_grid page_grid_make(const page_view *view)
{
    const page_cell **cells = vprec_alloc(view->cell_count, sizeof(void *));
    size_t count = 0;
    for (size_t c = 0; c < view->cell_count; c++)
        if (page_fraction(&view->cells[c]) >= 0)
            cells[count++] = &view->cells[c];
    qsort(cells, count, sizeof(void *), compare);
    page_grid grid = {.series = vprec_alloc(count, sizeof *grid.series)};
    for (size_t c = 0; c < count; c++) {
        if (!c || compare_groups(cells[c], cells[c - 1]) || cells[c]->exponent != cells[c - 1]->exponent)
            grid.series[grid.count++].cells = &cells[c];
        grid.series[grid.count - 1].count++;
    }
    if (!count)
        free(cells);
    return grid;
}

void page_grid_free(page_grid *grid)
{
    if (grid->count)
        free(grid->series[0].cells); /* of all series */
    free(grid->series);
}

size_t page_rows_end(const page_grid *rows, size_t first)
{
    size_t end = first + 1;
    while (end < rows->count && !strcmp(rows->series[end].cells[0]->mode, rows->series[first].cells[0]->mode))
        end++;
    return end;
}

size_t page_rows_skip(const page_grid *rows, size_t first, size_t end)
{
    const char *name = rows->series[first].cells[0]->where;
    size_t common = strlen(name);
    for (size_t s = first + 1; s < end; s++) {
        const char *other = rows->series[s].cells[0]->where;
        size_t same = 0;
        while (same < common && other[same] == name[same])
            same++;
        common = same;
    }
    while (common && !strchr(":./", name[common - 1]))
        common--;
    return common;
}

static bool same_row(const page_cell *a, const page_cell *b)
{
    return !strcmp(a->mode, b->mode) && !strcmp(a->where, b->where);
}

/* Whether no cell before c is like it: of the same mode, and place. */
static bool is_first(const page_view *view, size_t c, bool place)
{
    bool first = true;
    for (size_t b = 0; b < c && first; b++)
        first = strcmp(view->cells[b].mode, view->cells[c].mode) != 0 ||
                (place && !same_row(&view->cells[b], &view->cells[c]));
    return first;
}

page_grid page_rows_make(const page_view *view)
{
    page_grid rows = {.series = vprec_alloc(view->cell_count, sizeof *rows.series)};
    const page_cell **cells = vprec_alloc(view->cell_count, sizeof(void *));
    size_t count = 0;
    for (size_t m = 0; m < view->cell_count; m++)
        for (size_t c = m; is_first(view, m, false) && c < view->cell_count; c++) {
            if (strcmp(view->cells[c].mode, view->cells[m].mode) != 0 || !is_first(view, c, true))
                continue;
            page_series *row = &rows.series[rows.count++];
            *row = (page_series){&cells[count], 0};
            for (size_t i = c; i < view->cell_count; i++)
                if (same_row(&view->cells[i], &view->cells[c]))
                    cells[count++] = &view->cells[i], row->count++;
        }
    if (!rows.count)
        free(cells);
    return rows;
}

size_t page_group_end(const page_grid *grid, size_t first)
{
    size_t end = first + 1;
    while (end < grid->count && page_same_group(&grid->series[first], &grid->series[end]))
        end++;
    return end;
}

char *page_series_name(const page_view *view, const page_series *series, bool exponent)
{
    const page_cell *cell = series->cells[0];
    char bits[24] = "", precision[32] = "";
    if (exponent && cell->exponent >= 0)
        snprintf(bits, sizeof bits, "e%d", cell->exponent);
    if (extra_precision(cell) >= 0)
        snprintf(precision, sizeof precision, " t=%d", cell->precision);
    bool mode = view->modes || (exponent && !*bits);
    char *text = vprec_text("%s%s%s%s%s%s%s", bits, cell->variant, precision, mode ? " " : "", mode ? cell->mode : "",
                            *cell->where ? " in " : view->wheres ? " everywhere" : "", cell->where);
    size_t blanks = strspn(text, " ");
    memmove(text, text + blanks, strlen(text + blanks) + 1);
    return text;
}

page_value page_value_of(const page_view *view, const page_cell *cell, size_t m)
{
    if (m < view->metric_count)
        return cell->values[m];
    /* How long a run that failed took says nothing of the format. */
    return (page_value){.there = !isnan(cell->over_native) && !strcmp(cell->status, "ok"), .error = "",
                        .value = cell->over_native, .sd = NAN, .min = NAN, .max = NAN, .n = NAN};
}

bool page_drawable(const page_value *value)
{
    return value->there && fabs(value->value) <= largest_drawable;
}
