/* SPDX-License-Identifier: Apache-2.0
 * options.h: vprec-stats's command line and --help. */
#ifndef VPREC_STATS_OPTIONS_H
#define VPREC_STATS_OPTIONS_H

#include "stats.h"

/* -1: go on; else the status to exit with, having said why. */
int stats_options_parse(stats_options *options, int argc, char **argv);

#endif
