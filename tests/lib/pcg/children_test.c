/* SPDX-License-Identifier: Apache-2.0
 * children_test.c: how keys, indices and draws mix: children that do not collide,
 * avalanche, nothing cut to 32 bits, words that repeat as often as chance repeats
 * them, and the sum that a generator which forgets its count leaves stuck. Fixed keys: the same verdict every time. */
#include "vprec.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            failures++;                                                                                                \
            printf("%s: ", #condition);                                                                                \
            printf(__VA_ARGS__);                                                                                       \
            puts("");                                                                                                  \
        }                                                                                                              \
    } while (0)

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* How many neighbours are equal once the values are in order. */
static size_t repeats(uint64_t *values, size_t n)
{
    size_t count = 0;
    qsort(values, n, sizeof *values, compare_u64);
    for (size_t i = 1; i < n; i++)
        count += values[i] == values[i - 1];
    return count;
}

/* 1024 keys and 1024 ranks of several shapes, grandchildren too: more than 3 million. */
static void test_children_differ(void)
{
    enum { SIDE = 1024, SHAPES = 3 };
    size_t n = 0;
    uint64_t *all = malloc((SHAPES + 1) * SIDE * SIDE * sizeof *all);
    for (uint64_t key = 0; all && key < SIDE; key++) {
        for (uint64_t rank = 0; rank < SIDE; rank++) {
            all[n++] = vprec_key_child(key, rank);
            all[n++] = vprec_key_child(key << 54, (rank + 1) << 32 | 1);
            all[n++] = vprec_key_child(~key, ~rank);
            all[n++] = vprec_key_child(vprec_key_child(~UINT64_C(0) / 3, key), rank);
        }
    }
    EXPECT(n > 4000000, "%zu children", n);
    size_t same = repeats(all, n);
    EXPECT(same == 0, "%zu of %zu children collide", same, n);
    free(all);
    uint64_t a = vprec_key_child(vprec_key_child(5, 1), 2), b = vprec_key_child(vprec_key_child(5, 2), 1);
    EXPECT(a != b && vprec_key_child(1, 2) != vprec_key_child(2, 1), "the order of descent does not count");
    EXPECT(vprec_key_child(0, 0) != 0 && vprec_key_child(0, 0) == vprec_key_child(0, 0), "the child of 0 is 0");
}

/* Flips each bit of random inputs, widths[0..2] bits wide, and counts which of `out` result bits flip: each must in
 * half of the cases, within 5.5 standard deviations (chance goes further once in 2.6e7; 28,416 pairs are looked at). */
static void avalanche(const char *what, const int widths[3], int out,
                      void (*function)(const uint64_t x[3], uint64_t result[2]))
{
    enum { N = 4096 };
    double worst = 0;
    vprec_pcg64 random;
    vprec_pcg64_seed(&random, (vprec_wide){17, 0}, (vprec_wide){4, 0});
    for (int in = 0; in < 3 * 64; in++) {
        unsigned flips[128] = {0};
        if (in % 64 >= widths[in / 64])
            continue;
        for (int i = 0; i < N; i++) {
            /* small numbers in one half of the cases, any in the other: users' keys are small */
            uint64_t x[3], before[2] = {0}, after[2] = {0};
            for (int k = 0; k < 3; k++)
                x[k] = vprec_pcg64_next(&random) >> (64 - widths[k]) % 64 & (i % 2 ? 4095 : ~UINT64_C(0));
            function(x, before);
            x[in / 64] ^= UINT64_C(1) << in % 64;
            function(x, after);
            for (int o = 0; o < out; o++)
                flips[o] += (before[o / 64] ^ after[o / 64]) >> o % 64 & 1;
        }
        for (int o = 0; o < out; o++) {
            double off = fabs(flips[o] - N / 2.0) / sqrt(N / 4.0);
            worst = fmax(worst, off);
            EXPECT(off < 5.5, "%s: bit %d of input %d flips bit %d %u times of %d", what, in % 64, in / 64, o, flips[o],
                   N);
        }
    }
    printf("avalanche of %s: the worst pair of bits is %.2f standard deviations off\n", what, worst);
}

static void child_of(const uint64_t x[3], uint64_t result[2]) { result[0] = vprec_key_child(x[0], x[1]); }

/* The words of a key's block (a quarter of the index) and draw. */
static void block_of(const uint64_t x[3], uint64_t result[2])
{
    vprec_source source;
    uint32_t words[4];
    vprec_source_init(&source, x[0]);
    vprec_source_words(&source, x[1] << 2, 4, (unsigned)x[2], words);
    result[0] = words[0] | (uint64_t)words[1] << 32;
    result[1] = words[2] | (uint64_t)words[3] << 32;
}

static const int child_widths[3] = {64, 64, 0}, block_widths[3] = {64, 62, 32};

/* Blocks whose keys, indices or draws differ in one bit each, all pairs: none is equal to another. */
static void test_every_bit_counts(void)
{
    uint64_t blocks[1 + 64 + 62 + 32], x[3] = {0}, block[2];
    block_of(x, block);
    blocks[0] = block[0];
    size_t n = 1;
    for (int bit = 0; bit < 3 * 64; bit++) {
        if (bit % 64 >= block_widths[bit / 64])
            continue;
        x[bit / 64] = UINT64_C(1) << bit % 64;
        block_of(x, block);
        blocks[n++] = block[0];
        x[bit / 64] = 0;
    }
    size_t same = repeats(blocks, n);
    EXPECT(n == sizeof blocks / sizeof *blocks && same == 0, "%zu of %zu blocks are equal", same, n);
}

/* 2^20 words of 32 bits repeat 128 times by chance, a permutation's never: counted for words by index, for
 * neighbouring keys, for draws and along a stride. Poisson: 5 standard deviations are 57. */
static void test_birthdays(void)
{
    enum { N = 1 << 20 };
    static const char *const names[] = {"indices", "keys", "draws", "stride"};
    uint64_t *all = malloc(N * sizeof *all);
    for (int way = 0; all && way < 4; way++) {
        vprec_source source;
        vprec_source_init(&source, 1);
        for (uint64_t i = 0; i < N; i++) {
            uint32_t word;
            if (way == 1)
                vprec_source_init(&source, i);
            vprec_source_words(&source, way == 0 ? i : way == 3 ? i << 40 : 0, 1, way == 2 ? (unsigned)i : 0, &word);
            all[i] = word;
        }
        size_t same = repeats(all, N);
        EXPECT(same > 71 && same < 185, "2^20 words over %s repeat %zu times", names[way], same);
        printf("2^20 words over %s repeat %zu times (128 expected)\n", names[way], same);
    }
    EXPECT(all, "no memory");
    free(all);
}

/* Blocks 256 a time, exclusive or: were only one byte of the counter to run, three rounds would give 0 (source.c). */
static void test_blocks_do_not_cancel(void)
{
    enum { RUN = 256, RUNS = 4096 };
    vprec_source source;
    vprec_source_init(&source, 1);
    unsigned odd[128] = {0};
    for (uint64_t run = 0; run < RUNS; run++) {
        uint32_t words[4 * RUN], sum[4] = {0};
        vprec_source_words(&source, run * 4 * RUN, 4 * RUN, 0, words);
        for (int i = 0; i < 4 * RUN; i++)
            sum[i % 4] ^= words[i];
        for (int bit = 0; bit < 128; bit++)
            odd[bit] += sum[bit / 32] >> bit % 32 & 1;
    }
    for (int bit = 0; bit < 128; bit++)
        EXPECT(fabs(odd[bit] - RUNS / 2.0) < 5 * sqrt(RUNS / 4.0), "bit %d is odd in %u runs of %d", bit, odd[bit],
               RUNS);
}

/* 20,000 times 0.1 in bfloat16: nearest sticks at 32. Stochastic, adding t to a sum whose ulp is u has the variance
 * t (u - t): in all the integral of u - t over the sum, 10355, a standard deviation of 102. Over 100 keys the mean must
 * be within four of its own (41), the deviation within four of its own (28 %). Words that
 * follow the operands instead of the count err by 99 %. */
static void test_stuck_sum(void)
{
    enum { TERMS = 20000, KEYS = 100 };
    vprec_format bf16;
    vprec_format_parse("bf16", VPREC_F32, &bf16, NULL, 0);
    double tenth = vprec_round(0.1, &bf16, VPREC_RNE), exact = TERMS * tenth, mean = 0, square = 0, nearest = 0;
    for (int i = 0; i < TERMS; i++)
        nearest = vprec_add(nearest, tenth, &bf16, VPREC_RNE);
    for (uint64_t key = 0; key < KEYS; key++) {
        static uint32_t words[TERMS];
        vprec_source source;
        vprec_source_init(&source, vprec_key_child(2026, key));
        vprec_source_words(&source, 0, TERMS, 0, words);
        double sum = 0;
        for (int i = 0; i < TERMS; i++)
            sum = vprec_add_sr(sum, tenth, &bf16, 32, (uint64_t)words[i] << 32);
        mean += sum / KEYS;
        square += (sum - exact) * (sum - exact) / KEYS;
    }
    double deviation = sqrt(square);
    printf("20000 x %g in bf16: exact %g, nearest %g, stochastic %.2f, standard deviation %.2f (%d keys)\n", tenth,
           exact, nearest, mean, deviation, KEYS);
    EXPECT(nearest < 40, "nearest is not stuck");
    EXPECT(fabs(mean - exact) < 4 * 102 / sqrt(KEYS), "the mean is off");
    EXPECT(fabs(deviation / 102 - 1) < 0.28, "the spread is off");
}

/* A source in an array function: element i is rounded by words i of draws 0 and 1. */
static void test_arrays_take_words(void)
{
    enum { N = 3000 };
    static float x[N], out[N];
    vprec_source source;
    vprec_source_init(&source, 3);
    vprec_rounding to = {.mode = VPREC_SR};
    vprec_format_parse("bf16", VPREC_F32, &to.format, NULL, 0);
    for (unsigned bits = 12; bits <= 64; bits += 26) {
        uint32_t words[2][N];
        to.random = vprec_source_random(&source, bits);
        for (int i = 0; i < N; i++)
            x[i] = 1 + ldexpf((float)(i * 21001 % 65536), -23);
        vprec_source_words(&source, 0, N, 0, words[0]);
        vprec_source_words(&source, 0, N, 1, words[1]);
        EXPECT(vprec_round_f32(out, x, N, &to) == VPREC_OK, "%u bits refused", bits);
        int differ = 0;
        for (int i = 0; i < N; i++)
            differ += out[i] != vprec_round_sr(x[i], &to.format, bits, (uint64_t)words[0][i] << 32 | words[1][i]);
        EXPECT(differ == 0, "%d of %d elements differ with %u bits", differ, N, bits);
    }
}

int main(void)
{
    test_children_differ();
    avalanche("children", child_widths, 64, child_of);
    avalanche("words", block_widths, 128, block_of);
    test_every_bit_counts();
    test_birthdays();
    test_blocks_do_not_cancel();
    test_stuck_sum();
    test_arrays_take_words();
    printf("%d failures\n", failures);
    return failures != 0;
}
