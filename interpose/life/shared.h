/* SPDX-License-Identifier: Apache-2.0
 * shared.h: what a child of fork would share with its parent and its siblings, or would lack, so that one could tell it
 * from a process that was started by itself: threads, children, timers, shared memory, open files. Forks nothing. */
#ifndef VPREC_LIFE_SHARED_H
#define VPREC_LIFE_SHARED_H

#include "runtime/wire.h"
#include <stdbool.h>
#include <stddef.h>

/* Looks at the calling process. False: a child of it is no process like it; `why` tells. `order` has the directory and
 * the standard streams that it was started with; `ours` are so many descriptors of vprec's own. What is open is
 * remembered. */
bool vprec_shared_look(const vprec_fork_order *order, const int *ours, size_t count, char *why, size_t room);

/* In the child: what it has open, it has for itself, at the same places; what lay in the directory `order->files` is
 * that of `files`, an open one; the standard streams are `out` and `err`. False: `why` tells. */
bool vprec_shared_part(const vprec_fork_order *order, int files, int out, int err, char *why, size_t room);

#endif
