/* SPDX-License-Identifier: Apache-2.0
 * run.h: runs the cells that are wanted and not there yet, and measures them. */
#ifndef VPREC_SWEEP_RUN_H
#define VPREC_SWEEP_RUN_H

#include "grid.h"

typedef struct sweep sweep;
typedef struct sweep_forks sweep_forks;

struct sweep {
    const sweep_options *options;
    vprec_results results; /* DIR */
    sweep_grid grid;
    double limit;          /* seconds for a run, 0 none */
    bool repeats;          /* the native runs gave the same output */
    /* Called when the native run is known, before any other is begun. False, having said why: no other is. */
    bool (*known)(sweep *sweep);
    bool refused; /* it was */
    bool complete; /* no cell that is needed is missing */
    /* Called when nothing is under way: sets `wanted` of more cells, or returns false. */
    bool (*more)(sweep *sweep);
    sweep_forks *forks;    /* of --fork-at; NULL: it was not given */
    sweep_document native; /* the first native run's output */
};

/* Runs. Returns 0; the status to exit with, having said why; or minus the signal that ended it. */
int sweep_run(sweep *sweep);

/* The same without a run: what is not there is not known. */
int sweep_look(sweep *sweep);

/* Gives a cell that was made while the sweep runs a place in DIR, which its record lists. False, having said why. */
bool sweep_run_place(sweep *sweep, sweep_cell *cell);

/* Makes the directory. False, having said why. */
bool sweep_run_directory(const char *path);

/* The document that the metrics of run `number` look at; to be freed. */
char *sweep_output_path(const sweep *sweep, const sweep_cell *cell, uint32_t number);

#endif
