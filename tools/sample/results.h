/* SPDX-License-Identifier: Apache-2.0
 * results.h: the directory of --out: who may use it, what it was begun with,
 * the standard input that all samples read. Starts nothing. */
#ifndef VPREC_SAMPLE_RESULTS_H
#define VPREC_SAMPLE_RESULTS_H

#include "common/options.h"
#include "common/program.h"
#include <jansson.h>

enum { VPREC_RESULTS_SCHEMA = 1 }; /* of run.json and status.json */
#define VPREC_RESULTS_CELLS "cells" /* what vprec-sweep has in DIR instead of samples */
enum { VPREC_REFERENCE = 0 };      /* the number of the reference run; samples count from 1 */

typedef struct vprec_results {
    char *top;  /* DIR, absolute */
    char *path; /* where the samples are: the same, or, of a cell of vprec-sweep, a directory in it */
    int lock;   /* held while vprec-run or one of its samples lives */
    json_t *run;
} vprec_results;

/* What makes runs runs of the same, for run.json. `self`: the vprec-run that runs them. */
json_t *vprec_results_describe(const vprec_options *options, const vprec_program *program, const char *self,
                               const char *preload);

/* Makes or takes up the directory `out`: locks it, compares what it was begun with, writes run.json, keeps standard
 * input in it. It must be new, empty, or hold a run of this command, of ours by its run.json: the very same one, or
 * with `restart` any, of which all that run.json lists is removed. Takes over `run`. False, having said why.
 * Nothing of others is overwritten or removed. */
bool vprec_results_open(vprec_results *results, const char *out, json_t *run, bool restart, bool quiet);
/* Looks at what is in `out`, and changes nothing, so that it may be in use. False, having said why. */
bool vprec_results_look(vprec_results *results, const char *out);
void vprec_results_close(vprec_results *results);

/* Lists a cell that a sweep makes while it runs, with so many samples. False, having said why. */
bool vprec_results_add(vprec_results *results, const char *cell, uint32_t samples);

/* DIR/0007/NAME, or DIR/reference/NAME; to be freed. `name` may be "". */
char *vprec_results_file(const vprec_results *results, uint32_t number, const char *name);

/* Makes the directory of a sample, away with what an unfinished one of that name left. False, having said why. */
bool vprec_results_prepare(const vprec_results *results, uint32_t number);

/* Opens what the samples read as standard input; -1, having said why. */
int vprec_results_input(const vprec_results *results);

/* Copies from one file descriptor to another to the end. False with errno set. */
bool vprec_copy(int from, int to);

#endif
