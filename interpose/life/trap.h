/* SPDX-License-Identifier: Apache-2.0
 * trap.h: the instrumented objects of the process, and the SIGTRAP that leads
 * stray arrivals in their originals to the clones. */
#ifndef VPREC_LIFE_TRAP_H
#define VPREC_LIFE_TRAP_H

#include "clone/image.h"
#include <signal.h>
#include <stdatomic.h>

/* Installs the handler and unblocks the signal. `traps` counts redirections. */
void vprec_trap_install(_Atomic uint64_t *traps);

/* The program's own action for SIGTRAP, kept beside ours. */
void vprec_trap_action(const struct sigaction *action, struct sigaction *old);

/* signals.c: calls a handler of the program on the original's context. */
typedef void vprec_handler(int number, siginfo_t *info, void *context);
void vprec_signal_call(vprec_handler *handler, int number, siginfo_t *info, void *context);
/* From now on the program's handlers are wrapped. */
void vprec_signal_install(void);

#endif
