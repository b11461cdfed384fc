/* SPDX-License-Identifier: Apache-2.0
 * greedy.c: from the best uniform format down: all units as narrow as they may be together, then each half of them, and
 * half of these, until each unit goes as far as it can alone. Those of which much is gained for little harm come first.
 * At the end units may go a format up where that lets a heavier one go down. */
#include "common/say.h"
#include "search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the budget so much is spent on what each unit does alone. */
enum { ALONE_SHARE = 3 };
#define LEAST_GAIN 0.001 /* of the cost: for less nothing is run */

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

/* What there is to be gained of the unit, from that format on. */
static double possible(const search_units *u, size_t unit, size_t level)
{
    return search_unit_cost(u, unit, (search_level)level) - search_unit_cost(u, unit, (search_level)(u->levels - 1));
}

static bool is_worth_it(const search_units *u, const search_level *now, double gain)
{
    return gain > LEAST_GAIN * search_cost(u, now);
}

/* Each unit alone in the widest format that is too narrow for all; the others native. False: some are being run. */
static bool sort(search *s, const search_level *now, size_t level, size_t *order)
{
    const search_units *u = &s->units;
    search_level *levels = vprec_alloc(u->count, sizeof *levels);
    worth *worths = vprec_alloc(u->count, sizeof *worths);
    bool known = true, alone = u->count > 1 && u->count <= s->options->budget / ALONE_SHARE;
    for (size_t i = 0; i < u->count; i++) {
        double bits = search_unit_cost(u, i, SEARCH_NATIVE), harm = 0;
        bool asked = alone && is_worth_it(u, now, possible(u, i, s->uniform));
        levels[i] = (search_level)level;
        known &= !asked || search_ask(s, levels) != SEARCH_UNKNOWN;
        const search_trial *trial = asked ? search_find(s, levels, 0) : NULL;
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
    const size_t many = d->search->units.levels;
    size_t fails = many, keeps = many;
    double gain = 0;
    for (size_t i = 0; i < count; i++) {
        keeps = d->now[units[i]] < keeps ? d->now[units[i]] : keeps;
        gain += possible(&d->search->units, units[i], d->now[units[i]]);
    }
    if (!is_worth_it(&d->search->units, d->now, gain))
        return true;
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

typedef struct exchange {
    size_t unit;
    double gain; /* of cost */
} exchange;

static int by_gain(const void *a, const void *b)
{
    const exchange *p = a, *q = b;
    return p->gain != q->gain ? (p->gain < q->gain) - (p->gain > q->gain) : (p->unit > q->unit) - (p->unit < q->unit);
}

/* What it costs to let the unit go a format up, or 0: it cannot. */
static double loss_of(const descent *d, size_t unit)
{
    const search_units *u = &d->search->units;
    search_level now = d->now[unit];
    return now ? search_unit_cost(u, unit, now - 1) - search_unit_cost(u, unit, now) : 0;
}

/* `down` goes a format down and all others, or one alone, a format up. What comes of it; it is kept if it keeps what is
 * required and costs less. */
static search_answer try_exchange(descent *d, size_t down, const size_t *up)
{
    const search_units *u = &d->search->units;
    search_level *levels = vprec_alloc(u->count, sizeof *levels);
    for (size_t i = 0; i < u->count; i++)
        levels[i] = d->now[i] - (i != down && (!up || *up == i) && d->now[i] ? 1 : 0);
    levels[down]++;
    search_answer answer = search_ask(d->search, levels);
    if (answer == SEARCH_KEEPS && search_cost(u, levels) < search_cost(u, d->now))
        memcpy(d->now, levels, u->count * sizeof *levels);
    free(levels);
    return answer;
}

/* One other up that lets the unit down, the cheapest first. KEEPS: there is one; UNKNOWN: it is being run. */
static search_answer exchange_with_one(descent *d, size_t down, double gain)
{
    const search_units *u = &d->search->units;
    exchange *list = vprec_alloc(u->count, sizeof *list);
    search_answer answer = SEARCH_FAILS;
    size_t count = 0;
    for (size_t i = 0; i < u->count; i++)
        if (i != down && d->now[i] && is_worth_it(u, d->now, gain - loss_of(d, i)))
            list[count++] = (exchange){i, gain - loss_of(d, i)};
    qsort(list, count, sizeof *list, by_gain);
    for (size_t i = 0; i < count && answer == SEARCH_FAILS; i++)
        answer = try_exchange(d, down, &list[i].unit);
    free(list);
    return answer;
}

/* The first unit that can go down where others go up, that of the largest gain first. Where not even all others
 * together let it go down none of them alone is tried: it would be luck, as counts of labels have it, which other data
 * do not. KEEPS: there was one; UNKNOWN: it is being run; FAILS: none. */
static search_answer exchange_one(descent *d)
{
    const search_units *u = &d->search->units;
    exchange *list = vprec_alloc(u->count, sizeof *list);
    search_answer answer = SEARCH_FAILS;
    size_t count = 0;
    for (size_t i = 0; i < u->count; i++) {
        double gain = d->now[i] + 1U < u->levels ? possible(u, i, d->now[i]) - possible(u, i, d->now[i] + 1U) : 0;
        if (is_worth_it(u, d->now, gain))
            list[count++] = (exchange){i, gain};
    }
    qsort(list, count, sizeof *list, by_gain);
    for (size_t i = 0; i < count && answer == SEARCH_FAILS; i++) {
        double before = search_cost(u, d->now);
        answer = try_exchange(d, list[i].unit, NULL);
        if (answer == SEARCH_KEEPS && search_cost(u, d->now) >= before)
            answer = exchange_with_one(d, list[i].unit, list[i].gain);
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
    bool done = narrowest || (sort(s, d.now, s->uniform_fails, d.order) && descend(&d, d.order, count));
    search_answer answer = done && !narrowest ? SEARCH_KEEPS : SEARCH_FAILS;
    while (answer == SEARCH_KEEPS)
        answer = exchange_one(&d);
    free(d.now);
    free(d.order);
    return done && answer != SEARCH_UNKNOWN;
}
