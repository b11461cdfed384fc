/* SPDX-License-Identifier: Apache-2.0
 * align.h: which token of one text is which of another, where lines break elsewhere, or are added or lost. */
#ifndef VPREC_STATS_ALIGN_H
#define VPREC_STATS_ALIGN_H

#include "read/tokens.h"

/* What a token is to be recognised by. */
typedef struct stats_step {
    double value;       /* of a number */
    uint64_t word;      /* of a label: a hash */
    bool number, first; /* first: of its line */
} stats_step;

stats_step stats_step_of(const stats_token *token);

/* match[i]: the step of `b` that step i of `a` is, or STATS_UNMATCHED. In the order of both; at the least cost, where a
 * word that is another costs more than one that is added, and numbers cost the less the closer they are. `order` is set
 * where places alone would match otherwise. False: the texts are too long and too different; matched one by one. */
#define STATS_UNMATCHED SIZE_MAX
bool stats_align(const stats_step *a, size_t n, const stats_step *b, size_t m, size_t *match, bool *order);

#endif
