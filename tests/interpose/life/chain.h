/* SPDX-License-Identifier: Apache-2.0
 * chain.h: the one computation of the life tests: a chain of rounded
 * operations that can stop and go on anywhere. The victims compile it with
 * plain.h, the reference with oracle_types.h. */
#ifndef VPREC_TESTS_CHAIN_H
#define VPREC_TESTS_CHAIN_H

#include <stdint.h>
#include <string.h>

typedef struct chain {
    F x;
    uint32_t seed, length; /* what it started from, how many steps it has taken */
    uint32_t state;        /* of the integer generator that makes the operands */
} chain;

/* A number in [1, 2) with all fraction bits in use, made without arithmetic on it. */
static inline F chain_operand(chain *c)
{
    uint32_t bits;
    F value;

    c->state = c->state * 1664525u + 1013904223u;
    bits = 0x3f800000 | c->state >> 9;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline chain chain_start(uint32_t seed)
{
    chain c;

    c.seed = seed;
    c.length = 0;
    c.state = seed * 2654435761u + 12345;
    c.x = chain_operand(&c);
    return c;
}

static __attribute__((noinline)) void chain_run(chain *c, uint32_t steps)
{
    F x = c->x;

    for (uint32_t k = 0; k < steps; k++) {
        F a = chain_operand(c);
        switch (c->state >> 28) {
        case 0: case 1: case 2: x = MUL(x, a); break;
        case 3: case 4: x = SUB(x, a); break;
        case 5: case 6: case 7: x = DIV(x, a); break;
        case 8: x = SQRT(LT(x, K(0.0)) ? NEG(x) : x); break;
        default: x = ADD(x, a); break;
        }
        if (LT(K(100.0), x))
            x = SUB(x, K(99.3));
    }
    c->x = x;
    c->length += steps;
}

static inline uint32_t chain_bits(const chain *c)
{
    uint32_t bits;

    memcpy(&bits, &c->x, sizeof bits);
    return bits;
}

#endif
