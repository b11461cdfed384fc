/* SPDX-License-Identifier: Apache-2.0
 * tally.h: what a run with --count has counted, as its report.json tells it: by function and type how many operations
 * overflowed, underflowed, gave a NaN, and which one was the first. Words nothing. */
#ifndef VPREC_SWEEP_TALLY_H
#define VPREC_SWEEP_TALLY_H

#include "runtime/wire.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Results of one type of one function, or layer, in all processes. */
typedef struct sweep_row {
    const char *symbol, *object; /* in the report; object "": `symbol` is a layer's name */
    vprec_type type;
    double operations, overflows, underflows, flushed, nans;
    json_t *exponents; /* how many results by binary exponent: an object of each process */
    const json_t *first[VPREC_FIRSTS]; /* NULL: there was none */
} sweep_row;

/* The first operation of its kind. */
typedef struct sweep_first {
    const json_t *record;        /* NULL: there was none */
    const char *symbol, *object; /* as in a row; NULL: a call of libm */
    vprec_type type;
    bool natively;        /* the function has one natively, too */
} sweep_first;

typedef struct sweep_tally {
    json_t *report; /* NULL: there is none */
    bool cut;       /* the run was ended before its time */
    sweep_row *rows; /* most operations first */
    size_t count;
    double calls[VPREC_TYPES]; /* of libm */
    sweep_row sum[VPREC_TYPES];
    const json_t *called[VPREC_TYPES][VPREC_FIRSTS]; /* the first of its calls */
} sweep_tally;

/* False where there is no report, or none that counts. To be freed in any case. */
bool sweep_tally_read(sweep_tally *tally, const char *path);
void sweep_tally_free(sweep_tally *tally);

/* The first of all, of functions that have none natively if there is one; `native` may be NULL. */
sweep_first sweep_tally_first(const sweep_tally *tally, const sweep_tally *native, enum vprec_first_kind kind);
/* Its place in the order of all that came first. */
double sweep_first_order(const json_t *record);

/* Results of the row whose binary exponent is at least `least` and at most `most`. */
double sweep_row_between(const sweep_row *row, int least, int most);
/* The largest and the smallest exponent of the type's results; false: there are none but zeros. */
bool sweep_tally_range(const sweep_tally *tally, vprec_type type, int *least, int *most);

#endif
