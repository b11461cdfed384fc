/* SPDX-License-Identifier: Apache-2.0
 * main.c: vprec-sweep: makes the grid, runs it, writes what came of it. */
#include "common/json.h"
#include "common/preload.h"
#include "common/say.h"
#include "common/target.h"
#include "page/ci.h"
#include "page/files.h"
#include "page/page.h"
#include "again.h"
#include "begin.h"
#include "checks.h"
#include "compare.h"
#include "layers.h"
#include "native.h"
#include "recipe.h"
#include "report.h"
#include "table.h"
#include "why.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The callbacks of sweep_run know the sweep alone. */
typedef struct whole {
    sweep sweep; /* first */
    sweep_question question;
    sweep_series *series;
    size_t count;
    sweep_question required; /* of each cell; count 0: nothing */
    json_t *baseline; /* a report, or NULL */
    bool unmet;
    sweep_table table;
    sweep_recipe *recipe;
} whole;

/* The native run is there. */
static bool known(sweep *s)
{
    whole *w = (whole *)(void *)s;
    if (!sweep_native_check(s, &w->question))
        return false;
    sweep_question_resolve(&w->question, s);
    sweep_native_compare(s, &w->question);
    if (s->options->require)
        sweep_question_resolve(&w->required, s);
    return true;
}

/* Whether a report goes to standard output, and then nothing else does. */
static bool to_standard(const sweep_options *o)
{
    return (o->json && !strcmp(o->json, "-")) || (o->csv && !strcmp(o->csv, "-"));
}

/* All cells at once, or what the bisection wants next. */
static bool more(sweep *s)
{
    whole *w = (whole *)(void *)s;
    bool any = sweep_why_next(s, w->question.usual ? NULL : &w->question);
    bool bisect = s->options->bisect;
    if (bisect)
        any |= sweep_series_next(w->series, w->count, &w->question);
    for (size_t i = 1; i < s->grid.count && !bisect; i++) {
        any |= !s->grid.cells[i].wanted;
        s->grid.cells[i].wanted = true;
    }
    if (!to_standard(s->options))
        sweep_table_rows(&w->table, s, &w->question, false);
    return any || sweep_recipe_next(w->recipe, s, &w->question);
}

/* To a file, or for "-" to standard output. `put` writes. */
static bool put_file(const char *path, const json_t *report, bool (*put)(const json_t *report, FILE *out))
{
    bool standard = !strcmp(path, "-");
    FILE *out = standard ? stdout : fopen(path, vprec_target_standard(path) < 0 ? "we" : "ae");
    bool ok = out && put(report, out) && !fflush(out) && !ferror(out);
    int error = errno;
    if (out && !standard && fclose(out)) {
        error = errno;
        ok = false;
    }
    if (!ok)
        vprec_say("cannot write '%s' (%s): free room there, or name another file", path, strerror(error));
    return ok;
}

static bool put_json(const json_t *report, FILE *out)
{
    return !fflush(out) && vprec_json_write(report, fileno(out));
}

static bool put_csv(const json_t *report, FILE *out)
{
    page_view view;
    page_view_make(&view, report);
    page_put_csv(out, &(page_content){.view = &view});
    page_view_free(&view);
    return true;
}

/* Reports are still theirs who named the files, after a sweep that took long. */
static bool may_write(const sweep_options *o)
{
    return (!o->json || vprec_target_check(o->json, PAGE_JSON_BEGINS)) &&
           (!o->csv || vprec_target_check(o->csv, PAGE_CSV_BEGINS)) &&
           (!o->recipe || vprec_target_check(o->recipe, SWEEP_RECIPE_BEGINS)) &&
           (!o->junit || vprec_target_check(o->junit, PAGE_JUNIT_BEGINS)) &&
           (!o->markdown || vprec_target_check(o->markdown, PAGE_MARKDOWN_BEGINS));
}

/* Its text; a sweep that has found none leaves a file alone. */
static bool put_recipe(const json_t *report, FILE *out)
{
    return fputs(json_string_value(json_object_get(json_object_get(report, "recipe"), "text")), out) >= 0;
}

static bool put_junit(const json_t *report, FILE *out)
{
    page_put_junit(out, report);
    return true;
}

static bool put_markdown(const json_t *report, FILE *out)
{
    page_put_markdown_summary(out, report);
    return true;
}

/* Annotations where GitHub's runner reads them, and the summary of the step, to which each command adds. */
static bool tell_github(const json_t *report, const sweep_options *o)
{
    const char *summary = getenv("GITHUB_STEP_SUMMARY");
    page_put_github(to_standard(o) ? stderr : stdout, report);
    FILE *out = summary && *summary ? fopen(summary, "ae") : NULL;
    if (out)
        page_put_markdown_summary(out, report);
    bool failed = summary && *summary && (!out || ferror(out));
    failed |= out && fclose(out);
    if (failed)
        vprec_say("cannot write to '%s', which GITHUB_STEP_SUMMARY names (%s): check its permissions", summary,
                  strerror(errno));
    return !failed && (to_standard(o) || vprec_stdout_done());
}

/* Whether something was required that is not met. */
static bool is_unmet(const json_t *report)
{
    return page_checks_failed(json_object_get(report, "checks")) > 0;
}

static bool write_all(whole *w, char **argv)
{
    const sweep_options *o = w->sweep.options;
    json_t *report = sweep_report_make(&w->sweep, &w->question, w->series, w->count, argv);
    json_t *recipe = sweep_recipe_report(w->recipe, &w->sweep, &w->question);
    vprec_json_put(report, "recipe", recipe);
    vprec_json_put(report, "answer", page_answer_json(report));
    json_t *checks = sweep_checks(&w->sweep, o->require ? &w->required : NULL, w->baseline, report);
    vprec_json_put(report, "checks", checks);
    w->unmet = is_unmet(report);
    bool ok = true;
    if (!to_standard(o)) {
        sweep_table_rows(&w->table, &w->sweep, &w->question, true);
        sweep_table_print(&w->sweep, &w->question, w->series, w->count, json_object_get(report, "answer"));
        sweep_recipe_print(recipe, o);
        sweep_why_print(&w->sweep, w->question.usual ? NULL : &w->question, json_object_get(report, "why"));
        if (o->require || o->baseline)
            sweep_checks_print(checks);
        ok = vprec_stdout_done();
    }
    sweep_table_warn(&w->sweep);
    bool files = may_write(o);
    ok &= files;
    if (o->json && files)
        ok = put_file(o->json, report, put_json) && ok;
    if (o->csv && files)
        ok = put_file(o->csv, report, put_csv) && ok;
    if (o->recipe && files && json_is_string(json_object_get(recipe, "text")))
        ok = put_file(o->recipe, report, put_recipe) && ok;
    if (o->junit && files)
        ok = put_file(o->junit, report, put_junit) && ok;
    if (o->markdown && files)
        ok = put_file(o->markdown, report, put_markdown) && ok;
    if (o->github)
        ok = tell_github(report, o) && ok;
    if (o->report && vprec_page_write(report, o->report))
        ok = false;
    else if (o->report && !o->quiet)
        vprec_say("the report is '%s/report.html'", o->report);
    json_decref(report);
    return ok;
}

static int run_and_tell(whole *w, const vprec_program *program, const char *runner, const char *preload, char **argv)
{
    sweep *s = &w->sweep;
    const sweep_options *o = s->options;
    vprec_streams_open();
    if (!may_write(o) || (o->report && !vprec_page_check(o->report)))
        return SWEEP_EXIT_FAILURE;
    if (!sweep_begin(s, program, runner, preload))
        return SWEEP_EXIT_FAILURE;
    bool draws = o->samples < 2 || o->quiet;
    for (size_t i = 1; i < s->grid.count; i++)
        draws |= s->grid.cells[i].count > 1;
    if (!draws)
        vprec_say("hint: --samples %" PRIu32 ": no mode of this sweep draws random numbers, so each cell is run once",
                  o->samples);
    int status = o->report_only ? sweep_look(s) : sweep_run(s);
    if (s->refused)
        return status;
    if (status && !o->report_only)
        vprec_say("%s: what is finished is kept in '%s': the same command runs the rest",
                  status < 0 ? "interrupted" : "stopped", s->results.path);
    /* Who interrupts it gets what there is; a second signal ends it at once. */
    if (status > 0 || (status < 0 && !s->grid.cells[SWEEP_NATIVE].settled))
        return status;
    for (size_t i = 0; i < w->count; i++)
        sweep_series_judge(&w->series[i], &w->question, s->complete);
    if (!s->repeats && !o->quiet)
        vprec_say("warning: two native runs gave different output: part of what you see is the program's own doing");
    bool ok = write_all(w, argv);
    return status ? status : !ok ? SWEEP_EXIT_FAILURE : w->unmet ? SWEEP_EXIT_UNMET : 0;
}

/* The program; where it is not run, it need not be there. */
static bool find(vprec_program *program, const sweep_options *o)
{
    if (!o->report_only)
        return !vprec_program_find(program, o->program);
    *program = (vprec_program){vprec_text("%s", o->program[0]), vprec_text("%s", o->program[0])};
    return true;
}

static int with_program(whole *w, sweep_options *o, char **argv)
{
    vprec_program program = {NULL, NULL};
    char *runner = sweep_runner_find(), *preload = NULL;
    sweep *s = &w->sweep;
    int status = SWEEP_EXIT_FAILURE;
    if (runner && find(&program, o) && (o->report_only || (preload = vprec_preload_find())) &&
        (!o->layers || (o->report_only ? sweep_again_layers(o) : sweep_layers_find(o, runner)))) {
        status = SWEEP_EXIT_USAGE;
        if (sweep_grid_make(&s->grid, o, &program, runner)) {
            w->series = sweep_series_make(&s->grid, &w->count);
            w->recipe = sweep_recipe_make(o);
            if (o->dry_run) {
                sweep_table_list(s);
                status = vprec_stdout_done() ? 0 : SWEEP_EXIT_FAILURE;
            } else {
                status = run_and_tell(w, &program, runner, preload, argv);
                sweep_document_free(&s->native);
                vprec_results_close(&s->results);
            }
        }
        sweep_series_free(w->series, w->count);
        sweep_table_free(&w->table);
        sweep_recipe_free(w->recipe);
        sweep_grid_free(&s->grid, o->metrics.count);
    }
    vprec_program_free(&program);
    free(preload);
    free(runner);
    return status;
}

/* What is given and has no effect is said. */
static bool truth_is_used(const sweep_options *o)
{
    bool used = !o->metrics.truth;
    for (size_t m = 0; m < o->metrics.count; m++)
        used |= sweep_metric_of_truth(&o->metrics.list[m]);
    if (!used)
        vprec_say("--truth is what cer, wer and accuracy compare with, and none of them is measured: add --metric cer, "
                  "of a text, or --metric accuracy, of labels");
    return used;
}

static bool question_make(whole *w, sweep_options *o)
{
    if (o->require && !sweep_question_make(&w->required, "--require", o->require, &o->metrics))
        return false;
    if (o->threshold)
        return sweep_question_make(&w->question, "--threshold", o->threshold, &o->metrics);
    sweep_question_usual(&w->question, "--threshold", &o->metrics, o->metrics_given);
    return true;
}

int main(int argc, char **argv)
{
    sweep_options options;
    vprec_command = "vprec-sweep";
    vprec_failure = SWEEP_EXIT_FAILURE;
    if (argc > 1 && !strcmp(argv[1], "compare"))
        return sweep_compare_main(argc - 1, argv + 1);
    int status = sweep_options_parse(&options, argc, argv);
    if (status < 0) {
        whole w = {.sweep = {.options = &options, .repeats = true, .known = known, .more = more,
                             .results = {.lock = -1}}};
        if (!question_make(&w, &options))
            status = SWEEP_EXIT_USAGE;
        else if (!sweep_metrics_open(&options.metrics) ||
                 (options.baseline && !(w.baseline = sweep_report_read(options.baseline))))
            status = SWEEP_EXIT_FAILURE;
        else
            status = truth_is_used(&options) ? with_program(&w, &options, argv) : SWEEP_EXIT_USAGE;
        sweep_question_free(&w.question);
        sweep_question_free(&w.required);
        json_decref(w.baseline);
    }
    sweep_options_free(&options);
    if (status < 0)
        vprec_die_of(-status);
    return status < 0 ? SWEEP_EXIT_FAILURE : status;
}
