/* SPDX-License-Identifier: Apache-2.0
 * shifter.h: constants that are added to a number so that the sum, whose last bit is then worth 1 (or another power of
 * two), holds the number rounded to an integer (or to that grid) in its low bits: 1.5 * 2^23 and its kin. */
#ifndef VPREC_X86_SHIFTER_H
#define VPREC_X86_SHIFTER_H

#include <stdbool.h>
#include <stdint.h>

enum vprec_shifter {
    VPREC_SHIFTER_NONE,
    VPREC_SHIFTER_POWER, /* 2^q: for numbers of one sign */
    VPREC_SHIFTER_HALVED /* 1.5 * 2^q: of both; hardly ever anything else */
};

/* What the bits of a binary32 or binary64 number are, whatever their sign: 2^q or 1.5 * 2^q, give or take a few last
 * bits, which add to what the sum's bits hold (127 makes them an exponent field; Intel's double exp has 0x3FF0 there).
 * From the grid of q on that leaves as many fraction bits as the tables of elementary functions are indexed by. */
static inline enum vprec_shifter vprec_shifter_of(bool f64, uint64_t bits)
{
    unsigned fraction = f64 ? 52 : 23, bias = f64 ? 1023 : 127;
    uint64_t most = f64 ? UINT64_C(1) << 14 : UINT64_C(1) << 12, half = UINT64_C(1) << (fraction - 1);
    uint64_t magnitude = bits & ((UINT64_C(1) << (f64 ? 63 : 31)) - 1);
    uint64_t halved = magnitude + most - half;   /* so that the fraction of 1.5 is near 0 as that of 1 is */
    uint64_t power = magnitude + most;
    uint64_t field = (UINT64_C(1) << fraction) - 1;
    int q = (int)(power >> fraction) - (int)bias;
    int least = f64 ? 32 : 12, greatest = f64 ? 116 : 63;
    if (q > greatest)
        return VPREC_SHIFTER_NONE;
    if ((halved & field) <= 2 * most && q >= least)
        return VPREC_SHIFTER_HALVED;
    return (power & field) <= 2 * most && q >= least + 6 ? VPREC_SHIFTER_POWER : VPREC_SHIFTER_NONE;
}

/* Whether both are the same shifter, but for the few last bits and the sign. */
static inline bool vprec_shifter_same(bool f64, uint64_t a, uint64_t b)
{
    uint64_t magnitude = (UINT64_C(1) << (f64 ? 63 : 31)) - 1, most = f64 ? UINT64_C(1) << 15 : UINT64_C(1) << 13;
    uint64_t apart = (a & magnitude) - (b & magnitude);
    return apart + most <= 2 * most;
}

#endif
