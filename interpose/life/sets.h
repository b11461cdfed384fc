/* SPDX-License-Identifier: Apache-2.0
 * sets.h: signal sets by their bits: a sanitizer interposes the C library's
 * functions for them, and is not ready when they are first wanted. */
#ifndef VPREC_LIFE_SETS_H
#define VPREC_LIFE_SETS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

static inline uint64_t *vprec_set_bits(sigset_t *set)
{
    return (uint64_t *)(void *)set;
}

static inline bool vprec_set_has(const sigset_t *set, int number)
{
    return *(const uint64_t *)(const void *)set >> (number - 1) & 1;
}

static inline void vprec_set_add(sigset_t *set, int number)
{
    *vprec_set_bits(set) |= UINT64_C(1) << (number - 1);
}

static inline void vprec_set_remove(sigset_t *set, int number)
{
    *vprec_set_bits(set) &= ~(UINT64_C(1) << (number - 1));
}

#endif
