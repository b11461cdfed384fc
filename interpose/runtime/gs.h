/* SPDX-License-Identifier: Apache-2.0
 * gs.h: the calling thread's GS base, by the instructions that read and write it. */
#ifndef VPREC_RUNTIME_GS_H
#define VPREC_RUNTIME_GS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>

/* Whether the processor has them and the kernel lets programs use them. */
static inline bool vprec_gs_able(void)
{
    enum { FSGSBASE = 1 << 1 }; /* of AT_HWCAP2 */
    return getauxval(AT_HWCAP2) & FSGSBASE;
}

static inline uint64_t vprec_gs(void)
{
    uint64_t base;
    __asm__ volatile("rdgsbase %0" : "=r"(base));
    return base;
}

static inline void vprec_gs_set(uint64_t base)
{
    __asm__ volatile("wrgsbase %0" : : "r"(base) : "memory");
}

#endif
