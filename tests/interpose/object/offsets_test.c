/* SPDX-License-Identifier: Apache-2.0
 * offsets_test.c: vprec_offsets against a sorted list, with few and many elements in a bucket, equal ones, and
 * numbers at the borders. */
#include "find/offsets.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 1;
static int failures;

static uint64_t draw(uint64_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 16) % below;
}

static void check(const char *what, uint64_t got, uint64_t expected, uint64_t span, size_t n)
{
    if (got != expected && failures++ < 20)
        fprintf(stderr, "%s: got %" PRIu64 ", expected %" PRIu64 "; %zu drawn, span %#" PRIx64 "\n", what, got,
                expected, n, span);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* `spread`: numbers are drawn from so many, anywhere in the span or a bit behind it. */
static void try(uint64_t span, size_t n, uint64_t spread, bool items)
{
    vprec_vec given = items ? VPREC_VEC(uint64_t) : VPREC_VEC(uint32_t);
    uint64_t *expect = calloc(n + 1, sizeof *expect), from = draw(span), kept = 0, most = UINT64_C(1) << 32;
    for (size_t i = 0; i < n; i++) {
        uint64_t offset = draw(8) ? from + draw(spread) : draw(2) ? span - 1 - draw(2) : span + draw(3);
        offset = offset < most ? offset : most - 1;
        if (items)
            *(uint64_t *)vprec_vec_add(&given, 1) = offset << 32 | i;
        else
            *(uint32_t *)vprec_vec_add(&given, 1) = (uint32_t)offset;
        if (offset < span)
            expect[kept++] = offset << 32 | (items ? i : 0); /* equal offsets in the order of i */
    }
    qsort(expect, kept, sizeof *expect, compare);
    size_t count = 0;
    for (size_t i = 0; i < kept; i++)
        if (items || !i || expect[i] != expect[count - 1])
            expect[count++] = expect[i];
    vprec_offsets o;
    check("built", vprec_offsets_build(&o, span, &given), 1, span, n);
    check("count", o.count, count, span, n);
    for (size_t i = 0; i < o.count && i < count; i++) {
        check("element", vprec_offsets_at(&o, i), expect[i] >> 32, span, n);
        if (items)
            check("item", o.items[i], (uint32_t)expect[i], span, n);
    }
    for (int trial = 0; trial < 200; trial++) {
        uint64_t value = count && trial % 2 ? (expect[draw(count)] >> 32) + draw(3) - 1 : draw(2 * span);
        size_t below = 0;
        while (below < count && expect[below] >> 32 < value)
            below++;
        check("below", vprec_offsets_below(&o, value), below, span, n);
    }
    check("below all", vprec_offsets_below(&o, UINT64_MAX), count, span, n);
    vprec_offsets_free(&o);
    vprec_vec_free(&given);
    free(expect);
}

int main(void)
{
    static const uint64_t spans[] = {1, 2, 65535, 65536, 65537, 1 << 20, UINT64_C(0xFFFFFFFF)};
    static const size_t counts[] = {0, 1, 2, 24, 25, 26, 500, 5000};
    for (size_t s = 0; s < sizeof spans / sizeof *spans; s++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (int items = 0; items < 2; items++) {
                try(spans[s], counts[c], spans[s], items);
                try(spans[s], counts[c], 40, items); /* crowded, with equal ones */
                try(spans[s], counts[c], 3000, items);
            }
    vprec_offsets none;
    check("of no span", vprec_offsets_build(&none, 0, &VPREC_VEC(uint32_t)) && !none.count, 1, 0, 0);
    vprec_offsets_free(&none);
    return failures != 0;
}
