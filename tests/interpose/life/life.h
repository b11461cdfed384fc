/* SPDX-License-Identifier: Apache-2.0
 * life.h: what every victim of the life tests includes. A victim prints lines
 * "chain SEED LENGTH BITS", which the driver checks against the oracle, and
 * other lines, which must not depend on the format. */
#ifndef VPREC_TESTS_LIFE_H
#define VPREC_TESTS_LIFE_H

#include "plain.h"
#include "chain.h"
#include <stdio.h>
#include <stdlib.h>

static inline void chain_print(const chain *c)
{
    printf("chain %u %u %08x\n", c->seed, c->length, chain_bits(c));
}

static inline chain chain_of(uint32_t seed, uint32_t steps)
{
    chain c = chain_start(seed);

    chain_run(&c, steps);
    return c;
}

/* Prints `what` and ends the program if a system call failed. */
static inline void need(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(3);
    }
}

#endif
