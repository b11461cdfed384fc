/* SPDX-License-Identifier: Apache-2.0
 * exact.h: how operations hand an exact value to the one place that rounds,
 * and the bits of a double. Internal to lib/. Integers only: no instruction
 * that reads or writes the floating-point environment. */
#ifndef VPREC_EXACT_H
#define VPREC_EXACT_H

#include "vprec.h"
#include <string.h>

typedef unsigned __int128 vprec_u128;

#define VPREC_SIGN (UINT64_C(1) << 63)
#define VPREC_INF (UINT64_C(0x7ff) << 52)
#define VPREC_QUIET (UINT64_C(1) << 51)
/* x86's "real indefinite", the result of an invalid operation. */
#define VPREC_NAN_BITS (VPREC_SIGN | VPREC_INF | VPREC_QUIET)

static inline uint64_t vprec_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double vprec_from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline bool vprec_bits_nan(uint64_t bits) { return (bits & ~VPREC_SIGN) > VPREC_INF; }
static inline bool vprec_bits_inf(uint64_t bits) { return (bits & ~VPREC_SIGN) == VPREC_INF; }
static inline bool vprec_bits_zero(uint64_t bits) { return !(bits & ~VPREC_SIGN); }
static inline bool vprec_bits_sign(uint64_t bits) { return bits >> 63; }

/* A finite non-zero double: sig * 2^(exp-63), bit 63 of sig set. */
typedef struct vprec_parts {
    uint64_t sig;
    int32_t exp;
} vprec_parts;

static inline vprec_parts vprec_unpack(uint64_t bits)
{
    uint64_t fraction = bits << 12 >> 1;
    int32_t field = bits >> 52 & 0x7ff;
    if (field)
        return (vprec_parts){VPREC_SIGN | fraction, field - 1023};
    int shift = __builtin_clzll(fraction);
    return (vprec_parts){fraction << shift, -1022 - shift};
}

/* The bits of sig * 2^exp, which must be a finite double. */
static inline uint64_t vprec_pack(uint64_t sig, int32_t exp)
{
    if (!sig)
        return 0;
    int32_t top = 63 - __builtin_clzll(sig) + exp;
    if (top < -1022)
        return exp >= -1074 ? sig << (exp + 1074) : sig >> (-1074 - exp);
    uint64_t fraction = sig << __builtin_clzll(sig) << 1 >> 12;
    return (uint64_t)(top + 1023) << 52 | fraction;
}

/* Rounds (-1)^sign * sig * 2^exp, sig != 0, to the format: the only place that
 * rounds. The least significant bit of `sig` may be a sticky bit (set: the
 * value lies strictly between its neighbours), provided that sig >= 2^62. */
double vprec_exact_round(bool sign, int32_t exp, vprec_u128 sig, const vprec_format *format, vprec_mode mode);

/* What the format makes of an exact zero, an exact infinity, a NaN. */
double vprec_exact_zero(bool sign, const vprec_format *format);
double vprec_exact_inf(bool sign, const vprec_format *format);
double vprec_exact_nan(uint64_t bits, const vprec_format *format);

#endif
