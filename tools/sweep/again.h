/* SPDX-License-Identifier: Apache-2.0
 * again.h: a sweep that was begun, as its run.json tells it: for --report-only. */
#ifndef VPREC_SWEEP_AGAIN_H
#define VPREC_SWEEP_AGAIN_H

#include "options.h"

/* A command line: the options that the sweep in DIR was begun with, then the first `options` words of `argv` but for
 * the command itself, then its program. To be freed, as are its words. NULL, having said why. */
char **sweep_again_words(const char *dir, char *const *argv, int options);

/* The layers that were found when it was begun: as sweep_layers_find, without a run. */
bool sweep_again_layers(sweep_options *options);

#endif
