/* SPDX-License-Identifier: Apache-2.0
 * uniform.c: one format for all units, by bisection. That wider formats keep what narrower ones keep is not assumed:
 * three more runs look whether it is so, at both ends and beside the border, and where not all formats are run. */
#include "common/say.h"
#include "search.h"
#include <stdlib.h>
#include <string.h>

static search_answer ask_all(search *s, size_t level)
{
    search_level *levels = vprec_alloc(s->units.count, sizeof *levels);
    memset(levels, (int)level, s->units.count);
    search_answer answer = search_ask(s, levels);
    free(levels);
    return answer;
}

/* All of these; false: some are being run. */
static bool ask_each(search *s, const size_t *levels, size_t count, search_answer *answers)
{
    bool known = true;
    for (size_t i = 0; i < count; i++) {
        answers[levels[i]] = ask_all(s, levels[i]);
        known &= answers[levels[i]] != SEARCH_UNKNOWN;
    }
    return known;
}

bool search_uniform(search *s)
{
    size_t keeps = SEARCH_NATIVE, fails = s->units.levels, last = s->units.levels - 1;
    search_answer answers[SEARCH_LEVELS_MOST + 1] = {[SEARCH_NATIVE] = SEARCH_KEEPS};
    size_t all[SEARCH_LEVELS_MOST];
    while (fails - keeps > 1) {
        size_t middle = (keeps + fails) / 2;
        answers[middle] = ask_all(s, middle);
        if (answers[middle] == SEARCH_UNKNOWN)
            return false;
        *(answers[middle] == SEARCH_KEEPS ? &keeps : &fails) = middle;
        s->uniform = keeps;
        s->uniform_fails = fails;
    }
    const size_t checks[] = {1, last, fails < last ? fails + 1 : last};
    if (!ask_each(s, checks, sizeof checks / sizeof *checks, answers))
        return false;
    s->monotone = true;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        s->monotone &= (answers[checks[i]] == SEARCH_KEEPS) == (checks[i] <= keeps);
    for (size_t i = 0; i < last; i++)
        all[i] = i + 1;
    if (!s->monotone && !ask_each(s, all, last, answers))
        return false;
    for (size_t i = 0; !s->monotone && i <= last; i++)
        s->uniform = answers[i] == SEARCH_KEEPS ? i : s->uniform;
    for (s->uniform_fails = s->uniform + 1; s->uniform_fails <= last && answers[s->uniform_fails] == SEARCH_KEEPS;)
        s->uniform_fails++;
    s->uniform_known = true;
    return true;
}
