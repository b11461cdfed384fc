/* SPDX-License-Identifier: Apache-2.0
 * sample.h: one sample of --samples: its processes, and what is recorded when
 * they have ended. Which samples run when is samples.c's. The seed of sample
 * `number` in a run with `seed` is vprec_key_child(seed, number). */
#ifndef VPREC_SAMPLE_H
#define VPREC_SAMPLE_H

#include "keep.h"
#include "pool.h"
#include "results.h"

/* How a sample ended, as its status.json has it. */
typedef struct vprec_sample {
    bool finished;
    int status; /* what vprec-run alone would have exited with: the program's, or 124 */
    int exited; /* the program's exit status, -1 where a signal ended it */
    int signal; /* that signal, else 0 */
    bool timed_out; /* we ended it, for it took too long */
    bool refused;   /* vprec-run refused it; with sampling.refusals only */
} vprec_sample;

/* Starts sample `number`; returns its keeper. -1, having said why. */
pid_t vprec_sample_start(const vprec_results *results, const vprec_options *options, uint32_t number,
                         const vprec_inherited *inherited);

/* Makes links in `into` to all that is in `here` but the results, `top`, and the file `output`, below `here` (each may be
 * NULL): what the sample is to write is no file of the user's. Where that is in a directory `into` has one of its own. */
void vprec_sample_link(const char *top, const char *here, const char *into, const char *output);

/* Reads what an ended sample left, keeps its files and writes its status.json.
 * Returns 0, or, where vprec itself failed, the status to exit with, having said why. */
int vprec_sample_record(const vprec_results *results, const vprec_options *options, uint32_t number,
                        const vprec_keep *before, const vprec_end *end, vprec_sample *sample);

/* Records what a sample left that was ended before it was done, so that it can be removed when it is run again. */
void vprec_sample_drop(const vprec_results *results, uint32_t number);

/* Its status.json if it is finished, to be released; else NULL. */
json_t *vprec_sample_load(const vprec_results *results, const vprec_options *options, uint32_t number,
                          vprec_sample *sample);

#endif
