/* SPDX-License-Identifier: Apache-2.0
 * launch.h: starts the program with the preload library in it, passes signals
 * on, and waits. */
#ifndef VPREC_COMMON_LAUNCH_H
#define VPREC_COMMON_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct vprec_outcome {
    pid_t pid;
    int exec_error; /* errno where the program could not be executed, else 0 */
    int exited;     /* its exit status, -1 where a signal ended it */
    int signal;     /* that signal, else 0 */
    double wall_seconds, user_seconds, system_seconds; /* of the program and the children that it waited for */
    int64_t max_rss;                                   /* bytes, the largest of these processes */
} vprec_outcome;

/* Holds back the signals that could end vprec-run, until vprec_launch passes them on. */
void vprec_signals_hold(void);

/* What is done, while the program runs, each time SIGUSR1 comes, which the program is not told then. */
typedef struct vprec_watch {
    void (*look)(void *data, const vprec_outcome *so_far);
    void *data;
} vprec_watch;

/* From now on they are passed on to `pid`, which is no child of ours; 0: to nobody. */
void vprec_signals_pass(pid_t pid);
/* The signal mask that vprec-run was started with. */
const sigset_t *vprec_signals_before(void);

/* Executes `path` with `argv`, with `preload` in LD_PRELOAD, the variable by which its processes attach to the shared
 * file at the place `wire` (all of vprec_wire_place but the last), and descriptor `handed` (-1: none), and waits for its
 * end. `watch` NULL: SIGUSR1, too, is passed on. False, having said why, where vprec itself failed. */
bool vprec_launch(const char *path, char **argv, const char *preload, const char *wire, int handed,
                  const vprec_watch *watch, vprec_outcome *outcome);

/* The status that vprec-run exits with for the program's end. */
int vprec_outcome_status(const vprec_outcome *outcome);

#endif
