/* SPDX-License-Identifier: Apache-2.0
 * sweep.h: long comparisons cut into blocks, on several threads, with a progress bar and
 * an estimate of the time left. Knows nothing of what is compared. */
#ifndef KERNELS_SWEEP_H
#define KERNELS_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls work(context, block) once for each block < blocks on `threads` threads (0: one for each
 * processor). `passes` tells the bar which part of the whole run this is: number `pass` of them. */
void sweep_run(void (*work)(const void *context, uint64_t block), const void *context, uint64_t blocks,
               unsigned threads, const char *name, unsigned pass, unsigned passes);

/* Counts differences; true for the first few, which the caller then prints. */
bool sweep_differs(uint64_t count);
uint64_t sweep_differences(void);

/* A well-mixed function of its argument. */
static inline uint64_t sweep_mix(uint64_t z)
{
    z = (z + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
