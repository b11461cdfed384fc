/* SPDX-License-Identifier: Apache-2.0
 * sweep.c: threads, progress bar and count of differences of the long comparisons. */
#include "sweep.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { REPORTS = 10, MOST_THREADS = 64 };

typedef struct sweep {
    void (*work)(const void *context, uint64_t block);
    const void *context;
    uint64_t blocks;
    atomic_uint_fast64_t next;
} sweep;

static atomic_uint_fast64_t differences;
static atomic_int reports;

bool sweep_differs(uint64_t count)
{
    atomic_fetch_add(&differences, count);
    return atomic_fetch_add(&reports, 1) < REPORTS;
}

uint64_t sweep_differences(void) { return atomic_load(&differences); }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *thread(void *argument)
{
    sweep *s = argument;
    for (uint64_t block; (block = atomic_fetch_add(&s->next, 1)) < s->blocks;)
        s->work(s->context, block);
    return NULL;
}

/* One line, rewritten on a terminal, else every minute. */
static void show(const sweep *s, const char *name, unsigned pass, unsigned passes, double began)
{
    enum { WIDTH = 30 };
    static double last;
    if (!last)
        last = began;
    bool terminal = isatty(2);
    double time = now(), part;
    uint64_t done = atomic_load(&s->next) < s->blocks ? atomic_load(&s->next) : s->blocks;
    if (time - last < (terminal ? 0.2 : 60))
        return;
    last = time;
    part = (pass + (double)done / (double)s->blocks) / passes;
    double left = part > 0 ? (time - began) * (1 - part) / part : 0;
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < (int)(part * WIDTH) ? '#' : '.';
    bar[WIDTH] = 0;
    fprintf(stderr, "%s[%s] %5.1f %% %s, %.0f s, about %.0f s left%s", terminal ? "\r" : "", bar, part * 100, name,
            time - began, left, terminal ? "   " : "\n");
    if (terminal && pass + 1 == passes && done == s->blocks)
        fputc('\n', stderr);
}

void sweep_run(void (*work)(const void *context, uint64_t block), const void *context, uint64_t blocks,
               unsigned threads, const char *name, unsigned pass, unsigned passes)
{
    static double began;
    sweep s = {work, context, blocks, 0};
    pthread_t ids[MOST_THREADS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (!began)
        began = now();
    if (!threads)
        threads = processors > 0 ? (unsigned)processors : 1;
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, thread, &s)) {
            perror("sweep: no thread");
            exit(1);
        }
    }
    while (atomic_load(&s.next) < blocks) {
        nanosleep(&(struct timespec){0, 2000000}, NULL);
        show(&s, name, pass, passes, began);
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
}
