/* SPDX-License-Identifier: Apache-2.0
 * summary.h: a document as a whole: its total, and warnings in words. */
#ifndef VPREC_STATS_SUMMARY_H
#define VPREC_STATS_SUMMARY_H

#include "stats.h"

/* All groups together; to be given to stats_total_free. */
stats_total stats_document_total(const stats_document *document);

/* Adds the warnings that its numbers call for. */
void stats_document_judge(stats_document *document, const stats_options *options);

/* More numbers are not normally distributed than chance explains. */
bool stats_not_by_chance(const stats_total *total, double confidence);

#endif
