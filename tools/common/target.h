/* SPDX-License-Identifier: Apache-2.0
 * target.h: files that the user names for what a command writes: such a file never takes the place of one that is not
 * ours. Knows nothing of how they are written. */
#ifndef VPREC_COMMON_TARGET_H
#define VPREC_COMMON_TARGET_H

#include <stdbool.h>

/* Whether a file that begins with `begins`, in which '#' stands for a number, may be written to `path`: nothing is
 * there, or nothing in it, or what begins that way, or it is no regular file (a pipe, a terminal), or where standard
 * output or error goes. False, having said so: it is in the way. */
bool vprec_target_check(const char *path, const char *begins);

/* The descriptor, standard output's or error's, that writes to the regular file `path`; else -1. */
int vprec_target_standard(const char *path);

#endif
