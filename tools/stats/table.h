/* SPDX-License-Identifier: Apache-2.0
 * table.h: a table that is printed when all of its cells are known, since they say how wide columns are.
 * Knows nothing of what stands in it. */
#ifndef VPREC_STATS_TABLE_H
#define VPREC_STATS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct stats_table {
    bool markdown, colour;
    FILE *out;
    size_t most; /* columns of a line, 0 any: the first cell, and then the last, are cut to it */
    size_t columns, rows;
    char **cells; /* rows x columns */
} stats_table;

/* Takes the text over. The first row is the heading; the first and the last column are text, the others numbers. */
void stats_table_put(stats_table *table, size_t row, size_t column, char *text);

/* Prints the table, which is empty then. */
void stats_table_flush(stats_table *table);

#endif
