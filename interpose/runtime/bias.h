/* SPDX-License-Identifier: Apache-2.0
 * bias.h: a passage through which one thread goes without an atomic instruction, as long as no other one wants to.
 *
 *   its thread:      inside = true  | is it the owner still? goes through | inside = false
 *   another thread:  owner = nobody | a barrier in all threads            | waits until nobody is inside
 *
 * Either the thread sees that it has lost the passage, or the other one that it is inside: the barrier, a system call
 * of the rare side, stands for the fence that the frequent side has not. From then on the passage is nobody's, and all
 * have the lock that belongs to it. */
#ifndef VPREC_RUNTIME_BIAS_H
#define VPREC_RUNTIME_BIAS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct vprec_bias {
    const void *_Atomic owner; /* NULL: nobody */
    atomic_bool inside;        /* the owner */
    bool lost;                 /* nobody has it ever again */
} vprec_bias;

/* Whether `who`, which stands for the calling thread and is not NULL, may go through. Whoever interrupts it there must
 * not ask. */
static inline bool vprec_bias_enter(vprec_bias *bias, const void *who)
{
    if (atomic_load_explicit(&bias->owner, memory_order_relaxed) != who)
        return false;
    atomic_store_explicit(&bias->inside, true, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&bias->owner, memory_order_relaxed) == who)
        return true;
    atomic_store_explicit(&bias->inside, false, memory_order_release);
    return false;
}

static inline void vprec_bias_leave(vprec_bias *bias)
{
    atomic_store_explicit(&bias->inside, false, memory_order_release);
}

/* For who holds the lock and did not get through: the first one has the passage from now on, and a later one takes it
 * away from it. On return nobody is inside. `who` NULL: one that is not to have it. */
void vprec_bias_settle(vprec_bias *bias, const void *who);

#endif
