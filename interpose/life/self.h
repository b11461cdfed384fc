/* SPDX-License-Identifier: Apache-2.0
 * self.h: the file that this process executes. */
#ifndef VPREC_LIFE_SELF_H
#define VPREC_LIFE_SELF_H

/* Its path, absolute; "" where none can be found. The first call must be at the start: the program may go elsewhere. */
const char *vprec_self_path(char *const *argv);

#endif
