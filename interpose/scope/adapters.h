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
    const char *no_dump; /* what --dump-layers says of it; NULL: it writes its parts' outputs */
} vprec_adapter;

/* The one for an object; NULL: there is none. */
const vprec_adapter *vprec_adapter_of(const char *path);

/* --dump-layers: says of such an object that the outputs of its parts are not written. */
void vprec_adapter_no_dump(const char *path);

#endif
