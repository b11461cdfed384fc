/* SPDX-License-Identifier: Apache-2.0
 * report.c: the JSON of --report. A format that other programs read: a change
 * that is no addition raises SCHEMA. */
#include "run.h"
#include "say.h"
#include "site.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCHEMA = 1 };

static json_t *must(json_t *value)
{
    if (!value) {
        vprec_say("out of memory for the report: free some, or raise the limit (ulimit -v)");
        exit(VPREC_EXIT_FAILURE);
    }
    return value;
}

static void put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, must(value)))
        must(NULL);
}

static void add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, must(value)))
        must(NULL);
}

/* Names and paths are bytes; where they are no UTF-8, bytes above 7Fh read as \xNN. */
static json_t *text(const char *bytes)
{
    json_t *string = json_string(bytes);
    if (string)
        return string;
    char *escaped = vprec_alloc(strlen(bytes) * 4 + 1, 1), *out = escaped;
    for (; *bytes; bytes++)
        out += sprintf(out, (unsigned char)*bytes < 0x80 ? "%c" : "\\x%02x", (unsigned char)*bytes);
    string = json_string(escaped);
    free(escaped);
    return string;
}

/* JSON integers are signed here; a count beyond them is a damaged record, shown as it is. */
static json_t *number(uint64_t n)
{
    char decimal[24];
    if (n <= INT64_MAX)
        return json_integer((json_int_t)n);
    snprintf(decimal, sizeof decimal, "%" PRIu64, n);
    return json_string(decimal);
}

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
    json_t *object = must(json_object());
    put(object, vprec_type_names[VPREC_F32], number(f32));
    put(object, vprec_type_names[VPREC_F64], number(f64));
    return object;
}
#define PER_TYPE(pair) per_type((pair)[VPREC_F32], (pair)[VPREC_F64])

static json_t *strings(char *const *list)
{
    json_t *array = must(json_array());
    for (; *list; list++)
        add(array, text(*list));
    return array;
}

static json_t *format_of(const vprec_wire_config *config, vprec_type type)
{
    static const char *const flags[] = {"sat", "noinf", "nosub", "nonan", "nonegzero"};
    char name[64];
    if (!config->use[type])
        return json_null();
    vprec_options_format(config, type, name, sizeof name);
    json_t *object = must(json_object());
    put(object, "name", text(name));
    if (config->use[type] != VPREC_USE_FORMAT)
        return object;
    const vprec_format *format = &config->format[type];
    put(object, "exponent_bits", json_integer(format->ebits));
    put(object, "fraction_bits", json_integer(format->fbits));
    put(object, "bias", json_integer(format->bias));
    put(object, "largest", json_real(format->max));
    put(object, "smallest_normal", json_real(format->min_normal));
    put(object, "smallest_subnormal", json_real(format->min_subnormal));
    json_t *array = must(json_array());
    for (size_t bit = 0; bit < sizeof flags / sizeof *flags; bit++)
        if (format->flags >> bit & 1)
            add(array, text(flags[bit]));
    put(object, "flags", array);
    return object;
}

static json_t *configuration(const vprec_run *run)
{
    const vprec_wire_config *config = &run->options->config;
    json_t *object = must(json_object()), *formats = must(json_object());
    json_t *ops = must(json_array()), *rules = must(json_array());
    for (int type = 0; type < VPREC_TYPES; type++)
        put(formats, vprec_type_names[type], format_of(config, type));
    for (size_t bit = 0; bit < VPREC_OPS_NAMES; bit++)
        if (config->ops >> bit & 1)
            add(ops, text(vprec_ops_names[bit]));
    for (uint32_t i = 0; i < config->rules; i++) {
        json_t *rule = must(json_object());
        put(rule, "option", text(vprec_rule_option(config->rule[i].kind)));
        put(rule, "pattern", text(config->rule[i].glob));
        put(rule, "matched", number(run->records->hits[i]));
        add(rules, rule);
    }
    put(object, "formats", formats);
    put(object, "mode", text("rne"));
    put(object, "round", text(vprec_round_name(config->round)));
    put(object, "fast", json_boolean(config->fast));
    put(object, "ops", ops);
    put(object, "count", json_boolean(config->count));
    put(object, "audit", json_boolean(config->audit));
    put(object, "list", json_boolean(config->list));
    put(object, "rules", rules);
    return object;
}

static json_t *exit_of(const vprec_run *run)
{
    const vprec_outcome *outcome = run->outcome;
    json_t *object = must(json_object());
    put(object, "status", json_integer(run->status));
    bool ended = outcome->exited >= 0 && !outcome->exec_error;
    put(object, "program_status", ended ? json_integer(outcome->exited) : json_null());
    put(object, "program_signal", outcome->signal ? json_integer(outcome->signal) : json_null());
    const char *name = outcome->signal ? sigabbrev_np(outcome->signal) : NULL;
    char *signal = name ? vprec_text("SIG%s", name) : NULL;
    put(object, "program_signal_name", signal ? text(signal) : json_null());
    put(object, "attached", json_boolean(vprec_run_attached(run)));
    free(signal);
    return object;
}

static json_t *totals_of(const vprec_run *run)
{
    const vprec_totals *totals = run->totals;
    json_t *object = must(json_object());
    put(object, "processes", number(totals->processes));
    put(object, "objects", number(totals->objects));
    put(object, "functions", PER_TYPE(totals->functions));
    put(object, "functions_entered", PER_TYPE(totals->functions_entered));
    put(object, "sites", PER_TYPE(totals->sites));
    put(object, "sites_entered", PER_TYPE(totals->sites_entered));
    put(object, "sites_native", PER_TYPE(totals->native));
    put(object, "refused", number(totals->refused));
    put(object, "libm_functions", number(totals->libm_functions));
    if (run->options->config.audit)
        put(object, "refused_executed", number(totals->refused_executed));
    if (run->options->config.count) {
        put(object, "operations", PER_TYPE(totals->operations));
        put(object, "libm_calls", PER_TYPE(totals->libm_calls));
        put(object, "rounded", PER_TYPE(totals->rounded));
        put(object, "overflows", PER_TYPE(totals->overflows));
        put(object, "underflows", PER_TYPE(totals->underflows));
        put(object, "nans", PER_TYPE(totals->nans));
    }
    return object;
}

static json_t *process_of(const vprec_run *run, size_t i)
{
    static const char *const isas[] = {"sse2", "avx2", "avx512"};
    const vprec_process_record *process = vprec_process_at(run->records, i);
    json_t *object = must(json_object());
    put(object, "pid", json_integer(process->pid));
    put(object, "parent", json_integer(process->parent));
    put(object, "executable", text(process->path));
    put(object, "selected", json_boolean(process->selected));
    put(object, "isa", process->isa < sizeof isas / sizeof *isas ? text(isas[process->isa]) : json_null());
    put(object, "startup_seconds", json_real((double)process->startup_ns * 1e-9));
    put(object, "traps", number(process->traps));
    put(object, "libm_functions", number(process->libm_functions));
    if (run->options->config.count)
        put(object, "libm_calls", PER_TYPE(process->libm_calls));
    return object;
}

static json_t *object_of(const vprec_run *run, size_t i)
{
    const vprec_object_record *record = vprec_object_at(run->records, i);
    char build_id[2 * sizeof record->build_id + 1] = "";
    for (size_t byte = 0; byte < record->build_id_length && byte < sizeof record->build_id; byte++)
        sprintf(build_id + 2 * byte, "%02x", record->build_id[byte]);
    json_t *object = must(json_object());
    put(object, "path", text(record->path));
    put(object, "process_index", index_of(VPREC_ITEMS(run->records, OBJECT).items[i].parent));
    put(object, "build_id", *build_id ? text(build_id) : json_null());
    put(object, "base", hex(record->base));
    put(object, "functions", number(record->functions));
    put(object, "sites", PER_TYPE(record->sites));
    put(object, "sites_native", PER_TYPE(record->sites_native));
    put(object, "refused", number(record->refused));
    put(object, "inlined", number(record->inlined));
    put(object, "clone_bytes", number(record->clone_bytes));
    put(object, "undecoded_bytes", number(record->undecoded));
    put(object, "by_jump", number(record->by_jump));
    put(object, "by_short", number(record->by_short));
    put(object, "by_trap", number(record->by_trap));
    return object;
}

static json_t *counts_of(const vprec_counts *counts)
{
    static const char *const names[VPREC_OPS] = {
        [VPREC_OP_ADD] = "add",       [VPREC_OP_SUB] = "sub",     [VPREC_OP_MUL] = "mul",   [VPREC_OP_DIV] = "div",
        [VPREC_OP_SQRT] = "sqrt",     [VPREC_OP_FMA] = "fma",     [VPREC_OP_ADDSUB] = "addsub",
        [VPREC_OP_HADD] = "hadd",     [VPREC_OP_HSUB] = "hsub",   [VPREC_OP_DP] = "dp",     [VPREC_OP_CVT] = "cvt",
        [VPREC_OP_RCP] = "rcp",       [VPREC_OP_RSQRT] = "rsqrt", [VPREC_OP_VALUE] = "value",
        [VPREC_OP_SCALEF] = "scalef",
    };
    json_t *object = must(json_object()), *ops = must(json_object());
    for (size_t op = 0; op < VPREC_OPS; op++)
        if (counts->ops[op])
            put(ops, names[op], number(counts->ops[op]));
    put(object, "ops", ops);
    put(object, "rounded", number(counts->rounded));
    put(object, "overflows", number(counts->overflows));
    put(object, "underflows", number(counts->underflows));
    put(object, "nans", number(counts->nans));
    bool any = counts->exp_min <= counts->exp_max;
    put(object, "exponent_min", any ? json_integer(counts->exp_min) : json_null());
    put(object, "exponent_max", any ? json_integer(counts->exp_max) : json_null());
    return object;
}

static json_t *function_of(const vprec_run *run, size_t i)
{
    const vprec_function_record *function = vprec_function_at(run->records, i);
    size_t parent = VPREC_ITEMS(run->records, FUNCTION).items[i].parent;
    json_t *object = must(json_object());
    put(object, "name", text(function->name));
    put(object, "object", text(vprec_object_path(run->records, parent)));
    put(object, "object_index", index_of(parent));
    put(object, "address", hex(function->address));
    put(object, "length", number(function->length));
    put(object, "sites", PER_TYPE(function->sites));
    put(object, "refused", number(function->refused));
    put(object, "entered", json_boolean(function->entered));
    if (run->options->config.count) {
        json_t *counts = must(json_object());
        for (int type = 0; type < VPREC_TYPES; type++)
            if (run->options->config.use[type])
                put(counts, vprec_type_names[type], counts_of(&function->counts[type]));
        put(object, "counts", counts);
    }
    return object;
}

static json_t *refused_of(const vprec_run *run, size_t i)
{
    const vprec_refused_record *refused = vprec_refused_at(run->records, i);
    const vprec_item *item = &VPREC_ITEMS(run->records, REFUSED).items[i];
    json_t *object = must(json_object());
    put(object, "text", text(refused->text));
    put(object, "object", text(vprec_object_path(run->records, item->parent)));
    put(object, "object_index", index_of(item->parent));
    put(object, "function",
        item->function == VPREC_NO_PARENT ? json_null() : text(vprec_function_at(run->records, item->function)->name));
    put(object, "address", hex(refused->address));
    put(object, "executed", run->options->config.audit ? number(refused->executed) : json_null());
    return object;
}

static json_t *message_of(const vprec_run *run, size_t i)
{
    json_t *object = must(json_object());
    put(object, "text", text(vprec_message_at(run->records, i)->text));
    put(object, "process_index", index_of(VPREC_ITEMS(run->records, MESSAGE).items[i].parent));
    return object;
}

static json_t *list_of(const vprec_run *run, uint32_t kind, json_t *(*make)(const vprec_run *, size_t))
{
    json_t *array = must(json_array());
    for (size_t i = 0; i < run->records->of[kind].count; i++)
        add(array, make(run, i));
    return array;
}

static json_t *build(const vprec_run *run)
{
    json_t *root = must(json_object()), *records = must(json_object());
    char *summary = vprec_summary_text(run);
    put(root, "schema", json_integer(SCHEMA));
    put(root, "tool", text("vprec-run"));
    put(root, "version", text(VPREC_VERSION));
    put(root, "command", strings(run->options->program));
    put(root, "executable", text(run->program->path));
    put(root, "configuration", configuration(run));
    put(root, "exit", exit_of(run));
    put(root, "summary", text(summary));
    put(root, "totals", totals_of(run));
    put(root, "processes", list_of(run, VPREC_RECORD_PROCESS, process_of));
    put(root, "objects", list_of(run, VPREC_RECORD_OBJECT, object_of));
    put(root, "functions", list_of(run, VPREC_RECORD_FUNCTION, function_of));
    put(root, "refused", list_of(run, VPREC_RECORD_REFUSED, refused_of));
    put(root, "messages", list_of(run, VPREC_RECORD_MESSAGE, message_of));
    put(records, "complete", json_boolean(run->records->complete && !run->records->dropped));
    put(records, "dropped", number(run->records->dropped));
    put(records, "skipped", number(run->records->skipped));
    put(root, "records", records);
    free(summary);
    return root;
}

int vprec_report_open(const char *file)
{
    /* Above 2: with stderr closed the report would take its place, and our messages. */
    int fd = strcmp(file, "-") ? open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : STDOUT_FILENO;
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    if (fd >= 0 && fd != STDOUT_FILENO)
        close(fd);
    if (copy < 0)
        vprec_say("cannot write the report to '%s' (%s): name a file in a writable directory", file, strerror(error));
    return copy;
}

static int write_all(const char *buffer, size_t size, void *data)
{
    for (ssize_t done; size; buffer += done, size -= (size_t)done)
        while ((done = write(*(int *)data, buffer, size)) < 0)
            if (errno != EINTR)
                return -1;
    return 0;
}

bool vprec_report_write(const vprec_run *run, int fd)
{
    struct stat st;
    json_t *root = build(run);
    bool standard = !strcmp(run->options->report, "-");
    bool ok = true;
    /* What an earlier run left goes only now; a pipe or terminal, and a shared standard output, is appended to. */
    errno = 0;
    if (!standard && !fstat(fd, &st) && S_ISREG(st.st_mode))
        ok = !ftruncate(fd, 0);
    ok = ok && !json_dump_callback(root, write_all, &fd, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) &&
         !write_all("\n", 1, &fd);
    int error = errno;
    ok = !close(fd) && ok;
    json_decref(root);
    if (!ok)
        vprec_say("cannot write the report to '%s' (%s): free room there, or name another file", run->options->report,
                  error ? strerror(error) : "write error");
    return ok;
}
