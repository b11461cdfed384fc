/* SPDX-License-Identifier: Apache-2.0
 * forks.h: --fork-at: cells that differ in what is rounded while scopes are open, and in nothing else, are made of one
 * process, which has run up to a scope: each goes on from there. Knows no other cells' outcome. */
#ifndef VPREC_SWEEP_FORKS_H
#define VPREC_SWEEP_FORKS_H

#include "run.h"

/* One for each kind of cells; NULL: nothing is asked for. To be ended. */
sweep_forks *sweep_forks_make(sweep *sweep);

/* A run of the cell is about to start: whether it is to be asked of a process, which is started if need be; sets its
 * options. False, having said why: nothing can be started. */
bool sweep_forks_begin(sweep_forks *forks, sweep_cell *cell, const vprec_inherited *inherited);

/* Says why cells start whole, once. */
void sweep_forks_hear(sweep_forks *forks);

/* Ends the processes that still wait. */
void sweep_forks_end(sweep_forks *forks);

#endif
