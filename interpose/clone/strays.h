/* SPDX-License-Identifier: Apache-2.0
 * strays.h: where code of an object that runs as it is may jump to. Nobody has decoded it: whatever could be a direct
 * jump or call counts, at any of its bytes. What is patched keeps such places. */
#ifndef VPREC_CLONE_STRAYS_H
#define VPREC_CLONE_STRAYS_H

#include "runtime/memory.h"

/* A set of addresses of one object. */
typedef struct vprec_strays {
    uint64_t lo, hi;  /* the object's span, whole pages */
    uint64_t **pages; /* by page: a bit for each of its bytes; NULL: none is in the set */
    bool full;        /* some could not be kept: there was no memory */
} vprec_strays;

/* Whether it was not there. Without memory the set holds everything from then on. `heap`: where the bits are. */
bool vprec_strays_add(vprec_strays *strays, vprec_heap *heap, uint64_t address);
bool vprec_strays_has(const vprec_strays *strays, uint64_t address);
void vprec_strays_free(vprec_strays *strays);

#endif
