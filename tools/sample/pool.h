/* SPDX-License-Identifier: Apache-2.0
 * pool.h: runs keepers side by side: signals, ctrl-Z, time limits, progress. Knows nothing of what they run. */
#ifndef VPREC_SAMPLE_POOL_H
#define VPREC_SAMPLE_POOL_H

#include "common/progress.h"
#include "keeper.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VPREC_POOL_NONE = -1 }; /* no job to start now */

/* How a job ended. */
typedef struct vprec_end {
    int status;         /* the keeper's exit status */
    bool timed_out;     /* we ended it, after `limit` seconds */
    double seconds;     /* wall time */
    double cpu_seconds; /* user and system, of all its processes that were waited for */
} vprec_end;

typedef struct vprec_slot vprec_slot;

/* What the caller fills, and what it may read. */
typedef struct vprec_pool {
    uint32_t jobs; /* side by side */
    double limit;  /* seconds for the job that is started next, 0 none; start() may change it */
    void *context;
    /* The job to start next, or VPREC_POOL_NONE: none now, there may be some when another has ended. */
    long (*next)(void *context);
    /* Its keeper; -1, having said why, ends the pool. */
    pid_t (*start)(void *context, long job, const vprec_inherited *inherited);
    /* Called unless the pool is being ended. Returns 0, or what `failure` is to be: ends the pool. */
    int (*ended)(void *context, long job, const vprec_end *end);
    /* Called of a job of which nothing is recorded: the pool was being ended, or ended() failed. */
    void (*dropped)(void *context, long job);

    uint32_t done, failed; /* for the bar, as progress.total; the caller counts */
    int stop;                     /* the signal that ends the pool, else 0 */
    int failure;                  /* what ended() said, or vprec_failure */

    vprec_progress progress;
    vprec_inherited inherited;
    sigset_t awaited;
    vprec_slot *slots;
    uint32_t running;
    double spent; /* wall time of the jobs that ended in this call */
    uint32_t timed;
    double deadline; /* when jobs that were asked to end are ended, 0: none was asked */
} vprec_pool;

/* Opens standard streams that the caller closed: what we open must not take their place. */
void vprec_streams_open(void);

/* Takes the signals over. `total` things, called `what` ("samples"), are to be done. */
void vprec_pool_begin(vprec_pool *pool, uint32_t total, const char *what, bool quiet);

/* Runs until there is nothing to do, a signal came or something failed. No job runs any more when it returns. */
void vprec_pool_work(vprec_pool *pool);

/* Gives the signals back: one that comes now ends the command. */
void vprec_pool_end(vprec_pool *pool);

/* Dies of the signal, as a shell in a loop wants to see of what it interrupted. */
void vprec_die_of(int signal);

#endif
