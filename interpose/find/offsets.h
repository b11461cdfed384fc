/* SPDX-License-Identifier: Apache-2.0
 * offsets.h: a sorted set of numbers below 2^32 that has millions of elements and is asked now and then: two bytes
 * each, six with an item. For objects' symbols and pointers, as offsets from the start of their code. */
#ifndef VPREC_FIND_OFFSETS_H
#define VPREC_FIND_OFFSETS_H

#include "runtime/memory.h"

/* A bucket for each value of the upper 16 bits; of an element only the lower ones are kept. All arrays lie in one
 * block. */
typedef struct vprec_offsets {
    uint32_t *ends; /* by bucket: how many elements it and those before have */
    uint32_t *items; /* by element, with items: what was given with it */
    uint16_t *low;   /* by element */
    size_t buckets, count, bytes;
} vprec_offsets;

/* Makes the set of the elements of `given`: uint32_t offsets, of which equal ones become one, or uint64_t whose upper
 * half is the offset and whose lower half is an item, where equal offsets stay and keep their order. Those at or above
 * `span` are left out. False, and an empty set, without memory. */
bool vprec_offsets_build(vprec_offsets *offsets, uint64_t span, const vprec_vec *given);
void vprec_offsets_free(vprec_offsets *offsets);

/* How many elements are smaller than `offset`: the place of the first that is not. */
size_t vprec_offsets_below(const vprec_offsets *offsets, uint64_t offset);

/* The bucket of the element at `place`, which must be below the count; the element. */
size_t vprec_offsets_bucket(const vprec_offsets *offsets, size_t place);

static inline uint64_t vprec_offsets_at(const vprec_offsets *offsets, size_t place)
{
    return (uint64_t)vprec_offsets_bucket(offsets, place) << 16 | offsets->low[place];
}

#endif
