/* SPDX-License-Identifier: Apache-2.0
 * help.h: what vprec-sweep prints about itself on stdout. */
#ifndef VPREC_SWEEP_HELP_H
#define VPREC_SWEEP_HELP_H

#include <getopt.h>

/* `passed`: the options that go to vprec-run, the last one without a name. */
void sweep_help_print(const struct option *passed);

/* Of vprec-sweep compare. */
void sweep_help_compare(void);

#endif
