/* SPDX-License-Identifier: Apache-2.0
 * confirm.c: see confirm.h. It is a search of its own, in a directory within the other's, whose one strategy asks about
 * what the other one has found. */
#include "confirm.h"
#include "common/say.h"
#include "sweep/begin.h"
#include "sweep/native.h"
#include "tell.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIED_MOST = 8, RUNS_MOST = 64 }; /* the more are tried, the less it says that one is kept */

typedef struct confirming {
    search there; /* first */
    const search *found;
    size_t *order, count; /* its trials that keep what is required, the cheapest first */
    size_t chosen, tried; /* indices into order */
    size_t uniform;       /* the level that keeps it there, too */
    bool finished;
} confirming;

static bool known(sweep *sweep)
{
    search *s = (search *)(void *)sweep;
    if (!sweep_native_check(sweep, &s->question))
        return false;
    sweep_question_resolve(&s->question, sweep);
    return s->question.count > 0;
}

/* False: it is being run. */
static bool ask_best(confirming *c)
{
    search_answer answer = SEARCH_FAILS;
    for (c->tried = 0; c->tried < c->count && c->tried < TRIED_MOST && answer == SEARCH_FAILS; c->tried++) {
        answer = search_ask(&c->there, c->found->trials[c->order[c->tried]].levels);
        c->chosen = answer == SEARCH_KEEPS ? c->tried : c->count;
    }
    return answer != SEARCH_UNKNOWN;
}

/* Of one format for all, from the best one on wider ones. False: it is being run. */
static bool ask_uniform(confirming *c)
{
    search_answer answer = SEARCH_FAILS;
    for (size_t level = c->found->uniform; level && answer == SEARCH_FAILS; level -= answer == SEARCH_FAILS) {
        search_level *levels = vprec_alloc(c->there.units.count, sizeof *levels);
        memset(levels, (int)level, c->there.units.count);
        answer = search_ask(&c->there, levels);
        c->uniform = answer == SEARCH_KEEPS ? level : SEARCH_NATIVE;
        free(levels);
    }
    return answer != SEARCH_UNKNOWN;
}

static bool more(sweep *sweep)
{
    confirming *c = (confirming *)(void *)sweep;
    size_t before = c->there.count;
    c->there.strategy = "confirm";
    c->finished = !c->there.trouble && ask_best(c) && ask_uniform(c);
    return c->there.count > before;
}

/* The other's trials that keep it, by cost. */
static void put_in_order(confirming *c)
{
    const search *s = c->found;
    c->order = vprec_alloc(s->count + 1, sizeof *c->order);
    for (size_t i = 0; i < s->count; i++) {
        const search_trial *t = &s->trials[i];
        if (t->control || !search_cell(s, t)->settled || !search_keeps(s, t))
            continue;
        size_t at = c->count++;
        double cost = search_cost(&s->units, t->levels);
        for (; at && search_cost(&s->units, s->trials[c->order[at - 1]].levels) > cost; at--)
            c->order[at] = c->order[at - 1];
        c->order[at] = i;
    }
}

/* What came of it, for the other. */
static void conclude(const confirming *c, search *s)
{
    const search *there = &c->there;
    search_confirmation *to = &s->confirmation;
    *to = (search_confirmation){.done = true, .chosen = s->count, .tried = c->tried, .changed_most = NAN};
    to->native = search_values(there, NULL);
    if (c->chosen < c->count) {
        to->chosen = c->order[c->chosen];
        const search_trial *trial = search_find(there, s->trials[to->chosen].levels, 0);
        to->values = search_values(there, trial);
        to->changed_most = search_changed_most(there, trial, c->tried);
    }
    s->uniform = c->uniform;
    const search_trial *uniform = search_uniform_trial(s);
    to->uniform = uniform ? search_values(there, search_find(there, uniform->levels, 0)) : NULL;
}

static int run(confirming *c, search *s, const char *runner, const char *preload)
{
    vprec_program program = {NULL, NULL};
    sweep *there = &c->there.sweep;
    int status = SWEEP_EXIT_FAILURE;
    if (!vprec_program_find(&program, there->options->program) &&
        sweep_grid_make(&there->grid, there->options, &program, runner) &&
        sweep_begin(there, &program, runner, preload)) {
        status = sweep_run(there);
        if (c->finished)
            conclude(c, s);
        else if (!status)
            status = SWEEP_EXIT_FAILURE;
    }
    vprec_program_free(&program);
    return status;
}

/* The other's options, for the command. Nothing is said that was said before. */
static bool options_make(search_options *o, const search *s, int argc, char **argv, char **program)
{
    static char quiet[] = "--quiet";
    char **words = vprec_alloc((size_t)argc + 2, sizeof *words);
    words[0] = argv[0];
    words[1] = quiet;
    for (int i = 1; i < argc; i++)
        words[i + 1] = argv[i];
    bool ok = search_options_parse(o, argc + 1, words) < 0;
    free(words);
    o->sweep.program = program;
    o->budget = RUNS_MOST;
    o->sweep.slots = RUNS_MOST + 1;
    free(o->sweep.out);
    o->sweep.out = vprec_text("%s/confirm", s->sweep.results.top);
    return ok;
}

int search_confirm(search *s, int argc, char **argv, const char *runner, const char *preload)
{
    char shell[] = "/bin/sh", option[] = "-c", *command = vprec_text("%s", s->options->confirm);
    char *program[] = {shell, option, command, NULL};
    search_options options;
    int status = SWEEP_EXIT_FAILURE;
    confirming c = {.there = {.options = &options, .sweep = {.options = &options.sweep, .repeats = true, .known = known,
                                                             .more = more, .results = {.lock = -1}}}, .found = s};
    bool ok = options_make(&options, s, argc, argv, program);
    ok = ok && search_question_make(&c.there, &options) && sweep_metrics_open(&options.sweep.metrics);
    put_in_order(&c);
    c.there.units = s->units;
    if (ok)
        status = run(&c, s, runner, preload);
    c.there.units = (search_units){0};
    search_free(&c.there);
    sweep_document_free(&c.there.sweep.native);
    vprec_results_close(&c.there.sweep.results);
    sweep_grid_free(&c.there.sweep.grid, options.sweep.metrics.count);
    search_options_free(&options);
    free(c.order);
    free(command);
    return status;
}
