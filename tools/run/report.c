/* SPDX-License-Identifier: Apache-2.0
 * report.c: the JSON of --report. A format that other programs read: a change
 * that is no addition raises SCHEMA. */
#include "common/demangle.h"
#include "common/json.h"
#include "common/say.h"
#include "counts.h"
#include "firsts.h"
#include "lines.h"
#include "native.h"
#include "probes.h"
#include "replay.h"
#include "run.h"
#include "scopes.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1 };

static json_t *hex(uint64_t address)
{
    char digits[24];
    snprintf(digits, sizeof digits, "0x%" PRIx64, address);
    return json_string(digits);
}

static json_t *index_of(size_t index)
{
    return index == VPREC_NO_PARENT ? json_null() : json_integer((json_int_t)index);
}

static json_t *per_type(uint64_t f32, uint64_t f64)
{
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, vprec_type_names[VPREC_F32], vprec_json_number(f32));
    vprec_json_put(object, vprec_type_names[VPREC_F64], vprec_json_number(f64));
    return object;
}
#define PER_TYPE(pair) per_type((pair)[VPREC_F32], (pair)[VPREC_F64])

static json_t *format_of(const vprec_wire_config *config, vprec_type type)
{
    static const char *const flags[] = {"sat", "noinf", "nosub", "nonan", "nonegzero"};
    char name[64];
    if (!config->use[type])
        return json_null();
    vprec_options_format(config, type, name, sizeof name);
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "name", vprec_json_text(name));
    if (config->use[type] != VPREC_USE_FORMAT)
        return object;
    const vprec_format *format = &config->format[type];
    vprec_json_put(object, "exponent_bits", json_integer(format->ebits));
    vprec_json_put(object, "fraction_bits", json_integer(format->fbits));
    vprec_json_put(object, "bias", json_integer(format->bias));
    vprec_json_put(object, "largest", json_real(format->max));
    vprec_json_put(object, "smallest_normal", json_real(format->min_normal));
    vprec_json_put(object, "smallest_subnormal", json_real(format->min_subnormal));
    json_t *array = vprec_json_must(json_array());
    for (size_t bit = 0; bit < sizeof flags / sizeof *flags; bit++)
        if (format->flags >> bit & 1)
            vprec_json_add(array, vprec_json_text(flags[bit]));
    vprec_json_put(object, "flags", array);
    return object;
}

static json_t *configuration(const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    json_t *object = vprec_json_must(json_object()), *formats = vprec_json_must(json_object());
    json_t *ops = vprec_json_must(json_array()), *rules = vprec_json_must(json_array());
    for (int type = 0; type < VPREC_TYPES; type++)
        vprec_json_put(formats, vprec_type_names[type], format_of(config, type));
    for (size_t bit = 0; bit < VPREC_OPS_NAMES; bit++)
        if (config->ops >> bit & 1)
            vprec_json_add(ops, vprec_json_text(vprec_ops_names[bit]));
    for (uint32_t i = 0; i < config->rules; i++) {
        json_t *rule = vprec_json_must(json_object());
        vprec_json_put(rule, "option", vprec_json_text(vprec_rule_option(config->rule[i].kind)));
        vprec_json_put(rule, "pattern", vprec_json_text(config->rule[i].glob));
        vprec_json_put(rule, "matched", vprec_json_number(run->records->hits[i]));
        vprec_json_put(rule, "exists",
                       json_boolean(run->records->hits[i] || run->records->named[i] != VPREC_NO_PARENT));
        vprec_json_add(rules, rule);
    }
    vprec_json_put(object, "formats", formats);
    vprec_json_put(object, "mode", vprec_json_text(vprec_mode_name(config)));
    vprec_json_put(object, "seed", vprec_json_seed(config->seed));
    bool noisy = vprec_options_noisy(config);
    vprec_json_put(object, "noise", noisy ? vprec_json_text(vprec_noise_name(config)) : json_null());
    vprec_json_put(object, "round", vprec_json_text(vprec_round_name(config->round)));
    vprec_json_put(object, "fast", json_boolean(config->fast));
    vprec_json_put(object, "integer_rounding", vprec_json_text(vprec_shifters_name(config->rounds_shifters)));
    vprec_json_put(object, "ops", ops);
    const char *counted = vprec_counting_name(config->count);
    vprec_json_put(object, "count", json_boolean(config->count && !config->layers));
    vprec_json_put(object, "counted", counted ? vprec_json_text(counted) : json_null());
    vprec_json_put(object, "layers", json_boolean(config->layers));
    vprec_json_put(object, "audit", json_boolean(config->audit));
    vprec_json_put(object, "audit_long_double", json_boolean(config->audit == VPREC_AUDIT_ALL));
    vprec_json_put(object, "list", json_boolean(config->list));
    vprec_json_put(object, "rules", rules);
    vprec_json_put(object, "recipe", vprec_scopes_recipe(run));
    return object;
}

static json_t *exit_of(const vprec_run *run)
{
    const vprec_outcome *outcome = run->outcome;
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "status", run->snapshot ? json_null() : json_integer(run->status));
    bool ended = outcome->exited >= 0 && !outcome->exec_error;
    vprec_json_put(object, "program_status", ended ? json_integer(outcome->exited) : json_null());
    vprec_json_put(object, "program_signal", outcome->signal ? json_integer(outcome->signal) : json_null());
    const char *name = outcome->signal ? sigabbrev_np(outcome->signal) : NULL;
    char *signal = name ? vprec_text("SIG%s", name) : NULL;
    vprec_json_put(object, "program_signal_name", signal ? vprec_json_text(signal) : json_null());
    vprec_json_put(object, "attached", json_boolean(vprec_run_attached(run)));
    free(signal);
    return object;
}

/* All but the time is known when the program has ended. */
static json_t *resources_of(const vprec_run *run)
{
    const vprec_outcome *outcome = run->outcome;
    const bool ended = !run->snapshot;
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "wall_seconds", json_real(outcome->wall_seconds));
    vprec_json_put(object, "user_seconds", ended ? json_real(outcome->user_seconds) : json_null());
    vprec_json_put(object, "system_seconds", ended ? json_real(outcome->system_seconds) : json_null());
    vprec_json_put(object, "max_rss_bytes", ended ? json_integer((json_int_t)outcome->max_rss) : json_null());
    return object;
}

static json_t *totals_of(const vprec_run *run)
{
    const vprec_totals *totals = run->totals;
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "processes", vprec_json_number(totals->processes));
    vprec_json_put(object, "objects", vprec_json_number(totals->objects));
    vprec_json_put(object, "functions", PER_TYPE(totals->functions));
    vprec_json_put(object, "functions_entered", PER_TYPE(totals->functions_entered));
    vprec_json_put(object, "sites", PER_TYPE(totals->sites));
    vprec_json_put(object, "sites_entered", PER_TYPE(totals->sites_entered));
    vprec_json_put(object, "sites_native", PER_TYPE(totals->native));
    vprec_json_put(object, "refused", vprec_json_number(totals->refused));
    vprec_json_put(object, "long_double", vprec_json_number(totals->long_double));
    vprec_json_put(object, "integer_rounding", vprec_json_number(totals->exact));
    if (run->options->config.count)
        vprec_json_put(object, "integer_rounding_executed", vprec_json_number(totals->exact_executed));
    vprec_json_put(object, "libm_functions", vprec_json_number(totals->libm_functions));
    vprec_json_put(object, "libm_functions_called", PER_TYPE(totals->libm_called));
    if (run->options->config.audit)
        vprec_json_put(object, "refused_executed", vprec_json_number(totals->refused_executed));
    if (run->options->config.audit)
        vprec_json_put(object, "long_double_executed", vprec_json_number(totals->long_double_executed));
    if (run->options->config.count) {
        vprec_json_put(object, "operations", PER_TYPE(totals->operations));
        vprec_json_put(object, "libm_calls", PER_TYPE(totals->libm_calls));
    }
    if (run->options->config.count == VPREC_COUNT_ALL) {
#define X(event) vprec_json_put(object, #event, PER_TYPE(totals->event));
        VPREC_EVENTS(X)
#undef X
    }
    return object;
}

static json_t *process_of(const vprec_run *run, size_t i)
{
    static const char *const isas[] = {"sse2", "avx2", "avx512"};
    const vprec_process_record *process = vprec_process_at(run->records, i);
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "pid", json_integer(process->pid));
    vprec_json_put(object, "parent", json_integer(process->parent));
    vprec_json_put(object, "executable", vprec_json_text(process->path));
    vprec_json_put(object, "selected", json_boolean(process->selected));
    vprec_json_put(object, "isa",
                   process->isa < sizeof isas / sizeof *isas ? vprec_json_text(isas[process->isa]) : json_null());
    vprec_json_put(object, "startup_seconds", json_real((double)process->startup_ns * 1e-9));
    vprec_json_put(object, "traps", vprec_json_number(process->traps));
    vprec_json_put(object, "libm_functions", vprec_json_number(process->libm_functions));
    vprec_json_put(object, "libm_functions_called", PER_TYPE(process->libm_called));
    if (run->options->config.count)
        vprec_json_put(object, "libm_calls", PER_TYPE(process->libm_calls));
    if (run->options->config.count == VPREC_COUNT_ALL) {
        json_t *firsts = vprec_json_must(json_object());
        for (int type = 0; type < VPREC_TYPES; type++)
            vprec_json_put(firsts, vprec_type_names[type], vprec_firsts_report(run->records, process->libm_first[type]));
        vprec_json_put(object, "libm_first", firsts);
    }
    return object;
}

static json_t *object_of(const vprec_run *run, size_t i)
{
    const vprec_object_record *record = vprec_object_at(run->records, i);
    char build_id[2 * sizeof record->build_id + 1] = "";
    for (size_t byte = 0; byte < record->build_id_length && byte < sizeof record->build_id; byte++)
        sprintf(build_id + 2 * byte, "%02x", record->build_id[byte]);
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "path", vprec_json_text(record->path));
    vprec_json_put(object, "process_index", index_of(VPREC_ITEMS(run->records, OBJECT).items[i].parent));
    vprec_json_put(object, "build_id", *build_id ? vprec_json_text(build_id) : json_null());
    vprec_json_put(object, "base", hex(record->base));
    vprec_json_put(object, "functions", vprec_json_number(record->functions));
    vprec_json_put(object, "sites", PER_TYPE(record->sites));
    vprec_json_put(object, "sites_native", PER_TYPE(record->sites_native));
    vprec_json_put(object, "refused", vprec_json_number(record->refused));
    vprec_json_put(object, "inlined", vprec_json_number(record->inlined));
    vprec_json_put(object, "clone_bytes", vprec_json_number(record->clone_bytes));
    vprec_json_put(object, "undecoded_bytes", vprec_json_number(record->undecoded));
    vprec_json_put(object, "by_jump", vprec_json_number(record->by_jump));
    vprec_json_put(object, "by_short", vprec_json_number(record->by_short));
    vprec_json_put(object, "by_trap", vprec_json_number(record->by_trap));
    return object;
}

/* What is not zero, by number; the first bin is that of `first`. */
static json_t *histogram(const _Atomic uint64_t *bins, int count, int first)
{
    json_t *object = vprec_json_must(json_object());
    for (int i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", first + i);
        if (bins[i])
            vprec_json_put(object, number, vprec_json_number(bins[i]));
    }
    return object;
}

static void span_of(json_t *object, const vprec_span *span, const char *least_name, const char *most_name)
{
    int least, most;
    bool any = vprec_span_exponents(span, &least, &most);
    vprec_json_put(object, least_name, any ? json_integer(least) : json_null());
    vprec_json_put(object, most_name, any ? json_integer(most) : json_null());
}

static json_t *cancellation_of(const vprec_counts *counts, unsigned precision)
{
    int most = vprec_counts_most_bits(counts);
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "additions", vprec_json_number(vprec_counts_additions(counts)));
    vprec_json_put(object, "bits", histogram(counts->cancelled, VPREC_CANCELLED_ALL, 0));
    vprec_json_put(object, "total", vprec_json_number(counts->cancelled[VPREC_CANCELLED_ALL]));
    vprec_json_put(object, "max_bits", most < 0 ? json_null() : json_integer(most));
    vprec_json_put(object, "max_digits", most < 0 ? json_null() : json_real(vprec_digits((unsigned)most)));
    vprec_json_put(object, "precision_bits", json_integer(precision));
    vprec_json_put(object, "more_than_half", vprec_json_number(vprec_counts_cancelling(counts, precision / 2)));
    return object;
}

/* What is not counted is null. */
json_t *vprec_report_counts(const vprec_records *records, const vprec_counts *counts, unsigned precision,
                            uint32_t counting)
{
    static const char *const names[VPREC_OPS] = {
        [VPREC_OP_ADD] = "add",       [VPREC_OP_SUB] = "sub",     [VPREC_OP_MUL] = "mul",   [VPREC_OP_DIV] = "div",
        [VPREC_OP_SQRT] = "sqrt",     [VPREC_OP_FMA] = "fma",     [VPREC_OP_ADDSUB] = "addsub",
        [VPREC_OP_HADD] = "hadd",     [VPREC_OP_HSUB] = "hsub",   [VPREC_OP_DP] = "dp",     [VPREC_OP_CVT] = "cvt",
        [VPREC_OP_RCP] = "rcp",       [VPREC_OP_RSQRT] = "rsqrt", [VPREC_OP_VALUE] = "value",
        [VPREC_OP_SCALEF] = "scalef",
    };
    json_t *object = vprec_json_must(json_object()), *ops = vprec_json_must(json_object());
    for (size_t op = 0; op < VPREC_OPS; op++)
        if (counts->ops[op])
            vprec_json_put(ops, names[op], vprec_json_number(counts->ops[op]));
    vprec_json_put(object, "ops", ops);
    bool all = counting == VPREC_COUNT_ALL;
#define X(event) vprec_json_put(object, #event, all ? vprec_json_number(counts->event) : json_null());
    VPREC_EVENTS(X)
#undef X
    span_of(object, &counts->results, "exponent_min", "exponent_max"); /* nothing in it: null */
    span_of(object, &counts->operands, "operand_exponent_min", "operand_exponent_max");
    vprec_json_put(object, "exponents",
                   all ? histogram(counts->exponents, VPREC_EXPONENTS, VPREC_EXPONENT_LEAST) : json_null());
    vprec_json_put(object, "cancellation", all ? cancellation_of(counts, precision) : json_null());
    vprec_json_put(object, "first", all ? vprec_firsts_report(records, counts->first) : json_null());
    return object;
}

static json_t *function_of(const vprec_run *run, size_t i)
{
    const vprec_function_record *function = vprec_function_at(run->records, i);
    size_t parent = VPREC_ITEMS(run->records, FUNCTION).items[i].parent;
    json_t *object = vprec_json_must(json_object());
    char *name = vprec_demangled(function->name, true);
    vprec_json_put(object, "name", vprec_json_text(function->name));
    vprec_json_put(object, "demangled", vprec_json_text(name));
    free(name);
    vprec_json_put(object, "object", vprec_json_text(vprec_object_path(run->records, parent)));
    vprec_json_put(object, "object_index", index_of(parent));
    vprec_json_put(object, "address", hex(function->address));
    vprec_json_put(object, "length", vprec_json_number(function->length));
    vprec_line_put(object, vprec_line_of(run->records, vprec_object_path(run->records, parent), function->address));
    vprec_json_put(object, "sites", PER_TYPE(function->sites));
    vprec_json_put(object, "refused", vprec_json_number(function->refused));
    vprec_json_put(object, "entered", json_boolean(function->entered));
    if (run->options->config.count && !run->options->config.layers) {
        json_t *counts = vprec_json_must(json_object());
        for (int type = 0; type < VPREC_TYPES; type++)
            if (run->options->config.use[type])
                vprec_json_put(counts, vprec_type_names[type],
                               vprec_report_counts(run->records, vprec_counts_of(run->records, i, (vprec_type)type),
                                         vprec_counts_precision(&run->options->config, (vprec_type)type),
                                         run->options->config.count));
        vprec_json_put(object, "counts", counts);
    }
    return object;
}

static json_t *numbers_of(uint32_t numbers)
{
    json_t *array = vprec_json_must(json_array());
    for (int type = 0; type < VPREC_TYPES; type++)
        if (numbers >> type & 1)
            vprec_json_add(array, vprec_json_text(vprec_type_names[type]));
    if (numbers & VPREC_NUMBER_LONG)
        vprec_json_add(array, vprec_json_text("long double"));
    if (numbers & VPREC_NUMBER_OTHER)
        vprec_json_add(array, vprec_json_text("other"));
    return array;
}

/* An instruction: its text, and where it lies. */
static json_t *instruction_of(const vprec_run *run, const vprec_item *item, const char *text, uint64_t address)
{
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "text", vprec_json_text(text));
    vprec_json_put(object, "object", vprec_json_text(vprec_object_path(run->records, item->parent)));
    vprec_json_put(object, "object_index", index_of(item->parent));
    vprec_json_put(object, "function",
                   item->function == VPREC_NO_PARENT
                       ? json_null()
                       : vprec_json_text(vprec_function_at(run->records, item->function)->name));
    vprec_json_put(object, "address", hex(address));
    vprec_line_put(object, vprec_line_of(run->records, vprec_object_path(run->records, item->parent), address));
    return object;
}

static json_t *exact_of(const vprec_run *run, size_t i)
{
    const vprec_exact_record *exact = vprec_exact_at(run->records, i);
    json_t *object = instruction_of(run, &VPREC_ITEMS(run->records, EXACT).items[i], exact->text, exact->address);
    vprec_json_put(object, "asked", json_boolean(exact->asked));
    vprec_json_put(object, "executed", run->options->config.count ? vprec_json_number(exact->executed) : json_null());
    return object;
}

static json_t *refused_of(const vprec_run *run, size_t i)
{
    const vprec_refused_record *refused = vprec_refused_at(run->records, i);
    json_t *object = instruction_of(run, &VPREC_ITEMS(run->records, REFUSED).items[i], refused->text, refused->address);
    vprec_json_put(object, "numbers", numbers_of(refused->numbers));
    vprec_json_put(object, "executed", run->options->config.audit ? vprec_json_number(refused->executed) : json_null());
    return object;
}

static json_t *natives_of(const vprec_run *run, bool selected)
{
    size_t count;
    vprec_left_native *natives = vprec_natives_collect(run->records, selected, &count);
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < count; i++) {
        json_t *object = vprec_json_must(json_object());
        vprec_json_put(object, "object", vprec_json_text(natives[i].object));
        if (selected)
            vprec_json_put(object, "function",
                           natives[i].function ? vprec_json_text(natives[i].function) : json_null());
        vprec_json_put(object, "reason", vprec_json_text(vprec_reason_code(natives[i].reason)));
        vprec_json_put(object, "text", vprec_json_text(vprec_reason_text(natives[i].reason)));
        vprec_json_put(object, "process_index", index_of(natives[i].process));
        vprec_json_add(array, object);
    }
    free(natives);
    return array;
}

static json_t *message_of(const vprec_run *run, size_t i)
{
    json_t *object = vprec_json_must(json_object());
    vprec_json_put(object, "text", vprec_json_text(vprec_message_at(run->records, i)->text));
    vprec_json_put(object, "process_index", index_of(VPREC_ITEMS(run->records, MESSAGE).items[i].parent));
    return object;
}

static json_t *list_of(const vprec_run *run, uint32_t kind, json_t *(*make)(const vprec_run *, size_t))
{
    json_t *array = vprec_json_must(json_array());
    for (size_t i = 0; i < run->records->of[kind].count; i++)
        vprec_json_add(array, make(run, i));
    return array;
}

json_t *vprec_report_build(const vprec_run *run)
{
    json_t *root = vprec_json_must(json_object()), *records = vprec_json_must(json_object());
    char *rounded = vprec_summary_rounded(run), *left = vprec_summary_left(run), *advice = vprec_summary_advice(run);
    vprec_json_put(root, "schema", json_integer(SCHEMA));
    vprec_json_put(root, "tool", vprec_json_text("vprec-run"));
    vprec_json_put(root, "version", vprec_json_text(VPREC_VERSION));
    vprec_json_put(root, "snapshot", json_boolean(run->snapshot));
    vprec_json_put(root, "command", vprec_json_strings(run->options->program));
    vprec_json_put(root, "executable", vprec_json_text(run->program->path));
    vprec_json_put(root, "replay", vprec_replay_describe(run));
    vprec_json_put(root, "configuration", configuration(run));
    vprec_json_put(root, "exit", exit_of(run));
    vprec_json_put(root, "resources", resources_of(run));
    vprec_json_put(root, "summary", vprec_json_text(rounded));
    vprec_json_put(root, "summary_left", left ? vprec_json_text(left) : json_null());
    vprec_json_put(root, "summary_hint", advice ? vprec_json_text(advice) : json_null());
    vprec_json_put(root, "totals", totals_of(run));
    vprec_json_put(root, "processes", list_of(run, VPREC_RECORD_PROCESS, process_of));
    vprec_json_put(root, "objects", list_of(run, VPREC_RECORD_OBJECT, object_of));
    vprec_json_put(root, "functions", list_of(run, VPREC_RECORD_FUNCTION, function_of));
    vprec_json_put(root, "refused", list_of(run, VPREC_RECORD_REFUSED, refused_of));
    vprec_json_put(root, "integer_rounding", list_of(run, VPREC_RECORD_EXACT, exact_of));
    vprec_json_put(root, "scopes", vprec_scopes_report(run));
    vprec_json_put(root, "probes", vprec_probes_report(run));
    vprec_json_put(root, "native", natives_of(run, true));
    vprec_json_put(root, "left_out", natives_of(run, false));
    vprec_json_put(root, "messages", list_of(run, VPREC_RECORD_MESSAGE, message_of));
    vprec_json_put(records, "complete", json_boolean(run->records->complete && !run->records->dropped));
    vprec_json_put(records, "dropped", vprec_json_number(run->records->dropped));
    vprec_json_put(records, "skipped", vprec_json_number(run->records->skipped));
    vprec_json_put(root, "records", records);
    free(advice);
    free(left);
    free(rounded);
    return root;
}
