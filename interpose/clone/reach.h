/* SPDX-License-Identifier: Apache-2.0
 * reach.h: address space for clones: within reach of 32-bit displacements. */
#ifndef VPREC_CLONE_REACH_H
#define VPREC_CLONE_REACH_H

#include <stddef.h>
#include <stdint.h>

/* Reserves `bytes` (no access yet) from which all of [lo, hi) and the region
 * itself can be reached by 32-bit displacements, off 4 GiB borders. NULL: none. */
void *vprec_reach_reserve(uint64_t lo, uint64_t hi, size_t bytes);
/* Nothing is there any more. */
void vprec_reach_release(void *at, size_t bytes);

#endif
