/* SPDX-License-Identifier: Apache-2.0
 * trial.c: assignments and the cells that run them. */
#include "common/say.h"
#include "search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONTROLS = 3 }; /* runs that are kept back: a control of the best, and of either set */

const sweep_cell *search_cell(const search *s, const search_trial *trial)
{
    return &s->sweep.grid.cells[s->sweep.grid.recipe + trial->slot];
}

bool search_keeps(const search *s, const search_trial *trial)
{
    return sweep_answers(&s->question, search_cell(s, trial));
}

double search_harm(const search *s, const search_trial *trial)
{
    const sweep_threshold *t = &s->question.list[0];
    const sweep_cell *cell = search_cell(s, trial);
    const sweep_summary *is = &cell->values[t->metric];
    double native = s->sweep.grid.cells[SWEEP_NATIVE].values[t->metric].value;
    int better = s->sweep.options->metrics.list[t->metric].better;
    if (cell->status != SWEEP_OK_STATUS || is->error || isnan(is->value))
        return INFINITY;
    if (isinf(native)) /* of a ratio without noise: the less of it is left, the worse */
        return isinf(is->value) ? 0 : exp2(-is->value / 10);
    double harm = better > 0 ? native - is->value : better < 0 ? is->value - native : fabs(is->value - native);
    return harm > 0 ? harm : 0;
}

/* The assignment as it is run: what is absent is native. To be freed. */
static search_level *as_run(const search *s, const search_level *levels)
{
    search_level *copy = vprec_alloc(s->units.count, sizeof *copy);
    for (size_t i = 0; i < s->units.count; i++)
        copy[i] = s->units.list[i].absent ? SEARCH_NATIVE : levels[i];
    return copy;
}

static search_trial *find(const search *s, const search_level *levels, size_t control)
{
    search_level *run = as_run(s, levels);
    search_trial *found = NULL;
    for (size_t i = 0; i < s->count && !found; i++)
        if (s->trials[i].control == control && !s->trials[i].dropped &&
            !memcmp(s->trials[i].levels, run, s->units.count * sizeof *run))
            found = &s->trials[i];
    free(run);
    return found;
}

const search_trial *search_find(const search *s, const search_level *levels, size_t control)
{
    return find(s, levels, control);
}

/* Whether vprec-run has refused the trial because there is no such code, or scope, as one of its lines names: then it
 * is dropped. */
static bool drop(search *s, search_trial *trial)
{
    static const char begins[] = "--scope '", ends[] = "' matched no ";
    const sweep_cell *cell = search_cell(s, trial);
    const char *name = cell->status == SWEEP_REFUSED_STATUS && cell->note ? strstr(cell->note, begins) : NULL;
    const char *end = name ? strstr(name, ends) : NULL;
    name += name ? sizeof begins - 1 : 0;
    trial->dropped = end && search_units_drop(&s->units, name, (size_t)(end - name));
    return trial->dropped;
}

static bool is_native(const search *s, const search_level *levels)
{
    for (size_t i = 0; i < s->units.count; i++)
        if (levels[i] != SEARCH_NATIVE)
            return false;
    return true;
}

/* Has the assignment run. */
static void make(search *s, const search_level *levels, size_t control)
{
    search_level *run = as_run(s, levels);
    sweep_list lines = search_lines(&s->units, s->sweep.options, run);
    search_trial trial = {.slot = s->count + 1, .control = control, .by = s->strategy};
    const char *name = control ? "control" : "mix";
    /* Where random numbers are drawn a control has others. */
    char *seed = control ? vprec_text("%llu", strtoull(s->sweep.options->seed, NULL, 0) + control) : NULL;
    bool ok = sweep_grid_fill(&s->sweep.grid, s->sweep.options, trial.slot,
                              (sweep_extra){.name = name, .lines = &lines, .seed = seed});
    free(seed);
    sweep_cell *cell = &s->sweep.grid.cells[s->sweep.grid.recipe + trial.slot];
    ok = ok && sweep_run_place(&s->sweep, cell);
    sweep_list_free(&lines);
    if (!ok) {
        s->trouble = vprec_text("a run could not be prepared");
        free(run);
        return;
    }
    cell->wanted = true;
    trial.levels = run;
    s->trials = vprec_grow(s->trials, s->count + 1, sizeof *s->trials);
    s->trials[s->count++] = trial;
}

static search_answer ask(search *s, const search_level *levels, size_t control)
{
    search_trial *trial = find(s, levels, control);
    while (trial && search_cell(s, trial)->settled && drop(s, trial))
        trial = find(s, levels, control);
    uint32_t budget = s->options->budget, kept = budget > 2 * CONTROLS ? CONTROLS : 0;
    if (trial && search_cell(s, trial)->settled)
        return search_keeps(s, trial) ? SEARCH_KEEPS : SEARCH_FAILS;
    if (!trial && s->count >= budget - (control ? 0 : kept))
        s->spent = true;
    else if (!trial && !s->trouble)
        make(s, levels, control);
    return SEARCH_UNKNOWN;
}

search_answer search_ask(search *s, const search_level *levels)
{
    return is_native(s, levels) ? SEARCH_KEEPS : ask(s, levels, 0); /* else no other run was begun */
}

search_answer search_ask_again(search *s, const search_level *levels)
{
    return is_native(s, levels) ? SEARCH_KEEPS : ask(s, levels, 1);
}

const search_trial *search_best(const search *s)
{
    const search_trial *best = NULL;
    if (s->confirmation.done)
        return s->confirmation.chosen < s->count ? &s->trials[s->confirmation.chosen] : NULL;
    for (size_t i = 0; i < s->count; i++) {
        const search_trial *t = &s->trials[i];
        if (!t->control && search_cell(s, t)->settled && search_keeps(s, t) &&
            (!best || search_cost(&s->units, t->levels) < search_cost(&s->units, best->levels)))
            best = t;
    }
    return best;
}

bool search_question_make(search *s, search_options *o)
{
    if (o->require)
        return sweep_question_make(&s->question, "--require", o->require, &o->sweep.metrics);
    sweep_question_usual(&s->question, "--require", &o->sweep.metrics, o->sweep.metrics_given);
    return true;
}

void search_free(search *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->trials[i].levels);
    free(s->trials);
    sweep_question_free(&s->question);
    free(s->breaking.in);
    free(s->wide.in);
    free(s->confirmation.native);
    free(s->confirmation.values);
    free(s->confirmation.uniform);
    free(s->trouble);
    search_units_free(&s->units);
}
