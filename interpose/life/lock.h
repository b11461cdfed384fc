/* SPDX-License-Identifier: Apache-2.0
 * lock.h: who changes what is instrumented: one thread at a time, with all its signals blocked, on a stack that is big
 * enough: a thread that dlopens or executes something new may have little. */
#ifndef VPREC_LIFE_LOCK_H
#define VPREC_LIFE_LOCK_H

#include <stdbool.h>

enum vprec_lock {
    VPREC_LOCK_DONE,
    VPREC_LOCK_INSIDE, /* the calling thread is at it already */
    VPREC_LOCK_BROKEN  /* this process was made, by other means than fork, while another thread was at it */
};

/* Before anything else, once. */
void vprec_lock_open(void);
/* From now on a fork waits for work to be done. */
void vprec_lock_follow_forks(void);
/* Calls `work` alone, on the stack of the work. Safe in signal handlers. */
enum vprec_lock vprec_lock_run(void (*work)(void *), void *data);

#endif
