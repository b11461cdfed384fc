/* SPDX-License-Identifier: Apache-2.0
 * strays.c: see strays.h. Most jumps stay near: a table of bits by page is in the cache where a hash would not be. */
#include "strays.h"

enum { PAGE = 4096, BITS = 64 };

static size_t table_bytes(const vprec_strays *s)
{
    return (s->hi - s->lo) / PAGE * sizeof *s->pages;
}

/* The bits of the address's page. */
static uint64_t **bits_of(const vprec_strays *s, uint64_t address)
{
    return &s->pages[(address - s->lo) / PAGE];
}

bool vprec_strays_add(vprec_strays *s, vprec_heap *heap, uint64_t address)
{
    if (!s->pages)
        s->pages = vprec_pages(table_bytes(s));
    uint64_t **bits = s->pages ? bits_of(s, address) : NULL;
    if (bits && !*bits)
        *bits = vprec_heap_take(heap, PAGE / 8);
    if (!bits || !*bits)
        return s->full = true;
    uint64_t *word = &(*bits)[address % PAGE / BITS], bit = UINT64_C(1) << address % BITS, before = *word;
    *word |= bit;
    return !(before & bit);
}

bool vprec_strays_has(const vprec_strays *s, uint64_t address)
{
    if (s->full)
        return true;
    if (!s->pages || address < s->lo || address >= s->hi)
        return false;
    const uint64_t *bits = *bits_of(s, address);
    return bits && bits[address % PAGE / BITS] >> address % BITS & 1;
}

void vprec_strays_free(vprec_strays *s)
{
    vprec_pages_free(s->pages, table_bytes(s));
    s->pages = NULL;
}
