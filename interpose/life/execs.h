/* SPDX-License-Identifier: Apache-2.0
 * execs.h: what a program hands on by execve of signals that vprec has taken: it
 * goes to the new program as this one believes it to be. */
#ifndef VPREC_LIFE_EXECS_H
#define VPREC_LIFE_EXECS_H

#include "action.h"

typedef struct vprec_exec {
    uint64_t blocked; /* of ours, really now */
    uint64_t ignored; /* these too */
} vprec_exec;

/* Right before the system call, in the process that makes it (a child of vfork, of posix_spawn): blocks and ignores
 * what the program believes that it does. From then on no code of the program's may run, until: */
void vprec_exec_begin(vprec_exec *undo);
void vprec_exec_failed(const vprec_exec *undo);

#endif
