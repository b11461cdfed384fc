/* SPDX-License-Identifier: Apache-2.0
 * recipe.h: what the rows of --layers come to: which layers need how wide a format, and a recipe of vprec-run --scope
 * that gives each the narrowest. Errors of layers add up in ways that none of them shows alone: so a recipe is run, and
 * where it does not keep the threshold the formats of those that are worst alone are left out, until one does. Starts
 * nothing, only says what is wanted. */
#ifndef VPREC_SWEEP_RECIPE_H
#define VPREC_SWEEP_RECIPE_H

#include "series.h"

/* What every recipe begins with, for vprec_target_check. */
#define SWEEP_RECIPE_BEGINS "# A recipe of vprec-sweep"

typedef struct sweep_recipe sweep_recipe;

/* NULL: none is asked for, since there are no layers, or no threshold. */
sweep_recipe *sweep_recipe_make(const sweep_options *options);
void sweep_recipe_free(sweep_recipe *recipe);

/* Once nothing is under way: wants the run of another recipe. False: none is needed. */
bool sweep_recipe_next(sweep_recipe *recipe, sweep *sweep, const sweep_question *question);

/* The report's "recipe"; null where there is none. */
json_t *sweep_recipe_report(const sweep_recipe *recipe, const sweep *sweep, const sweep_question *question);

/* Prints what the report has. */
void sweep_recipe_print(const json_t *report, const sweep_options *options);

#endif
