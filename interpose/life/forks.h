/* SPDX-License-Identifier: Apache-2.0
 * forks.h: vprec-sweep --fork-at: a process that waits where a scope is first opened, and the processes that are made
 * of it there, each for another run (wire.h: vprec_fork_order). */
#ifndef VPREC_LIFE_FORKS_H
#define VPREC_LIFE_FORKS_H

#include <stdbool.h>

/* If the run is such a one, and this its first process: it will wait. Before the first scope has a name. */
void vprec_forks_begin(bool is_first);

/* A child of the calling process, in which nothing of the program runs: no handler of pthread_atfork. As fork(). */
int vprec_forks_child(void);
_Noreturn void vprec_forks_leave(void);

#endif
