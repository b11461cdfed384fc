/* SPDX-License-Identifier: Apache-2.0
 * spin.h: a lock for a few instructions, which needs no C library. Who interrupts its holder must not ask for it. */
#ifndef VPREC_RUNTIME_SPIN_H
#define VPREC_RUNTIME_SPIN_H

#include "sys.h"
#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic int32_t vprec_spin; /* 0: free */

static inline void vprec_spin_lock(vprec_spin *spin)
{
    while (atomic_exchange_explicit(spin, 1, memory_order_acquire))
        vprec_sys(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static inline void vprec_spin_unlock(vprec_spin *spin)
{
    atomic_store_explicit(spin, 0, memory_order_release);
}

#endif
