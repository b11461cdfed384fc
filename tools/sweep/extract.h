/* SPDX-License-Identifier: Apache-2.0
 * extract.h: the number that an expression finds in a text. Perl-compatible expressions, by PCRE2; ^ and $ are the
 * beginning and end of a line. Bytes that are no UTF-8 match nothing, and spoil nothing else. */
#ifndef VPREC_SWEEP_EXTRACT_H
#define VPREC_SWEEP_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sweep_pattern sweep_pattern;

/* NULL, and in *error, to be freed, what is wrong and where. */
sweep_pattern *sweep_pattern_make(const char *expression, char **error);
void sweep_pattern_free(sweep_pattern *pattern);

/* The number in the first group of the last match, or in the match where the expression has no group. NULL, or, to be
 * freed, why there is none. `of`: N where it is a count, K/N, of which K is the number; else 0. */
char *sweep_pattern_find(const sweep_pattern *pattern, const char *text, size_t size, double *value, double *of);

#endif
