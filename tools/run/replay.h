/* SPDX-License-Identifier: Apache-2.0
 * replay.h: --replay FILE: the run that a report is of, once more. */
#ifndef VPREC_RUN_REPLAY_H
#define VPREC_RUN_REPLAY_H

#include "run.h"

/* The "replay" of the report: options, directory, standard input, and of the environment what is known to matter to
 * numbers, and nothing else. */
json_t *vprec_replay_describe(const vprec_run *run);

/* Makes of the options those of the run in options->replay, with what `argv` has beside that, and of this process one
 * like that which made it. As vprec_options_parse. */
int vprec_replay(vprec_options *options, char **argv);

#endif
