/* SPDX-License-Identifier: Apache-2.0
 * conclude.c: what vprec-run says on stderr when the program has ended, and the
 * exit status that follows from it. */
#include "common/demangle.h"
#include "common/say.h"
#include "firsts.h"
#include "lines.h"
#include "native.h"
#include "probes.h"
#include "run.h"
#include "scopes.h"
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MOST = 20 }; /* findings, warnings and native parts named one by one */

bool vprec_run_attached(const vprec_run *run)
{
    for (size_t i = 0; i < VPREC_ITEMS(run->records, PROCESS).count; i++)
        if (vprec_process_at(run->records, i)->pid == run->outcome->pid)
            return true;
    return false;
}

/* As a shell has it: nothing of an interrupt or a broken pipe, which somebody wanted. */
static void say_signal(const vprec_run *run)
{
    int number = run->outcome->signal;
    if (number && number != SIGINT && number != SIGPIPE)
        vprec_say("'%s': %s: signal %d ended it", run->options->program[0], strsignal(number), number);
}

/* What was selected and stays native; how many such parts. */
static size_t say_natives(const vprec_run *run)
{
    size_t count;
    vprec_left_native *natives = vprec_natives_collect(run->records, true, &count);
    for (size_t i = 0; i < count && i < NAMED_MOST; i++)
        vprec_say("%s%s%s stays native: %s", natives[i].object, natives[i].function ? ", function " : "",
                  natives[i].function ? natives[i].function : "", vprec_reason_text(natives[i].reason));
    if (count > NAMED_MOST)
        vprec_say("and %zu more: --report FILE lists them all", count - NAMED_MOST);
    free(natives);
    return count;
}

static void say_findings(const vprec_run *run)
{
    size_t count, named = 0, more = 0;
    vprec_finding *findings = vprec_findings_collect(run->records, &count);
    for (size_t i = 0; i < count; i++) {
        const vprec_finding *f = &findings[i];
        if (!f->executed || !vprec_audit_asks(&run->options->config, f->numbers))
            continue;
        if (named++ >= NAMED_MOST) {
            more++;
            continue;
        }
        char *name = vprec_demangled(f->function ? f->function : "", true);
        char *line = vprec_line_text(vprec_line_of(run->records, f->object, f->address));
        vprec_say("unrounded: %s, in %s+0x%" PRIx64 "%s%s%s%s, executed %" PRIu64 " time%s", f->text,
                  vprec_base(f->object), f->address, f->function ? ", function " : "", name, line ? ", " : "",
                  line ? line : "", f->executed, f->executed == 1 ? "" : "s");
        free(line);
        free(name);
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
    if (run->records->running)
        vprec_say("warning: some of its processes still run: what they do from now on is not in the figures");
}

/* What is missing in the records, and so in every figure. */
static bool say_incomplete(const vprec_run *run)
{
    if (run->records->dropped)
        vprec_say("warning: %" PRIu64 " records found no room, the figures are incomplete: allow the program more memory "
                  "(ulimit -v), or vprec-run larger files (ulimit -f)",
                  run->records->dropped);
    if (!run->records->complete)
        vprec_say("warning: a process ended while it wrote a record, or damaged one: what followed is missing");
    return run->records->dropped || !run->records->complete;
}

/* A pattern that selected nothing: what it names has nothing to round, or was not reached. False: it names nothing. */
static bool say_rule(const vprec_run *run, uint32_t i)
{
    const vprec_wire_config *config = &run->options->config;
    const char *option = vprec_rule_option(config->rule[i].kind), *glob = config->rule[i].glob;
    size_t object = run->records->named[i];
    if (object == VPREC_NO_PARENT) {
        vprec_say("%s '%s' matched nothing: correct it (vprec-run --list shows names), or leave it out", option, glob);
        return false;
    }
    if (!run->options->quiet)
        vprec_say("%s '%s' matches in %s, but %s", option, glob, vprec_base(vprec_object_path(run->records, object)),
                  config->list ? "nothing there has an operation to round"
                               : "what it names there was not reached, or has no operation to round");
    return true;
}

static bool say_rules(const vprec_run *run)
{
    bool right = true;
    for (uint32_t i = 0; i < run->options->config.rules; i++)
        right &= run->records->hits[i] || say_rule(run, i);
    return right;
}

/* Whether the program was ended before it began, since nothing of it could be rounded; says why. */
static bool say_refused(const vprec_run *run)
{
    for (size_t i = 0; i < VPREC_ITEMS(run->records, PROCESS).count; i++) {
        const vprec_process_record *process = vprec_process_at(run->records, i);
        if (!process->refused || process->pid != run->outcome->pid || run->outcome->exited != VPREC_EXIT_REFUSED)
            continue;
        for (size_t n = 0; n < VPREC_ITEMS(run->records, NATIVE).count; n++) {
            uint32_t reason = vprec_native_at(run->records, n)->reason;
            if (VPREC_ITEMS(run->records, NATIVE).items[n].parent != i || reason >= VPREC_REASONS)
                continue;
            vprec_say("'%s' cannot be instrumented, %s: start it %s", run->options->program[0],
                      vprec_reason_text((enum vprec_reason)reason),
                      reason == VPREC_REASON_NOT_EXECUTABLE ? "where that does not hold" : "on another machine");
            return true;
        }
    }
    return false;
}

void vprec_run_tell(const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    if (config->layers)
        vprec_scopes_tell(run);
    else if (config->count)
        vprec_profile_tell(run);
    if (config->count == VPREC_COUNT_ALL)
        vprec_firsts_tell(run);
    vprec_probes_tell(run);
    char *rounded = vprec_summary_rounded(run), *left = vprec_summary_left(run);
    char *advice = run->snapshot ? NULL : vprec_summary_advice(run);
    vprec_say("%s", rounded);
    if (left)
        vprec_say("left native: %s", left);
    if (advice)
        vprec_say("hint: %s", advice);
    free(advice);
    free(left);
    free(rounded);
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
    if (say_refused(run))
        return VPREC_EXIT_REFUSED;
    say_signal(run);
    if (!run->options->quiet)
        say_warnings(run);
    bool incomplete = (config->audit || !run->options->quiet) && say_incomplete(run);
    size_t natives = say_natives(run);
    if (config->audit && run->totals->refused_executed)
        say_findings(run);
    if (config->audit && (natives || incomplete || run->totals->refused_executed))
        status = VPREC_EXIT_AUDIT;
    if (!vprec_run_attached(run)) {
        vprec_say("'%s' ended (%s %d) without vprec in it, so it was not rounded: see what the loader said above",
                  run->options->program[0], run->outcome->signal ? "signal" : "status",
                  run->outcome->signal ? run->outcome->signal : run->outcome->exited);
        status = VPREC_EXIT_FAILURE;
    } else {
        if (!say_rules(run) || !vprec_scopes_say(run))
            status = VPREC_EXIT_FAILURE;
    }
    if (!run->options->quiet && !config->list)
        vprec_run_tell(run);
    return status;
}
