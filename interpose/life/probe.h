/* SPDX-License-Identifier: Apache-2.0
 * probe.h: what policies let this process do with its own memory, tried out before anything is changed. */
#ifndef VPREC_LIFE_PROBE_H
#define VPREC_LIFE_PROBE_H

#include <stdbool.h>

/* Whether changed code may be executed: of a file's private mapping, and of memory. Not under MemoryDenyWriteExecute
 * (PR_SET_MDWE), or SELinux's execmod and execmem. As it was when it was first asked. */
bool vprec_probe_executes(void);

#endif
