/* SPDX-License-Identifier: Apache-2.0
 * why.h: why formats failed, and which objects calculate: from a native run that counts and one of each cell that
 * failed. Starts nothing: says which of these are wanted, and words what they tell. */
#ifndef VPREC_SWEEP_WHY_H
#define VPREC_SWEEP_WHY_H

#include "series.h"

/* Whether the cell failed: it crashed or took too long, does not keep the threshold (NULL: there is none), or its
 * output has NaN or infinities that native's has not. Not one in which nothing was rounded. */
bool sweep_failed(const sweep_question *question, const sweep_cell *cell);

/* Wants the runs that count for what has failed so far. False where none is new. */
bool sweep_why_next(sweep *sweep, const sweep_question *question);

/* The "why" of the report: what each cell that failed and the native run show, as numbers and as sentences. */
json_t *sweep_why_report(const sweep *sweep, const sweep_question *question);

/* Prints its sentences. */
void sweep_why_print(const sweep *sweep, const sweep_question *question, const json_t *why);

#endif
