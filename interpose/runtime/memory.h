/* SPDX-License-Identifier: Apache-2.0
 * memory.h: the interposer's own memory, straight from mmap: a guest must not
 * call malloc while it patches its host. Not thread-safe: the caller holds the
 * instrumentation lock. */
#ifndef VPREC_MEMORY_H
#define VPREC_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed pages, or NULL. */
void *vprec_pages(size_t bytes);
void vprec_pages_free(void *pages, size_t bytes);

/* A growing array of elements of `size` bytes each. */
typedef struct vprec_vec {
    void *data;
    size_t count, room, size;
} vprec_vec;

#define VPREC_VEC(type) ((vprec_vec){NULL, 0, 0, sizeof(type)})
#define VPREC_AT(vec, type, i) (((type *)(vec).data)[i])

/* Appends `n` zeroed elements and returns the first, or NULL without memory.
 * Earlier pointers into the array become invalid. */
void *vprec_vec_add(vprec_vec *vec, size_t n);
void vprec_vec_free(vprec_vec *vec);

/* Sorts uint64_t elements and drops equal ones. */
void vprec_vec_sort_u64(vprec_vec *vec);

#endif
