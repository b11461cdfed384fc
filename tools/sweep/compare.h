/* SPDX-License-Identifier: Apache-2.0
 * compare.h: vprec-sweep compare A B: what has changed from one sweep to another, of two formats, builds or commits. */
#ifndef VPREC_SWEEP_COMPARE_H
#define VPREC_SWEEP_COMPARE_H

#include <jansson.h>

/* The report of a sweep: a file by --json, a directory of --report or of --out. NULL, having said why. */
json_t *sweep_report_read(const char *path);

/* `argv[0]` is "compare". Returns the status to exit with. */
int sweep_compare_main(int argc, char **argv);

#endif
