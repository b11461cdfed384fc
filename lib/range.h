/* SPDX-License-Identifier: Apache-2.0
 * range.h: the memory of an argument: whether it is there, aligned, inside the
 * address space, and apart from another. Internal to lib/. */
#ifndef VPREC_RANGE_H
#define VPREC_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes from..to-1. */
typedef struct vprec_range {
    uintptr_t from, to;
} vprec_range;

/* The memory of `count` elements of `size` bytes, a power of two; false where it cannot be. */
static inline bool vprec_range_of(vprec_range *memory, const void *data, size_t count, size_t size)
{
    size_t bytes;
    memory->from = (uintptr_t)data;
    return data && memory->from % size == 0 && !__builtin_mul_overflow(count, size, &bytes) &&
           !__builtin_add_overflow(memory->from, bytes, &memory->to);
}

static inline bool vprec_range_apart(vprec_range a, vprec_range b) { return a.to <= b.from || b.to <= a.from; }

/* Of ranges of one length: apart, or the very same. */
static inline bool vprec_range_apart_or_same(vprec_range a, vprec_range b)
{
    return a.from == b.from || vprec_range_apart(a, b);
}

#endif
