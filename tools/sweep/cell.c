/* SPDX-License-Identifier: Apache-2.0
 * cell.c: from a cell's directory to what is known of it. */
#include "cell.h"
#include "common/json.h"
#include "common/say.h"
#include "sample/own.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *sweep_output_path(const sweep *sweep, const sweep_cell *cell, uint32_t number)
{
    const char *output = sweep->options->output;
    char *name = output ? vprec_text("files/%s", strncmp(output, "./", 2) ? output : output + 2) : vprec_text("stdout");
    char *path = vprec_results_file(&cell->results, number, name);
    free(name);
    return path;
}

double sweep_cell_limit(const sweep *sweep, const sweep_cell *cell)
{
    return cell->counts ? sweep->options->why_timeout : sweep->limit;
}

bool sweep_cell_load(const sweep *sweep, sweep_cell *cell, uint32_t number)
{
    vprec_sample *sample = &cell->samples[number];
    json_t *status = vprec_sample_load(&cell->results, &cell->options, number, sample);
    double took = json_number_value(json_object_get(status, "timed_out")), limit = sweep_cell_limit(sweep, cell);
    json_decref(status);
    if (sample->timed_out && (limit <= 0 || limit > took))
        sample->finished = false;
    return sample->finished;
}

bool sweep_cell_complete(const sweep_cell *cell)
{
    for (uint32_t i = 1; i <= cell->count; i++)
        if (cell->samples[i].finished && (cell->samples[i].refused || cell->samples[i].timed_out))
            return true;
        else if (!cell->samples[i].finished)
            return false;
    return true;
}

bool sweep_cell_good(const sweep_cell *cell, uint32_t number)
{
    const vprec_sample *s = &cell->samples[number];
    return s->finished && !s->refused && !s->timed_out && !s->status && !s->exited;
}

char *sweep_metric_file(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index, const char *suffix)
{
    char *name = vprec_text("metric-%s.%s", sweep->options->metrics.list[index].name, suffix);
    char *path = vprec_results_file(&cell->results, number, name);
    free(name);
    return path;
}

/* What was recorded of the metric's command, NULL: nothing, or of another command. */
static json_t *metric_load(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index)
{
    char *path = sweep_metric_file(sweep, cell, number, index, "json");
    json_t *record = vprec_json_read(path), *command = json_object_get(record, "command");
    free(path);
    if (json_is_string(command) && !strcmp(json_string_value(command), sweep->options->metrics.list[index].detail))
        return record;
    json_decref(record);
    return NULL;
}

bool sweep_cell_measured(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index)
{
    json_t *record = metric_load(sweep, cell, number, index);
    json_decref(record);
    return record != NULL;
}

/* The record of a metric's command, of one that is under way without `end`. */
static json_t *metric_entry(const sweep *sweep, size_t index, const vprec_end *end)
{
    json_t *record = vprec_json_must(json_object());
    vprec_json_put(record, "schema", json_integer(VPREC_RESULTS_SCHEMA));
    vprec_json_put(record, "tool", vprec_json_text(vprec_command));
    if (end) {
        vprec_json_put(record, "command", vprec_json_text(sweep->options->metrics.list[index].detail));
        vprec_json_put(record, "status", json_integer(end->status));
        vprec_json_put(record, "timed_out", json_boolean(end->timed_out));
    }
    return record;
}

static bool metric_write(const char *path, json_t *record, bool over)
{
    bool ok = (over ? vprec_json_replace : vprec_json_create)(record, path);
    if (!ok)
        vprec_say("cannot write '%s' (%s): free room there or move away what has that name, and run the same command "
                  "again", path, strerror(errno));
    json_decref(record);
    return ok;
}

bool sweep_metric_begin(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index)
{
    char *path = sweep_metric_file(sweep, cell, number, index, "json");
    char *sample = vprec_results_file(&cell->results, number, "");
    int directory = open(sample, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = directory >= 0 && vprec_own_clear_metric(directory, vprec_base(path));
    if (!ok)
        vprec_say("cannot take away '%s' (%s): check its permissions, or move it away", path, strerror(errno));
    ok = ok && metric_write(path, metric_entry(sweep, index, NULL), false);
    if (directory >= 0)
        close(directory);
    free(sample);
    free(path);
    return ok;
}

bool sweep_metric_record(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index,
                         const vprec_end *end)
{
    char *path = sweep_metric_file(sweep, cell, number, index, "json");
    bool ok = metric_write(path, metric_entry(sweep, index, end), true);
    free(path);
    return ok;
}

/* The metric of a command: what it printed, unless it failed. */
static sweep_value command_value(const sweep *sweep, const sweep_cell *cell, uint32_t number, size_t index)
{
    sweep_value value = {.value = NAN};
    json_t *record = metric_load(sweep, cell, number, index);
    json_int_t status = json_integer_value(json_object_get(record, "status"));
    char *path = sweep_metric_file(sweep, cell, number, index, "out");
    char *said = sweep_metric_file(sweep, cell, number, index, "err");
    sweep_document printed = {0};
    if (json_is_true(json_object_get(record, "timed_out")))
        value.error = vprec_text("the command took too long");
    else if (!record)
        value.error = vprec_text("the command has not been run");
    else if (status)
        value.error = vprec_text("the command exited %d: see '%s'", (int)status, said);
    else if (!sweep_document_read(&printed, path, STATS_TEXT))
        value.error = vprec_text("what the command printed cannot be read");
    else
        value = sweep_metric_printed(&printed);
    sweep_document_free(&printed);
    free(said);
    free(path);
    json_decref(record);
    return value;
}

/* All metrics of one run into values[metric * count + number - 1]. */
static void measure(const sweep *sweep, sweep_cell *cell, uint32_t number, sweep_value *values)
{
    const sweep_metrics *metrics = &sweep->options->metrics;
    char *path = sweep_output_path(sweep, cell, number);
    bool first = cell == &sweep->grid.cells[SWEEP_NATIVE] && number == 1; /* is known */
    sweep_document is = first ? sweep->native : (sweep_document){0};
    bool there = first || (!access(path, R_OK) && sweep_document_read(&is, path, sweep->native.kind));
    sweep_measured measured = {.is = NULL};
    if (there)
        measured = sweep_measure(metrics, &is, &sweep->native);
    if (measured.errors.not_finite > cell->not_finite)
        cell->not_finite = measured.errors.not_finite;
    if (there && (!cell->judged.kind || measured.judged.changed > cell->judged.changed))
        cell->judged = measured.judged;
    for (size_t m = 0; m < metrics->count; m++) {
        sweep_value *value = &values[m * cell->count + number - 1];
        if (metrics->list[m].kind == SWEEP_COMMAND)
            *value = command_value(sweep, cell, number, m);
        else if (metrics->list[m].kind == SWEEP_DIGITS)
            continue;
        else if (there)
            *value = sweep_metric_value(metrics, &metrics->list[m], &measured);
        else
            value->error = vprec_text("the run wrote no %s that can be read",
                                      sweep->options->output ? sweep->options->output : "output");
        if (value->worst) {
            size_t top = strlen(sweep->results.path);
            bool below = !strncmp(path, sweep->results.path, top) && path[top] == '/';
            char *whole = vprec_text("%s: %s", below ? path + top + 1 : path, value->worst);
            free(value->worst);
            value->worst = whole;
        }
    }
    if (!first)
        sweep_document_free(&is);
    free(path);
}

/* The documents of the runs that ended well. */
static sweep_summary digits_of(const sweep *sweep, sweep_cell *cell)
{
    char **paths = vprec_alloc(cell->count, sizeof *paths);
    size_t count = 0;
    for (uint32_t i = 1; i <= cell->count; i++)
        if (sweep_cell_good(cell, i))
            paths[count++] = sweep_output_path(sweep, cell, i);
    json_decref(cell->digits);
    sweep_summary summary = sweep_digits(paths, count, &cell->digits);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    free(paths);
    return summary;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    if (!count)
        return NAN;
    qsort(values, count, sizeof *values, by_size);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Why a run failed: what vprec-run said where it refused, else the last line that the program wrote to standard error;
 * to be freed. NULL: nothing. */
static char *reason_of(const sweep_cell *cell, uint32_t number, const json_t *status)
{
    const char *refused = json_string_value(json_object_get(status, "refused"));
    if (refused)
        return vprec_text("%s", refused);
    char *path = vprec_results_file(&cell->results, number, "stderr"), *line = NULL, *last = NULL;
    FILE *file = fopen(path, "re");
    size_t size = 0;
    while (file && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[strspn(line, " \t")]) {
            free(last);
            last = vprec_text("%.200s", line);
        }
    }
    if (file)
        fclose(file);
    free(line);
    free(path);
    return last;
}

/* Status and times, as the runs' status.json have them. */
static void conclude(sweep_cell *cell)
{
    double *wall = vprec_alloc(2 * (size_t)cell->count, sizeof *wall), *cpu = wall + cell->count;
    size_t timed = 0;
    cell->status = SWEEP_OK_STATUS;
    cell->exited = cell->signal = 0;
    cell->failed = 0;
    for (uint32_t i = 1; i <= cell->count; i++) {
        vprec_sample *s = &cell->samples[i];
        if (!s->finished)
            continue;
        json_t *status = vprec_sample_load(&cell->results, &cell->options, i, s);
        json_t *resources = json_object_get(status, "resources");
        if (json_is_object(resources) && !s->refused) {
            wall[timed] = json_number_value(json_object_get(resources, "wall_seconds"));
            cpu[timed++] = json_number_value(json_object_get(resources, "user_seconds")) +
                           json_number_value(json_object_get(resources, "system_seconds"));
        }
        size_t n;
        json_t *text;
        json_array_foreach(json_object_get(status, "native"), n, text)
        {
            cell->native = cell->native ? cell->native : vprec_json_must(json_object());
            json_object_set_new(cell->native, json_string_value(text), json_true());
        }
        /* What vprec-run advises where nothing that was asked for ran. */
        const char *advice = json_string_value(json_object_get(status, "summary_hint"));
        if (advice && !cell->idle && sweep_cell_good(cell, i))
            cell->idle = vprec_text("%s", advice);
        cell->failed += !sweep_cell_good(cell, i);
        if (!sweep_cell_good(cell, i) && cell->status == SWEEP_OK_STATUS) {
            cell->status = s->refused     ? SWEEP_REFUSED_STATUS
                           : s->timed_out ? SWEEP_TIMEOUT_STATUS
                           : s->signal    ? SWEEP_SIGNAL_STATUS
                                          : SWEEP_EXIT_STATUS;
            cell->exited = s->signal ? 0 : s->status;
            cell->signal = s->signal;
            cell->note = reason_of(cell, i, status);
        }
        json_decref(status);
    }
    cell->seconds = median(wall, timed);
    cell->cpu_seconds = median(cpu, timed);
    free(wall);
}

void sweep_cell_settle(sweep *sweep, sweep_cell *cell)
{
    const sweep_metrics *metrics = &sweep->options->metrics;
    conclude(cell);
    cell->settled = true;
    if (cell->counts)
        return;
    cell->not_finite = 0;
    cell->judged = (sweep_judged){.kind = SWEEP_NO_ITEMS};
    sweep_value *values = vprec_alloc(metrics->count * cell->count, sizeof *values);
    for (size_t i = 0; i < metrics->count * cell->count; i++)
        values[i].value = NAN;
    size_t good = 0;
    for (uint32_t i = 1; i <= cell->count; i++)
        if (sweep_cell_good(cell, i))
            measure(sweep, cell, i, values), good++;
    for (size_t m = 0; m < metrics->count; m++) {
        sweep_value *row = values + m * cell->count;
        /* Runs that failed have no value, and are not errors of the metric. */
        size_t n = 0;
        for (uint32_t i = 1; i <= cell->count; i++)
            if (sweep_cell_good(cell, i))
                row[n++] = row[i - 1];
        cell->values[m] = metrics->list[m].kind == SWEEP_DIGITS ? digits_of(sweep, cell) : sweep_summarize(row, n);
    }
    /* The histogram is shown wherever there are samples, whatever is measured. */
    if (!cell->digits && good > 2 && cell != sweep->grid.cells)
        free(digits_of(sweep, cell).error);
    free(values);
}
