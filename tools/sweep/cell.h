/* SPDX-License-Identifier: Apache-2.0
 * cell.h: what a cell's runs left: how they ended, their metrics. Starts nothing. */
#ifndef VPREC_SWEEP_CELL_H
#define VPREC_SWEEP_CELL_H

#include "run.h"

/* The longest that a run of the cell may take, in seconds; 0: any time. */
double sweep_cell_limit(const sweep *sweep, const sweep_cell *cell);

/* Whether run `number` is finished, and has not to be run again for a longer time. Fills samples[number]. */
bool sweep_cell_load(const sweep *sweep, sweep_cell *cell, uint32_t number);

/* Whether no further run of the cell need be started: all are there, or one was refused or took too long. */
bool sweep_cell_complete(const sweep_cell *cell);

/* Whether run `number` ended well. */
bool sweep_cell_good(const sweep_cell *cell, uint32_t number);

/* Whether the output of metric `index`'s command is there. */
bool sweep_cell_measured(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index);
/* The files metric-NAME.json and metric-NAME.SUFFIX of run `number`, to be freed. */
char *sweep_metric_file(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index, const char *suffix);
/* Makes room for what the command will print. False, having said why. */
bool sweep_metric_begin(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index);
/* Records how the command ended. False, having said why. */
bool sweep_metric_record(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index,
                         const vprec_end *end);

/* Sets status, times, metrics from what is on disk. */
void sweep_cell_settle(sweep *sweep, sweep_cell *cell);

#endif
