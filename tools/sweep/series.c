/* SPDX-License-Identifier: Apache-2.0
 * series.c: cells that differ in width alone; bisection. Runs nothing, only says what is wanted. */
#include "series.h"
#include "common/say.h"
#include <stdlib.h>

static int by_width(const void *a, const void *b)
{
    const sweep_cell *x = *(sweep_cell *const *)a, *y = *(sweep_cell *const *)b;
    return sweep_width(x) - sweep_width(y);
}

sweep_series *sweep_series_make(const sweep_grid *grid, size_t *count)
{
    sweep_series *list = NULL;
    *count = 0;
    for (size_t i = 1; i < grid->count; i++) {
        size_t at = 0;
        while (at < *count && !sweep_same_series(list[at].cells[0], &grid->cells[i]))
            at++;
        if (at == *count) {
            list = vprec_grow(list, ++*count, sizeof *list);
            list[at] = (sweep_series){NULL, 0, 0, 0, -1, NULL};
        }
        list[at].cells = vprec_grow(list[at].cells, list[at].count + 1,
                                    sizeof *list[at].cells); /* NOLINT(bugprone-sizeof-expression): of pointers */
        list[at].cells[list[at].count++] = &grid->cells[i];
    }
    for (size_t i = 0; i < *count; i++)
        qsort(list[i].cells, list[i].count, sizeof *list[i].cells, by_width); /* NOLINT(bugprone-sizeof-expression) */
    return list;
}

void sweep_series_free(sweep_series *series, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(series[i].cells);
        free(series[i].note);
    }
    free(series);
}

static const char *name_of(const sweep_cell *cell)
{
    return cell->format ? cell->format : cell->precision;
}

void sweep_series_judge(sweep_series *s, const sweep_question *q, bool complete)
{
    size_t failing = s->count; /* the largest that does not keep it */
    s->smallest = s->count;
    s->tested = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->cells[i]->settled)
            continue;
        s->tested++;
        if (!sweep_answers(q, s->cells[i]))
            failing = i;
        else if (s->smallest == s->count)
            s->smallest = i;
    }
    bool broken = s->smallest < s->count && failing < s->count && failing > s->smallest;
    s->monotone = broken ? 0 : s->tested == s->count && s->count > 1 ? 1 : -1; /* of one, nothing is known */
    free(s->note);
    s->note = NULL;
    if (broken && failing + 1 < s->count)
        s->note = vprec_text("not monotone: %s keeps it, the wider %s does not; from %s on all do",
                             name_of(s->cells[s->smallest]), name_of(s->cells[failing]),
                             name_of(s->cells[failing + 1]));
    else if (broken)
        s->note = vprec_text("not monotone: %s keeps it, the wider %s, the widest, does not",
                             name_of(s->cells[s->smallest]), name_of(s->cells[failing]));
    else if (s->tested < s->count)
        s->note = vprec_text(complete ? "by bisection: %zu of %zu formats were run"
                                      : "interrupted: %zu of %zu formats were run so far", s->tested, s->count);
    else if (!s->smallest)
        s->note = vprec_text("the smallest that was tried: smaller ones may keep it, too");
}

static bool want(sweep_series *s, size_t index)
{
    bool more = !s->cells[index]->wanted;
    s->cells[index]->wanted = true;
    return more;
}

static bool next_of(sweep_series *s, const sweep_question *q)
{
    size_t last = s->count - 1, failing = s->count;
    for (size_t i = 0; i < s->count; i++)
        if (s->cells[i]->wanted && !s->cells[i]->settled)
            return false; /* comes */
    if (!s->cells[0]->wanted || !s->cells[last]->wanted) {
        bool first = want(s, 0);
        return want(s, last) || first;
    }
    sweep_series_judge(s, q, true);
    if (s->monotone == 0) { /* nothing to be learned by halves */
        bool more = false;
        for (size_t i = 0; i <= last; i++)
            more |= want(s, i);
        return more;
    }
    for (size_t i = 0; i < s->count; i++)
        if (s->cells[i]->settled && !sweep_answers(q, s->cells[i]))
            failing = i;
    if (s->smallest == s->count)
        return false; /* not even the widest */
    if (failing == s->count) /* all of them so far: one look whether it is so between the ends */
        return want(s, last / 2);
    return s->smallest - failing > 1 && want(s, (s->smallest + failing) / 2);
}

bool sweep_series_next(sweep_series *series, size_t count, const sweep_question *q)
{
    bool more = false;
    for (size_t i = 0; i < count; i++)
        more |= next_of(&series[i], q);
    return more;
}
