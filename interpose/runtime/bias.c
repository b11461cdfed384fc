/* SPDX-License-Identifier: Apache-2.0
 * bias.c: see bias.h. */
#include "bias.h"
#include "sys.h"

/* MEMBARRIER_CMD_PRIVATE_EXPEDITED, and to use it */
enum { BARRIER = 1 << 3, REGISTER = 1 << 4 };

void vprec_bias_settle(vprec_bias *bias, const void *who)
{
    enum { SURELY_NS = 10000000 }; /* by then a processor has written what it has stored */
    const void *owner = atomic_load_explicit(&bias->owner, memory_order_relaxed);
    if (bias->lost || owner == who)
        return;
    if (!owner && vprec_sys_barrier(BARRIER, REGISTER)) {
        atomic_store_explicit(&bias->owner, who, memory_order_relaxed);
        return;
    }
    bias->lost = true;
    atomic_store_explicit(&bias->owner, NULL, memory_order_relaxed);
    const struct timespec moment = {.tv_nsec = SURELY_NS};
    if (owner && !vprec_sys_barrier(BARRIER, REGISTER)) /* the program has forbidden itself that call meanwhile */
        vprec_sys(SYS_nanosleep, (long)&moment, 0, 0, 0, 0, 0);
    while (atomic_load_explicit(&bias->inside, memory_order_acquire))
        vprec_sys(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}
