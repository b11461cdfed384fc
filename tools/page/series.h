/* SPDX-License-Identifier: Apache-2.0
 * series.h: the cells as lines of a picture: those that differ in nothing
 * but fraction bits are one series. */
#ifndef VPREC_PAGE_SERIES_H
#define VPREC_PAGE_SERIES_H

#include "view.h"

typedef struct page_series {
    const page_cell **cells; /* by fraction bits */
    size_t count;
} page_series;

/* Series that differ in nothing but the exponent bits stand together: a group. */
typedef struct page_grid {
    page_series *series;
    size_t count;
} page_grid;

/* Of the cells whose place on the axis is known. */
page_grid page_grid_make(const page_view *view);
void page_grid_free(page_grid *grid);

/* The same cells by place: a series for each mode and place, in the order in which they come, with all its formats. */
page_grid page_rows_make(const page_view *view);

/* The end of the rows of one mode that begin at `first`. */
size_t page_rows_end(const page_grid *rows, size_t first);

/* How many bytes the places of these rows have in common at their beginning, up to a character that parts names. */
size_t page_rows_skip(const page_grid *rows, size_t first, size_t end);

/* The fraction bits, or, with a virtual precision alone, those of a format with that precision; -1: neither. */
int page_fraction(const page_cell *cell);

bool page_same_group(const page_series *a, const page_series *b);

/* The end of the group that begins at `first`. */
size_t page_group_end(const page_grid *grid, size_t first);

/* What tells this series from the others, "e8 sr in function:conv*", or without its exponent its group. To be freed. */
char *page_series_name(const page_view *view, const page_series *series, bool exponent);

/* The value of metric m of the cell; metric_count is the time over native. */
page_value page_value_of(const page_view *view, const page_cell *cell, size_t m);

/* The value can be drawn: finite, of a size that arithmetic on an axis does not overflow. */
bool page_drawable(const page_value *value);

#endif
