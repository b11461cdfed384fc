/* SPDX-License-Identifier: Apache-2.0
 * table.h: what a sweep prints for people. */
#ifndef VPREC_SWEEP_TABLE_H
#define VPREC_SWEEP_TABLE_H

#include "threshold.h"

/* Prints a row for each cell, and what the threshold came to (`series` NULL: there is none). */
void sweep_table_print(const sweep *sweep, const sweep_threshold *threshold, const sweep_series *series, size_t count);

/* Says why a metric has no value, why cells failed, what was selected and stayed native, and which cells are the native
 * run once more, since nothing that was to be rounded ran. */
void sweep_table_warn(const sweep *sweep);

/* --dry-run: the cells and their options. */
void sweep_table_list(const sweep *sweep);

#endif
