/* SPDX-License-Identifier: Apache-2.0
 * greedy.c: from the best uniform format down: all units as narrow as they may be together, then each half of them, and
 * half of these, until each unit goes as far as it can alone. Those of which much is gained for little harm come first.
 * At the end a unit may go one format up where that lets a heavier one go down. */
#include "common/say.h"
#include "search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the budget so much is spent on what each unit does alone. */
enum { ALONE_SHARE = 3 };

typedef struct worth {
    size_t unit;
    double worth;
} worth;

/* The way down. */
typedef struct descent {
    search *search;
    search_level *now; /* keeps what is required */
    size_t *order;     /* of units, the most worth first */
} descent;

static int by_worth(const void *a, const void *b)
{
    const worth *p = a, *q = b;
    if (p->worth != q->worth)
        return (p->worth < q->worth) - (p->worth > q->worth);
    return (p->unit > q->unit) - (p->unit < q->unit);
}

/* Each unit alone in the widest format that is too narrow for all; the others native. False: some are being run. */
static bool sort(search *s, size_t level, size_t *order)
{
    const search_units *u = &s->units;
    search_level *levels = vprec_alloc(u->count, sizeof *levels);
    worth *worths = vprec_alloc(u->count, sizeof *worths);
    bool known = true, alone = u->count > 1 && u->count <= s->options->budget / ALONE_SHARE;
    for (size_t i = 0; i < u->count; i++) {
        double bits = search_unit_cost(u, i, SEARCH_NATIVE), harm = 0;
        levels[i] = (search_level)level;
        known &= !alone || search_ask(s, levels) != SEARCH_UNKNOWN;
        const search_trial *trial = alone ? search_find(s, levels, 0) : NULL;
        if (trial && search_cell(s, trial)->settled)
            harm = search_harm(s, trial);
        levels[i] = SEARCH_NATIVE;
        worths[i] = (worth){i, isinf(harm) ? -1 / bits : bits / (harm + 1e-9)};
    }
    qsort(worths, u->count, sizeof *worths, by_worth);
    for (size_t i = 0; i < u->count; i++)
        order[i] = worths[i].unit;
    free(worths);
    free(levels);
    return known;
}

/* The assignment with these units at least as narrow as `level`. To be freed. */
static search_level *lowered(const descent *d, const size_t *units, size_t count, size_t level)
{
    search_level *levels = vprec_alloc(d->search->units.count, sizeof *levels);
    memcpy(levels, d->now, d->search->units.count * sizeof *levels);
    for (size_t i = 0; i < count; i++)
        if (levels[units[i]] < level)
            levels[units[i]] = (search_level)level;
    return levels;
}

/* As narrow as these may be together, then each half of them. False: something is being run. */
static bool descend(descent *d, const size_t *units, size_t count)
{
    size_t keeps = d->search->units.levels, fails = d->search->units.levels;
    for (size_t i = 0; i < count; i++)
        keeps = d->now[units[i]] < keeps ? d->now[units[i]] : keeps;
    while (fails - keeps > 1) {
        size_t middle = (keeps + fails) / 2;
        search_level *levels = lowered(d, units, count, middle);
        search_answer answer = search_ask(d->search, levels);
        if (answer == SEARCH_KEEPS)
            memcpy(d->now, levels, d->search->units.count * sizeof *levels);
        free(levels);
        if (answer == SEARCH_UNKNOWN)
            return false;
        *(answer == SEARCH_KEEPS ? &keeps : &fails) = middle;
    }
    size_t half = (count + 1) / 2;
    return count == 1 || (descend(d, units, half) && descend(d, units + half, count - half));
}

/* One up, one down: the change of cost. */
static double exchange_gain(const descent *d, size_t up, size_t down)
{
    const search_units *u = &d->search->units;
    if (up == down || d->now[up] == SEARCH_NATIVE || d->now[down] + 1U == u->levels)
        return 0;
    return search_unit_cost(u, up, d->now[up]) - search_unit_cost(u, up, d->now[up] - 1) +
           search_unit_cost(u, down, d->now[down]) - search_unit_cost(u, down, d->now[down] + 1);
}

typedef struct exchange {
    size_t up, down;
    double gain;
} exchange;

static int by_gain(const void *a, const void *b)
{
    const exchange *p = a, *q = b;
    if (p->gain != q->gain)
        return (p->gain < q->gain) - (p->gain > q->gain);
    return p->up != q->up ? (p->up > q->up) - (p->up < q->up) : (p->down > q->down) - (p->down < q->down);
}

/* The first exchange that keeps what is required, the most gain first. UNKNOWN: it is being run; FAILS: none does. */
static search_answer exchange_one(descent *d)
{
    const search_units *u = &d->search->units;
    exchange *list = vprec_alloc(u->count * u->count, sizeof *list);
    search_answer answer = SEARCH_FAILS;
    size_t count = 0;
    for (size_t i = 0; i < u->count * u->count; i++) {
        double gain = exchange_gain(d, i / u->count, i % u->count);
        if (gain > 0)
            list[count++] = (exchange){i / u->count, i % u->count, gain};
    }
    qsort(list, count, sizeof *list, by_gain);
    for (size_t i = 0; i < count && answer == SEARCH_FAILS; i++) {
        d->now[list[i].up]--;
        d->now[list[i].down]++;
        answer = search_ask(d->search, d->now);
        if (answer != SEARCH_KEEPS) {
            d->now[list[i].up]++;
            d->now[list[i].down]--;
        }
    }
    free(list);
    return answer;
}

bool search_greedy(search *s)
{
    const size_t count = s->units.count;
    descent d = {s, vprec_alloc(count, sizeof *d.now), vprec_alloc(count, sizeof *d.order)};
    memset(d.now, (int)s->uniform, count);
    /* Where all may be in the narrowest format there is nothing to look for. */
    bool narrowest = s->uniform + 1 == s->units.levels;
    bool done = narrowest || (sort(s, s->uniform_fails, d.order) && descend(&d, d.order, count));
    search_answer answer = done && !narrowest ? SEARCH_KEEPS : SEARCH_FAILS;
    while (answer == SEARCH_KEEPS)
        answer = exchange_one(&d);
    free(d.now);
    free(d.order);
    return done && answer != SEARCH_UNKNOWN;
}
