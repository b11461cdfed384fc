/* SPDX-License-Identifier: Apache-2.0
 * offsets.c: see offsets.h. One pass counts the elements of each bucket, one puts them there, then each bucket is
 * sorted by itself: all in linear time, whatever a hostile file gives. */
#include "offsets.h"
#include <string.h>

enum { FEW = 24 }; /* elements that are sorted by insertion */

static uint64_t given_offset(const vprec_vec *given, size_t i)
{
    return given->size == 8 ? VPREC_AT(*given, uint64_t, i) >> 32 : VPREC_AT(*given, uint32_t, i);
}

/* The arrays in their block: those of four bytes first. */
static void lay_out(vprec_offsets *o, uint32_t *block, bool items)
{
    o->ends = block;
    o->items = items ? o->ends + o->buckets : NULL;
    o->low = (uint16_t *)(o->ends + o->buckets + (items ? o->count : 0));
}

static void insert(uint16_t *low, uint32_t *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint16_t l = low[i];
        uint32_t item = items[i];
        size_t j = i;
        for (; j && low[j - 1] > l; j--)
            low[j] = low[j - 1], items[j] = items[j - 1];
        low[j] = l, items[j] = item;
    }
}

/* Radix sort by the two bytes; `spare` has room for n items, then for n lower halves. */
static void radix(uint16_t *low, uint32_t *items, size_t n, uint32_t *spare)
{
    uint32_t *spare_items = spare;
    uint16_t *spare_low = (uint16_t *)(spare + n);
    for (int shift = 0; shift < 16; shift += 8) {
        uint32_t at[257] = {0};
        for (size_t i = 0; i < n; i++)
            at[(low[i] >> shift & 255) + 1]++;
        for (int b = 0; b < 256; b++)
            at[b + 1] += at[b];
        for (size_t i = 0; i < n; i++) {
            uint32_t to = at[low[i] >> shift & 255]++;
            spare_low[to] = low[i], spare_items[to] = items[i];
        }
        memcpy(low, spare_low, n * sizeof *low);
        memcpy(items, spare_items, n * sizeof *items);
    }
}

static bool sort_items(vprec_offsets *o)
{
    size_t most = 0, start = 0;
    for (size_t b = 0; b < o->buckets; start = o->ends[b++])
        most = o->ends[b] - start > most ? o->ends[b] - start : most;
    uint32_t *spare = most > FEW ? vprec_pages(most * 6) : NULL;
    if (most > FEW && !spare)
        return false;
    start = 0;
    for (size_t b = 0; b < o->buckets; start = o->ends[b++])
        if (o->ends[b] - start > FEW)
            radix(o->low + start, o->items + start, o->ends[b] - start, spare);
        else
            insert(o->low + start, o->items + start, o->ends[b] - start);
    vprec_pages_free(spare, most * 6);
    return true;
}

/* A bit for each number that a bucket can have, read off in order: sorted and unique. */
static bool sort_unique(vprec_offsets *o)
{
    enum { WORDS = 65536 / 64 };
    uint64_t *bits = vprec_pages(WORDS * 8);
    if (!bits)
        return false;
    size_t start = 0, kept = 0;
    for (size_t b = 0; b < o->buckets; b++) {
        size_t end = o->ends[b];
        for (size_t i = start; i < end; i++)
            bits[o->low[i] / 64] |= UINT64_C(1) << o->low[i] % 64;
        for (unsigned w = 0; start < end && w < WORDS; w++) {
            for (uint64_t left = bits[w]; left; left &= left - 1)
                o->low[kept++] = (uint16_t)(64 * w + (unsigned)__builtin_ctzll(left));
            bits[w] = 0;
        }
        start = end;
        o->ends[b] = (uint32_t)kept;
    }
    vprec_pages_free(bits, WORDS * 8);
    o->count = kept;
    /* The pages behind the last element go back. */
    size_t used = vprec_page_end((size_t)((char *)(o->low + kept) - (char *)o->ends));
    if (used < vprec_page_end(o->bytes)) {
        vprec_pages_free((char *)o->ends + used, vprec_page_end(o->bytes) - used);
        o->bytes = used;
    }
    return true;
}

bool vprec_offsets_build(vprec_offsets *o, uint64_t span, const vprec_vec *given)
{
    bool items = given->size == 8;
    *o = (vprec_offsets){.buckets = (size_t)((span + 65535) >> 16)};
    if (!o->buckets)
        return true;
    uint32_t *counts = vprec_pages(o->buckets * 4);
    if (!counts)
        return false;
    for (size_t i = 0; i < given->count; i++) {
        uint64_t offset = given_offset(given, i);
        if (offset < span) {
            counts[offset >> 16]++;
            o->count++;
        }
    }
    o->bytes = o->buckets * 4 + o->count * (items ? 6 : 2);
    uint32_t *block = o->count < UINT32_MAX ? vprec_pages(o->bytes) : NULL;
    if (!block) {
        vprec_pages_free(counts, o->buckets * 4);
        *o = (vprec_offsets){0};
        return false;
    }
    lay_out(o, block, items);
    uint32_t before = 0;
    for (size_t b = 0; b < o->buckets; before += counts[b++])
        o->ends[b] = before; /* where the next element goes; in the end, behind the last */
    vprec_pages_free(counts, o->buckets * 4);
    for (size_t i = 0; i < given->count; i++) {
        uint64_t offset = given_offset(given, i);
        if (offset >= span)
            continue;
        uint32_t place = o->ends[offset >> 16]++;
        o->low[place] = (uint16_t)offset;
        if (items)
            o->items[place] = (uint32_t)VPREC_AT(*given, uint64_t, i);
    }
    if (items ? sort_items(o) : sort_unique(o))
        return true;
    vprec_offsets_free(o);
    return false;
}

void vprec_offsets_free(vprec_offsets *o)
{
    vprec_pages_free(o->ends, o->bytes);
    *o = (vprec_offsets){0};
}

size_t vprec_offsets_below(const vprec_offsets *o, uint64_t offset)
{
    size_t bucket = (size_t)(offset >> 16);
    if (bucket >= o->buckets)
        return o->count;
    size_t low = bucket ? o->ends[bucket - 1] : 0, high = o->ends[bucket];
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (o->low[mid] < (uint16_t)offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t vprec_offsets_bucket(const vprec_offsets *o, size_t place)
{
    size_t low = 0, high = o->buckets;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (o->ends[mid] <= place)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
