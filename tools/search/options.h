/* SPDX-License-Identifier: Apache-2.0
 * options.h: the command line of vprec-search: how runs are made and measured is said by vprec-sweep's options, which
 * its parser takes. Runs nothing. */
#ifndef VPREC_SEARCH_OPTIONS_H
#define VPREC_SEARCH_OPTIONS_H

#include "sweep/options.h"

/* What gets a format. */
typedef enum search_kind { SEARCH_LAYERS, SEARCH_FUNCTIONS, SEARCH_OBJECTS } search_kind;

/* What it is called in the singular, "layer". */
extern const char *const search_kind_names[];

#define SEARCH_STRATEGIES(X)                                                                                           \
    X(UNIFORM, "uniform", "the narrowest format for all, by bisection")                                                \
    X(GREEDY, "greedy", "from there: halves of them, then each, as narrow as may be")                                  \
    X(DDMIN, "ddmin", "a smallest set that breaks it alone, in the narrowest format")                                  \
    X(DDMAX, "ddmax", "a smallest set to be kept native, with the others in that")
typedef enum search_strategy {
#define SEARCH_STRATEGY_ENTRY(id, name, about) SEARCH_##id,
    SEARCH_STRATEGIES(SEARCH_STRATEGY_ENTRY)
#undef SEARCH_STRATEGY_ENTRY
        SEARCH_STRATEGIES_COUNT
} search_strategy;
extern const char *const search_strategy_names[SEARCH_STRATEGIES_COUNT];

typedef struct search_options {
    sweep_options sweep;
    search_kind kind;
    sweep_list units; /* patterns without the kind in front; of layers there is one */
    bool strategies[SEARCH_STRATEGIES_COUNT];
    const char *require; /* NULL: what vprec-sweep asks where nobody does */
    uint32_t budget; /* runs, but for the native ones and the one that counts */
    const char *confirm; /* a command of the shell, or NULL */
    const char *json, *recipe;
    bool dry_run;
    sweep_list words; /* what `sweep` was parsed from, and points into */
} search_options;

/* As sweep_options_parse. */
int search_options_parse(search_options *options, int argc, char **argv);
void search_options_free(search_options *options);

/* The text of --help, with those of the options that are handed on, SEARCH_PASSED. */
enum { SEARCH_PASSED = 1000 };
void search_help_print(const struct option *passed);

#endif
