/* SPDX-License-Identifier: Apache-2.0
 * layers.h: --layers: the scopes that a program opens, each a row of the grid. */
#ifndef VPREC_SWEEP_LAYERS_H
#define VPREC_SWEEP_LAYERS_H

#include "options.h"

/* Runs the program once, natively, and puts the scopes that match o->layers into o->names, and rows for them into
 * o->wheres, in the order in which they were first open. False, having said why. */
bool sweep_layers_find(sweep_options *o, const char *runner);
/* Puts one there, unless it is there. */
void sweep_layers_add(sweep_options *o, const char *pattern);

#endif
