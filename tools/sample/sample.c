/* SPDX-License-Identifier: Apache-2.0
 * sample.c: a sample is this: vprec-run itself, started anew with the sample's
 * seed and report, below a keeper; or, where vprec-sweep asks for it, the program alone. */
#include "sample.h"
#include "common/json.h"
#include "common/say.h"
#include "forks.h"
#include "own.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM_LEAST = 1 << 20 }; /* bytes that a report may well need */

/* The command line that repeats the sample; with `report` the one that makes it. To be freed, with each text. */
static char **command_of(const vprec_options *options, uint32_t number, const char *report)
{
    size_t arguments = 0, n = 0;
    while (options->program[arguments])
        arguments++;
    char **command = vprec_alloc(arguments + options->givens + 8, sizeof *command);
    if (options->sampling.bare) {
        for (; n < arguments; n++)
            command[n] = vprec_text("%s", options->program[n]);
        return command;
    }
    command[n++] = vprec_text("vprec-run");
    if (number == VPREC_REFERENCE)
        command[n++] = vprec_text("--format=native");
    for (size_t i = 0; number != VPREC_REFERENCE && i < options->givens; i++)
        command[n++] = vprec_text("%s", options->given[i]);
    if (number != VPREC_REFERENCE)
        command[n++] = vprec_text("--seed=%" PRIu64, vprec_key_child(options->config.seed, number));
    if (report) {
        command[n++] = vprec_text("--report=%s", report);
        command[n++] = vprec_text("--quiet");
    }
    command[n++] = vprec_text("--");
    for (size_t i = 0; i < arguments; i++)
        command[n++] = vprec_text("%s", options->program[i]);
    return command;
}

static void command_free(char **command)
{
    for (size_t i = 0; command[i]; i++)
        free(command[i]);
    free(command);
}

/* Standard output or error of the sample. */
static int stream(const vprec_results *results, uint32_t number, const char *name)
{
    char *path = vprec_results_file(results, number, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        vprec_say("cannot write '%s' (%s): free room there, or check the permissions", path, strerror(errno));
    free(path);
    return fd;
}

void vprec_sample_link(const char *top, const char *here, const char *into, const char *output)
{
    while (output && (!strncmp(output, "./", 2) || *output == '/'))
        output += *output == '/' ? 1 : 2;
    size_t first = output ? strcspn(output, "/") : 0;
    DIR *directory = opendir(here);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        const char *name = entry->d_name;
        char *from = vprec_text("%s/%s", here, name), *to = vprec_text("%s/%s", into, name);
        char *real = realpath(from, NULL);
        bool ours = first && strlen(name) == first && !strncmp(name, output, first);
        if (!strcmp(name, ".") || !strcmp(name, "..") || (real && top && !strcmp(real, top)))
            ; /* no link */
        else if (!ours)
            (void)!symlink(from, to);
        else if (output[first] && !mkdir(to, 0777))
            vprec_sample_link(top, from, to, output + first);
        free(real);
        free(to);
        free(from);
    }
    if (directory)
        closedir(directory);
}

/* Takes those links away again, and no others. */
static void unlink_all(const char *files)
{
    char *here = getcwd(NULL, 0);
    int directory = here ? open(files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (directory >= 0) {
        vprec_own_unlink(directory, here);
        close(directory);
    }
    free(here);
}

pid_t vprec_sample_start(const vprec_results *results, const vprec_options *options, uint32_t number,
                         const vprec_inherited *inherited)
{
    const vprec_sampling *sampling = &options->sampling;
    pid_t pid = -1;
    if (!vprec_results_prepare(results, number))
        return -1;
    int in = vprec_results_input(results), out = stream(results, number, "stdout"), err = -1;
    if (out >= 0)
        err = stream(results, number, "stderr");
    char *report = vprec_results_file(results, number, "report.json");
    char *files = vprec_results_file(results, number, "files"), *index = vprec_text("%" PRIu32, number);
    char **command = command_of(options, number, report);
    const char *environment[] = {"VPREC_SAMPLE", index, "VPREC_SAMPLE_DIR", files, sampling->fork ? VPREC_FORKS_ENV : NULL,
                                 sampling->fork, NULL};
    vprec_task task = {.command = command, .in = in, .out = out, .err = err, .environment = environment,
                       .directory = sampling->own ? files : NULL, .file = sampling->bare, .link = sampling->fork_socket};
    if (!task.file)
        task.file = sampling->runner ? sampling->runner : "/proc/self/exe";
    char *here = sampling->own ? getcwd(NULL, 0) : NULL;
    if (here)
        vprec_sample_link(results->top, here, files, sampling->output);
    free(here);
    if (in >= 0 && err >= 0)
        pid = vprec_keeper_start(&task, inherited);
    command_free(command);
    free(index);
    free(files);
    free(report);
    const int fds[] = {in, out, err};
    for (size_t i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return pid;
}

static json_t *member(const json_t *report, const char *object, const char *key)
{
    return json_object_get(json_object_get(report, object), key);
}

static int integer_or(const json_t *value, int otherwise)
{
    return json_is_integer(value) ? (int)json_integer_value(value) : otherwise;
}

static char *title(const vprec_results *results, uint32_t number)
{
    if (strcmp(results->path, results->top))
        return vprec_text("%s", vprec_base(results->path));
    return number == VPREC_REFERENCE ? vprec_text("the reference run") : vprec_text("sample %" PRIu32, number);
}

/* Where a sample could not even say what was wrong: whether its directory has no room, as an error number. */
static int room_error(const vprec_results *results, uint32_t number)
{
    char *path = vprec_results_file(results, number, "report.json");
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666), error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        error = posix_fallocate(fd, 0, ROOM_LEAST);
        close(fd);
    }
    free(path);
    return error;
}

/* What vprec-run said last in the sample, NULL nothing; to be freed. */
static char *last_words(const vprec_results *results, uint32_t number)
{
    static const char mark[] = "vprec-run: ";
    char *path = vprec_results_file(results, number, "stderr"), *line = NULL, *last = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &size, file) > 0)
        if (!strncmp(line, mark, sizeof mark - 1)) {
            line[strcspn(line, "\n")] = 0;
            free(last);
            last = vprec_text("%s", line + sizeof mark - 1);
        }
    if (file)
        fclose(file);
    free(line);
    free(path);
    return last;
}

/* vprec-run itself failed in the sample: says what it said there last. */
static int say_failure(const vprec_results *results, uint32_t number, int status)
{
    char *path = vprec_results_file(results, number, "stderr"), *last = last_words(results, number);
    char *name = title(results, number);
    int error = last ? 0 : room_error(results, number);
    if (last)
        vprec_say("%s: %s", name, last);
    else if (error)
        vprec_say("%s: cannot write to '%s' (%s): free room there", name, results->path, strerror(error));
    else
        vprec_say("%s: vprec-run ended there without a report: see '%s', and check memory and disk", name, path);
    free(name);
    free(last);
    free(path);
    return status;
}

static bool sync_file(const vprec_results *results, uint32_t number, const char *name)
{
    char *path = vprec_results_file(results, number, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && !fsync(fd);
    if (!ok)
        vprec_say("cannot write '%s' (%s): free room there, and run the same command again", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(path);
    return ok;
}

/* status.json, last of all, when everything that it speaks of is on disk. */
static bool commit(const vprec_results *results, uint32_t number, const json_t *status, bool report)
{
    if (!sync_file(results, number, "stdout") || !sync_file(results, number, "stderr") ||
        (report && !sync_file(results, number, "report.json")))
        return false;
    char *path = vprec_results_file(results, number, "status.json");
    bool ok = vprec_json_create(status, path);
    if (!ok)
        vprec_say("cannot write '%s' (%s): free room there, and run the same command again", path, strerror(errno));
    free(path);
    return ok;
}

/* The texts of the processes' warnings. */
static json_t *warnings_of(const json_t *report)
{
    json_t *texts = vprec_json_must(json_array()), *message;
    size_t i;
    json_array_foreach(json_object_get(report, "messages"), i, message)
    {
        json_t *text = json_object_get(message, "text"), *other;
        size_t j;
        bool seen = !json_is_string(text);
        json_array_foreach(texts, j, other)
            seen |= json_equal(text, other);
        if (!seen)
            json_array_append(texts, text);
    }
    return texts;
}

/* "PATH stays native: why", as vprec-run says it of one run. */
static json_t *native_text(const json_t *native)
{
    const char *object = json_string_value(json_object_get(native, "object"));
    const char *function = json_string_value(json_object_get(native, "function"));
    const char *text = json_string_value(json_object_get(native, "text"));
    char *line = vprec_text("%s%s%s stays native: %s", object ? object : "?", function ? ", function " : "",
                            function ? function : "", text ? text : "?");
    json_t *string = vprec_json_must(vprec_json_text(line));
    free(line);
    return string;
}

/* What was selected and stayed native, each once. */
static json_t *natives_of(const json_t *report)
{
    json_t *set = vprec_json_must(json_object()), *texts = vprec_json_must(json_array()), *native;
    size_t i;
    json_array_foreach(json_object_get(report, "native"), i, native)
    {
        json_t *text = native_text(native);
        if (!json_object_get(set, json_string_value(text)))
            vprec_json_add(texts, json_incref(text));
        json_object_set_new(set, json_string_value(text), json_true());
        json_decref(text);
    }
    json_decref(set);
    return texts;
}

/* The reference draws nothing. */
static json_t *seed_of(const vprec_options *options, uint32_t number)
{
    return number == VPREC_REFERENCE ? json_null()
                                     : vprec_json_seed(vprec_key_child(options->config.seed, number));
}

static json_t *status_of(const vprec_options *options, uint32_t number, const json_t *report, int status)
{
    json_t *object = vprec_json_must(json_object());
    char **command = command_of(options, number, NULL);
    vprec_json_put(object, "schema", json_integer(VPREC_RESULTS_SCHEMA));
    vprec_json_put(object, "sample", number == VPREC_REFERENCE ? json_null() : json_integer(number));
    vprec_json_put(object, "seed", seed_of(options, number));
    vprec_json_put(object, "command", vprec_json_strings(command));
    vprec_json_put(object, "status", json_integer(status));
    json_object_set(object, "program_status", member(report, "exit", "program_status"));
    json_object_set(object, "program_signal", member(report, "exit", "program_signal"));
    json_object_set(object, "program_signal_name", member(report, "exit", "program_signal_name"));
    json_object_set(object, "resources", json_object_get(report, "resources"));
    json_object_set(object, "summary", json_object_get(report, "summary"));
    json_object_set(object, "summary_left", json_object_get(report, "summary_left"));
    json_object_set(object, "summary_hint", json_object_get(report, "summary_hint"));
    json_object_set(object, "totals", json_object_get(report, "totals"));
    vprec_json_put(object, "warnings", warnings_of(report));
    vprec_json_put(object, "native", natives_of(report));
    command_free(command);
    return object;
}

static void ends(const json_t *object, int status, vprec_sample *sample)
{
    *sample = (vprec_sample){true, status, integer_or(json_object_get(object, "program_status"), -1),
                             integer_or(json_object_get(object, "program_signal"), 0),
                             json_object_get(object, "timed_out") != NULL, json_object_get(object, "refused") != NULL};
}

/* What is known of a run without a report of vprec-run, in the same form. */
static json_t *plain_report(const vprec_end *end)
{
    json_t *root = vprec_json_must(json_object()), *ends = vprec_json_must(json_object());
    json_t *resources = vprec_json_must(json_object());
    const char *name = end->status > 128 ? sigabbrev_np(end->status - 128) : NULL;
    char *signal = name ? vprec_text("SIG%s", name) : NULL;
    vprec_json_put(ends, "status", json_integer(end->status));
    vprec_json_put(ends, "program_status", name ? json_null() : json_integer(end->status));
    vprec_json_put(ends, "program_signal", name ? json_integer(end->status - 128) : json_null());
    vprec_json_put(ends, "program_signal_name", name ? vprec_json_text(signal) : json_null());
    vprec_json_put(ends, "attached", json_true());
    vprec_json_put(resources, "wall_seconds", json_real(end->seconds));
    vprec_json_put(resources, "user_seconds", json_real(end->cpu_seconds));
    vprec_json_put(resources, "system_seconds", json_real(0));
    vprec_json_put(root, "exit", ends);
    vprec_json_put(root, "resources", resources);
    free(signal);
    return root;
}

static bool attached(const json_t *report)
{
    return json_is_true(member(report, "exit", "attached"));
}

/* What the run's report says, or what stands in for it where there is none. */
static json_t *report_of(const vprec_results *results, const vprec_options *options, uint32_t number,
                         const vprec_end *end)
{
    if (options->sampling.bare)
        return plain_report(end);
    char *path = vprec_results_file(results, number, "report.json");
    json_t *report = vprec_json_read(path);
    free(path);
    if (!end->timed_out || attached(report))
        return report;
    /* Ended so early, or so hard, that it left none. */
    json_decref(report);
    return plain_report(end);
}

/* What is in the sample's files/. */
static json_t *left_by(const vprec_results *results, uint32_t number)
{
    char *sample = vprec_results_file(results, number, "");
    json_t *list = vprec_own_list(sample);
    free(sample);
    return list;
}

/* Keeps the files and writes `object` as status.json. */
static bool store(const vprec_results *results, const vprec_options *options, uint32_t number,
                  const vprec_keep *before, json_t *object, bool reported)
{
    json_t *files = vprec_json_must(json_array()), *unmatched = vprec_json_must(json_array());
    char *into = vprec_results_file(results, number, "files");
    if (options->sampling.own)
        unlink_all(into);
    vprec_keep taken = {NULL, 0};
    bool ok = vprec_keep_copy(before, options->sampling.keep, results->top, into, files, &taken, unmatched);
    vprec_json_put(object, "files", files);
    vprec_json_put(object, "keep_unmatched", unmatched);
    vprec_json_put(object, "left", left_by(results, number));
    ok = ok && commit(results, number, object, reported);
    if (ok)
        vprec_keep_clean(&taken);
    vprec_keep_free(&taken);
    free(into);
    return ok;
}

int vprec_sample_record(const vprec_results *results, const vprec_options *options, uint32_t number,
                        const vprec_keep *before, const vprec_end *end, vprec_sample *sample)
{
    json_t *report = report_of(results, options, number, end);
    int status = integer_or(member(report, "exit", "status"), VPREC_EXIT_FAILURE);
    int exited = integer_or(member(report, "exit", "program_status"), -1);
    int signal = integer_or(member(report, "exit", "program_signal"), 0);
    /* 125 beside a program that ended well is a pattern that matched nothing: so it will be in all samples. A program
     * that went wrong may not have come so far; that is the sample's result. */
    bool failed = !attached(report) || (exited < 0 && !signal) || (status == VPREC_EXIT_FAILURE && exited == 0);
    /* Where it is a result, it is one only with a report: a full disk is none. */
    char *refusal = failed && report && options->sampling.refusals ? last_words(results, number) : NULL;
    if (failed && !refusal) {
        json_decref(report);
        return say_failure(results, number, status ? status : VPREC_EXIT_FAILURE);
    }
    if (!refusal && status != VPREC_EXIT_AUDIT)
        status = signal ? 128 + signal : exited;
    json_t *object = status_of(options, number, report, status);
    if (end->timed_out)
        vprec_json_put(object, "timed_out", json_real(end->seconds));
    if (refusal)
        vprec_json_put(object, "refused", vprec_json_text(refusal));
    bool ok = store(results, options, number, before, object, !options->sampling.bare && attached(report));
    if (ok)
        ends(object, status, sample);
    free(refusal);
    json_decref(object);
    json_decref(report);
    return ok ? 0 : VPREC_EXIT_FAILURE;
}

void vprec_sample_drop(const vprec_results *results, uint32_t number)
{
    char *done = vprec_results_file(results, number, VPREC_OWN_STATUS);
    char *path = vprec_results_file(results, number, VPREC_OWN_UNFINISHED);
    json_t *record = vprec_json_must(json_object());
    vprec_json_put(record, "schema", json_integer(VPREC_RESULTS_SCHEMA));
    vprec_json_put(record, "left", left_by(results, number));
    /* Without room for it the next call moves files/ aside. */
    if (access(done, F_OK))
        (void)!vprec_json_create(record, path);
    json_decref(record);
    free(path);
    free(done);
}

json_t *vprec_sample_load(const vprec_results *results, const vprec_options *options, uint32_t number,
                          vprec_sample *sample)
{
    char *path = vprec_results_file(results, number, "status.json");
    json_t *object = vprec_json_read(path), *status = json_object_get(object, "status");
    free(path);
    *sample = (vprec_sample){.finished = false};
    json_t *seed = vprec_json_must(seed_of(options, number));
    if (json_is_integer(status) && json_equal(json_object_get(object, "seed"), seed)) {
        ends(object, (int)json_integer_value(status), sample);
    } else {
        json_decref(object);
        object = NULL;
    }
    json_decref(seed);
    return object;
}
