/* SPDX-License-Identifier: Apache-2.0
 * image.c: see image.h. A table from pages to the images that have code there. Its nodes stay in their lists for
 * ever, so that who walks one needs no lock; those of dropped images are used again. */
#include "image.h"
#include "hop.h"
#include "runtime/version.h"
#include <stdatomic.h>

typedef struct node {
    _Atomic uint64_t page;
    const vprec_image *_Atomic image; /* NULL: free */
    struct node *_Atomic next;
} node;

enum { BUCKETS = 1 << 14, NODES = 1024, PAGE_BITS = 12 };
static node *_Atomic buckets[BUCKETS];
static node *fresh;
static size_t fresh_count;

static vprec_vec unused = {.size = sizeof(vprec_image *)}; /* images that were dropped */
static vprec_heap heap;

static node *_Atomic *bucket_of(uint64_t page)
{
    return &buckets[page * UINT64_C(0x9E3779B97F4A7C15) >> 50];
}

void vprec_image_enter(const vprec_image *image, uint64_t clone)
{
    size_t low = VPREC_UP_TO(image->entered, vprec_entered, clone, clone);
    _Atomic uint32_t *entered = low ? VPREC_AT(image->entered, vprec_entered, low - 1).entered : NULL;
    if (entered)
        atomic_store_explicit(entered, 1, memory_order_relaxed);
}

static bool add_page(uint64_t page, const vprec_image *image)
{
    node *_Atomic *bucket = bucket_of(page);
    for (node *n = atomic_load(bucket); n; n = atomic_load(&n->next)) {
        if (atomic_load(&n->image))
            continue;
        atomic_store(&n->page, page);
        atomic_store(&n->image, image);
        return true;
    }
    if (!fresh_count) {
        fresh = vprec_pages(NODES * sizeof *fresh);
        if (!fresh)
            return false;
        fresh_count = NODES;
    }
    node *n = &fresh[--fresh_count];
    atomic_store(&n->page, page);
    atomic_store(&n->image, image);
    atomic_store(&n->next, atomic_load(bucket));
    atomic_store(bucket, n);
    return true;
}

static bool add_pages(uint64_t start, uint64_t end, const vprec_image *image)
{
    for (uint64_t page = start >> PAGE_BITS; page <= (end - 1) >> PAGE_BITS; page++)
        if (!add_page(page, image))
            return false;
    return true;
}

static void drop_pages(uint64_t start, uint64_t end, const vprec_image *image)
{
    for (uint64_t page = start >> PAGE_BITS; page <= (end - 1) >> PAGE_BITS; page++)
        for (node *n = atomic_load(bucket_of(page)); n; n = atomic_load(&n->next))
            if (atomic_load(&n->image) == image)
                atomic_store(&n->image, NULL);
}

vprec_image *vprec_image_make(void)
{
    if (unused.count)
        return VPREC_AT(unused, vprec_image *, --unused.count);
    return vprec_heap_take(&heap, sizeof(vprec_image));
}

static void forget(const vprec_image *image)
{
    for (size_t i = 0; i < image->spans.count; i++) {
        vprec_image_span s = VPREC_AT(image->spans, vprec_image_span, i);
        drop_pages(s.start, s.end, image);
    }
    if (image->code_end > image->code)
        drop_pages(image->code, image->code_end, image);
}

/* Nobody comes to its clones by hops any more. */
static void close_hops(const vprec_image *image)
{
    for (const vprec_hop *h = image->hops; h; h = h->next) {
        const vprec_hop *known = h;
        atomic_compare_exchange_strong(vprec_hop_place(h->at.address), &known, NULL);
    }
}

void vprec_image_retire(const vprec_image *image)
{
    close_hops(image);
    for (size_t i = 0; i < image->spans.count; i++) {
        vprec_image_span s = VPREC_AT(image->spans, vprec_image_span, i);
        drop_pages(s.start, s.end, image);
    }
    if (image->code_end > image->code)
        add_pages(image->code, image->code_end, image); /* there is room: the nodes of the spans */
}

bool vprec_image_add(const vprec_image *image)
{
    bool added = image->code_end <= image->code || add_pages(image->code, image->code_end, image);
    for (size_t i = 0; i < image->spans.count && added; i++) {
        vprec_image_span s = VPREC_AT(image->spans, vprec_image_span, i);
        added = add_pages(s.start, s.end, image);
    }
    if (!added)
        forget(image);
    return added;
}

void vprec_image_drop(vprec_image *image)
{
    close_hops(image);
    forget(image);
    vprec_heap_free(&image->heap);
    *image = (vprec_image){0};
    vprec_image **free_one = vprec_vec_add(&unused, 1);
    if (free_one)
        *free_one = image;
}

static bool holds(const vprec_image *image, uint64_t address)
{
    size_t low = VPREC_UP_TO(image->spans, vprec_image_span, end, address);
    return low < image->spans.count && VPREC_AT(image->spans, vprec_image_span, low).start <= address;
}

static const vprec_image *find(uint64_t address, bool clone)
{
    uint64_t page = address >> PAGE_BITS;
    for (node *n = atomic_load(bucket_of(page)); n; n = atomic_load(&n->next)) {
        const vprec_image *image = atomic_load(&n->image);
        if (!image || atomic_load(&n->page) != page)
            continue;
        if (clone ? address >= image->code && address < image->code_end : holds(image, address))
            return image;
    }
    return NULL;
}

const vprec_image *vprec_image_of(uint64_t address)
{
    return find(address, false);
}

const vprec_image *vprec_image_of_clone(uint64_t address)
{
    return find(address, true);
}

/* Where the first span of an image begins in [address, end), which lies in one page; else its end. */
static uint64_t next_span(uint64_t address, uint64_t end)
{
    const uint64_t page = address >> PAGE_BITS;
    for (node *n = atomic_load(bucket_of(page)); n; n = atomic_load(&n->next)) {
        const vprec_image *image = atomic_load(&n->image);
        if (!image || atomic_load(&n->page) != page)
            continue;
        size_t low = VPREC_UP_TO(image->spans, vprec_image_span, end, address);
        uint64_t start = low < image->spans.count ? VPREC_AT(image->spans, vprec_image_span, low).start : end;
        end = start < end ? start : end;
    }
    return end;
}

const vprec_image *vprec_image_stretch(uint64_t address, uint64_t end, uint64_t *stop)
{
    const vprec_image *image = find(address, false);
    if (image) {
        size_t low = VPREC_UP_TO(image->spans, vprec_image_span, end, address);
        *stop = VPREC_AT(image->spans, vprec_image_span, low).end;
        *stop = *stop < end ? *stop : end;
        return image;
    }
    while (address < end) {
        uint64_t border = vprec_page_end(address + 1), limit = border < end ? border : end;
        *stop = next_span(address, limit);
        if (*stop < limit)
            break;
        address = limit;
    }
    return NULL;
}

const vprec_image *vprec_image_with(uint64_t original, uint64_t *clone)
{
    uint64_t page = original >> PAGE_BITS;
    *clone = 0;
    for (node *n = atomic_load(bucket_of(page)); n; n = atomic_load(&n->next)) {
        const vprec_image *image = atomic_load(&n->image);
        bool here = image && atomic_load(&n->page) == page && holds(image, original);
        *clone = here ? vprec_image_clone(image, original) : 0;
        if (*clone)
            return image;
    }
    return NULL;
}

const vprec_hall *vprec_image_hall(const vprec_image *image, uint64_t original)
{
    const size_t low = VPREC_BELOW(image->halls, vprec_hall, original, original);
    const vprec_hall *h = low < image->halls.count ? &VPREC_AT(image->halls, vprec_hall, low) : NULL;
    return h && h->original == original ? h : NULL;
}

uint64_t vprec_image_find(const vprec_image *image, uint64_t original)
{
    size_t low = VPREC_BELOW(image->traps, vprec_trap, original, original);
    if (low == image->traps.count || VPREC_AT(image->traps, vprec_trap, low).original != original)
        return 0;
    uint64_t clone = VPREC_AT(image->traps, vprec_trap, low).clone;
    return image->where.versions && clone < image->ways_start ? vprec_image_clone(image, original) : clone;
}

uint64_t vprec_image_clone(const vprec_image *image, uint64_t original)
{
    const vprec_hall *hall = vprec_image_hall(image, original);
    return hall ? hall->code
                : vprec_where_clone(&image->where, image->where.versions ? vprec_version_here(true) : 0, original);
}

vprec_patch *vprec_image_patch_over(const vprec_image *image, uint64_t original)
{
    size_t low = VPREC_BELOW(image->patches, vprec_patch, at, original);
    vprec_patch *p = low ? &VPREC_AT(image->patches, vprec_patch, low - 1) : NULL;
    return p && original < p->at + p->bytes ? p : NULL;
}

uint64_t vprec_image_out_of_patch(uint64_t address)
{
    const vprec_image *image = vprec_image_of(address);
    uint64_t clone = image && vprec_image_patch_over(image, address) ? vprec_image_clone(image, address) : 0;
    if (clone)
        vprec_image_enter(image, clone);
    return clone;
}
