/* SPDX-License-Identifier: Apache-2.0
 * view.h: the document of a sweep as the writers of its report see it:
 * every field there, of its type, every string clean UTF-8. Draws nothing. */
#ifndef VPREC_PAGE_VIEW_H
#define VPREC_PAGE_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One metric of one run; `value` to `n` are NaN where the document has none. */
typedef struct page_value {
    bool there;        /* it was computed, maybe to a NaN */
    const char *error; /* why it was not, "" if nobody said */
    double value, sd, min, max, n;
    const json_t *json; /* all of it */
} page_value;

typedef struct page_metric {
    const char *name, *kind, *unit, *detail, *about;
    int better; /* 1 higher, -1 lower, 0 neither */
} page_metric;

/* A cell of the grid, or the native run. Strings are "" and bits -1 where the document has none, times NaN. */
typedef struct page_cell {
    const char *id, *format, *mode, *where, *status, *error, *directory;
    const char *variant; /* what the format's name says beyond its bits, as ":sat" */
    int exponent, fraction, precision;
    long long exit, signal, samples, failed;
    double seconds, cpu_seconds, over_native;
    page_value *values; /* of each metric */
    const json_t *digits; /* NULL: none */
    const json_t *json;   /* all of it */
    bool smallest;        /* the threshold's answer for its series */
    int bits;             /* of the whole number, sign included; -1: not known */
    int keeps;            /* what the document says of it: 1, 0, or -1: nothing */
} page_cell;

/* One line of the threshold: the smallest format among those that differ in nothing but fraction bits. */
typedef struct page_smallest {
    const char *format, *mode, *where, *note; /* format "": none keeps the metric */
    int exponent;
    double value;
    int monotone; /* -1: not known */
    char *tested;
} page_smallest;

typedef struct page_view {
    json_t *root; /* a clean copy of the document */
    page_metric *metrics;
    size_t metric_count;
    page_cell *cells, native;
    size_t cell_count, ok, pending; /* all others failed */
    bool complete;                  /* pending cells are not needed */
    size_t idle;                    /* cells in which no operation was rounded */
    const char *advice;             /* of one of them */
    bool modes, wheres, precisions, samples, digits; /* cells differ in these, or have them */
    size_t threshold; /* its metric; metric_count: no threshold was asked for */
    const char *spec;
    const char *question; /* all that is asked, in words; "" where it is the metric's limit alone */
    bool usual;           /* nobody asked otherwise */
    double limit;
    page_smallest *smallest;
    size_t smallest_count, crooked; /* crooked: where the metric was seen not to be monotone */
} page_view;

void page_view_make(page_view *view, const json_t *report);
void page_view_free(page_view *view);

/* 1 if the cell's metric keeps the threshold, 0 if not, -1 where that cannot be said. */
int page_keeps(const page_view *view, const page_cell *cell);

/* How the run ended: "ok", "failed: signal 11 (SIGSEGV)", "not run yet". To be freed. */
char *page_status(const page_view *view, const page_cell *cell);

/* Fields of objects: "" or NaN where there is none or it is of another type; numbers may be "nan", "inf", "-inf". */
const char *page_string(const json_t *object, const char *key);
double page_number(const json_t *value);

#endif
