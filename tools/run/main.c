/* SPDX-License-Identifier: Apache-2.0
 * main.c: vprec-run: checks all that can be checked, runs the program with
 * the preload library in it, and tells what was rounded. */
#include "common/preload.h"
#include "common/say.h"
#include "dump.h"
#include "names.h"
#include "run.h"
#include "sample/samples.h"
#include <stdlib.h>

/* Runs the program and reads what its processes recorded. */
static bool execute(const vprec_options *options, const vprec_program *program, const char *preload,
                    vprec_outcome *outcome, vprec_records *records)
{
    vprec_mapping mapping;
    vprec_preload_name name;
    /* A listing ends before main: of a script the interpreter at the end of the chain is what can be listed. */
    const char *file = options->config.list ? program->elf : program->path;
    vprec_signals_hold();
    if (!vprec_preload_name_make(&name, preload))
        return false;
    bool ok = vprec_mapping_create(&mapping, &options->config, options->recipe), running = false;
    if (ok) {
        ok = vprec_launch(file, options->program, name.path, mapping.place, mapping.handed, outcome);
        if (ok)
            vprec_records_read(records, &mapping);
        running = records->running = vprec_mapping_close(&mapping);
    }
    vprec_preload_name_drop(&name, running);
    return ok;
}

/* The run itself, when PROGRAM can be instrumented and the library is there. */
static int run_and_tell(const vprec_options *options, const vprec_program *program, const char *preload)
{
    int report = -1, listed = 0;
    vprec_outcome outcome;
    vprec_records records;
    if (options->report && (report = vprec_report_open(options->report)) < 0)
        return VPREC_EXIT_FAILURE;
    if (!execute(options, program, preload, &outcome, &records))
        return VPREC_EXIT_FAILURE;
    vprec_names_find(&records, &options->config);
    vprec_totals totals;
    vprec_totals_sum(&totals, &records, &options->config);
    vprec_run run = {options, program, &outcome, &records, &totals, 0};
    if (options->config.list && !outcome.exec_error)
        listed = vprec_list_print(&run);
    run.status = vprec_run_conclude(&run);
    vprec_dump_tell(options);
    if (listed)
        run.status = listed;
    if (options->report && !vprec_report_write(&run, report))
        run.status = VPREC_EXIT_FAILURE;
    vprec_records_free(&records);
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
    if (status >= 0) {
        vprec_options_free(&options);
        return status;
    }
    remark(&options);
    static vprec_program program;
    status = vprec_program_find(&program, options.program);
    if (!status) {
        char *preload = vprec_preload_find();
        if (!preload || !vprec_dump_open(&options))
            status = VPREC_EXIT_FAILURE;
        else if (options.sampling.out)
            status = vprec_samples_run(&options, &program, preload);
        else
            status = run_and_tell(&options, &program, preload);
        free(preload);
    }
    vprec_program_free(&program);
    vprec_options_free(&options);
    return status;
}
