/* SPDX-License-Identifier: Apache-2.0
 * documents.h: one document over all samples, by its kind. */
#ifndef VPREC_STATS_DOCUMENTS_H
#define VPREC_STATS_DOCUMENTS_H

#include "stats.h"

/* Fill the document, whose kind is set, from its paths in the samples. `reference`: its path there, or NULL.
 * False, having said why. */
bool stats_arrays_document(stats_document *document, const stats_options *options, char **paths, size_t count,
                           const char *reference);
bool stats_tokens_document(stats_document *document, const stats_options *options, char **paths, size_t count,
                           const char *reference);

#endif
