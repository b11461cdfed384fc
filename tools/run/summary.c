/* SPDX-License-Identifier: Apache-2.0
 * summary.c: three short lines about a run: what was rounded, what was left
 * out and why that may matter, what to do. */
#include "common/say.h"
#include "native.h"
#include "run.h"
#include "scopes.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_MOST = 3 }; /* objects that are left out, by name */

/* Appends to `*text`, which it reallocates; NULL is empty. */
static void append(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(char **text, const char *format, ...)
{
    va_list list;
    char *more = NULL;
    va_start(list, format);
    if (vasprintf(&more, format, list) < 0)
        more = vprec_text("...");
    va_end(list);
    char *joined = vprec_text("%s%s", *text ? *text : "", more);
    free(more);
    free(*text);
    *text = joined;
}

/* Between the parts of a line. */
static const char *between(const char *text)
{
    return text ? "; " : "";
}

#define COUNT(n, noun) (uint64_t)(n), noun, (n) == 1 ? "" : "s"
#define COUNT_FORMAT "%" PRIu64 " %s%s"

/* Whether a scope has another format of the type than none. */
static bool rounds_in_scopes(const vprec_run *run, vprec_type type)
{
    const vprec_wire_recipe *recipe = run->options->recipe;
    bool rounds = false;
    for (uint32_t i = 0; recipe && i < recipe->lines; i++)
        rounds |= recipe->version[recipe->line[i].version].use[type] > VPREC_USE_NATIVE;
    return rounds;
}

static void append_type(char **text, const vprec_run *run, vprec_type type)
{
    const vprec_wire_config *config = &run->options->config;
    const vprec_totals *totals = run->totals;
    const char *name = vprec_type_names[type], *mode = vprec_mode_name(config);
    if (config->use[type] == VPREC_USE_NATIVE && rounds_in_scopes(run, type))
        append(text, "%srounded %s in scopes alone, as --scope says: ", between(*text), name);
    else if (config->use[type] == VPREC_USE_NATIVE)
        append(text, "%s%s instrumented, not rounded (native): ", between(*text), name);
    else
        append(text, "%srounded %s to %s (%s%s%s%s): ", between(*text), name, run->options->spelled[type], vprec_round_name(config->round),
               strcmp(mode, "rne") ? ", " : "", strcmp(mode, "rne") ? mode : "",
               config->fast ? ", rounded twice (--fast)" : "");
    if (config->count) {
        append(text, COUNT_FORMAT " in " COUNT_FORMAT " that ran", COUNT(totals->operations[type], "operation"),
               COUNT(totals->functions_entered[type], "function"));
        if (totals->libm_calls[type])
            append(text, " and " COUNT_FORMAT, COUNT(totals->libm_calls[type], "libm call"));
        bool all = config->count == VPREC_COUNT_ALL;
        if (all && totals->overflows[type])
            append(text, ", " COUNT_FORMAT, COUNT(totals->overflows[type], "overflow"));
        if (all && totals->underflows[type])
            append(text, ", " COUNT_FORMAT, COUNT(totals->underflows[type], "underflow"));
        if (all && totals->nans[type])
            append(text, ", " COUNT_FORMAT, COUNT(totals->nans[type], "NaN"));
    } else {
        append(text, COUNT_FORMAT " in " COUNT_FORMAT " that ran (of %" PRIu64 " in %" PRIu64 ")",
               COUNT(totals->sites_entered[type], "site"), COUNT(totals->functions_entered[type], "function"),
               totals->sites[type], totals->functions[type]);
        if (totals->libm_called[type])
            append(text, " and calls of " COUNT_FORMAT, COUNT(totals->libm_called[type], "libm function"));
    }
}

/* Names of the objects that were left out for `reason`, the first few; NULL: none. */
static char *left_out(const vprec_run *run, enum vprec_reason reason)
{
    size_t count, named = 0, more = 0;
    vprec_left_native *natives = vprec_natives_collect(run->records, false, &count);
    char *text = NULL;
    for (size_t i = 0; i < count; i++) {
        if (natives[i].reason != reason)
            continue;
        if (named++ < NAMED_MOST)
            append(&text, "%s%s", text ? ", " : "", vprec_base(natives[i].object));
        else
            more++;
    }
    if (more)
        append(&text, " and %zu more", more);
    free(natives);
    return text;
}

char *vprec_summary_rounded(const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    const vprec_totals *totals = run->totals;
    char *text = NULL;
    for (int type = 0; type < VPREC_TYPES; type++)
        if (config->use[type])
            append_type(&text, run, type);
    append(&text, "; " COUNT_FORMAT ", ", COUNT(totals->objects, "object"));
    append(&text, "%zu process%s", totals->processes, totals->processes == 1 ? "" : "es");
    char *compiled = left_out(run, VPREC_REASON_LEFT_COMPILED);
    if (compiled)
        append(&text, "; %s, as vprec-cc has built it (its own code rounds)", compiled);
    free(compiled);
    char *scopes = vprec_scopes_summary(run);
    if (scopes)
        append(&text, "; %s", scopes);
    free(scopes);
    return text;
}

static size_t left_out_count(const vprec_run *run, enum vprec_reason reason)
{
    size_t count, some = 0;
    vprec_left_native *natives = vprec_natives_collect(run->records, false, &count);
    for (size_t i = 0; i < count; i++)
        some += natives[i].reason == reason;
    free(natives);
    return some;
}

/* How many of the instructions ran is known to an audit only. */
static void append_executed(char **text, const vprec_run *run, uint64_t executed)
{
    if (run->options->config.audit)
        append(text, ", %" PRIu64 " of them ran", executed);
}

/* The operations that --ops leaves native. */
static void append_ops(char **text, uint32_t ops)
{
    if (!(~ops & VPREC_OPS_ALL))
        return;
    const char *before = between(*text);
    for (int bit = 0; bit < VPREC_OPS_NAMES; bit++)
        if (!(ops >> bit & 1)) {
            append(text, "%s%s", before, vprec_ops_names[bit]);
            before = ", ";
        }
    append(text, " (left out by --ops)");
}

char *vprec_summary_left(const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    const vprec_totals *totals = run->totals;
    char *text = NULL;
    for (int type = 0; type < VPREC_TYPES; type++)
        if (!config->use[type] && totals->native[type])
            append(&text, "%s%s (" COUNT_FORMAT ", no format given)", between(text), vprec_type_names[type],
                   COUNT(totals->native[type], "site"));
        else if (totals->native[type])
            append(&text, "%s" COUNT_FORMAT " of %s in functions that are not selected", between(text),
                   COUNT(totals->native[type], "site"), vprec_type_names[type]);
    append_ops(&text, config->ops);
    size_t count;
    free(vprec_natives_collect(run->records, true, &count));
    if (count)
        append(&text, "%swhat is named above as native", between(text));
    if (totals->refused) {
        append(&text, "%s" COUNT_FORMAT " that cannot be rounded", between(text),
               COUNT(totals->refused, "instruction"));
        append_executed(&text, run, totals->refused_executed);
        if (!config->audit)
            append(&text, " (--audit tells whether they run)");
    }
    if (totals->long_double) {
        append(&text, "%slong double (" COUNT_FORMAT, between(text), COUNT(totals->long_double, "x87 instruction"));
        append_executed(&text, run, totals->long_double_executed);
        append(&text, ")");
    }
    if (totals->exact) {
        append(&text, "%s" COUNT_FORMAT " by which it rounds to integers", between(text), COUNT(totals->exact, "addition"));
        if (config->count)
            append(&text, " (executed " COUNT_FORMAT ")", COUNT(totals->exact_executed, "time"));
    }
    size_t unasked = left_out_count(run, VPREC_REASON_LEFT_NOT_ASKED) +
                     left_out_count(run, VPREC_REASON_LEFT_SKIPPED);
    if (unasked)
        append(&text, "%s" COUNT_FORMAT " not selected", between(text), COUNT(unasked, "object"));
    char *runtimes = left_out(run, VPREC_REASON_LEFT_RUNTIME);
    if (runtimes)
        append(&text, "%s%s (interpreters are left out by default: what they calculate themselves is not rounded)",
               between(text), runtimes);
    free(runtimes);
    char *presets = left_out(run, VPREC_REASON_LEFT_PRESET);
    if (presets)
        append(&text, "%srandom numbers, ranges and plans of %s (--preset none rounds them, too)", between(text), presets);
    free(presets);
    char *generators = left_out(run, VPREC_REASON_LEFT_GENERATED);
    if (generators)
        append(&text, "%scode that %s generated (not selected: see --jit)", between(text), generators);
    free(generators);
    return text;
}

static bool ran(const vprec_totals *totals, vprec_type type)
{
    return totals->sites_entered[type] || totals->operations[type] || totals->libm_called[type];
}

char *vprec_summary_advice(const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    const vprec_totals *totals = run->totals;
    char *text = NULL;
    bool any = config->list || !totals->processes;
    for (int type = 0; type < VPREC_TYPES; type++)
        any |= config->use[type] && ran(totals, (vprec_type)type);
    if (any || left_out_count(run, VPREC_REASON_LEFT_COMPILED))
        return NULL;
    for (int type = 0; type < VPREC_TYPES; type++)
        if (config->use[type] && totals->native[type]) {
            append(&text, "no function that --function and --skip-function select has an %s operation: see --list",
                   vprec_type_names[type]);
            return text;
        }
    char *runtimes = left_out(run, VPREC_REASON_LEFT_RUNTIME);
    for (int type = 0; type < VPREC_TYPES; type++) {
        int other = type == VPREC_F32 ? VPREC_F64 : VPREC_F32;
        if (config->use[type] && !config->use[other] && totals->native[other])
            append(&text, "%sno %s operation ran, %s operations were left native: try --format %s", between(text),
                   vprec_type_names[type], vprec_type_names[other],
                   other == VPREC_F64 ? "f64=e11m40" : "f32=e8m10");
    }
    if (runtimes)
        append(&text, "%sno operation ran in what was selected, and the interpreter is not: --object '*' takes it in, "
               "or --object NAME alone (here %s)", between(text), runtimes);
    else if (~config->ops & VPREC_OPS_ALL)
        append(&text, "%sno operation that --ops names ran: leave it out, or name more", between(text));
    else if (!totals->objects)
        append(&text, "%sthe selected objects hold nothing to round: see --list, or try --object '*'", between(text));
    free(runtimes);
    return text;
}
