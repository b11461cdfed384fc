/* SPDX-License-Identifier: Apache-2.0
 * rows.h: rows of numbers, as of a classifier's scores, against the reference's: how far they are apart as
 * distributions, and whether the largest number is at another place. */
#ifndef VPREC_STATS_ROWS_H
#define VPREC_STATS_ROWS_H

#include <stdint.h>
#include <stdlib.h>

/* All zero at the beginning. */
typedef struct stats_rows {
    double *is, *want; /* of the row that has begun */
    size_t count, room;
    uint64_t rows, flips; /* rows of several numbers, finite in the reference; those whose largest number moved */
    double divergence;    /* the sum over them */
} stats_rows;

/* One more number of the row; NaN for `is`: it is not there. */
void stats_rows_add(stats_rows *rows, double is, double want);
/* The row is whole. */
void stats_rows_end(stats_rows *rows);
void stats_rows_free(stats_rows *rows);

/* Of rows that have ended: the mean over them of the divergence of `is` from `want` in nats (S. Kullback and R. A.
 * Leibler, 1951), sum p ln(p/q), p of `want`. A row of numbers from 0 on whose sum is 1 is the distribution
 * itself, of any other it is the softmax. Infinite where `is` has NaN or infinities, or 0 where `want` has more. NaN:
 * there are no rows. */
double stats_rows_divergence(const stats_rows *rows);
/* The share of rows whose largest number, the first of equal ones, is at another place. NaN: there are no rows. */
double stats_rows_flips(const stats_rows *rows);

#endif
