/* SPDX-License-Identifier: Apache-2.0
 * options.h: the command line of vprec-run, checked in full before anything
 * runs. */
#ifndef VPREC_COMMON_OPTIONS_H
#define VPREC_COMMON_OPTIONS_H

#include "recipe.h"
#include "runtime/wire.h"
#include <stdbool.h>

/* --samples and what belongs to it. */
typedef struct vprec_sampling {
    const char *out;  /* --out DIR; NULL: a plain run, and nothing else here counts */
    uint32_t samples; /* at least 1 */
    uint32_t jobs;    /* at least 1 */
    char **keep;      /* --keep GLOB, relative to the working directory, NULL-terminated */
    size_t keeps;
    bool restart, reference;
    /* What vprec-sweep alone sets. */
    const char *runner; /* the vprec-run that runs samples; NULL: this one */
    const char *bare;   /* the program's file, to run it alone, without vprec; NULL: with it */
    const char *output; /* with `own`: the file that the sample writes, to which there is no link; or NULL */
    bool own;           /* a sample runs in its own directory, which has links to what is in ours */
    char *fork;         /* of --fork-at: see sample/forks.h; NULL: no part of it. Owned */
    int fork_socket;    /* with that: it is handed on */
    bool refusals;      /* what vprec-run refuses to run, or finds wrong, is recorded as such */
} vprec_sampling;

typedef struct vprec_options {
    vprec_wire_config config; /* what the processes are told */
    vprec_recipe lines;        /* --scope and --within, */
    vprec_wire_recipe *recipe; /* and what they mean; NULL: there are none */
    char spelled[VPREC_TYPES][64]; /* each type's format as --format has it: "e8m10", "native" */
    const char *layers;       /* --layers: which are shown; NULL: none are asked for */
    const char *dump;         /* --dump-layers DIR, or NULL */
    const char *report;       /* --report FILE, "-" stdout, NULL none */
    const char *replay;       /* --replay FILE: the run of that report; then nothing else is complete. Or NULL */
    vprec_sampling sampling;
    char **given; /* what decides the run's results, as "--name=value" ordered by name, NULL-terminated; without seed */
    size_t givens;
    bool quiet;
    char **program; /* PROGRAM and its arguments, as given, NULL-terminated */
} vprec_options;

/* The two types' names, "f32" and "f64", and the names of --ops by bit. */
extern const char *const vprec_type_names[VPREC_TYPES];
enum { VPREC_OPS_NAMES = 9 };
extern const char *const vprec_ops_names[VPREC_OPS_NAMES];

/* The long options of vprec-run, the last one without a name; --noise and its like come to vprec-sweep by it. */
struct option;
const struct option *vprec_options_list(void);

/* The option that makes rules of `kind` (enum vprec_rule_kind): "--object". */
const char *vprec_rule_option(uint32_t kind);

/* "results", "operands" or "both". */
const char *vprec_round_name(uint32_t round);
/* Of --integer-rounding. */
const char *vprec_shifters_name(uint32_t rounded);

/* What --format says of `type`, into `text`: "e8m10" in vprec_format_print's
 * spelling, "native", or "" where the type is left alone. */
void vprec_options_format(const vprec_wire_config *config, vprec_type type, char *text, size_t size);

/* The name that --mode takes. */
const char *vprec_mode_name(const vprec_wire_config *config);

/* What --count takes, of an enum vprec_counting; NULL: nothing is counted. */
const char *vprec_counting_name(uint32_t counting);

/* What --noise takes: "counter" or "operands". */
const char *vprec_noise_name(const vprec_wire_config *config);

/* Whether the run draws random numbers: whether samples differ by what vprec does. */
bool vprec_options_noisy(const vprec_wire_config *config);

/* Fills `*options`, to be freed in any case. Returns -1 to go on; else the status to exit with, all
 * being said: --help, --version and --formats have printed, or the command line is at fault. */
int vprec_options_parse(vprec_options *options, int argc, char **argv);

/* What a scope's SPEC, "e5m10,mode=sr", makes of a run's configuration: a type, a mode, a precision that it does not
 * name stays. `where` for messages: "--scope head=e5m10". False: said what is wrong. */
bool vprec_options_scope(const vprec_wire_config *base, const char *where, const char *spec, vprec_wire_config *to);

/* The formats of scopes that the program's file asks for, in front of those that were given; none where nothing is
 * rounded. False: said what is wrong. */
bool vprec_options_program(vprec_options *options, const vprec_program *program);
void vprec_options_free(vprec_options *options);

#endif
