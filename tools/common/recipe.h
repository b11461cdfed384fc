/* SPDX-License-Identifier: Apache-2.0
 * recipe.h: --scope and --within: which scopes are rounded to what. A recipe is a file of such lines:
 *
 *     # what the classifier needs
 *     torch:*                = e8m10
 *     torch:head             = native
 *     code:gelu*             = e8m16
 */
#ifndef VPREC_COMMON_RECIPE_H
#define VPREC_COMMON_RECIPE_H

#include "program.h"
#include "runtime/wire.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct vprec_recipe_line {
    char *glob, *spec; /* NULL: of --within or --layers */
    char *where;       /* for messages: "recipe.txt:3", "--scope head=e5m10" */
    enum vprec_line_kind what;
    bool own;          /* the program says so */
} vprec_recipe_line;

/* As it was given: what a line means is known once all options are. */
typedef struct vprec_recipe {
    vprec_recipe_line *line;
    size_t lines;
} vprec_recipe;

/* Each says what is wrong, and returns false. */
bool vprec_recipe_add(vprec_recipe *recipe, const char *text); /* "GLOB=SPEC" or "@FILE" */
bool vprec_recipe_site(vprec_recipe *recipe, const char *text); /* "FILE:LINES=SPEC" */
bool vprec_recipe_within(vprec_recipe *recipe, const char *glob);
/* What the program's file, or the script that it runs, says, in front of all others. `command`: the program's words. */
bool vprec_recipe_own(vprec_recipe *recipe, const vprec_program *program, char *const *command);
bool vprec_recipe_name(vprec_recipe *recipe, const char *glob); /* what scopes there are to be, of --layers */
/* `*wire`: to be freed; NULL: nothing was given. */
bool vprec_recipe_finish(const vprec_recipe *recipe, const vprec_wire_config *config, vprec_wire_recipe **wire);
/* A name as a pattern that matches it alone, for command lines; and a pattern as a recipe has it, in which '=' and '#'
 * have meanings and blanks at the ends none. To be freed. */
char *vprec_recipe_escaped(const char *name);
char *vprec_recipe_spelled(const char *pattern);
void vprec_recipe_free(vprec_recipe *recipe);

/* The configuration as it holds in a version. */
void vprec_recipe_apply(vprec_wire_config *config, const vprec_wire_version *version);

#endif
