/* SPDX-License-Identifier: Apache-2.0
 * tell.h: what came of the search: the text, the recipe, the JSON. */
#ifndef VPREC_SEARCH_TELL_H
#define VPREC_SEARCH_TELL_H

#include "search.h"
#include <jansson.h>

/* What every recipe and report begin with, for vprec_target_check. */
#define SEARCH_RECIPE_BEGINS "# A recipe of vprec-search"
#define SEARCH_JSON_BEGINS "{\n \"schema\": #,\n \"generator\": \"vprec-search\","

/* Before anything is run but natively: what there is and what it may take. */
void search_tell_units(const search *s, bool whole);
void search_tell(const search *s);

/* The recipe of the best, NULL: native alone keeps what is required. To be freed. */
char *search_recipe(const search *s);
json_t *search_report(const search *s, char **argv, bool complete);

/* "changed <= 5, labels >= 0.99"; to be freed. */
char *search_goal(const search *s);
/* "changed 3, labels 0.997", of what is required; to be freed. */
char *search_values(const search *s, const search_trial *trial);
/* Of a requirement of changed items: the share of other data's that change at most, by what the trial
 * changed, which was chosen of so many; NaN: there is none. */
double search_changed_most(const search *s, const search_trial *trial, size_t chosen_of);
/* "layers", "function". */
const char *search_plural(const search *s);
/* The uniform format's trial; NULL: none keeps it. */
const search_trial *search_uniform_trial(const search *s);

#endif
