/* SPDX-License-Identifier: Apache-2.0
 * csv.h: fields of a CSV file, with no comma around them. */
#ifndef VPREC_STATS_CSV_H
#define VPREC_STATS_CSV_H

#include <stdio.h>

/* In quotes where that must be; NULL: empty. */
void stats_csv_text(FILE *out, const char *text);
/* In full precision; NaN: empty. */
void stats_csv_real(FILE *out, double x);

#endif
