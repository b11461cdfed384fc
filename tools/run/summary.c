/* SPDX-License-Identifier: Apache-2.0
 * summary.c: what vprec-run says on stderr when the program has ended, and the
 * exit status that follows from it. */
#include "common/say.h"
#include "run.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MOST = 20 }; /* findings and warnings named one by one */

/* Appends to `*text`, which it reallocates. */
static void append(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char **text, const char *format, ...)
{
    va_list list;
    char *more = NULL;
    va_start(list, format);
    if (vasprintf(&more, format, list) < 0)
        more = vprec_text("...");
    va_end(list);
    char *joined = vprec_text("%s%s", *text, more);
    free(more);
    free(*text);
    *text = joined;
}

#define COUNT(n, noun) (uint64_t)(n), noun, (n) == 1 ? "" : "s"
#define COUNT_FORMAT "%" PRIu64 " %s%s"

static void append_type(char **text, const vprec_run *run, vprec_type type)
{
    const vprec_wire_config *config = &run->options->config;
    const vprec_totals *totals = run->totals;
    const char *name = vprec_type_names[type], *mode = vprec_mode_name(config);
    if (config->use[type] == VPREC_USE_NATIVE)
        append(text, "%s instrumented, not rounded (native): ", name);
    else
        append(text, "rounded %s to %s (%s%s%s%s): ", name, run->options->spelled[type], vprec_round_name(config->round),
               strcmp(mode, "rne") ? ", " : "", strcmp(mode, "rne") ? mode : "",
               config->fast ? ", rounded twice (--fast)" : "");
    if (config->count) {
        append(text, COUNT_FORMAT " in " COUNT_FORMAT " that ran", COUNT(totals->operations[type], "operation"),
               COUNT(totals->functions_entered[type], "function"));
        if (totals->libm_calls[type])
            append(text, " and " COUNT_FORMAT, COUNT(totals->libm_calls[type], "libm call"));
        if (totals->overflows[type])
            append(text, ", " COUNT_FORMAT, COUNT(totals->overflows[type], "overflow"));
        if (totals->underflows[type])
            append(text, ", " COUNT_FORMAT, COUNT(totals->underflows[type], "underflow"));
        if (totals->nans[type])
            append(text, ", " COUNT_FORMAT, COUNT(totals->nans[type], "NaN"));
    } else {
        append(text, COUNT_FORMAT " in " COUNT_FORMAT " that ran (of %" PRIu64 " in %" PRIu64 ")",
               COUNT(totals->sites_entered[type], "site"), COUNT(totals->functions_entered[type], "function"),
               totals->sites[type], totals->functions[type]);
    }
    append(text, "; ");
}

/* Where the choice looks wrong: what to try, or "". */
static void append_hint(char **text, const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    const vprec_totals *totals = run->totals;
    for (int type = 0; type < VPREC_TYPES; type++) {
        int other = type == VPREC_F32 ? VPREC_F64 : VPREC_F32;
        if (config->use[type] && !config->use[other] && !totals->sites_entered[type] && totals->native[other]) {
            append(text, "; hint: no %s operation ran, %s operations were left native: try --format %s",
                   vprec_type_names[type], vprec_type_names[other],
                   other == VPREC_F64 ? "f64=e11m40" : "f32=e8m10");
            return;
        }
    }
    if (!totals->objects && totals->processes)
        append(text, "; hint: the selected objects hold nothing to round: see --list, or try --object '*'");
}

char *vprec_summary_text(const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    const vprec_totals *totals = run->totals;
    char *text = vprec_text("%s", "");
    for (int type = 0; type < VPREC_TYPES; type++)
        if (config->use[type])
            append_type(&text, run, type);
    for (int type = 0; type < VPREC_TYPES; type++)
        if (!config->use[type])
            append(&text, "%s left native (" COUNT_FORMAT "); ", vprec_type_names[type],
                   COUNT(totals->native[type], "site"));
    append(&text, COUNT_FORMAT ", ", COUNT(totals->objects, "object"));
    if (totals->libm_functions)
        append(&text, COUNT_FORMAT ", ", COUNT(totals->libm_functions, "libm function"));
    append(&text, "%zu process%s, " COUNT_FORMAT " refused", totals->processes, totals->processes == 1 ? "" : "es",
           COUNT(totals->refused, "site"));
    append_hint(&text, run);
    return text;
}

bool vprec_run_attached(const vprec_run *run)
{
    for (size_t i = 0; i < VPREC_ITEMS(run->records, PROCESS).count; i++)
        if (vprec_process_at(run->records, i)->pid == run->outcome->pid)
            return true;
    return false;
}

static void say_findings(const vprec_run *run)
{
    size_t count, named = 0, more = 0;
    vprec_finding *findings = vprec_findings_collect(run->records, &count);
    for (size_t i = 0; i < count; i++) {
        const vprec_finding *f = &findings[i];
        if (!f->executed)
            continue;
        if (named++ < NAMED_MOST)
            vprec_say("unrounded: %s, in %s+0x%" PRIx64 "%s%s, executed %" PRIu64 " time%s", f->text,
                      vprec_base(f->object), f->address, f->function ? ", function " : "",
                      f->function ? f->function : "", f->executed, f->executed == 1 ? "" : "s");
        else
            more++;
    }
    if (more)
        vprec_say("unrounded: and %zu more: --report FILE lists them all", more);
    free(findings);
}

/* Each text once, however many processes sent it. */
static void say_warnings(const vprec_run *run)
{
    size_t count = VPREC_ITEMS(run->records, MESSAGE).count, named = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = vprec_message_at(run->records, i)->text;
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = !strcmp(vprec_message_at(run->records, j)->text, text);
        if (seen)
            continue;
        if (named++ == NAMED_MOST) {
            vprec_say("warning: and more: --report FILE lists them all");
            break;
        }
        vprec_say("warning: %s", text);
    }
    if (run->records->dropped)
        vprec_say("warning: %" PRIu64 " records found no room, the figures are incomplete: allow the program more memory "
                  "(ulimit -v), or vprec-run larger files (ulimit -f)", run->records->dropped);
    if (!run->records->complete)
        vprec_say("warning: a process ended while it wrote a record, or damaged one: what followed is missing");
}

int vprec_run_conclude(const vprec_run *run)
{
    int status = vprec_outcome_status(run->outcome);
    const vprec_wire_config *config = &run->options->config;
    if (run->outcome->exec_error) {
        vprec_say("cannot execute '%s' (%s): check that this machine can run it", run->program->path,
                  strerror(run->outcome->exec_error));
        return status;
    }
    if (!run->options->quiet)
        say_warnings(run);
    if (run->records->outside) {
        vprec_say("%" PRIu64 " process%s found no room for vprec's records and ran native: allow the program more memory "
                  "(ulimit -v), or vprec-run larger files (ulimit -f)", run->records->outside,
                  run->records->outside == 1 ? "" : "es");
        status = config->audit ? VPREC_EXIT_AUDIT : status;
    }
    if (config->audit && run->totals->refused_executed) {
        say_findings(run);
        status = VPREC_EXIT_AUDIT;
    }
    if (!vprec_run_attached(run)) {
        vprec_say("'%s' ended (%s %d) without vprec in it, so it was not rounded: see what the loader said above",
                  run->options->program[0], run->outcome->signal ? "signal" : "status",
                  run->outcome->signal ? run->outcome->signal : run->outcome->exited);
        status = VPREC_EXIT_FAILURE;
    } else {
        for (uint32_t i = 0; i < config->rules; i++)
            if (!run->records->hits[i]) {
                vprec_say("%s '%s' matched nothing: correct it (vprec-run --list shows names), or leave it out",
                          vprec_rule_option(config->rule[i].kind), config->rule[i].glob);
                status = VPREC_EXIT_FAILURE;
            }
    }
    if (!run->options->quiet && !config->list) {
        if (config->count)
            vprec_profile_tell(run);
        char *text = vprec_summary_text(run);
        vprec_say("%s", text);
        free(text);
    }
    return status;
}
