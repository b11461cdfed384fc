/* SPDX-License-Identifier: Apache-2.0
 * units.h: what gets a format each, layers, functions or objects, with the operations that they execute; the formats;
 * and what an assignment of these to those costs. Runs nothing. */
#ifndef VPREC_SEARCH_UNITS_H
#define VPREC_SEARCH_UNITS_H

#include "options.h"
#include "sweep/grid.h"

typedef struct search_unit {
    char *name;
    char *pattern; /* that a line of a recipe begins with */
    double operations[VPREC_TYPES];
    bool absent; /* a run that rounds has none of that name, as of what is one operation of its callers: it is native */
} search_unit;

/* A format, as an index into levels: the more, the narrower. An assignment has one for each unit. */
typedef unsigned char search_level;
enum { SEARCH_NATIVE, SEARCH_LEVELS_MOST = VPREC_VERSIONS_MAX - 2 }; /* native within and outside of scopes are two */

typedef struct search_units {
    search_unit *list; /* most operations first */
    size_t count;
    double operations;      /* of all units */
    double outside;         /* of none of them */
    const char *formats[SEARCH_LEVELS_MOST + 1]; /* of the first "native" */
    int bits[SEARCH_LEVELS_MOST + 1][VPREC_TYPES];
    size_t levels;
} search_units;

/* The options of vprec-run with which a run says what there is: what it counts is for search_units_read. */
sweep_list search_units_options(const search_options *options);

/* Reads the report of such a run; formats are those of the grid's cells. False, having said why: there are none, or too
 * many of something. To be freed in any case. */
bool search_units_read(search_units *units, const search_options *options, const sweep_grid *grid, const char *report);
/* The unit of that pattern is absent. False: there is none, or it was known. */
bool search_units_drop(search_units *units, const char *pattern, size_t length);
void search_units_free(search_units *units);

/* Bits of an operation's result, the mean over all that the units execute. */
double search_cost(const search_units *units, const search_level *levels);
/* Of one unit, in that format: its part of this mean. */
double search_unit_cost(const search_units *units, size_t unit, search_level level);

/* Lines for vprec-run, --scope=..., that say the assignment. */
sweep_list search_lines(const search_units *units, const sweep_options *options, const search_level *levels);
/* "e8m7", "e8m7,mode=ru", "native"; to be freed. */
char *search_spec(const search_units *units, const sweep_options *options, search_level level);

#endif
