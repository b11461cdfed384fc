/* SPDX-License-Identifier: Apache-2.0
 * table.h: the tables of the report, as text for people that the writers
 * of HTML and Markdown lay out. */
#ifndef VPREC_PAGE_TABLE_H
#define VPREC_PAGE_TABLE_H

#include "view.h"

typedef struct page_column {
    char *head;
    bool number; /* set flush right */
} page_column;

typedef struct page_table {
    size_t columns, rows, count, room;
    page_column *column;
    char **texts; /* rows x columns, `count` of `room` */
} page_table;

/* Row 0 is the native run, row 1 + i cell i. */
page_table page_table_cells(const page_view *view);
/* The smallest format of each series of the threshold. */
page_table page_table_smallest(const page_view *view);
/* What each layer needs alone, the widest first, and its format in the recipe. */
page_table page_table_layers(const page_view *view);
/* What was required, and whether it is met. */
page_table page_table_checks(const page_view *view);
/* What was measured, and how. */
page_table page_table_metrics(const page_view *view);
/* The circumstances of the run, name and value. */
page_table page_table_facts(const page_view *view);
/* Programs and libraries with their build-ids. */
page_table page_table_objects(const page_view *view);
void page_table_free(page_table *table);

#endif
