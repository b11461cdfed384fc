/* SPDX-License-Identifier: Apache-2.0
 * samples.h: --samples: runs the program many times and keeps what each run gave. */
#ifndef VPREC_SAMPLE_SAMPLES_H
#define VPREC_SAMPLE_SAMPLES_H

#include "common/options.h"
#include "common/program.h"

/* Runs what is missing of the samples; says at the end how they went. Returns
 * the status to exit with: 125 to 127 where vprec failed, 124 where --audit
 * found something in one, else the samples' common status, 1 where they differ. Where a signal ended the run it
 * ends vprec-run too, when all is put away. */
int vprec_samples_run(const vprec_options *options, const vprec_program *program, const char *preload);

#endif
