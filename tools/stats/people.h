/* SPDX-License-Identifier: Apache-2.0
 * people.h: the report for people: a verdict, tables of the worst. */
#ifndef VPREC_STATS_PEOPLE_H
#define VPREC_STATS_PEOPLE_H

#include "stats.h"

/* In lines of at most 100 columns, or as Markdown. */
void stats_print_people(const stats_report *report, FILE *out, bool markdown);

#endif
