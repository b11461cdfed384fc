/* SPDX-License-Identifier: Apache-2.0
 * contexts.h: scopes belong to the stack that they were begun on, where a thread changes stacks by swapcontext(3) and
 * setcontext. */
#ifndef VPREC_SCOPE_CONTEXTS_H
#define VPREC_SCOPE_CONTEXTS_H

#include <stdint.h>

/* From one context to another, of which `link` is what it goes on with when its function returns. `here` and `stack`: the
 * present stack pointer and that of `to`. `from` NULL: nobody comes back. */
typedef struct vprec_switch {
    const void *from, *to, *link;
    uint64_t here, stack;
} vprec_switch;

/* Before the switch: the thread goes on with the scopes that were open in `to` when that was left; one that was made has
 * none; what was neither left nor made is jumped to, if it is on the same stack. */
void vprec_contexts_switch(const vprec_switch *to);
/* A context is made: it starts with a function, and is yet to be gone to. */
void vprec_contexts_make(const void *context);
/* The function with that frame has returned, which may be that of a context: the thread goes on in its link. */
void vprec_contexts_return(const void *frame);

#endif
