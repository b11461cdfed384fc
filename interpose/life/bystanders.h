/* SPDX-License-Identifier: Apache-2.0
 * bystanders.h: other threads of the process, as /proc shows them: where they stand. */
#ifndef VPREC_LIFE_BYSTANDERS_H
#define VPREC_LIFE_BYSTANDERS_H

#include "runtime/memory.h"
#include <stdbool.h>
#include <stdint.h>

/* Whether there may be other threads. */
bool vprec_bystanders_any(void);

/* All threads but the caller's own, by their numbers (uint64_t). False: they cannot be listed. */
bool vprec_bystanders_list(vprec_vec *threads);

/* The instruction pointer of a thread that sleeps. False: it does not, or the kernel does not tell. `*gone`: it has ended. */
bool vprec_bystander_at(uint64_t thread, uint64_t *pointer, bool *gone);

/* What is known of a thread since a trap was put in front of patches. */
typedef struct vprec_bystander {
    uint64_t thread;
    bool elsewhere;              /* than behind the first instruction of a patch */
    bool noted;                  /* else these are: ticks of the clock that found it in the program and in the kernel, */
    uint64_t user, kernel, faults; /* page faults */
} vprec_bystander;

/* Whether no thread stands behind the first instruction of any patch, where nobody comes any more since a trap is in
 * front of it. One that computes does not say where it is, but a few instructions later it is elsewhere. `seen`
 * (vprec_bystander, sorted by thread) grows; it is to be empty at first. The caller's own is elsewhere. */
bool vprec_bystanders_left(vprec_vec *seen);

#endif
