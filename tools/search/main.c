/* SPDX-License-Identifier: Apache-2.0
 * main.c: vprec-search: runs what strategies ask for, tells what they found. */
#include "common/json.h"
#include "common/preload.h"
#include "common/say.h"
#include "common/target.h"
#include "sweep/begin.h"
#include "sweep/native.h"
#include "confirm.h"
#include "tell.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NOTHING = 3, COUNTING = 0 /* the slot of the run that counts */ };

static sweep_cell *counting_of(search *s)
{
    return &s->sweep.grid.cells[s->sweep.grid.recipe + COUNTING];
}

/* The native run is there. */
static bool known(sweep *sweep)
{
    search *s = (search *)(void *)sweep;
    if (!sweep_native_check(sweep, &s->question))
        return false;
    sweep_question_resolve(&s->question, sweep);
    const sweep_threshold *missed = sweep_question_missed(&s->question, &sweep->grid.cells[SWEEP_NATIVE]);
    if (!s->question.count)
        vprec_say("the native run has no value of what is measured: say what has to be kept, as in --require "
                  "'equal=1'");
    else if (missed && sweep->options->metrics.list[missed->metric].kind != SWEEP_DIGITS) /* which are of samples */
        sweep_native_compare(sweep, &s->question);
    else
        return true;
    return false;
}

/* Wants the run that counts. False: it cannot be made. */
static bool count(search *s)
{
    sweep_list lines = search_units_options(s->options);
    bool ok = sweep_grid_fill(&s->sweep.grid, s->sweep.options, COUNTING,
                              (sweep_extra){.name = "count", .lines = &lines, .counts = true}) &&
              sweep_run_place(&s->sweep, counting_of(s));
    sweep_list_free(&lines);
    counting_of(s)->wanted = ok;
    return ok;
}

static bool counted(search *s)
{
    const sweep_cell *cell = counting_of(s);
    char *path = vprec_results_file(&cell->results, 1, "report.json");
    bool ok = cell->status == SWEEP_OK_STATUS && search_units_read(&s->units, s->options, &s->sweep.grid, path);
    if (cell->status != SWEEP_OK_STATUS)
        vprec_say("the run that counts operations, by vprec-run --format native --count, ended with '%s'%s%s",
                  sweep_status_names[cell->status], cell->note ? ": " : "", cell->note ? cell->note : "");
    if (ok && !s->options->sweep.quiet && !s->options->dry_run) {
        char *goal = search_goal(s);
        vprec_say("%zu %s, %zu formats, natively %.4g bits an operation; to be kept: %s; at most %u runs, of about "
                  "%.3g seconds each", s->units.count, search_plural(s), s->units.levels - 1,
                  search_cost(&s->units, (search_level[VPREC_SCOPES_MAX]){0}), goal, s->options->budget, cell->seconds);
        free(goal);
    }
    free(path);
    return ok;
}

static bool pending(const search *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!search_cell(s, &s->trials[i])->settled)
            return true;
    return false;
}

static bool is_under_way(search *s, bool (*strategy)(search *s), const char *name)
{
    s->strategy = name;
    s->spent = false;
    bool done = strategy(s);
    s->cut |= !done && s->spent;
    return !done && (!s->spent || pending(s));
}

/* What the strategies want next. */
static bool more(sweep *sweep)
{
    static bool (*const strategies[])(search *s) = {search_uniform, search_greedy, search_ddmin, search_ddmax};
    search *s = (search *)(void *)sweep;
    if (s->trouble)
        return false;
    if (!counting_of(s)->id)
        return count(s) || !(s->trouble = vprec_text("the run that counts could not be prepared"));
    if (!counting_of(s)->settled)
        return false;
    if (!s->units.count && !counted(s)) {
        s->trouble = vprec_text("it is not known what there is");
        return false;
    }
    size_t before = s->count;
    s->cut = false;
    for (size_t i = 0; i < SEARCH_STRATEGIES_COUNT && !s->options->dry_run; i++)
        if (s->options->strategies[i] && is_under_way(s, strategies[i], search_strategy_names[i]))
            return s->count > before;
    if (!s->options->dry_run)
        is_under_way(s, search_control, "control");
    return s->count > before;
}

bool search_control(search *s)
{
    const search_trial *best = search_best(s);
    s->control = best ? search_ask_again(s, best->levels) : SEARCH_KEEPS;
    return s->control != SEARCH_UNKNOWN;
}

static bool written(const char *path, bool ok)
{
    if (!ok)
        vprec_say("cannot write '%s' (%s): free room there, or name another file", path, strerror(errno));
    return ok;
}

static bool put(const char *path, const char *text)
{
    FILE *out = fopen(path, "we");
    bool ok = out && fputs(text, out) >= 0 && !fflush(out) && !ferror(out);
    int error = errno;
    if (out && fclose(out)) {
        error = errno;
        ok = false;
    }
    errno = error;
    return written(path, ok);
}

static bool write_recipe(const search *s)
{
    char *text = search_recipe(s), *path = vprec_text("%s/recipe.txt", s->sweep.results.top);
    bool ok = vprec_target_check(path, SEARCH_RECIPE_BEGINS);
    if (ok && !text)
        unlink(path); /* an earlier one of ours, of which this search does not know that it keeps anything */
    ok = ok && (!text || put(path, text));
    if (text && s->options->recipe)
        ok = vprec_target_check(s->options->recipe, SEARCH_RECIPE_BEGINS) && put(s->options->recipe, text) && ok;
    free(path);
    free(text);
    return ok;
}

static bool write_json(const search *s, char **argv, bool complete)
{
    const char *path = s->options->json;
    if (!path)
        return true;
    json_t *report = search_report(s, argv, complete);
    char *text = vprec_json_bytes(report);
    bool standard = !strcmp(path, "-"), ok;
    if (standard)
        ok = fputs(text, stdout) >= 0 && vprec_stdout_done();
    else
        ok = vprec_target_check(path, SEARCH_JSON_BEGINS) && put(path, text);
    free(text);
    json_decref(report);
    return ok;
}

/* All that is told, also of a search that was interrupted. */
static bool tell(const search *s, char **argv, bool complete)
{
    bool ok = true;
    if (!s->options->json || strcmp(s->options->json, "-") != 0) {
        if (s->options->dry_run)
            search_tell_units(s, true);
        else
            search_tell(s);
        ok = vprec_stdout_done();
    }
    ok = (s->options->dry_run || write_recipe(s)) && ok;
    return write_json(s, argv, complete) && ok;
}

static bool may_write(const search_options *o)
{
    return (!o->json || vprec_target_check(o->json, SEARCH_JSON_BEGINS)) &&
           (!o->recipe || vprec_target_check(o->recipe, SEARCH_RECIPE_BEGINS));
}

/* Then nothing is known of formats. */
static bool all_refused(const search *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (search_cell(s, &s->trials[i])->status != SWEEP_REFUSED_STATUS)
            return false;
    return s->count > 0;
}

static int run_and_tell(search *s, const vprec_program *program, const char *runner, const char *preload, int argc,
                        char **argv)
{
    vprec_streams_open();
    if (!may_write(s->options) || !sweep_begin(&s->sweep, program, runner, preload))
        return SWEEP_EXIT_FAILURE;
    int status = sweep_run(&s->sweep);
    if (s->sweep.refused || (s->trouble && !s->units.count))
        return status ? status : SWEEP_EXIT_FAILURE;
    if (status)
        vprec_say("%s: what is finished is kept in '%s': the same command runs the rest",
                  status < 0 ? "interrupted" : "stopped", s->sweep.results.path);
    if (s->trouble)
        vprec_say("the search has ended early: %s", s->trouble);
    if (!s->units.count)
        return status ? status : SWEEP_EXIT_FAILURE;
    if (!s->sweep.repeats && !s->options->sweep.quiet)
        vprec_say("warning: two native runs gave different output: part of what you see is the program's own doing");
    if (!status && !s->trouble && s->options->confirm && !s->options->dry_run && search_best(s) &&
        (status = search_confirm(s, argc, argv, runner, preload)))
        vprec_say("--confirm: what was found is not confirmed");
    bool ok = tell(s, argv, !status && !s->trouble);
    if (status || !ok || s->trouble)
        return status ? status : SWEEP_EXIT_FAILURE;
    if (s->options->dry_run || search_best(s))
        return 0;
    return all_refused(s) ? SWEEP_EXIT_FAILURE : EXIT_NOTHING;
}

static int with_program(search *s, int argc, char **argv)
{
    vprec_program program = {NULL, NULL};
    char *runner = sweep_runner_find(), *preload = NULL;
    int status = SWEEP_EXIT_FAILURE;
    if (runner && !vprec_program_find(&program, s->sweep.options->program) && (preload = vprec_preload_find())) {
        status = SWEEP_EXIT_USAGE;
        if (sweep_grid_make(&s->sweep.grid, s->sweep.options, &program, runner))
            status = run_and_tell(s, &program, runner, preload, argc, argv);
        sweep_document_free(&s->sweep.native);
        vprec_results_close(&s->sweep.results);
        sweep_grid_free(&s->sweep.grid, s->sweep.options->metrics.count);
    }
    vprec_program_free(&program);
    free(preload);
    free(runner);
    return status;
}

int main(int argc, char **argv)
{
    search_options options;
    vprec_command = "vprec-search";
    vprec_failure = SWEEP_EXIT_FAILURE;
    int status = search_options_parse(&options, argc, argv);
    if (status < 0) {
        search s = {.options = &options, .sweep = {.options = &options.sweep, .repeats = true, .known = known,
                                                   .more = more, .results = {.lock = -1}}};
        if (!search_question_make(&s, &options))
            status = SWEEP_EXIT_USAGE;
        else if (!sweep_metrics_open(&options.sweep.metrics))
            status = SWEEP_EXIT_FAILURE;
        else
            status = with_program(&s, argc, argv);
        search_free(&s);
    }
    search_options_free(&options);
    if (status < 0)
        vprec_die_of(-status);
    return status < 0 ? SWEEP_EXIT_FAILURE : status;
}
