/* SPDX-License-Identifier: Apache-2.0
 * samples.c: which sample runs when, signals, progress, and the last words.
 * One sample is sample.c's, the directory results.c's. */
#include "samples.h"
#include "json.h"
#include "progress.h"
#include "sample.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_SECONDS = 5 }; /* from asking a sample to end to ending it */
enum { NAMED_MOST = 8 };    /* samples named one by one in a message */

typedef struct slot {
    pid_t pid; /* the keeper, which leads the sample's session and process group */
    uint32_t number;
    double started;
    vprec_keep before;
} slot;

typedef struct campaign {
    const vprec_options *options;
    vprec_results results;
    vprec_inherited inherited;
    vprec_sample *samples; /* by number */
    slot *slots;
    vprec_progress progress;
    sigset_t awaited;
    uint32_t first, last; /* numbers of this run: from the reference or from 1 */
    uint32_t next;        /* the next one to look at */
    uint32_t running, finished, failed;
    double spent; /* wall time of the samples that ended in this call */
    uint32_t timed;
    int stop;    /* the signal that ends the run, else 0 */
    int failure; /* the status to exit with where vprec itself failed, else 0 */
    double deadline; /* when samples that were asked to end are ended, 0 none asked */
} campaign;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void count(campaign *c, const vprec_sample *sample)
{
    c->finished++;
    c->failed += sample->status != 0;
}

static void start_next(campaign *c)
{
    while (c->next <= c->last && c->samples[c->next].finished)
        c->next++;
    if (c->next > c->last)
        return;
    slot *s = &c->slots[c->running];
    *s = (slot){.number = c->next++, .started = now()};
    vprec_keep_look(&s->before, c->options->sampling.keep, c->results.path);
    s->pid = vprec_sample_start(&c->results, c->options, s->number, &c->inherited);
    if (s->pid > 0) {
        c->running++;
        return;
    }
    vprec_keep_free(&s->before);
    c->failure = VPREC_EXIT_FAILURE;
}

/* The end of one sample: away with what it left running, then the record, unless it was we who ended it. */
static void end_one(campaign *c, size_t index)
{
    slot s = c->slots[index];
    kill(-s.pid, SIGKILL);
    while (waitpid(s.pid, NULL, 0) < 0 && errno == EINTR) {
    }
    c->slots[index] = c->slots[--c->running];
    if (!c->stop && !c->failure) {
        vprec_sample *sample = &c->samples[s.number];
        vprec_progress_clear(&c->progress);
        c->failure = vprec_sample_record(&c->results, c->options, s.number, &s.before, sample);
        if (!c->failure) {
            c->spent += now() - s.started;
            c->timed++;
            count(c, sample);
        }
    }
    vprec_keep_free(&s.before);
}

static void reap(campaign *c)
{
    for (size_t i = 0; i < c->running;) {
        siginfo_t info = {0};
        /* Not reaped yet: as long as it is a zombie, its number is no other group's. */
        if (!waitid(P_PID, (id_t)c->slots[i].pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid)
            end_one(c, i);
        else
            i++;
    }
}

static void signal_all(const campaign *c, int signal, bool group)
{
    for (size_t i = 0; i < c->running; i++)
        kill(group ? -c->slots[i].pid : c->slots[i].pid, signal);
}

/* Ends what runs: asks first, for a program may have something to put away. */
static void end_all(campaign *c, bool at_once)
{
    if (!c->deadline && !at_once) {
        c->deadline = now() + GRACE_SECONDS;
        signal_all(c, SIGTERM, false);
        return;
    }
    signal_all(c, SIGRTMIN, false);
}

/* ctrl-Z: the samples are not in the terminal's process group. Their keepers go on, to watch over them. */
static void pause_all(const campaign *c)
{
    vprec_progress_clear(&c->progress);
    signal_all(c, SIGSTOP, true);
    signal_all(c, SIGCONT, false);
    raise(SIGSTOP);
    signal_all(c, SIGCONT, true);
}

static double seconds_left(const campaign *c)
{
    if (!c->timed)
        return -1;
    double mean = c->spent / c->timed, work = mean * (c->last - c->first + 1 - c->finished);
    for (size_t i = 0; i < c->running; i++) {
        double elapsed = now() - c->slots[i].started;
        work -= elapsed < mean ? elapsed : mean;
    }
    return work / c->options->sampling.jobs;
}

/* Waits for a signal: a second where something is shown or timed. */
static void wait_for_news(campaign *c)
{
    struct timespec second = {1, 0};
    bool timed = c->progress.on || c->deadline > 0;
    int signal = timed ? sigtimedwait(&c->awaited, NULL, &second) : sigwaitinfo(&c->awaited, NULL);
    if (signal == SIGTSTP)
        pause_all(c);
    else if (signal > 0 && signal != SIGCHLD) {
        end_all(c, c->stop != 0);
        c->stop = signal;
    } else if (c->deadline > 0 && now() > c->deadline)
        end_all(c, true);
}

static void work(campaign *c)
{
    for (;;) {
        while (!c->stop && !c->failure && c->running < c->options->sampling.jobs && c->next <= c->last)
            start_next(c);
        if (!c->running)
            break;
        if (c->failure && !c->deadline)
            end_all(c, false);
        vprec_progress_draw(&c->progress, c->finished, c->running, c->failed, seconds_left(c));
        wait_for_news(c);
        reap(c);
    }
    vprec_progress_clear(&c->progress);
}

/* Blocks the signals that are waited for; those that the caller ignores stay ignored. */
static void signals_take(campaign *c)
{
    static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    struct sigaction plain = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN}, is;
    sigemptyset(&c->awaited);
    sigaddset(&c->awaited, SIGCHLD);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (!sigaction(ending[i], NULL, &is) && is.sa_handler != SIG_IGN)
            sigaddset(&c->awaited, ending[i]);
    sigaction(SIGCHLD, &plain, &c->inherited.child);
    sigaction(SIGPIPE, &ignore, &c->inherited.pipe);
    sigprocmask(SIG_BLOCK, &c->awaited, &c->inherited.mask);
}

static void append(char **text, const char *more)
{
    char *joined = vprec_text("%s%s", *text, more);
    free(*text);
    *text = joined;
}

/* "samples 3, 9" of those that ended as `like` did. */
static char *named(const campaign *c, const vprec_sample *like)
{
    uint32_t count = 0, more = 0;
    char *text = vprec_text("%s", "");
    for (uint32_t i = 1; i <= c->last; i++) {
        const vprec_sample *sample = &c->samples[i];
        if (sample->status != like->status || sample->exited != like->exited || sample->signal != like->signal)
            continue;
        if (count++ < NAMED_MOST) {
            char *number = vprec_text("%s%" PRIu32, count > 1 ? ", " : "", i);
            append(&text, number);
            free(number);
        } else {
            more++;
        }
    }
    char *rest = more ? vprec_text(" and %" PRIu32 " more", more) : vprec_text("%s", "");
    char *whole = vprec_text("sample%s %s%s", count == 1 ? "" : "s", text, rest);
    free(rest);
    free(text);
    return whole;
}

static char *ending(const vprec_sample *sample)
{
    const char *name = sample->signal ? sigabbrev_np(sample->signal) : NULL;
    char *end = !sample->signal ? vprec_text("exited %d", sample->exited)
                : name          ? vprec_text("died of SIG%s", name)
                                : vprec_text("died of signal %d", sample->signal);
    if (sample->status == VPREC_EXIT_AUDIT)
        append(&end, " and executed operations unrounded (its report names them)");
    return end;
}

static bool plain_success(const vprec_sample *sample)
{
    return !sample->status && !sample->exited;
}

/* "28 of 30 samples exited 0; sample 7 died of SIGSEGV; samples 9, 12 exited 3" */
static char *tally(const campaign *c)
{
    uint32_t good = 0;
    for (uint32_t i = 1; i <= c->last; i++)
        good += plain_success(&c->samples[i]);
    char *text = vprec_text("%" PRIu32 " of %" PRIu32 " sample%s exited 0", good, c->last, c->last == 1 ? "" : "s");
    for (uint32_t i = 1; i <= c->last; i++) {
        const vprec_sample *sample = &c->samples[i];
        bool seen = plain_success(sample);
        for (uint32_t j = 1; j < i && !seen; j++)
            seen = c->samples[j].status == sample->status && c->samples[j].exited == sample->exited &&
                   c->samples[j].signal == sample->signal;
        if (seen)
            continue;
        char *who = named(c, sample), *how = ending(sample), *part = vprec_text("; %s %s", who, how);
        append(&text, part);
        free(part);
        free(how);
        free(who);
    }
    if (c->first == VPREC_REFERENCE) {
        char *how = ending(&c->samples[VPREC_REFERENCE]), *part = vprec_text("; the reference run %s", how);
        append(&text, part);
        free(part);
        free(how);
    }
    return text;
}

/* The samples' common status, 1 where they differ; 124 before both. */
static int common_status(const campaign *c)
{
    int status = c->samples[c->first].status;
    for (uint32_t i = c->first; i <= c->last; i++)
        if (c->samples[i].status == VPREC_EXIT_AUDIT)
            return VPREC_EXIT_AUDIT;
        else if (c->samples[i].status != status)
            status = 1;
    return status;
}

/* Puts the strings of `more` into `all`, each once. */
static void merge(json_t *all, const json_t *more)
{
    size_t i;
    json_t *text;
    json_array_foreach(more, i, text)
        if (json_is_string(text))
            json_object_set_new(all, json_string_value(text), json_true());
}

/* What the status files together say: warnings, what was rounded, and patterns of
 * --keep that no sample matched. False where there is such a pattern and samples ended well. */
static bool say_details(const campaign *c)
{
    json_t *warnings = vprec_json_must(json_object()), *unmatched = NULL;
    char *summary = NULL;
    const char *key;
    json_t *value;
    void *next;
    for (uint32_t i = c->first; i <= c->last; i++) {
        vprec_sample sample;
        json_t *status = vprec_sample_load(&c->results, c->options, i, &sample), *none = NULL;
        merge(warnings, json_object_get(status, "warnings"));
        if (i && !summary && json_is_string(json_object_get(status, "summary")))
            summary = vprec_text("sample %" PRIu32 ": %s", i, json_string_value(json_object_get(status, "summary")));
        if (plain_success(&sample)) {
            merge(none = vprec_json_must(json_object()), json_object_get(status, "keep_unmatched"));
            if (!unmatched) {
                unmatched = json_incref(none);
            } else {
                json_object_foreach_safe(unmatched, next, key, value)
                    if (!json_object_get(none, key))
                        json_object_del(unmatched, key);
            }
        }
        json_decref(none);
        json_decref(status);
    }
    if (!c->options->quiet) {
        size_t said = 0;
        json_object_foreach(warnings, key, value)
            if (said++ < NAMED_MOST)
                vprec_say("warning: %s", key);
        if (summary)
            vprec_say("%s", summary);
        if (!vprec_options_noisy(&c->options->config) && c->last > 1)
            vprec_say("hint: this rounding mode draws no random numbers: samples differ only where the program itself "
                      "does");
    }
    json_object_foreach(unmatched, key, value)
        vprec_say("--keep '%s' matched no file that a sample wrote: correct it, or leave it out (then name another "
                  "--out or --restart)", key);
    bool ok = !json_object_size(unmatched);
    free(summary);
    json_decref(unmatched);
    json_decref(warnings);
    return ok;
}

static int conclude(campaign *c)
{
    uint32_t wanted = c->last - c->first + 1;
    if (c->failure && !c->finished)
        return c->failure;
    if (c->stop || c->failure) {
        char *why = c->stop ? vprec_text("interrupted by SIG%s", sigabbrev_np(c->stop)) : vprec_text("stopped");
        vprec_say("%s: %" PRIu32 " of %" PRIu32 " runs are finished and kept in '%s': the same command runs the rest",
                  why, c->finished, wanted, c->results.path);
        free(why);
        return c->failure ? c->failure : 128 + c->stop;
    }
    int status = common_status(c);
    if (!say_details(c))
        status = VPREC_EXIT_FAILURE;
    if (!c->options->quiet) {
        char *text = tally(c);
        vprec_say("%s; all in '%s'", text, c->results.path);
        free(text);
    }
    return status;
}

/* Dies of the signal, as a shell in a loop wants to see of what it interrupted. */
static void die_of(int signal)
{
    sigset_t one;
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigemptyset(&one);
    sigaddset(&one, signal);
    sigaction(signal, &plain, NULL);
    raise(signal);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}

int vprec_samples_run(const vprec_options *options, const vprec_program *program, const char *preload)
{
    const vprec_sampling *sampling = &options->sampling;
    campaign c = {.options = options, .first = sampling->reference ? VPREC_REFERENCE : 1, .last = sampling->samples};
    /* A standard stream that the caller closed: what we open must not take its place. */
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO) {
    }
    if (fd >= 0)
        close(fd);
    if (!vprec_results_open(&c.results, options, program, preload)) {
        vprec_results_close(&c.results);
        return VPREC_EXIT_FAILURE;
    }
    c.samples = vprec_alloc((size_t)c.last + 1, sizeof *c.samples);
    c.slots = vprec_alloc(sampling->jobs, sizeof *c.slots);
    c.next = c.first;
    for (uint32_t i = c.first; i <= c.last; i++) {
        json_decref(vprec_sample_load(&c.results, options, i, &c.samples[i]));
        if (c.samples[i].finished)
            count(&c, &c.samples[i]);
    }
    if (c.finished && !options->quiet)
        vprec_say("going on in '%s': %" PRIu32 " of %" PRIu32 " runs are finished", c.results.path, c.finished,
                  c.last - c.first + 1);
    signals_take(&c);
    vprec_progress_begin(&c.progress, c.last - c.first + 1, options->quiet);
    work(&c);
    int status = conclude(&c), stop = c.stop;
    free(c.slots);
    free(c.samples);
    vprec_results_close(&c.results);
    if (stop)
        die_of(stop);
    return status;
}
