/* SPDX-License-Identifier: Apache-2.0
 * runs.h: clones that count by themselves what they compute (runtime/meter.h): once for all instructions of a run,
 * which are executed together: from where control may come to them up to where it may go elsewhere. */
#ifndef VPREC_CLONE_RUNS_H
#define VPREC_CLONE_RUNS_H

#include "cloner.h"

/* Around a function's instructions. What it counts is told at its end. */
void vprec_runs_begin(vprec_cloner *k);
void vprec_runs_end(vprec_cloner *k);

/* Before the code of the instruction that is number `index` of k->live. */
void vprec_runs_step(vprec_cloner *k, size_t index);

/* Whether a site's results can be counted here: then vprec_runs_count is what follows its code. */
bool vprec_runs_ready(vprec_cloner *k, const vprec_site *site);
void vprec_runs_count(vprec_cloner *k, const vprec_site *site);

/* The same for a result that is not counted with its run, as it is rounded where no instruction of the program's is;
 * `op`: what it counts as. */
bool vprec_runs_ready_alone(vprec_cloner *k, const vprec_site *site);
void vprec_runs_count_alone(vprec_cloner *k, const vprec_site *site, enum vprec_op op);

/* That the instruction at `at` is executed is counted in `*executed`, too. False: it cannot be. */
bool vprec_runs_note(vprec_cloner *k, uint64_t at, _Atomic uint64_t *executed);

#endif
