/* SPDX-License-Identifier: Apache-2.0
 * sample.c: a sample is this: vprec-run itself, started anew with the sample's
 * seed and report, below a keeper that lives and dies with vprec-run:
 *
 *   vprec-run --samples ---- keeper (leads a session) ---- vprec-run --seed S ---- PROGRAM
 *
 * The keeper is told by the kernel when vprec-run is gone, however it went, and
 * then ends the whole session with itself. */
#include "sample.h"
#include "json.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DRAIN_SECONDS = 2 }; /* for what the program left running, such as a tee(1) behind it */
enum { DYING_SECONDS = 1 };    /* for vprec-run to end when its program is killed */
enum { ROOM_LEAST = 1 << 20 }; /* bytes that a report may well need */

/* The command line that repeats the sample; with `report` the one that makes it. To be freed, with each text. */
static char **command_of(const vprec_options *options, uint32_t number, const char *report)
{
    size_t arguments = 0, n = 0;
    while (options->program[arguments])
        arguments++;
    char **command = vprec_alloc(arguments + options->givens + 8, sizeof *command);
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

static void execute(char **command, const vprec_inherited *inherited)
{
    sigaction(SIGCHLD, &inherited->child, NULL);
    sigaction(SIGPIPE, &inherited->pipe, NULL);
    sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
    execv("/proc/self/exe", command);
    vprec_say("cannot start itself again (%s): check that /proc is there", strerror(errno));
    _exit(VPREC_EXIT_FAILURE);
}

/* Kills what `pid`, a vprec-run, has started; it then removes its shared file and ends, as after any run. */
static void kill_children(pid_t pid)
{
    char *path = vprec_text("/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *list = fopen(path, "re");
    int child;
    while (list && fscanf(list, "%d", &child) == 1) /* NOLINT(cert-err34-c): the kernel writes them */
        kill(child, SIGKILL);
    if (list)
        fclose(list);
    kill(pid, SIGCONT); /* where ctrl-Z had stopped it */
    free(path);
}

static time_t seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Waits for `pid`, a vprec-run, then a little for what its program left. SIGTERM is passed on; SIGRTMIN (the kernel's,
 * when our parent died, or the parent's) ends everything. A status to exit with. */
static int keep_watch(pid_t pid, const sigset_t *set)
{
    const struct timespec tick = {0, 50000000};
    bool dying = false, ended = false;
    int status = 0, child_status;
    time_t deadline = 0; /* of what is left, once the program or our parent has ended */
    for (;;) {
        int signal = deadline ? sigtimedwait(set, NULL, &tick) : sigwaitinfo(set, NULL);
        if (signal == SIGTERM && !ended)
            kill(pid, SIGTERM);
        if (signal == SIGRTMIN && !dying) {
            dying = true;
            deadline = seconds() + DYING_SECONDS;
        }
        if (dying && !ended)
            kill_children(pid);
        /* What the program orphaned is ours since we are its subreaper. */
        pid_t child;
        while ((child = waitpid(-1, &child_status, WNOHANG)) > 0)
            if (child == pid) {
                ended = true;
                status = child_status;
                deadline = deadline ? deadline : seconds() + DRAIN_SECONDS;
            }
        if (child < 0 && errno == ECHILD)
            break;
        if ((dying && ended) || (deadline && seconds() > deadline))
            kill(0, SIGKILL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void keeper(pid_t parent, char **command, const vprec_inherited *inherited)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_PDEATHSIG, SIGRTMIN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setsid();
    if (getppid() != parent)
        _exit(VPREC_EXIT_FAILURE);
    pid_t pid = fork();
    if (!pid)
        execute(command, inherited);
    if (pid < 0) {
        vprec_say("cannot start a process (%s): end some others, or raise the limit (ulimit -u)", strerror(errno));
        _exit(VPREC_EXIT_FAILURE);
    }
    _exit(keep_watch(pid, &set));
}

/* Standard output or error of the sample. */
static int stream(const vprec_results *results, uint32_t number, const char *name)
{
    char *path = vprec_results_file(results, number, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        vprec_say("cannot write '%s' (%s): free room there, or check the permissions", path, strerror(errno));
    free(path);
    return fd;
}

pid_t vprec_sample_start(const vprec_results *results, const vprec_options *options, uint32_t number,
                         const vprec_inherited *inherited)
{
    pid_t parent = getpid(), pid = -1;
    if (!vprec_results_prepare(results, number))
        return -1;
    int in = vprec_results_input(results), out = stream(results, number, "stdout"), err = -1;
    if (out >= 0)
        err = stream(results, number, "stderr");
    char *report = vprec_results_file(results, number, "report.json");
    char *files = vprec_results_file(results, number, "files"), *index = vprec_text("%" PRIu32, number);
    char **command = command_of(options, number, report);
    if (in >= 0 && err >= 0) {
        pid = fork();
        if (!pid) {
            if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0 ||
                setenv("VPREC_SAMPLE", index, 1) || setenv("VPREC_SAMPLE_DIR", files, 1))
                _exit(VPREC_EXIT_FAILURE);
            keeper(parent, command, inherited);
        }
        if (pid < 0)
            vprec_say("cannot start a process (%s): end some others, or raise the limit (ulimit -u)", strerror(errno));
    }
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

static char *title(uint32_t number)
{
    return number == VPREC_REFERENCE ? vprec_text("the reference run") : vprec_text("sample %" PRIu32, number);
}

/* Where a sample could not even say what was wrong: whether its directory has no room, as an error number. */
static int room_error(const vprec_results *results, uint32_t number)
{
    char *path = vprec_results_file(results, number, "report.json");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666), error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        error = posix_fallocate(fd, 0, ROOM_LEAST);
        close(fd);
    }
    free(path);
    return error;
}

/* vprec-run itself failed in the sample: says what it said there last. */
static int say_failure(const vprec_results *results, uint32_t number, int status)
{
    static const char mark[] = "vprec-run: ";
    char *path = vprec_results_file(results, number, "stderr"), *line = NULL, *last = NULL, *name = title(number);
    size_t size = 0;
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &size, file) > 0)
        if (!strncmp(line, mark, sizeof mark - 1)) {
            line[strcspn(line, "\n")] = 0;
            free(last);
            last = vprec_text("%s", line + sizeof mark - 1);
        }
    int error = last ? 0 : room_error(results, number);
    if (last)
        vprec_say("%s: %s", name, last);
    else if (error)
        vprec_say("%s: cannot write to '%s' (%s): free room there", name, results->path, strerror(error));
    else
        vprec_say("%s: vprec-run ended there without a report: see '%s', and check memory and disk", name, path);
    if (file)
        fclose(file);
    free(name);
    free(last);
    free(line);
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
static bool commit(const vprec_results *results, uint32_t number, const json_t *status)
{
    if (!sync_file(results, number, "stdout") || !sync_file(results, number, "stderr") ||
        !sync_file(results, number, "report.json"))
        return false;
    char *path = vprec_results_file(results, number, "status.json");
    bool ok = vprec_json_replace(status, path);
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
    json_object_set(object, "totals", json_object_get(report, "totals"));
    vprec_json_put(object, "warnings", warnings_of(report));
    command_free(command);
    return object;
}

static void ends(const json_t *object, int status, vprec_sample *sample)
{
    *sample = (vprec_sample){true, status, integer_or(json_object_get(object, "program_status"), -1),
                             integer_or(json_object_get(object, "program_signal"), 0)};
}

int vprec_sample_record(const vprec_results *results, const vprec_options *options, uint32_t number,
                        const vprec_keep *before, vprec_sample *sample)
{
    char *path = vprec_results_file(results, number, "report.json");
    json_t *report = vprec_json_read(path);
    free(path);
    int status = integer_or(member(report, "exit", "status"), VPREC_EXIT_FAILURE);
    int exited = integer_or(member(report, "exit", "program_status"), -1);
    int signal = integer_or(member(report, "exit", "program_signal"), 0);
    /* 125 beside a program that ended well is a pattern that matched nothing: so it will be in all samples. A program
     * that went wrong may not have come so far; that is the sample's result. */
    bool failed = !json_is_true(member(report, "exit", "attached")) || (exited < 0 && !signal) ||
                  (status == VPREC_EXIT_FAILURE && exited == 0);
    if (failed) {
        json_decref(report);
        return say_failure(results, number, status ? status : VPREC_EXIT_FAILURE);
    }
    if (status != VPREC_EXIT_AUDIT)
        status = signal ? 128 + signal : exited;
    json_t *object = status_of(options, number, report, status);
    json_t *files = vprec_json_must(json_array()), *unmatched = vprec_json_must(json_array());
    char *into = vprec_results_file(results, number, "files");
    bool ok = vprec_keep_copy(before, options->sampling.keep, results->path, into, files, unmatched);
    vprec_json_put(object, "files", json_incref(files));
    vprec_json_put(object, "keep_unmatched", unmatched);
    ok = ok && commit(results, number, object);
    if (ok) {
        vprec_keep_clean(files);
        ends(object, status, sample);
    }
    free(into);
    json_decref(files);
    json_decref(object);
    json_decref(report);
    return ok ? 0 : VPREC_EXIT_FAILURE;
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
