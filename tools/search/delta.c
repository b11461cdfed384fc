/* SPDX-License-Identifier: Apache-2.0
 * delta.c: delta debugging (Zeller, Hildebrandt 2002) over units, in the narrowest format: a set of which each member
 * is needed for an outcome. Such a member is found by bisection of the units in order: the last one of the shortest
 * beginning that has the outcome, with the members that are known; k members of n take about k log2(n) runs. That no
 * member can be left out is run at the end, not inferred: outcomes need not be monotone. */
#include "common/say.h"
#include "search.h"
#include <stdlib.h>
#include <string.h>

/* What is looked for: a set that breaks what is required when it alone is narrow, or that saves it when it alone is
 * native. */
typedef struct hunt {
    search *search;
    search_set *set;
    bool saves;
} hunt;

static search_level *assignment(const hunt *h, const bool *in)
{
    size_t count = h->search->units.count, narrow = h->search->units.levels - 1;
    search_level *levels = vprec_alloc(count, sizeof *levels);
    for (size_t i = 0; i < count; i++)
        levels[i] = in[i] != h->saves ? (search_level)narrow : SEARCH_NATIVE;
    return levels;
}

/* KEEPS: the set has the outcome. */
static search_answer has(const hunt *h, const bool *in, bool again)
{
    search_level *levels = assignment(h, in);
    search_answer answer = (again ? search_ask_again : search_ask)(h->search, levels);
    free(levels);
    if (answer == SEARCH_UNKNOWN || h->saves)
        return answer;
    return answer == SEARCH_KEEPS ? SEARCH_FAILS : SEARCH_KEEPS;
}

/* The same of the set and the first `count` units. */
static search_answer has_with(const hunt *h, size_t count)
{
    bool *in = vprec_alloc(h->search->units.count, sizeof *in);
    memcpy(in, h->set->in, h->search->units.count * sizeof *in);
    memset(in, 1, count);
    search_answer answer = has(h, in, false);
    free(in);
    return answer;
}

/* Adds members until the set has the outcome. False: something is being run. */
static bool grow(hunt *h)
{
    search_answer answer;
    size_t rest = h->search->units.count; /* with all before it the set has the outcome */
    while ((answer = has(h, h->set->in, false)) == SEARCH_FAILS && rest) {
        size_t without = 0;
        while (rest - without > 1) {
            size_t middle = (without + rest) / 2;
            search_answer part = has_with(h, middle);
            if (part == SEARCH_UNKNOWN)
                return false;
            *(part == SEARCH_KEEPS ? &rest : &without) = middle;
        }
        h->set->in[--rest] = true;
        h->set->count++;
    }
    h->set->found = answer == SEARCH_KEEPS;
    return answer != SEARCH_UNKNOWN;
}

/* Takes out what can be left out. False: something is being run. */
static bool shrink(hunt *h)
{
    search_set *set = h->set;
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < h->search->units.count && set->count; i++) {
            if (!set->in[i])
                continue;
            set->in[i] = false;
            search_answer answer = has(h, set->in, false);
            set->in[i] = answer != SEARCH_KEEPS;
            set->count -= answer == SEARCH_KEEPS;
            again |= answer == SEARCH_KEEPS;
            if (answer == SEARCH_UNKNOWN)
                return false;
        }
    }
    return set->minimal = true;
}

static bool find(search *s, search_set *set, bool saves)
{
    hunt h = {s, set, saves};
    bool *all = vprec_alloc(s->units.count, sizeof *all);
    free(set->in);
    *set = (search_set){.in = vprec_alloc(s->units.count, sizeof *all), .note = "it was not looked for to the end"};
    memset(all, 1, s->units.count);
    /* All of them in the narrow format must fail, or there is nothing to find. */
    const hunt breaking = {s, set, false};
    search_answer answer = has(&breaking, all, false);
    free(all);
    if (answer == SEARCH_FAILS)
        set->note = "with all of them in the narrowest format it is kept";
    if (answer != SEARCH_KEEPS)
        return answer == SEARCH_FAILS;
    if (!grow(&h))
        return false;
    if (!set->found)
        set->note = "outcomes contradict each other: the program does not repeat itself";
    return !set->found || (shrink(&h) && (set->control = has(&h, set->in, true)) != SEARCH_UNKNOWN);
}

bool search_ddmin(search *s)
{
    return find(s, &s->breaking, false);
}

bool search_ddmax(search *s)
{
    return find(s, &s->wide, true);
}
