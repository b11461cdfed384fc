/* SPDX-License-Identifier: Apache-2.0
 * exact.h: how operations hand an exact value to the one place that rounds,
 * and the bits of a double. Internal to lib/. Integers only, but for vprec_float_widen: no
 * instruction that reads or writes the floating-point environment. */
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

/* float to double by its bits: the hardware's conversion depends on MXCSR where the float is subnormal. The one product
 * is exact, of two normal numbers. */
static inline double vprec_float_widen(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t sign = (uint64_t)(bits >> 31) << 63;
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude < 0x800000)
        return vprec_from_bits(sign | vprec_bits((int32_t)magnitude * 0x1p-149));
    uint64_t rebias = magnitude < 0x7f800000 ? 1023 - 127 : 2047 - 255;
    return vprec_from_bits(sign | (((uint64_t)magnitude << 29) + (rebias << 52)));
}

/* Back from a double that is a value of binary32, or a NaN, by its bits, as the one above. */
static inline float vprec_float_narrow(double x)
{
    uint64_t bits = vprec_bits(x), magnitude = bits & ~VPREC_SIGN;
    uint32_t field = magnitude >> 52, low;
    if (field > 1023 - 127) {
        uint64_t rebias = field < 2047 ? 1023 - 127 : 2047 - 255;
        low = (magnitude - (rebias << 52)) >> 29;
    } else { /* the shift brings the subnormals' unit, 2^-149, to bit 0 */
        uint32_t shift = 1023 - 149 + 52 - field;
        low = shift > 63 ? 0 : ((magnitude & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52) >> shift;
    }
    low |= bits >> 63 << 31;
    float result;
    memcpy(&result, &low, sizeof result);
    return result;
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

/* Where a result goes and how it is rounded. Operations are
 * inlined into their three public functions: in the first of them `bits` is known to be 0 and `noise`
 * to be NULL, and nothing random remains. */
typedef struct vprec_rule {
    const vprec_format *format;
    vprec_mode mode;
    unsigned bits; /* in mode VPREC_SR as of vprec_round_sr, else 0 */
    uint64_t random;
    const vprec_noise *noise; /* Monte Carlo arithmetic in mode VPREC_RNE, or NULL */
    const uint64_t *words;    /* its random words: of the result, of the operands */
    unsigned *events;         /* receives what happened, VPREC_EVENT_ bits or'ed; NULL: nobody asks */
} vprec_rule;

/* What happens to a result, as vprec_outcomes counts it. */
enum {
    VPREC_EVENT_OVERFLOW = 1 << 0,
    VPREC_EVENT_UNDERFLOW = 1 << 1,
    VPREC_EVENT_ZERO = 1 << 2, /* with UNDERFLOW */
    VPREC_EVENT_INVALID = 1 << 3,
    VPREC_EVENT_POLE = 1 << 4
};

#define VPREC_INLINE static inline __attribute__((always_inline))

/* Use vprec_exact_round. */
double vprec_exact_round_mode(bool sign, int32_t exp, vprec_u128 sig, const vprec_format *format, vprec_mode mode);
double vprec_exact_round_random(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to);
double vprec_exact_round_noisy(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to);
/* Overflow and underflow of a value that was rounded to `result`. */
void vprec_exact_watch(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to, double result);
/* The same of an operand that is not calculated with: it is perturbed too where operands are. */
double vprec_exact_convert_noisy(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to);

/* Rounds (-1)^sign * sig * 2^exp, sig != 0: the only place that rounds. The least
 * significant bit of `sig` may be a sticky bit (set: the value lies strictly
 * between its even neighbours), provided that sig >= 2^62, in mode VPREC_SR and with noise 2^118:
 * 53 bits kept, 64 of the fraction, one half of its last. */
VPREC_INLINE double vprec_exact_round(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to)
{
    double result = to->noise  ? vprec_exact_round_noisy(sign, exp, sig, to)
                    : to->bits ? vprec_exact_round_random(sign, exp, sig, to)
                               : vprec_exact_round_mode(sign, exp, sig, to->format, to->mode);
    if (to->events)
        vprec_exact_watch(sign, exp, sig, to, result);
    return result;
}

/* Defines the three public functions of an operation NAME whose parameters follow,
 * from CALL, an expression that rounds its exact result by the rule `to`; and one that is watched, without noise. */
#define VPREC_PUBLISH(NAME, CALL, ...)                                                                                 \
    double vprec_##NAME(__VA_ARGS__, const vprec_format *format, vprec_mode mode)                                      \
    {                                                                                                                  \
        const vprec_rule *to = &(vprec_rule){format, mode, 0, 0, NULL, NULL, NULL};                                    \
        return (unsigned)mode < VPREC_SR ? CALL : vprec_from_bits(VPREC_NAN_BITS); /* loud, not silently unrounded */  \
    }                                                                                                                  \
    double vprec_##NAME##_sr(__VA_ARGS__, const vprec_format *format, unsigned bits, uint64_t random)                  \
    {                                                                                                                  \
        const vprec_rule *to = &(vprec_rule){format, VPREC_SR, bits, random, NULL, NULL, NULL};                        \
        return bits - 1 < 64 ? CALL : vprec_from_bits(VPREC_NAN_BITS);                                                 \
    }                                                                                                                  \
    double vprec_##NAME##_mca(__VA_ARGS__, const vprec_format *format, const vprec_noise *noise,                       \
                              const uint64_t *words)                                                                   \
    {                                                                                                                  \
        const vprec_rule *to = &(vprec_rule){format, VPREC_RNE, 0, 0, noise, words, NULL};                             \
        return CALL;                                                                                                   \
    }                                                                                                                  \
    double vprec_##NAME##_watched(__VA_ARGS__, const vprec_rule *rule)                                                 \
    {                                                                                                                  \
        const vprec_rule *to =                                                                                         \
            &(vprec_rule){rule->format, rule->mode, rule->bits, rule->random, NULL, NULL, rule->events};               \
        return CALL;                                                                                                   \
    }

/* By the rule, whose `events` are there and whose noise is not looked at. NaN and exact infinities are no events
 * here. */
double vprec_round_watched(double x, const vprec_rule *rule);
double vprec_add_watched(double x, double y, const vprec_rule *rule);
double vprec_sub_watched(double x, double y, const vprec_rule *rule);
double vprec_mul_watched(double x, double y, const vprec_rule *rule);
double vprec_div_watched(double x, double y, const vprec_rule *rule);
double vprec_sqrt_watched(double x, const vprec_rule *rule);
double vprec_fma_watched(double x, double y, double z, const vprec_rule *rule);
double vprec_scale_watched(double x, int n, const vprec_rule *rule);
double vprec_from_i64_watched(int64_t x, const vprec_rule *rule);
double vprec_from_u64_watched(uint64_t x, const vprec_rule *rule);

/* A summand: sig * 2^(exp-126), bit 126 of sig set. The spare bit 127 takes the
 * carry. A sum that is zero has sig 0. */
typedef struct vprec_term {
    vprec_u128 sig;
    int32_t exp;
    bool sign;
} vprec_term;

/* A finite double other than zero. */
VPREC_INLINE vprec_term vprec_term_of(uint64_t bits)
{
    vprec_parts parts = vprec_unpack(bits);
    return (vprec_term){(vprec_u128)parts.sig << 63, parts.exp, vprec_bits_sign(bits)};
}

/* The sum of two summands, its leading bit anywhere.
 * Bits are lost (to the sticky bit) only where the exponents are more than 20
 * apart: a product has 106 significant bits, an operand 53. Then the leading
 * bit cannot fall by more than one: the sum is at least 2^125, the sticky bit far
 * below whatever counts, also in stochastic rounding. (Perturbed operands have 64
 * bits, perturbations as many: what is lost there is below 2^-60 of the noise.) */
VPREC_INLINE vprec_term vprec_term_sum(vprec_term a, vprec_term b)
{
    bool swap = (a.exp < b.exp) | ((a.exp == b.exp) & (a.sig < b.sig)); /* no branch: it would be a coin toss */
    vprec_term t = swap ? a : b;
    a = swap ? b : a;
    b = t;
    int32_t shift = a.exp - b.exp;
    if (shift > 126) {
        b.sig = 1;
    } else if (shift) {
        bool lost = b.sig << (128 - shift) != 0;
        b.sig = b.sig >> shift | lost;
    }
    a.sig = a.sign == b.sign ? a.sig + b.sig : a.sig - b.sig;
    return a;
}

/* Shifted so that bit 126 of sig is set. */
vprec_term vprec_term_normal(vprec_term x);

/* The sum, its least significant bit sticky. */
vprec_term vprec_term_add(vprec_term a, vprec_term b);

/* inexact(x) of the noise, by one random word. May be zero only with absolute noise. */
vprec_term vprec_term_perturb(vprec_term x, const vprec_noise *noise, uint64_t word);
/* The same in its parts: x with relative noise; what absolute noise adds, a sig of 0 for nothing. */
vprec_term vprec_term_relative(vprec_term x, const vprec_noise *noise, uint64_t word);
vprec_term vprec_term_absolute(const vprec_noise *noise, uint64_t word);

/* What the format makes of an exact zero, an exact infinity, a NaN. */
double vprec_exact_zero(bool sign, const vprec_format *format);
double vprec_exact_inf(bool sign, const vprec_format *format);
double vprec_exact_nan(uint64_t bits, const vprec_format *format);

/* VPREC_OK if the format is as vprec_format_parse makes it for `type`, VPREC_ERANGE
 * if it does not fit `type`, else VPREC_EINVAL. */
vprec_status vprec_format_check(const vprec_format *format, vprec_type type);

#endif
