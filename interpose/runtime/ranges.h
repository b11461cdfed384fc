/* SPDX-License-Identifier: Apache-2.0
 * ranges.h: what is free of a stretch of numbers, of addresses mostly. The caller holds the instrumentation lock. */
#ifndef VPREC_RUNTIME_RANGES_H
#define VPREC_RUNTIME_RANGES_H

#include "memory.h"

/* From `start` up to `end`. A vector of them is sorted; they do not touch. */
typedef struct vprec_stretch {
    uint64_t start, end;
} vprec_stretch;

/* [start, end) is free from now on. False: no memory to know it. */
bool vprec_ranges_give(vprec_vec *ranges, uint64_t start, uint64_t end);

/* Takes the first `bytes` that are free in [lo, hi). Returns where they begin, 0: there are none. */
uint64_t vprec_ranges_take(vprec_vec *ranges, uint64_t lo, uint64_t hi, uint64_t bytes);

#endif
