/* SPDX-License-Identifier: Apache-2.0
 * visits_test.c: vprec_visits against a table that says of every address which function it is in. */
#include "life/visits.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPAN = 1 << 16 };

static uint64_t state = 1;
static struct {
    uint32_t start; /* of the function, 0: there is none */
    uint32_t state;
} expect[SPAN + 1];

static uint32_t draw(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

static uint32_t end_of(uint32_t address)
{
    uint32_t start = expect[address].start;
    while (expect[address].start == start)
        address++;
    return address;
}

static void set(uint32_t start, uint32_t end, uint32_t what)
{
    uint32_t before = expect[start].start;
    if (before == start) {
        for (uint32_t at = start; expect[at].start == start; at++)
            expect[at].state = what;
        return;
    }
    for (uint32_t at = start; before && expect[at].start == before; at++)
        expect[at].start = 0;
    for (uint32_t at = start; at < end && !expect[at].start; at++) {
        expect[at].start = start;
        expect[at].state = what;
    }
}

static bool is_right(const vprec_visit *v, uint32_t address)
{
    uint32_t start = expect[address].start;
    if (!start)
        return !v;
    return v && v->start == start && v->end == end_of(address) && v->state == expect[address].state;
}

static int check(const vprec_visits *visits, uint32_t address)
{
    uint32_t next = address;
    while (next < SPAN && !expect[next].start)
        next++;
    const vprec_visit *behind = vprec_visit_next(visits, address);
    if (is_right(vprec_visit_at(visits, address), address) && (next == SPAN ? !behind : is_right(behind, next)))
        return 0;
    fprintf(stderr, "wrong at %#" PRIx32 "\n", address);
    return 1;
}

/* `longest`: of a function; `step`: between starts, 0 anywhere. */
static int try(uint32_t functions, uint32_t longest, int step)
{
    vprec_visits visits = {0};
    int wrong = 0;
    memset(expect, 0, sizeof expect);
    for (uint32_t i = 0; i < functions && !wrong; i++) {
        uint32_t start = !step ? 1 + draw(SPAN - 1) : step > 0 ? 1 + i * (uint32_t)step : SPAN - 1 - i * (uint32_t)-step;
        uint32_t end = start + 1 + draw(longest), what = draw(4);
        end = end > SPAN ? SPAN : end;
        set(start, end, what);
        wrong += !vprec_visit_set(&visits, start, end, what) + check(&visits, start) + check(&visits, draw(SPAN));
    }
    for (uint32_t at = 0; at < SPAN && !wrong; at++)
        wrong += check(&visits, at);
    vprec_visits_free(&visits);
    return wrong + (vprec_visit_next(&visits, 0) != NULL);
}

int main(void)
{
    int wrong = try(0, 1, 0) + try(5, 100, 0) + try(3000, 10, 0) + try(3000, 100, 0) + try(9000, 1000, 0) +
                try(4000, 16, 16) + try(4000, 16, -16) + try(4000, 40, 16) + try(4000, 40, -16);
    printf("%d wrong\n", wrong);
    return wrong != 0;
}
