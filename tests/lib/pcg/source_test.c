/* SPDX-License-Identifier: Apache-2.0
 * source_test.c FORM: one form of the random words, word for word against AES
 * written out by its definition; any order, any length, at the ends of every range. Exit 77: not on this processor. */
#include "source.h"
#include <stdio.h>
#include <string.h>

static unsigned long compared, differ;

static unsigned multiply(unsigned a, unsigned b) /* in GF(2^8) mod x^8+x^4+x^3+x+1 */
{
    unsigned product = 0;
    for (; b; b >>= 1, a = a << 1 ^ (a >> 7) * 0x11b)
        product ^= b & 1 ? a : 0;
    return product;
}

static uint8_t substitute[256];

static void make_substitution(void)
{
    for (unsigned x = 0; x < 256; x++) {
        unsigned inverse = 0, s = 0x63;
        while (x && multiply(x, inverse) != 1)
            inverse++;
        for (int turn = 0; turn < 5; turn++)
            s ^= (inverse << turn | inverse >> (8 - turn)) & 255;
        substitute[x] = s;
    }
}

/* FIPS 197: byte r + 4c of the block is row r, column c. */
static void aes_round(uint8_t block[16], vprec_wide key)
{
    static const uint8_t matrix[4][4] = {{2, 3, 1, 1}, {1, 2, 3, 1}, {1, 1, 2, 3}, {3, 1, 1, 2}};
    uint8_t turned[16];
    for (int c = 0; c < 4; c++)
        for (int r = 0; r < 4; r++)
            turned[r + 4 * c] = substitute[block[r + 4 * ((c + r) % 4)]];
    for (int i = 0; i < 16; i++) {
        unsigned sum = (i < 8 ? key.low >> 8 * i : key.high >> 8 * (i - 8)) & 255;
        for (int r = 0; r < 4; r++)
            sum ^= multiply(matrix[i % 4][r], turned[i / 4 * 4 + r]);
        block[i] = sum;
    }
}

static uint32_t oracle(const vprec_source *source, uint64_t index, unsigned draw)
{
    uint64_t step = (index - index % 4) * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t low = source->start.low + step, high = source->start.high + step + draw * UINT64_C(0xd1342543de82ef95);
    uint8_t block[16];
    for (int i = 0; i < 16; i++)
        block[i] = (i < 8 ? low >> 8 * i : high >> 8 * (i - 8)) & 255;
    for (int r = 0; r < 3; r++)
        aes_round(block, source->keys[r]);
    const uint8_t *word = block + 4 * (index % 4);
    return word[0] | word[1] << 8 | word[2] << 16 | (uint32_t)word[3] << 24;
}

/* What was recorded when the function was made: the words of a key never change. */
static void check_known(vprec_source_fill *fill)
{
    static const struct {
        uint64_t key, index;
        unsigned draw;
        uint32_t word;
    } list[] = {
#define KNOWN(key, index, draw, word) {UINT64_C(key), UINT64_C(index), draw, word}
        KNOWN(0, 0, 0, 0xa62826f2), KNOWN(1, 0, 0, 0xd69b1d5a), KNOWN(1, 1, 0, 0x2d67cee9),
        KNOWN(1, 0, 1, 0x81480220), KNOWN(0x123456789abcdef, 0xfedcba9876543210, 2, 0x5fee5922)};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        vprec_source source;
        vprec_source_init(&source, list[i].key);
        uint32_t word;
        fill(&source, list[i].index, 1, list[i].draw, &word);
        compared++;
        if (word != list[i].word && differ++ < 10)
            printf("key %#llx, index %#llx, draw %u: %#x is not the recorded %#x\n", (unsigned long long)list[i].key,
                   (unsigned long long)list[i].index, list[i].draw, word, list[i].word);
    }
}

/* `n` words from `index` on, and no word before or behind them. */
static void check(vprec_source_fill *fill, uint64_t key, uint64_t index, size_t n, unsigned draw)
{
    enum { MOST = 200, GUARD = 20 };
    uint32_t words[MOST + 2 * GUARD], untouched[GUARD];
    memset(words, 0x5a, sizeof words);
    memset(untouched, 0x5a, sizeof untouched);
    vprec_source source;
    vprec_source_init(&source, key);
    fill(&source, index, n, draw, words + GUARD);
    for (size_t i = 0; i < n; i++, compared++) {
        uint32_t want = oracle(&source, index + i, draw);
        if (words[GUARD + i] != want && differ++ < 10)
            printf("key %#llx, word %zu of %zu from index %#llx, draw %u: %#x, not %#x\n", (unsigned long long)key, i,
                   n, (unsigned long long)index, draw, words[GUARD + i], want);
    }
    if (memcmp(words, untouched, sizeof untouched) || memcmp(words + GUARD + n, untouched, sizeof untouched)) {
        printf("%zu words from index %#llx: wrote outside\n", n, (unsigned long long)index);
        differ++;
    }
}

static void check_form(vprec_source_fill *fill)
{
    static const uint64_t ends[] = {0,       UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 62, UINT64_C(1) << 63,
                                    ~UINT64_C(15)};
    static const unsigned draws[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff};
    check_known(fill);
    for (size_t n = 0; n <= 70; n++)
        for (uint64_t start = 0; start < 5; start++)
            check(fill, 7, start, n, 0);
    for (size_t e = 0; e < 6; e++)
        for (size_t d = 0; d < 6; d++)
            check(fill, ends[(e + d) % 6] + d, ends[e] - d, 60, draws[d]); /* across the end, the last across 2^64 */
    vprec_pcg64 random;
    vprec_pcg64_seed(&random, (vprec_wide){5, 0}, (vprec_wide){0, 0});
    for (int i = 0; i < 400; i++) {
        uint64_t key = vprec_pcg64_next(&random), index = vprec_pcg64_next(&random), rest = vprec_pcg64_next(&random);
        check(fill, key, index, (rest >> 32) % 200, (unsigned)rest);
    }
}

static void chosen(const vprec_source *source, uint64_t index, size_t n, unsigned draw, uint32_t *words)
{
    uint32_t space[256];
    vprec_random random = vprec_source_random(source, 20);
    memcpy(words, random.words(random.context, index, n, draw, space), n * sizeof *words);
    vprec_source_words(source, index, n, draw, space);
    if (random.bits != 20 || memcmp(words, space, n * sizeof *words))
        differ++;
}

int main(int argc, char **argv)
{
    make_substitution();
    vprec_source_fill *fill = argc == 2 && !strcmp(argv[1], "chosen") ? chosen : NULL;
    const vprec_source_form *form;
    for (size_t i = 0; !fill && (form = vprec_source_forms(i)); i++) {
        if (argc != 2 || strcmp(argv[1], form->name))
            continue;
        if (!vprec_source_usable(form)) {
            printf("this processor lacks %s\n", form->name);
            return 77;
        }
        fill = form->fill;
    }
    if (!fill) {
        fprintf(stderr, "usage: source_test FORM|chosen\n");
        return 2;
    }
    check_form(fill);
    printf("%lu words compared, %lu differ\n", compared, differ);
    return differ != 0;
}
