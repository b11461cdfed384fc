/* SPDX-License-Identifier: Apache-2.0
 * source.c: owns random words by key, index and draw: the derivation of keys,
 * the portable form, the choice of form. The AES instructions are in x86/source.c.
 *
 * Why three AES rounds over a counter (J. Salmon, M. Moraes, R. Dror and D. Shaw, 2011, "ARS"):
 *
 *   16 words in 512 bits         vector instructions   cycles (Golden Cove)   never twice under a key
 *   3 AES rounds, 128 bits each  4, no scratch         3.3                    a block of 4 words
 *   4 AES rounds                 5, no scratch         4.3                    a block of 4 words
 *   PCG RXS-M-XS 32              8, one scratch        4.8-5.1                a word
 *   PCG RXS-M-XS 32, twice       17, one scratch       13.2                   a word
 *   PCG RXS-M-XS 64              10, one scratch       7.8                    two words
 *   Philox 2x32-7                29, one scratch       15.9                   two words
 *
 * counter step included. SSE needs the same 4 for 4 words, where RXS-M-XS lacks a shift by variable counts; AVX2
 * processors without 256-bit AES need 9 for 8 words. Code that draws words inline keeps a counter vector and three key
 * vectors in memory: load the step, add the counter, store it, three rounds: 6 instructions, one register, no flags.
 *
 * How strong: three rounds send every difference and every mask through at least 9 substitutions (J. Daemen and
 * V. Rijmen, 2002, wide trail strategy). A single trail of differences so has a probability of at most 2^-54, one of
 * masks a correlation of at most 2^-27, which shows after some 2^54 blocks (two rounds: 5 substitutions, 2^-30 and
 * 2^30). What three rounds do not hide: the outputs of 256 inputs that differ in one byte only add to zero. No
 * indices and draws give such inputs: an index moves both halves of the counter alike, and a draw alone
 * would have to step by 2^56. */
#include "source.h"
#include <stdatomic.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* SplitMix64's permutation (G. Steele, D. Lea and C. Flood, 2014): each bit of x flips each of the result with
 * probability near 1/2. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t vprec_key_child(uint64_t key, uint64_t rank)
{
    return mix(mix(key + VPREC_SOURCE_W) + (rank + 1) * VPREC_SOURCE_W);
}

void vprec_source_init(vprec_source *source, uint64_t key)
{
    vprec_pcg64 pcg;
    vprec_pcg64_seed(&pcg, (vprec_wide){key, 0}, (vprec_wide){0, 0});
    vprec_wide *parts[] = {&source->start, &source->keys[0], &source->keys[1], &source->keys[2]};
    for (int i = 0; i < 4; i++) {
        parts[i]->low = vprec_pcg64_next(&pcg);
        parts[i]->high = vprec_pcg64_next(&pcg);
    }
}

/* Substitution, then the column of MixColumns for row 0: 2s, s, s, 3s in GF(2^8), row 0 lowest. The other rows' columns
 * are its rotations. */
#define TWICE(s) (((s) << 1 ^ ((s) >> 7) * 0x11b) & 0xff)
#define S(s) (TWICE(0x##s##u) | 0x##s##u << 8 | 0x##s##u << 16 | (TWICE(0x##s##u) ^ 0x##s##u) << 24),
static const uint32_t columns[256] = {
#include "aes_sbox.inc"
};

static uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

/* One AES round (FIPS 197, section 5.1): substitute bytes, turn row r left by r, mix columns, add the key. */
static void round_c(uint32_t c[4], const vprec_wide *key)
{
    const uint32_t k[4] = {(uint32_t)key->low, (uint32_t)(key->low >> 32), (uint32_t)key->high,
                           (uint32_t)(key->high >> 32)};
    uint32_t next[4];
    for (int j = 0; j < 4; j++)
        next[j] = columns[c[j] & 255] ^ rotate(columns[c[(j + 1) & 3] >> 8 & 255], 8) ^
                  rotate(columns[c[(j + 2) & 3] >> 16 & 255], 16) ^ rotate(columns[c[(j + 3) & 3] >> 24], 24) ^ k[j];
    for (int j = 0; j < 4; j++)
        c[j] = next[j];
}

static void fill_c(const vprec_source *source, uint64_t index, size_t n, unsigned draw, uint32_t *words)
{
    for (size_t i = index & 3; n; i = 0) {
        uint64_t offset = (index & ~UINT64_C(3)) * VPREC_SOURCE_W;
        uint64_t low = source->start.low + offset, high = source->start.high + offset + draw * VPREC_SOURCE_D;
        uint32_t c[4] = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)};
        for (int r = 0; r < 3; r++)
            round_c(c, &source->keys[r]);
        for (; i < 4 && n; i++, index++, n--)
            *words++ = c[i];
    }
}

static const vprec_source_form forms[] = {
    {"c", fill_c, VPREC_LEVEL_C},
#if defined(__x86_64__)
    {"avx2-aes", vprec_source_aes128, VPREC_LEVEL_AVX2},
    {"avx2-vaes", vprec_source_aes256, VPREC_LEVEL_AVX2},
    {"avx512-vaes", vprec_source_aes512, VPREC_LEVEL_AVX512},
#endif
};
enum { FORMS = sizeof forms / sizeof *forms };

const vprec_source_form *vprec_source_forms(size_t i) { return i < FORMS ? &forms[i] : NULL; }

bool vprec_source_usable(const vprec_source_form *form)
{
    if (form->level > vprec_cpu_detect())
        return false;
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (form->fill == vprec_source_aes128)
        return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AES);
    if (form->fill != fill_c)
        return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bit_VAES);
#endif
    return true;
}

/* The best form that processor and environment allow; threads that meet here all choose the same. */
static vprec_source_fill *chosen(void)
{
    static _Atomic(vprec_source_fill *) known;
    vprec_source_fill *fill = atomic_load_explicit(&known, memory_order_relaxed);
    if (fill)
        return fill;
    for (int i = 0; i < FORMS; i++) {
        if (forms[i].level <= vprec_cpu_level() && vprec_source_usable(&forms[i]))
            fill = forms[i].fill;
    }
    atomic_store_explicit(&known, fill, memory_order_relaxed);
    return fill;
}

void vprec_source_words(const vprec_source *source, uint64_t index, size_t n, unsigned draw, uint32_t *words)
{
    chosen()(source, index, n, draw, words);
}

static const uint32_t *callback(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    vprec_source_words(context, index, n, draw, space);
    return space;
}

vprec_random vprec_source_random(const vprec_source *source, unsigned bits)
{
    return (vprec_random){bits, callback, (void *)source};
}
