/* SPDX-License-Identifier: Apache-2.0
 * jobs.c: items of work on forked processes, progress, and the tallies' tables. */
#include "jobs.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct board {
    _Atomic uint64_t next; /* the first item that nobody has taken */
    unit_tally tallies[UNIT_JOBS];
} board;

static void add_tally(const unit_tally *t)
{
    const uint64_t *from = (const uint64_t *)t;
    uint64_t *to = (uint64_t *)&unit_seen;
    for (size_t i = 0; i < sizeof *t / sizeof *from; i++)
        to[i] += from[i];
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void progress(double share, double start, const char *end)
{
    double spent = now() - start;
    share = share < 1 ? share : 1;
    printf("%5.1f %%  %.0f s, about %.0f s left%s", 100 * share, spent, share > 0 ? spent / share - spent : 0, end);
    fflush(stdout);
}

/* Until all have ended. */
static bool supervise(const board *shared, uint64_t items, unsigned processes)
{
    bool tty = isatty(STDOUT_FILENO), well = true;
    double start = now(), next = start + 1;
    while (processes) {
        int status;
        pid_t child = waitpid(-1, &status, WNOHANG);
        if (child > 0) {
            processes--;
            well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        } else if (child < 0 && errno != EINTR) {
            return false;
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        if (now() >= next) {
            progress((double)shared->next / items, start, tty ? "   \r" : "\n");
            next = now() + (tty ? 1 : 30);
        }
    }
    progress((double)shared->next / items, start, "\n");
    return well;
}

bool unit_jobs(uint64_t items, void (*item)(uint64_t number), unsigned processes)
{
    board *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        return false;
    }
    unsigned started = 0;
    fflush(NULL);
    for (; started < processes; started++) {
        pid_t child = fork();
        if (child < 0) {
            perror("fork");
            break;
        }
        if (child)
            continue;
        for (uint64_t number; (number = shared->next++) < items;)
            item(number);
        shared->tallies[started] = unit_seen;
        _exit(0);
    }
    bool well = supervise(shared, items, started) && started == processes;
    for (unsigned i = 0; i < started; i++)
        add_tally(&shared->tallies[i]);
    munmap(shared, sizeof *shared);
    return well;
}

unsigned unit_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > UNIT_JOBS ? UNIT_JOBS : n;
}

static void row(const char *name, const uint64_t *counts, int n)
{
    printf("%-9s", name);
    for (int i = 0; i < n; i++)
        printf(" %14llu", (unsigned long long)counts[i]);
    printf("\n");
}

static void heading(const char *name, const char *const *columns, int n)
{
    printf("%-9s", name);
    for (int i = 0; i < n; i++)
        printf(" %14s", columns[i]);
    printf("\n");
}

void unit_print(void)
{
    heading("exact", unit_mode_names, VPREC_MODES);
    for (int op = 0; op < UNIT_COUNT; op++)
        row(unit_op_names[op], unit_seen.modes[op], VPREC_MODES);
    heading("MPFR", unit_mode_names, VPREC_MODES);
    for (int op = 0; op < UNIT_COUNT; op++)
        row(unit_op_names[op], unit_seen.mpfr[op], VPREC_MODES);
    heading("SR met", unit_event_names, UNIT_EVENTS_COUNT);
    for (int op = 0; op < UNIT_COUNT; op++)
        row(unit_op_names[op], unit_seen.events[op], UNIT_EVENTS_COUNT);
    printf("%llu cases: %llu inexact, %llu ties, %llu below the normals, %llu overflows; %llu mismatches\n",
           (unsigned long long)unit_seen.cases, (unsigned long long)unit_seen.inexact,
           (unsigned long long)unit_seen.tie, (unsigned long long)unit_seen.tiny,
           (unsigned long long)unit_seen.overflow, (unsigned long long)unit_seen.mismatches);
}

bool unit_number(const char *text, uint64_t most, uint64_t *value)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= 1 && v <= (double)most))
        return false;
    *value = (uint64_t)v;
    return true;
}
