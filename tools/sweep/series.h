/* SPDX-License-Identifier: Apache-2.0
 * series.h: cells that differ in width alone, and the smallest of them that keeps what is asked. */
#ifndef VPREC_SWEEP_SERIES_H
#define VPREC_SWEEP_SERIES_H

#include "question.h"

/* One line of cells that differ in fraction bits, or precision, alone. */
typedef struct sweep_series {
    sweep_cell **cells; /* by width */
    size_t count;
    size_t smallest;    /* index, or count: none keeps it */
    size_t tested;
    int monotone;       /* 1, 0, or -1: not all were run, or there is one */
    char *note;         /* NULL: nothing to say */
} sweep_series;

/* The series of the grid, cells sorted; to be freed with sweep_series_free. */
sweep_series *sweep_series_make(const sweep_grid *grid, size_t *count);
void sweep_series_free(sweep_series *series, size_t count);

/* Finds smallest, monotone and note from what is settled; `complete`: what is not is not needed. */
void sweep_series_judge(sweep_series *series, const sweep_question *question, bool complete);

/* --bisect: wants the next cells of each series that has all it wanted. False where there are none. */
bool sweep_series_next(sweep_series *series, size_t count, const sweep_question *question);

#endif
