/* SPDX-License-Identifier: Apache-2.0
 * jobs.h: long comparisons on several processes: the work is cut into items, the
 * tallies are added up. What an item compares is its program's business. */
#ifndef UNIT_JOBS_H
#define UNIT_JOBS_H

#include "support.h"

/* Calls item(0) to item(items-1), each once, in some order on `processes` (1 to
 * UNIT_JOBS) forked processes, with progress lines on stdout, and adds their
 * tallies to unit_seen. False if a process could not be made or did not end well. */
enum { UNIT_JOBS = 256 };
bool unit_jobs(uint64_t items, void (*item)(uint64_t number), unsigned processes);

/* One for each processor. */
unsigned unit_processors(void);

/* unit_seen as tables on stdout. */
void unit_print(void);

/* A number as a user writes it, 1e7 too, from 1 to `most`. */
bool unit_number(const char *text, uint64_t most, uint64_t *value);

#endif
