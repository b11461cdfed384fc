/* SPDX-License-Identifier: Apache-2.0
 * lock.h: one command at a time in a directory of results. Held by the file's open description, and so by the keepers
 * too, until the last of them is gone. */
#ifndef VPREC_SAMPLE_LOCK_H
#define VPREC_SAMPLE_LOCK_H

#include <stdbool.h>

#define VPREC_LOCK_NAME "run.lock"

/* Whether the file is a lock of ours: nothing is in it, or our mark; others' have numbers alone. */
bool vprec_lock_is_ours(int fd);

/* Takes the lock of the directory, which is made if need be: its descriptor. -1, having said why. */
int vprec_lock_take(const char *directory);

#endif
