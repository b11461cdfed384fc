/* SPDX-License-Identifier: Apache-2.0
 * select.h: which processes, objects and functions are instrumented. */
#ifndef VPREC_SELECT_H
#define VPREC_SELECT_H

#include "wire.h"
#include <stdbool.h>

/* Each counts the hits of the rules that it consults. */
bool vprec_select_process(vprec_wire_config *config, const char *path);
bool vprec_select_object(vprec_wire_config *config, const char *path);
/* `name` NULL: a function without one; only `*` matches it. */
bool vprec_select_function(vprec_wire_config *config, const char *name);

/* libm or libmvec, whose functions are one operation each. */
bool vprec_select_is_libm(const char *path);

#endif
