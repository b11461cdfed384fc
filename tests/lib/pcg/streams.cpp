/* SPDX-License-Identifier: Apache-2.0
 * streams.cpp: PCG32 and PCG64 word for word against the author's library
 * (libpcg-cpp-dev), over seeds, streams and jumps; and the keys that a source makes of them. */
#include "vprec.h"
#include <cstdio>
#include <cstring>
#include <iterator>
#include <pcg_random.hpp>

typedef unsigned __int128 wide;

static unsigned long compared, differ;

static vprec_wide split(wide x) { return {uint64_t(x), uint64_t(x >> 64)}; }

struct ours32 {
    vprec_pcg32 pcg;
    ours32(uint64_t seed, uint64_t stream) { vprec_pcg32_seed(&pcg, seed, stream); }
    uint64_t next() { return vprec_pcg32_next(&pcg); }
    void advance(uint64_t steps) { vprec_pcg32_advance(&pcg, steps); }
};

struct ours64 {
    vprec_pcg64 pcg;
    ours64(wide seed, wide stream) { vprec_pcg64_seed(&pcg, split(seed), split(stream)); }
    uint64_t next() { return vprec_pcg64_next(&pcg); }
    void advance(wide steps) { vprec_pcg64_advance(&pcg, split(steps)); }
};

template <class number> static void print(const char *name, number value)
{
    std::printf(" %s %016llx%016llx", name, (unsigned long long)(wide(value) >> 64), (unsigned long long)value);
}

template <class ours, class theirs, class number> static void compare(number seed, number stream, number steps)
{
    ours a(seed, stream);
    theirs b(seed, stream);
    for (int part = 0; part < 3; part++) {
        for (int i = 0; i < 40; i++) {
            uint64_t got = a.next(), want = b();
            compared++;
            if (got != want && differ++ < 10) {
                std::printf("word %d of part %d is %016llx, pcg-cpp has %016llx:", i, part, (unsigned long long)got,
                            (unsigned long long)want);
                print("seed", seed), print("stream", stream), print("steps", steps), std::puts("");
            }
        }
        number jump = part ? number(-steps) : steps; /* on, then back */
        a.advance(jump);
        b.advance(jump);
    }
}

/* Values with few bits, with all, around the ends. */
template <class number> static number value(vprec_pcg64 *random, int i)
{
    static const number few[] = {0, 1, 2, 3, 42, 54, 1000000007, number(-1), number(-2), number(number(-1) >> 1),
                                 number(number(1) << (sizeof(number) * 8 - 1))};
    if (i < int(std::size(few)))
        return few[i];
    if (i < 40)
        return number(1) << (vprec_pcg64_next(random) % (sizeof(number) * 8));
    return number(wide(vprec_pcg64_next(random)) << 64 | vprec_pcg64_next(random));
}

template <class ours, class theirs, class number> static void all(const char *name)
{
    vprec_pcg64 random;
    vprec_pcg64_seed(&random, {1, 0}, {1, 0});
    unsigned long before = compared;
    for (int i = 0; i < 60; i++)
        for (int j = 0; j < 60; j++)
            compare<ours, theirs, number>(value<number>(&random, i), value<number>(&random, j),
                                          value<number>(&random, (i + 7 * j) % 60));
    std::printf("%s: %lu words compared\n", name, compared - before);
}

/* A source's start and round keys are the first eight words of PCG64, seed = key, stream 0. */
static void sources()
{
    const uint64_t keys[] = {0, 1, 2, 42, UINT64_C(1) << 32, UINT64_C(1) << 63, ~UINT64_C(0)};
    for (uint64_t key : keys) {
        vprec_source source;
        vprec_source_init(&source, key);
        uint64_t words[8];
        static_assert(sizeof words == sizeof source, "eight words");
        std::memcpy(words, &source, sizeof words);
        pcg64 random(key, 0);
        for (int i = 0; i < 8; i++, compared++) {
            if (words[i] != random() && differ++ < 10)
                std::printf("word %d of the source of key %llx is wrong\n", i, (unsigned long long)key);
        }
    }
}

int main()
{
    all<ours32, pcg32, uint64_t>("PCG32");
    all<ours64, pcg64, wide>("PCG64");
    sources();
    std::printf("%lu words compared, %lu differ\n", compared, differ);
    return differ != 0;
}
