/* SPDX-License-Identifier: Apache-2.0
 * begin.h: what runs the cells, and the directory that they are in. Starts nothing. */
#ifndef VPREC_SWEEP_BEGIN_H
#define VPREC_SWEEP_BEGIN_H

#include "run.h"

/* vprec-run, beside ourselves; to be freed. NULL, having said what to do. */
char *sweep_runner_find(void);

/* Makes --out, or takes it up, for the cells of the grid. False, having said why. */
bool sweep_begin(sweep *sweep, const vprec_program *program, const char *runner, const char *preload);

#endif
