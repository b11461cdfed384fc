/* SPDX-License-Identifier: Apache-2.0
 * adapters.h: libraries whose parts have names of their own, and who tells them as scopes. */
#ifndef VPREC_SCOPE_ADAPTERS_H
#define VPREC_SCOPE_ADAPTERS_H

#include "find/object.h"

typedef struct vprec_adapter {
    bool (*is)(const char *path); /* the library, by its name */
    /* It has been relocated, and nothing of it has run: from now on its parts tell when they run. Where it is laid out
     * in another way than is known, it is left alone, and the run is told so. */
    void (*begin)(vprec_object *object);
    /* Adds the functions (uint64_t) that are to stay native by the preset, with what they call, where there are no symbols.
     * NULL: its symbols tell. False: no memory. */
    bool (*leaves)(const vprec_object *object, unsigned preset, vprec_vec *functions);
    const char *no_dump; /* what --dump-layers says of it; NULL: it writes its parts' outputs */
} vprec_adapter;

/* The one for an object; NULL: there is none. */
const vprec_adapter *vprec_adapter_of(const char *path);

/* Whether its parts are to tell when they run: there are scopes, or their outputs are written. */
bool vprec_adapter_tells(const vprec_adapter *adapter);

/* --dump-layers: says of such an object that the outputs of its parts are not written. */
void vprec_adapter_no_dump(const char *path);

#endif
