/* SPDX-License-Identifier: Apache-2.0
 * memory.c: see memory.h. */
#include "memory.h"
#include "sys.h"
#include <string.h>
#include <sys/mman.h>

void *vprec_pages(size_t bytes)
{
    void *p = vprec_sys_mmap(NULL, vprec_page_end(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void vprec_pages_free(void *pages, size_t bytes)
{
    if (pages)
        vprec_sys_munmap(pages, vprec_page_end(bytes));
}

void *vprec_vec_add(vprec_vec *vec, size_t n)
{
    if (vec->count + n > vec->room) {
        size_t room = vec->room ? vec->room * 2 : 4096 / vec->size + 1;
        while (room < vec->count + n)
            room *= 2;
        void *data;
        if (vec->data) {
            data = vprec_sys_mremap(vec->data, vprec_page_end(vec->room * vec->size), vprec_page_end(room * vec->size));
            if (data == MAP_FAILED)
                return NULL;
        } else {
            data = vprec_pages(room * vec->size);
            if (!data)
                return NULL;
        }
        vec->data = data;
        vec->room = room;
    }
    char *first = (char *)vec->data + vec->count * vec->size;
    memset(first, 0, n * vec->size);
    vec->count += n;
    return first;
}

void *vprec_vec_insert(vprec_vec *vec, size_t place)
{
    if (!vprec_vec_add(vec, 1))
        return NULL;
    char *at = (char *)vec->data + place * vec->size;
    memmove(at + vec->size, at, (vec->count - 1 - place) * vec->size);
    memset(at, 0, vec->size);
    return at;
}

void vprec_vec_free(vprec_vec *vec)
{
    vprec_pages_free(vec->data, vec->room * vec->size);
    vec->data = NULL;
    vec->count = vec->room = 0;
}

typedef struct vprec_heap_block {
    struct vprec_heap_block *next;
    size_t size, used;
} block;

void *vprec_heap_take(vprec_heap *heap, size_t bytes)
{
    enum { BLOCK = 64 << 10, HEAD = 32 };
    bytes = (bytes + 15) & ~(size_t)15;
    block *b = heap->blocks;
    if (!b || b->size - b->used < bytes) {
        size_t size = vprec_page_end(bytes + HEAD > BLOCK ? bytes + HEAD : BLOCK);
        block *made = vprec_pages(size);
        if (!made)
            return NULL;
        *made = (block){.size = size, .used = HEAD};
        if (b && size - HEAD - bytes < b->size - b->used) { /* the older one has more left */
            made->next = b->next;
            b->next = made;
        } else {
            made->next = b;
            heap->blocks = made;
        }
        b = made;
    }
    void *taken = (char *)b + b->used;
    b->used += bytes;
    return taken;
}

void vprec_heap_free(vprec_heap *heap)
{
    while (heap->blocks) {
        block *b = heap->blocks;
        heap->blocks = b->next;
        vprec_pages_free(b, b->size);
    }
}

/* Bottom-up radix sort by bytes: no recursion, no libc qsort (it may malloc). */
void vprec_vec_sort_u64(vprec_vec *vec)
{
    size_t n = vec->count;
    if (n < 2)
        return;
    uint64_t *from = vec->data, *to = vprec_pages(n * sizeof *to), *spare = to;
    uint64_t differ = 0;
    for (size_t i = 1; i < n; i++)
        differ |= from[i] ^ from[0];
    if (!to) { /* without memory: in place, slowly */
        for (size_t i = 1; i < n; i++)
            for (size_t j = i; j && from[j - 1] > from[j]; j--) {
                uint64_t t = from[j];
                from[j] = from[j - 1], from[j - 1] = t;
            }
    } else {
        for (int shift = 0; shift < 64; shift += 8) {
            if (!((differ >> shift) & 255))
                continue;
            size_t at[257] = {0};
            for (size_t i = 0; i < n; i++)
                at[((from[i] >> shift) & 255) + 1]++;
            for (int b = 0; b < 256; b++)
                at[b + 1] += at[b];
            for (size_t i = 0; i < n; i++)
                to[at[(from[i] >> shift) & 255]++] = from[i];
            uint64_t *t = from;
            from = to, to = t;
        }
        if (from != vec->data)
            memcpy(vec->data, from, n * sizeof *from);
        vprec_pages_free(spare, n * sizeof *spare);
        from = vec->data;
    }
    size_t kept = 1;
    for (size_t i = 1; i < n; i++)
        if (from[i] != from[kept - 1])
            from[kept++] = from[i];
    vec->count = kept;
}
