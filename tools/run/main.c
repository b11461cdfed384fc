/* SPDX-License-Identifier: Apache-2.0
 * main.c: vprec-run: checks all that can be checked, runs the program with
 * the preload library in it, and tells what was rounded. */
#include "common/preload.h"
#include "common/say.h"
#include "dump.h"
#include "forked.h"
#include "names.h"
#include "outlet.h"
#include "replay.h"
#include "run.h"
#include "sample/samples.h"
#include <stdlib.h>
#include <time.h>

/* What is told of a run, and what it is told from. */
typedef struct telling {
    const vprec_options *options;
    const vprec_program *program;
    vprec_mapping *mapping;
    vprec_outlet *outlet; /* of the report; NULL: none is asked for */
} telling;

/* The records until now, read once more where a process was just writing one. */
static void read_now(vprec_records *records, vprec_mapping *mapping)
{
    enum { TRIES = 5 };
    const struct timespec moment = {.tv_nsec = 1000000};
    vprec_records_read(records, mapping);
    for (int i = 1; i < TRIES && !records->complete; i++) {
        vprec_records_free(records);
        nanosleep(&moment, NULL);
        vprec_records_read(records, mapping);
    }
}

/* SIGUSR1: tells of the run as it is now. */
static void tell_now(void *data, const vprec_outcome *so_far)
{
    const telling *t = data;
    vprec_records records;
    vprec_totals totals;
    read_now(&records, t->mapping);
    vprec_names_find(&records, &t->options->config);
    vprec_totals_sum(&totals, &records, &t->options->config);
    const vprec_run run = {.options = t->options, .program = t->program, .outcome = so_far, .records = &records,
                           .totals = &totals, .snapshot = true};
    if (!t->options->quiet) {
        vprec_say("snapshot after %.3f s, the program goes on", so_far->wall_seconds);
        vprec_run_tell(&run);
    }
    if (t->outlet) {
        json_t *root = vprec_report_build(&run);
        vprec_outlet_put(t->outlet, root, false);
        json_decref(root);
    }
    vprec_records_free(&records);
}

/* Runs the program and reads what its processes recorded. */
static bool execute(const vprec_options *options, const vprec_program *program, const char *preload, vprec_outlet *outlet,
                    vprec_outcome *outcome, vprec_records *records)
{
    vprec_mapping mapping;
    vprec_preload_name name;
    telling t = {options, program, &mapping, outlet};
    const vprec_watch watch = {tell_now, &t};
    /* Whether there is anything to tell while it runs. */
    const bool watched = outlet || (options->config.count && !options->quiet);
    /* A listing ends before main: of a script the interpreter at the end of the chain is what can be listed. */
    const char *file = options->config.list ? program->elf : program->path;
    vprec_signals_hold();
    if (!vprec_preload_name_make(&name, preload))
        return false;
    bool ok = vprec_mapping_create(&mapping, &options->config, options->recipe), running = false;
    if (ok) {
        bool asked = false, forked = vprec_forked_run(&mapping, outcome, &asked);
        if (asked && !forked) { /* who refused may have written there */
            vprec_mapping_close(&mapping);
            ok = vprec_mapping_create(&mapping, &options->config, options->recipe);
        }
        ok = forked ||
             (ok && vprec_launch(file, options->program, name.path, mapping.place, mapping.handed,
                                 watched ? &watch : NULL, outcome));
        if (ok)
            vprec_records_read(records, &mapping);
        running = records->running = vprec_mapping_close(&mapping);
    }
    vprec_preload_name_drop(&name, running);
    return ok;
}

/* Writes the report. False, having said why. */
static bool report(vprec_outlet *outlet, const vprec_run *run)
{
    json_t *root = vprec_report_build(run);
    bool ok = vprec_outlet_put(outlet, root, true);
    ok = vprec_outlet_close(outlet) && ok;
    json_decref(root);
    return ok;
}

/* The run itself, when PROGRAM can be instrumented and the library is there. */
static int run_and_tell(const vprec_options *options, const vprec_program *program, const char *preload)
{
    int listed = 0;
    vprec_outcome outcome;
    vprec_records records;
    vprec_outlet outlet;
    if (options->report && !vprec_outlet_open(&outlet, options->report))
        return VPREC_EXIT_FAILURE;
    if (!execute(options, program, preload, options->report ? &outlet : NULL, &outcome, &records))
        return VPREC_EXIT_FAILURE;
    vprec_names_find(&records, &options->config);
    vprec_totals totals;
    vprec_totals_sum(&totals, &records, &options->config);
    vprec_run run = {.options = options, .program = program, .outcome = &outcome, .records = &records,
                     .totals = &totals};
    if (options->config.list && !outcome.exec_error)
        listed = vprec_list_print(&run);
    run.status = vprec_run_conclude(&run);
    vprec_dump_tell(options);
    if (listed)
        run.status = listed;
    if (options->report && !report(&outlet, &run))
        run.status = VPREC_EXIT_FAILURE;
    vprec_records_free(&records);
    vprec_forked_end();
    return run.status;
}

/* Says of a format whose name means another one elsewhere which one it is. */
static void remark(const vprec_options *options)
{
    const char *said = NULL;
    for (int type = 0; type < VPREC_TYPES && !options->quiet; type++) {
        const vprec_wire_config *config = &options->config;
        const char *text = config->use[type] == VPREC_USE_FORMAT ? vprec_format_remark(&config->format[type]) : NULL;
        if (text && text != said)
            vprec_say("%s", said = text);
    }
}

int main(int argc, char **argv)
{
    static vprec_options options; /* all patterns are in it: more than a small stack holds */
    int status = vprec_options_parse(&options, argc, argv);
    if (status < 0 && options.replay)
        status = vprec_replay(&options, argv);
    if (status >= 0) {
        vprec_options_free(&options);
        return status;
    }
    vprec_forked_read(&options.config);
    remark(&options);
    static vprec_program program;
    status = vprec_program_find(&program, options.program);
    if (!status && !vprec_options_program(&options, &program))
        status = VPREC_EXIT_FAILURE;
    if (!status) {
        char *preload = vprec_preload_find();
        if (!preload || !vprec_dump_open(&options))
            status = VPREC_EXIT_FAILURE;
        else if (!(status = vprec_dump_reference(&options)))
            status = options.sampling.out ? vprec_samples_run(&options, &program, preload)
                                          : run_and_tell(&options, &program, preload);
        free(preload);
    }
    vprec_program_free(&program);
    vprec_options_free(&options);
    return status;
}
