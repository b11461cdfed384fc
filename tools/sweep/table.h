/* SPDX-License-Identifier: Apache-2.0
 * table.h: what a sweep prints for people. */
#ifndef VPREC_SWEEP_TABLE_H
#define VPREC_SWEEP_TABLE_H

#include "series.h"

/* Which rows are printed; all zero at the beginning. */
typedef struct sweep_table {
    bool *printed;
} sweep_table;

/* Prints the rows of the cells that are settled, in the order of the grid: a row waits for those before it that are
 * wanted, but for the `rest`. To be freed. */
void sweep_table_rows(sweep_table *table, const sweep *sweep, const sweep_question *question, bool rest);
void sweep_table_free(sweep_table *table);

/* Prints what the rows come to. `answer`: the report's. */
void sweep_table_print(const sweep *sweep, const sweep_question *question, const sweep_series *series, size_t count,
                       const json_t *answer);

/* Says why a metric has no value, why cells failed, what was selected and stayed native, and which cells are the native
 * run once more, since nothing that was to be rounded ran. */
void sweep_table_warn(const sweep *sweep);

/* --dry-run: the cells and their options. */
void sweep_table_list(const sweep *sweep);

#endif
