/* SPDX-License-Identifier: Apache-2.0
 * forked.h: what vprec-sweep --fork-at has a vprec-run do: make a process that waits at a scope, or ask that one for
 * its program's process instead of starting the program. It says so by an environment variable. */
#ifndef VPREC_RUN_FORKED_H
#define VPREC_RUN_FORKED_H

#include "common/launch.h"
#include "common/options.h"
#include "mapping.h"

/* Takes the variable out of the environment. Before anything is made for the run. */
void vprec_forked_read(vprec_wire_config *config);

/* Asks for a process, if that was said, and waits for its end, as vprec_launch does. False: the program is to be
 * started; `*asked`: with another file. */
bool vprec_forked_run(const vprec_mapping *mapping, vprec_outcome *outcome, bool *asked);

/* All is told: waits for what the process has left running, a little. */
void vprec_forked_end(void);

#endif
