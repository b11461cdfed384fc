/* SPDX-License-Identifier: Apache-2.0
 * pcg.c: owns the sequential streams PCG32 and PCG64: linear congruential
 * states whose words pass through a permutation. Words by index are source.c's. */
#include "exact.h"

/* The multipliers of the published streams (O'Neill 2014; for 128 bits P. L'Ecuyer, 1999, table 4). */
static const uint64_t MULTIPLIER_64 = UINT64_C(6364136223846793005);
static const vprec_wide MULTIPLIER_128 = {UINT64_C(4865540595714422341), UINT64_C(2549297995355413924)};

static vprec_u128 join(vprec_wide x) { return (vprec_u128)x.high << 64 | x.low; }

static vprec_wide split(vprec_u128 x) { return (vprec_wide){(uint64_t)x, (uint64_t)(x >> 64)}; }

/* The state after `steps` of x -> x * multiplier + increment mod 2^128, the step
 * squared for each bit of `steps` (F. Brown, 1994). The low 64 bits are those of the same mod 2^64. */
static vprec_u128 jump(vprec_u128 state, vprec_u128 multiplier, vprec_u128 increment, vprec_u128 steps)
{
    for (; steps; steps >>= 1) {
        if (steps & 1)
            state = state * multiplier + increment;
        increment *= multiplier + 1;
        multiplier *= multiplier;
    }
    return state;
}

void vprec_pcg32_seed(vprec_pcg32 *pcg, uint64_t seed, uint64_t stream)
{
    pcg->increment = stream << 1 | 1;
    pcg->state = (seed + pcg->increment) * MULTIPLIER_64 + pcg->increment;
}

uint32_t vprec_pcg32_next(vprec_pcg32 *pcg)
{
    uint64_t state = pcg->state;
    pcg->state = state * MULTIPLIER_64 + pcg->increment;
    uint32_t word = (uint32_t)((state >> 18 ^ state) >> 27);
    unsigned turn = state >> 59;
    return word >> turn | word << (-turn & 31);
}

void vprec_pcg32_advance(vprec_pcg32 *pcg, uint64_t steps)
{
    pcg->state = (uint64_t)jump(pcg->state, MULTIPLIER_64, pcg->increment, steps);
}

void vprec_pcg64_seed(vprec_pcg64 *pcg, vprec_wide seed, vprec_wide stream)
{
    vprec_u128 increment = join(stream) << 1 | 1;
    pcg->increment = split(increment);
    pcg->state = split((join(seed) + increment) * join(MULTIPLIER_128) + increment);
}

/* As published, PCG64 steps before it gives the word, PCG32 after. */
uint64_t vprec_pcg64_next(vprec_pcg64 *pcg)
{
    pcg->state = split(join(pcg->state) * join(MULTIPLIER_128) + join(pcg->increment));
    uint64_t word = pcg->state.high ^ pcg->state.low;
    unsigned turn = pcg->state.high >> 58;
    return word >> turn | word << (-turn & 63);
}

void vprec_pcg64_advance(vprec_pcg64 *pcg, vprec_wide steps)
{
    pcg->state = split(jump(join(pcg->state), join(MULTIPLIER_128), join(pcg->increment), join(steps)));
}
