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

/* Whether no thread stands behind the first instruction of any patch, where nobody comes any more since a trap is in
 * front of it. One that computes does not say where it is: `elsewhere` (uint64_t, sorted) holds the threads that were found to
 * be elsewhere before, and grows. The caller's own is. */
bool vprec_bystanders_left(vprec_vec *elsewhere);

#endif
