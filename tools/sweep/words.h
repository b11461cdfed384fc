/* SPDX-License-Identifier: Apache-2.0
 * words.h: what was counted of a cell, in sentences. */
#ifndef VPREC_SWEEP_WORDS_H
#define VPREC_SWEEP_WORDS_H

#include "grid.h"
#include "tally.h"

/* A count as JSON has it. */
json_t *sweep_words_count(double count);

/* Adds a sentence to the array. */
void sweep_words_add(json_t *texts, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "224 + 44 = 268 became inf" of the first operation of a kind, as vprec-run's report has it; to be freed. */
char *sweep_words_operation(const json_t *first);

/* Adds what the run of the cell that counts (`own`) and the native one show; either may be NULL: there is none. */
void sweep_words_tell(json_t *texts, const sweep_cell *cell, const sweep_tally *own, const sweep_tally *native);

/* Which objects calculate, most first, and the options by which each is rounded alone: sentences, none where it is one
 * object. `cut`: of a part of the run. */
json_t *sweep_words_objects(const json_t *objects, const json_t *options, bool cut);

#endif
