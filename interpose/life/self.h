/* SPDX-License-Identifier: Apache-2.0
 * self.h: the file that this process executes. */
#ifndef VPREC_LIFE_SELF_H
#define VPREC_LIFE_SELF_H

#include <stdbool.h>

/* Its path, absolute; "" where none can be found. The first call must be at the start: the program may go elsewhere. */
const char *vprec_self_path(char *const *argv);

/* Whether Go's linker made it: its functions make system calls of their own. */
bool vprec_self_is_go(void);

#endif
