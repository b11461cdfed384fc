/* SPDX-License-Identifier: Apache-2.0
 * functions.h: functions as scopes, "fn:net::conv2d", from their entry until they return, whoever calls them. */
#ifndef VPREC_SCOPE_FUNCTIONS_H
#define VPREC_SCOPE_FUNCTIONS_H

#include "find/object.h"
#include "scopes.h"

/* Whether some pattern asks for functions. */
bool vprec_functions_any(void);

/* Once, where some does. */
void vprec_functions_begin(void);

/* The scope of the function of the object that starts at `start`; NULL: nobody asks for it. `nameless`: what it goes by
 * where it has no symbol; with symbols that name is known, too. The caller holds the instrumentation lock. */
vprec_scope *vprec_functions_scope(vprec_object *object, uint64_t start, const char *nameless);

#endif
