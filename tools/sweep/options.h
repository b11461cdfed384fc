/* SPDX-License-Identifier: Apache-2.0
 * options.h: the command line of vprec-sweep. Runs nothing; formats are checked when the grid is made. */
#ifndef VPREC_SWEEP_OPTIONS_H
#define VPREC_SWEEP_OPTIONS_H

#include "list.h"
#include "metric.h"
#include <stdint.h>

/* --why: which runs are made once more, counting. */
typedef enum sweep_why { SWEEP_WHY_ALL, SWEEP_WHY_NATIVE, SWEEP_WHY_NONE } sweep_why;

typedef struct sweep_options {
    sweep_list formats, modes, precisions; /* expanded */
    sweep_list wheres;                     /* "function:GLOB", "object:GLOB", "within:GLOB", "upto:GLOB" */
    const char *layers;                    /* --layers: scopes that are rows each; NULL: none */
    sweep_list names;                      /* of these, as patterns, in their order: layers.c fills it */
    bool cumulative;                       /* "upto": each of them with all before it */
    const char *fork_at;                   /* a scope, or NULL */
    sweep_list passed;                     /* options of vprec-run, as "--round=both" */
    sweep_list keep;
    sweep_metrics metrics;
    bool formats_given, metrics_given;
    uint32_t samples, jobs;
    const char *seed;
    double timeout; /* seconds, 0 none, negative: what run.c makes of native's time */
    sweep_why why;
    double why_timeout; /* seconds, 0 none: of one run that counts */
    char *out;      /* --out, or a name made of the command */
    const char *output;    /* --output: a file that the program writes, NULL standard output */
    const char *threshold; /* or NULL */
    const char *report, *json, *csv, *title;
    const char *report_only; /* a directory of --out, from which alone a report is made; NULL */
    sweep_list given;        /* the options that make the sweep what it is, without those that say what is told of it */
    const char *recipe; /* --recipe: a file, or NULL */
    const char *require, *baseline, *junit, *markdown; /* for continuous integration; or NULL */
    double tolerance; /* a share of the baseline's numbers */
    bool github;
    size_t slots;       /* cells that vprec-search makes as it goes; 0: it is a sweep */
    bool restart, own, dry_run, bisect, quiet;
    char **program; /* NULL-terminated */
    char **again;   /* of --report-only: the words of both command lines; to be freed, as are the first's */
} sweep_options;

enum { SWEEP_EXIT_FAILURE = 1, SWEEP_EXIT_USAGE = 2, SWEEP_EXIT_UNMET = 3 };

/* "1%", "0.5 %" behind `option` as a share. False, having said why. */
bool sweep_take_share(const char *option, const char *text, double *share);

/* The long options: `*own` of vprec-sweep's, then those of vprec-run that every cell gets, the last one without a name. To
 * be freed. */
struct option;
struct option *sweep_options_list(size_t *own);

/* Returns -1 to go on, else the status to exit with, all being said. To be freed in any case. */
int sweep_options_parse(sweep_options *options, int argc, char **argv);
/* Whether a recipe is looked for: layers, each alone, and a threshold. */
bool sweep_wants_recipe(const sweep_options *options);
void sweep_options_free(sweep_options *options);

#endif
