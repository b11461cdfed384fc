/* SPDX-License-Identifier: Apache-2.0
 * grid.h: the cells of a sweep: which options of vprec-run each one is. Runs nothing. */
#ifndef VPREC_SWEEP_GRID_H
#define VPREC_SWEEP_GRID_H

#include "options.h"
#include "sample/sample.h"

/* How a cell ended, as the report calls it. */
#define SWEEP_STATUSES(X)                                                                                              \
    X(OK, "ok")                                                                                                        \
    X(EXIT, "exit")                                                                                                    \
    X(SIGNAL, "signal")                                                                                                \
    X(TIMEOUT, "timeout")                                                                                              \
    X(REFUSED, "refused")                                                                                              \
    X(PENDING, "pending")
typedef enum sweep_status {
#define SWEEP_STATUS_ENTRY(id, name) SWEEP_##id##_STATUS,
    SWEEP_STATUSES(SWEEP_STATUS_ENTRY)
#undef SWEEP_STATUS_ENTRY
        SWEEP_STATUSES_COUNT
} sweep_status;
extern const char *const sweep_status_names[SWEEP_STATUSES_COUNT];

typedef struct sweep_cell {
    char *id;                /* of its directory */
    char *format;            /* as given; NULL: native, or a mode with a precision */
    int exponent, fraction;  /* of the format, or -1: none, or one for each type */
    char *mode, *precision;  /* NULL: none */
    char *where;             /* "function:GLOB", NULL: all */
    char **argv;             /* of vprec-run */
    vprec_options options;   /* the same, parsed */
    bool counts;             /* a run that counts what goes wrong in another cell; measures nothing */
    size_t counting;         /* which cell that is for this one; 0: none */
    vprec_results results;
    uint32_t count;          /* samples, from 1 on */
    vprec_sample *samples;   /* by number */
    vprec_keep *before;      /* by number, of those that run */

    /* What run.c found. */
    bool wanted;             /* to be run */
    bool settled;            /* all is known */
    bool lined_up;           /* its runs were handed out */
    sweep_status status;
    int exited, signal;      /* of the sample that the status is from */
    char *note;              /* why, or NULL */
    json_t *native;          /* what was selected and stayed native, a set of texts; or NULL */
    char *idle;              /* what vprec-run advised, where no operation was rounded; or NULL */
    uint32_t failed;
    uint64_t not_finite;     /* numbers that are NaN or infinite in its output, and are not in native's */
    double seconds, cpu_seconds; /* medians over samples; NaN none */
    sweep_summary *values;   /* by metric */
    sweep_judged judged;     /* its items, of the run in which most changed */
    json_t *digits;
} sweep_cell;

typedef struct sweep_grid {
    sweep_cell *cells; /* the native run first */
    size_t count;
    size_t all; /* and behind these those that count, and slots for recipes */
    size_t recipe, recipes; /* the first slot, and how many there are */
} sweep_grid;

enum { SWEEP_RECIPES_MOST = 32 };
enum { SWEEP_NATIVE = 0, SWEEP_NATIVE_RUNS = 2 }; /* the second tells whether the program repeats itself */

/* Makes the cells, each checked by vprec-run's own parser, none twice. False, having said why. */
bool sweep_grid_make(sweep_grid *grid, const sweep_options *options, const vprec_program *program, const char *runner);
void sweep_grid_free(sweep_grid *grid, size_t metrics);

/* For a run beside the grid: parses its argv, and frees what it has. */
bool sweep_grid_parse(sweep_cell *cell);
void sweep_grid_free_cell(sweep_cell *cell);

/* A cell of a slot: with these options of vprec-run, --scope=..., and what they do not name native. */
typedef struct sweep_extra {
    const char *name; /* what its directory's begins with */
    const sweep_list *lines;
    bool counts; /* as in sweep_cell */
    const char *seed; /* NULL: --seed */
} sweep_extra;
/* False, having said why. */
bool sweep_grid_fill(sweep_grid *grid, const sweep_options *options, size_t slot, sweep_extra extra);

/* "f32=native": of the types that any cell rounds. To be freed. */
char *sweep_grid_native_types(const sweep_grid *grid);

/* Whether two cells differ in nothing but fraction bits, or the precision of a mode with noise. */
bool sweep_same_series(const sweep_cell *a, const sweep_cell *b);

/* Bits of a number in the cell's format: sign, exponent and fraction; of both types, where both have one. 0: it has no
 * format. */
int sweep_bits(const sweep_cell *cell);

/* What the cells of a series are ordered by: fraction bits, or precision. */
int sweep_width(const sweep_cell *cell);

#endif
