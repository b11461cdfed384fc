/* SPDX-License-Identifier: Apache-2.0
 * perturb.c: Monte Carlo arithmetic: what is added to an exact value before it is
 * rounded. Draws no random word and rounds nothing. */
#include "exact.h"

/* xi * 2^width, xi = (2w+1)/2^65 for the word w as a signed number: the middles of 2^64 equal parts of (-1/2, 1/2). */
static vprec_term uniform(uint64_t word, int32_t width)
{
    bool sign = word >> 63;
    uint64_t odd = 2 * (sign ? ~word : word) + 1;
    int shift = __builtin_clzll(odd) + 63;
    return (vprec_term){(vprec_u128)odd << shift, width - 65 - shift + 126, sign};
}

vprec_term vprec_term_relative(vprec_term x, const vprec_noise *noise, uint64_t word)
{
    int32_t width = x.exp + 1 - (int32_t)noise->precision;
    return noise->error & VPREC_ERROR_RELATIVE ? vprec_term_add(x, uniform(word, width)) : x;
}

vprec_term vprec_term_absolute(const vprec_noise *noise, uint64_t word)
{
    return noise->error & VPREC_ERROR_ABSOLUTE ? uniform(word << 32 | word >> 32, noise->exponent) : (vprec_term){0};
}

vprec_term vprec_term_perturb(vprec_term x, const vprec_noise *noise, uint64_t word)
{
    return vprec_term_add(vprec_term_relative(x, noise, word), vprec_term_absolute(noise, word));
}

/* Whether the value has at most t significant bits. */
static bool holds(vprec_u128 sig, unsigned t)
{
    uint64_t high = sig >> 64, low = sig;
    int first = high ? 127 - __builtin_clzll(high) : 63 - __builtin_clzll(low);
    int last = low ? __builtin_ctzll(low) : 64 + __builtin_ctzll(high);
    return first - last < (int)t;
}

double vprec_exact_round_noisy(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to)
{
    const vprec_noise *noise = to->noise;
    bool held = holds(sig, noise->precision) && !(noise->error & VPREC_ERROR_ABSOLUTE);
    if ((noise->what & VPREC_NOISE_RESULTS) && !held) {
        vprec_term x = vprec_term_normal((vprec_term){sig, exp + 126, sign});
        x = vprec_term_perturb(x, noise, to->words[0]);
        if (!x.sig)
            return vprec_exact_zero(false, to->format);
        sign = x.sign;
        exp = x.exp - 126;
        sig = x.sig;
    }
    return vprec_exact_round_mode(sign, exp, sig, to->format, VPREC_RNE);
}

double vprec_exact_convert_noisy(bool sign, int32_t exp, vprec_u128 sig, const vprec_rule *to)
{
    if (!(to->noise->what & VPREC_NOISE_OPERANDS))
        return vprec_exact_round_noisy(sign, exp, sig, to);
    vprec_term x = vprec_term_normal((vprec_term){sig, exp + 126, sign});
    x = vprec_term_perturb(x, to->noise, to->words[1]);
    return x.sig ? vprec_exact_round_noisy(x.sign, x.exp - 126, x.sig, to) : vprec_exact_zero(false, to->format);
}
