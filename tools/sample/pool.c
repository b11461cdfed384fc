/* SPDX-License-Identifier: Apache-2.0
 * pool.c: which job runs when, and how jobs are ended. */
#include "pool.h"
#include "common/say.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_SECONDS = 5 }; /* from asking a program to end to ending it */

struct vprec_slot {
    pid_t pid; /* the keeper, which leads the session and process group */
    long job;
    double started;
    double limit; /* seconds, 0 none */
    double asked; /* when its time was up, else 0 */
    bool ended;   /* by force, since it did not end when asked */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* False where there is none to start now. */
static bool start_next(vprec_pool *p)
{
    long job = p->next(p->context);
    if (job == VPREC_POOL_NONE)
        return false;
    vprec_slot *s = &p->slots[p->running];
    *s = (vprec_slot){.job = job, .started = now()};
    s->pid = p->start(p->context, job, &p->inherited);
    s->limit = p->limit;
    if (s->pid > 0)
        p->running++;
    else
        p->failure = vprec_failure;
    return s->pid > 0;
}

static double seconds_of(const struct timeval *t)
{
    return (double)t->tv_sec + 1e-6 * (double)t->tv_usec;
}

/* The end of one job: away with what it left running, then what the caller makes of it, unless it was we who ended
 * it. */
static void end_one(vprec_pool *p, size_t index)
{
    vprec_slot s = p->slots[index];
    struct rusage usage = {0};
    int status = 0;
    vprec_end end = {.timed_out = s.asked > 0, .seconds = now() - s.started};
    kill(-s.pid, SIGKILL);
    while (wait4(s.pid, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    p->slots[index] = p->slots[--p->running];
    if (p->stop || p->failure) {
        p->dropped(p->context, s.job);
        return;
    }
    end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    end.cpu_seconds = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    vprec_progress_clear(&p->progress);
    p->failure = p->ended(p->context, s.job, &end);
    if (p->failure) {
        p->dropped(p->context, s.job);
    } else {
        p->spent += end.seconds;
        p->timed++;
    }
}

static void reap(vprec_pool *p)
{
    for (size_t i = 0; i < p->running;) {
        siginfo_t info = {0};
        /* Not reaped yet: as long as it is a zombie, its number is no other group's. */
        if (!waitid(P_PID, (id_t)p->slots[i].pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid)
            end_one(p, i);
        else
            i++;
    }
}

static void signal_all(const vprec_pool *p, int signal, bool group)
{
    for (size_t i = 0; i < p->running; i++)
        kill(group ? -p->slots[i].pid : p->slots[i].pid, signal);
}

/* Ends what runs: asks first, for a program may have something to put away. */
static void end_all(vprec_pool *p, bool at_once)
{
    if (!p->deadline && !at_once) {
        p->deadline = now() + GRACE_SECONDS;
        signal_all(p, SIGTERM, false);
        return;
    }
    signal_all(p, SIGRTMIN, false);
}

/* Ends, in the same two steps, the jobs whose time is up. */
static void end_late(vprec_pool *p)
{
    for (size_t i = 0; i < p->running; i++) {
        vprec_slot *s = &p->slots[i];
        if (s->limit > 0 && !s->asked && now() > s->started + s->limit) {
            s->asked = now();
            kill(s->pid, SIGTERM);
        } else if (s->asked > 0 && !s->ended && now() > s->asked + GRACE_SECONDS) {
            s->ended = true;
            kill(s->pid, SIGRTMIN);
        }
    }
}

/* ctrl-Z: the jobs are not in the terminal's process group. Their keepers go on, to watch over them. */
static void pause_all(const vprec_pool *p)
{
    vprec_progress_clear(&p->progress);
    double stopped = now();
    signal_all(p, SIGSTOP, true);
    signal_all(p, SIGCONT, false);
    raise(SIGSTOP);
    signal_all(p, SIGCONT, true);
    for (size_t i = 0; i < p->running; i++)
        p->slots[i].started += now() - stopped;
}

static double seconds_left(const vprec_pool *p)
{
    if (!p->timed)
        return -1;
    double mean = p->spent / p->timed, work = mean * (p->progress.total - p->done);
    for (size_t i = 0; i < p->running; i++) {
        double elapsed = now() - p->slots[i].started;
        work -= elapsed < mean ? elapsed : mean;
    }
    return work / p->jobs;
}

/* How long nothing need be looked at: a second where something is shown, infinity where nothing is timed. */
static double patience(const vprec_pool *p)
{
    double seconds = p->progress.on || p->deadline > 0 ? 1 : INFINITY, t = now();
    for (size_t i = 0; i < p->running; i++) {
        const vprec_slot *s = &p->slots[i];
        double until = s->asked > 0 ? s->asked + GRACE_SECONDS : s->limit > 0 ? s->started + s->limit : INFINITY;
        seconds = fmin(seconds, fmax(until - t, 0) + 0.001);
    }
    return seconds;
}

static void wait_for_news(vprec_pool *p)
{
    double seconds = patience(p);
    bool forever = isinf(seconds) || seconds > 1e8;
    struct timespec time = {0, 0};
    if (!forever) {
        time.tv_sec = (time_t)seconds;
        time.tv_nsec = (long)((seconds - floor(seconds)) * 1e9);
    }
    int signal = forever ? sigwaitinfo(&p->awaited, NULL) : sigtimedwait(&p->awaited, NULL, &time);
    if (signal == SIGTSTP) {
        pause_all(p);
    } else if (signal > 0 && signal != SIGCHLD) {
        end_all(p, p->stop != 0);
        p->stop = signal;
    } else if (p->deadline > 0 && now() > p->deadline) {
        end_all(p, true);
    } else {
        end_late(p);
    }
}

void vprec_pool_work(vprec_pool *p)
{
    for (;;) {
        while (!p->stop && !p->failure && p->running < p->jobs && start_next(p)) {
        }
        if (!p->running)
            break;
        if (p->failure && !p->deadline)
            end_all(p, false);
        vprec_progress_draw(&p->progress, p->done, p->running, p->failed, seconds_left(p));
        wait_for_news(p);
        reap(p);
    }
    vprec_progress_clear(&p->progress);
}

/* Blocks the signals that are waited for; those that the caller ignores stay ignored. */
static void signals_take(vprec_pool *p)
{
    static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    struct sigaction plain = {.sa_handler = SIG_DFL}, ignore = {.sa_handler = SIG_IGN}, is;
    sigemptyset(&p->awaited);
    sigaddset(&p->awaited, SIGCHLD);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (!sigaction(ending[i], NULL, &is) && is.sa_handler != SIG_IGN)
            sigaddset(&p->awaited, ending[i]);
    sigaction(SIGCHLD, &plain, &p->inherited.child);
    sigaction(SIGPIPE, &ignore, &p->inherited.pipe);
    sigprocmask(SIG_BLOCK, &p->awaited, &p->inherited.mask);
}

void vprec_streams_open(void)
{
    int fd;
    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO) {
    }
    if (fd >= 0)
        close(fd);
}

void vprec_pool_begin(vprec_pool *p, uint32_t total, const char *what, bool quiet)
{
    p->slots = vprec_alloc(p->jobs, sizeof *p->slots);
    signals_take(p);
    vprec_progress_begin(&p->progress, total, what, quiet);
}

void vprec_pool_end(vprec_pool *p)
{
    free(p->slots);
    sigprocmask(SIG_SETMASK, &p->inherited.mask, NULL);
}

void vprec_die_of(int signal)
{
    sigset_t one;
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigemptyset(&one);
    sigaddset(&one, signal);
    sigaction(signal, &plain, NULL);
    raise(signal);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
}
