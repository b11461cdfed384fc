/* SPDX-License-Identifier: Apache-2.0
 * shared.c: a library that computes: in its constructor, when called, and when
 * it is closed. Linked to by binding.c, opened and closed by plugins.c. */
#include "life.h"
#include "shared.h"

static chain made;

__attribute__((constructor)) static void construct(void) { made = chain_of(SHARED_SEED, 60); }

__attribute__((destructor)) static void destroy(void)
{
    chain_run(&made, 40);
    chain_print(&made);
    fflush(stdout);
}

void shared_print(void) { chain_print(&made); }

void shared_compute(uint32_t seed, uint32_t steps)
{
    chain c = chain_of(seed + SHARED_SEED, steps);

    chain_print(&c);
}
