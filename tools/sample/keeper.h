/* SPDX-License-Identifier: Apache-2.0
 * keeper.h: one program in a session of its own that ends when we end, however we end. Knows nothing of what it is
 * for. */
#ifndef VPREC_SAMPLE_KEEPER_H
#define VPREC_SAMPLE_KEEPER_H

#include <signal.h>
#include <sys/types.h>

/* How the process was when the command started: what each program gets again. */
typedef struct vprec_inherited {
    sigset_t mask;
    struct sigaction child, pipe; /* SIGCHLD and SIGPIPE */
} vprec_inherited;

typedef struct vprec_task {
    const char *file;      /* to execute */
    char *const *command;  /* its arguments, from its name on, NULL-terminated */
    int in, out, err;      /* its standard streams */
    int link;              /* a descriptor that it inherits; 0: none */
    const char *directory; /* where it runs; NULL: where we are */
    const char *const *environment; /* name, value, name, value, ..., NULL: added to ours */
} vprec_task;

/* Starts it below a keeper, which leads the session; returns the keeper, to be waited for: it exits with the
 * program's status, 128 + N where signal N ended it. It asks the program to end on SIGTERM, and ends it, and all it
 * started, on SIGRTMIN or when our process dies. -1, having said why. */
pid_t vprec_keeper_start(const vprec_task *task, const vprec_inherited *inherited);

#endif
