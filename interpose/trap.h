/* SPDX-License-Identifier: Apache-2.0
 * trap.h: the instrumented objects of the process, and the SIGTRAP that leads
 * stray arrivals in their originals to the clones. */
#ifndef VPREC_TRAP_H
#define VPREC_TRAP_H

#include "clone.h"
#include <signal.h>
#include <stdatomic.h>

/* Installs the handler and unblocks the signal. `traps` counts redirections. */
void vprec_trap_install(_Atomic uint64_t *traps);

/* The program's own action for SIGTRAP, kept beside ours. False: not installed. */
bool vprec_trap_action(const struct sigaction *action, struct sigaction *old);

/* Makes an image known to the handler. The image must stay where it is. False: too many. */
bool vprec_image_add(const vprec_image *image);
void vprec_image_drop(const vprec_image *image);

/* Whether `address` lies in an instrumented object. */
bool vprec_image_covers(uint64_t address);

#endif
