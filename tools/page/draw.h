/* SPDX-License-Identifier: Apache-2.0
 * draw.h: gnuplot's commands for each kind of picture; all data stands
 * in them as numbers. Runs nothing. */
#ifndef VPREC_PAGE_DRAW_H
#define VPREC_PAGE_DRAW_H

#include "series.h"
#include <stdio.h>

enum { PAGE_WIDTH = 480, PAGE_LINES_MOST = 10, PAGE_DIGITS_MOST = 12 };

/* A scale for values: which part of it is drawn, and how. */
typedef struct page_scale {
    double low, high;
    bool logarithmic;
    double zero; /* where a logarithmic scale shows zero; NaN: it need not */
    double least, most; /* of the values themselves */
    size_t count;       /* values */
} page_scale;

/* The scale for metric m of series first to end, with the native value and the threshold if `lines`. */
page_scale page_scale_of(const page_view *view, const page_grid *grid, size_t first, size_t end, size_t m, bool lines);

/* Labels at the powers of ten of a logarithmic scale, for gnuplot's axis "y" or "cb". */
void page_put_powers(FILE *out, const page_scale *scale, const char *axis);

/* A step of 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts. */
double page_step(double span, int most);

/* What the picture shows, as a label above it. */
void page_put_title(FILE *out, const char *title);

/* The name of the x axis, at the lower edge: where gnuplot would put it depends on the terminal. */
void page_put_axis_name(FILE *out, const char *name);

/* Leaves so many pixels free above and below the axes of a picture of that height. */
void page_put_margins(FILE *out, int above, int below, int height);

/* Commands that draw into the terminal that is set, a picture PAGE_WIDTH wide; each returns its height. */
int page_draw_lines(FILE *out, const page_view *view, const page_grid *grid, size_t first, size_t end, size_t m,
                    const char *title);
int page_draw_map(FILE *out, const page_view *view, const page_grid *grid, size_t first, size_t end, size_t m,
                  const char *title);
/* Of rows of one mode (page_rows_make), on a scale that pictures of other rows share. */
int page_draw_rows(FILE *out, const page_view *view, const page_grid *rows, size_t first, size_t end, size_t m,
                   const page_scale *scale, const char *title);
/* Of `count` cells that have digits, at most PAGE_DIGITS_MOST. */
int page_draw_digits(FILE *out, const page_view *view, const page_cell *const *cells, size_t count, const char *title);

#endif
