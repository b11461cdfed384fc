/* SPDX-License-Identifier: Apache-2.0
 * sets.h: signal sets by their bits: a sanitizer interposes the C library's
 * functions for them, and is not ready when they are first wanted. And which
 * signals vprec itself lives by. */
#ifndef VPREC_RUNTIME_SETS_H
#define VPREC_RUNTIME_SETS_H

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

/* SIGSEGV comes of our traps and of code that is not executable yet, SIGTRAP of the steps that precise.h takes: one
 * that is blocked would kill the process. No mask that the kernel holds has them; the program may believe otherwise. */
#define VPREC_SET_OURS (UINT64_C(1) << (SIGTRAP - 1) | UINT64_C(1) << (SIGSEGV - 1))

static inline bool vprec_set_is_ours(int number)
{
    return number == SIGTRAP || number == SIGSEGV;
}

static inline bool vprec_set_has_ours(const sigset_t *set)
{
    return *(const uint64_t *)(const void *)set & VPREC_SET_OURS;
}

static inline void vprec_set_remove_ours(sigset_t *set)
{
    *vprec_set_bits(set) &= ~VPREC_SET_OURS;
}

#endif
