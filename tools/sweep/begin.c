/* SPDX-License-Identifier: Apache-2.0
 * begin.c: see begin.h. */
#include "begin.h"
#include "common/json.h"
#include "common/preload.h"
#include "common/say.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

char *sweep_runner_find(void)
{
    char *self = vprec_self_directory();
    if (!self)
        return NULL;
    char *runner = vprec_text("%s/vprec-run", self);
    free(self);
    if (!access(runner, X_OK))
        return runner;
    vprec_say("'%s' is missing: install vprec, whose commands belong in one directory", runner);
    free(runner);
    return NULL;
}

/* What the sweep was begun with, for run.json. */
static json_t *describe(const sweep *s, const vprec_program *program, const char *runner, const char *preload)
{
    const sweep_options *o = s->options;
    static char *const none[] = {NULL};
    sweep_list given = {NULL, 0};
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    json_t *run = vprec_results_describe(&s->grid.cells[SWEEP_NATIVE].options, program, runner, preload);
    for (size_t i = 0; i < o->passed.count; i++)
        sweep_list_add(&given, vprec_text("%s", o->passed.items[i]));
    if (o->own)
        sweep_list_add(&given, vprec_text("--own-directory"));
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    vprec_json_put(run, "options", vprec_json_strings(given.items ? given.items : none));
    vprec_json_put(run, "samples", json_integer(0)); /* they are below the cells */
    json_t *cells = vprec_json_must(json_object());
    for (size_t i = 0; i < s->grid.all; i++)
        if (s->grid.cells[i].id)
            vprec_json_put(cells, s->grid.cells[i].id, json_integer(s->grid.cells[i].count));
    vprec_json_put(run, "cells", cells);
    vprec_json_put(run, "arguments", vprec_json_strings(o->given.items ? o->given.items : none));
    if (o->names.count)
        vprec_json_put(run, "layers", vprec_json_strings(o->names.items));
    vprec_json_put(run, "started", vprec_json_text(text));
    sweep_list_free(&given);
    return run;
}

bool sweep_begin(sweep *s, const vprec_program *program, const char *runner, const char *preload)
{
    const sweep_options *o = s->options;
    if (o->report_only)
        return vprec_results_look(&s->results, o->report_only);
    if (!vprec_results_open(&s->results, o->out, describe(s, program, runner, preload), o->restart, o->quiet))
        return false;
    setenv("VPREC_PRELOAD", preload, 1);
    return true;
}
