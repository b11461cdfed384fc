/* SPDX-License-Identifier: Apache-2.0
 * memory.h: the interposer's own memory, straight from mmap: a guest must not
 * call malloc while it patches its host. Not thread-safe: the caller holds the
 * instrumentation lock. */
#ifndef VPREC_RUNTIME_MEMORY_H
#define VPREC_RUNTIME_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first page border at or behind `at`; as a size: whole pages. */
static inline uint64_t vprec_page_end(uint64_t at)
{
    return (at + 4095) & ~UINT64_C(4095);
}

/* The page border at or in front of `at`. */
static inline uint64_t vprec_page_start(uint64_t at)
{
    return at & ~UINT64_C(4095);
}

/* Zeroed pages, or NULL. For any thread. */
void *vprec_pages(size_t bytes);
void vprec_pages_free(void *pages, size_t bytes);
/* Pages of any kind, as by mmap, where no program looks for free addresses; NULL: no memory. They go by munmap. */
void *vprec_pages_map(size_t bytes, int protection, int flags, int fd);

/* The last that were mapped, which nobody has used: what is mapped next lies there. Where no more mappings may be had,
 * pages are still had beside others. */
void vprec_pages_unmap(void *pages, size_t bytes);

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

/* Makes room for one element in front of element `place`, zeroed. NULL without memory. */
void *vprec_vec_insert(vprec_vec *vec, size_t place);

/* Appends to elements that are uint64_t. False without memory. */
static inline bool vprec_vec_add_u64(vprec_vec *vec, uint64_t value)
{
    uint64_t *to = (uint64_t *)vprec_vec_add(vec, 1);
    if (to)
        *to = value;
    return to;
}

/* Memory that is given back all at once: what belongs to one object. */
typedef struct vprec_heap {
    struct vprec_heap_block *blocks; /* the first is the one that is filled */
    size_t bytes;                    /* of all of them */
} vprec_heap;

enum { VPREC_HEAP_LINE = 64 }; /* of a cache, in bytes */

/* Zeroed, aligned to 16, and to a line where all that is taken of the heap is whole lines; NULL without memory. */
void *vprec_heap_take(vprec_heap *heap, size_t bytes);
void vprec_heap_free(vprec_heap *heap);

/* Sorts uint64_t elements and drops equal ones. */
void vprec_vec_sort_u64(vprec_vec *vec);

/* Of `count` elements, `size` bytes each and sorted by their uint64_t at `offset`: how many lie below `value`, with
 * `equal` also those at it. */
static inline size_t vprec_sorted_below(const void *data, size_t count, size_t size, size_t offset, uint64_t value,
                                        bool equal)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        uint64_t key = *(const uint64_t *)((const char *)data + mid * size + offset);
        if (key < value || (equal && key == value))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Whether a sorted vector of uint64_t has the value. */
static inline bool vprec_sorted_has(const vprec_vec *vec, uint64_t value)
{
    size_t low = vprec_sorted_below(vec->data, vec->count, sizeof(uint64_t), 0, value, false);
    return low < vec->count && VPREC_AT(*vec, uint64_t, low) == value;
}

#define VPREC_BELOW(vec, type, field, value)                                                                          \
    vprec_sorted_below((vec).data, (vec).count, sizeof(type), offsetof(type, field), value, false)
#define VPREC_UP_TO(vec, type, field, value)                                                                          \
    vprec_sorted_below((vec).data, (vec).count, sizeof(type), offsetof(type, field), value, true)

#endif
