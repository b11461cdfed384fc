/* SPDX-License-Identifier: Apache-2.0
 * admit.h: pages of an object's code get X. What runs on them from then on runs as it is, most of it never decoded:
 * what it may do to what was translated before is seen to first. */
#ifndef VPREC_LIFE_ADMIT_H
#define VPREC_LIFE_ADMIT_H

#include "loaded.h"

/* Gives the pages of [start, end) X. Patches of which they may jump into the middle are undone before. False: the
 * kernel refuses. */
bool vprec_admit(vprec_loaded *loaded, uint64_t start, uint64_t end);

/* Sees to it beforehand. False: no memory. */
bool vprec_admit_read(vprec_loaded *loaded, uint64_t start, uint64_t end);

/* Something may lead to these addresses (uint64_t): likewise. False: no memory. */
bool vprec_admit_targets(vprec_loaded *loaded, const vprec_vec *targets);

/* Writes the jumps that wait, if no thread can be between the instructions that they cover. */
void vprec_admit_waiting(vprec_loaded *loaded);

#endif
