/* SPDX-License-Identifier: Apache-2.0
 * words.c: writes the generator's words to standard output for ever, or
 * measures them: words [--form NAME] [--key K] MODE; MODE speed prints cycles. */
#include "source.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BUFFER = 1 << 14, MANY = 256 };
static uint32_t buffer[BUFFER];
static vprec_source_fill *fill;
static uint64_t key = 1;

/* Word i of each of `count` sources in turn, then word i + 1. */
static void interleave(const vprec_source *sources, const unsigned *draws, size_t count, uint64_t index)
{
    uint32_t words[BUFFER];
    for (size_t s = 0; s < count; s++)
        fill(&sources[s], index, BUFFER / count, draws[s], words + s * (BUFFER / count));
    for (size_t i = 0; i < BUFFER; i++)
        buffer[i] = words[i % count * (BUFFER / count) + i / count];
}

static void consecutive(uint64_t chunk)
{
    vprec_source source;
    vprec_source_init(&source, key);
    fill(&source, chunk * BUFFER, BUFFER, 0, buffer);
}

/* `count` keys or draws, each `step` from the one before. */
static void neighbours(uint64_t chunk, size_t count, uint64_t key_step, unsigned draw_step)
{
    static vprec_source sources[MANY];
    static unsigned draws[MANY];
    for (size_t s = 0; s < count && chunk == 0; s++) {
        vprec_source_init(&sources[s], key + s * key_step);
        draws[s] = s * draw_step;
    }
    interleave(sources, draws, count, chunk * (BUFFER / count));
}

static void keys(uint64_t chunk) { neighbours(chunk, MANY, 1, 0); }
static void high_keys(uint64_t chunk) { neighbours(chunk, MANY, UINT64_C(1) << 56, 0); }
static void draws(uint64_t chunk) { neighbours(chunk, 2, 0, 1); }

/* A new key for every four words. */
static void fresh_keys(uint64_t chunk)
{
    for (size_t i = 0; i < BUFFER; i += 4) {
        vprec_source source;
        vprec_source_init(&source, key + (chunk * BUFFER + i) / 4);
        fill(&source, 0, 4, 0, buffer + i);
    }
}

/* One element of a sum of many outputs: indices p * E. */
static void strided(uint64_t chunk)
{
    vprec_source source;
    vprec_source_init(&source, key);
    for (size_t i = 0; i < BUFFER; i++)
        fill(&source, (chunk * BUFFER + i) << 20, 1, 0, buffer + i);
}

/* The keys of the children themselves. */
static void children(uint64_t chunk)
{
    for (size_t i = 0; i < BUFFER; i += 2) {
        uint64_t child = vprec_key_child(key, (chunk * BUFFER + i) / 2);
        buffer[i] = (uint32_t)child;
        buffer[i + 1] = (uint32_t)(child >> 32);
    }
}

static const struct {
    const char *name;
    void (*make)(uint64_t chunk);
} modes[] = {{"consecutive", consecutive}, {"keys", keys},       {"high-keys", high_keys}, {"fresh-keys", fresh_keys},
             {"draws", draws},             {"strided", strided}, {"children", children}};

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Nanoseconds of a core's cycle, from a chain of multiplications of 3 cycles each; 0: unknown. */
static double cycle(void)
{
#if defined(__x86_64__)
    int64_t best = INT64_MAX;
    uint64_t x = 3;
    for (int repeat = 0; repeat < 50; repeat++) {
        int64_t start = now();
        for (int i = 0; i < 100000; i++)
            __asm__ volatile("imul %0, %0" : "+r"(x));
        int64_t took = now() - start;
        best = took < best ? took : best;
    }
    return best / 300000.0;
#else
    return 0;
#endif
}

static int speed(void)
{
    enum { N = 1024 };
    vprec_source source;
    vprec_source_init(&source, key);
    const vprec_source_form *form;
    for (size_t i = 0; (form = vprec_source_forms(i)); i++) {
        if (!vprec_source_usable(form)) {
            printf("%-12s not on this processor\n", form->name);
            continue;
        }
        double best[2] = {1e9, 1e9}, ns = cycle();
        for (int repeat = 0; repeat < 400; repeat++) {
            for (int aligned = 0; aligned < 2; aligned++) {
                int64_t start = now();
                for (int k = 0; k < 100; k++)
                    form->fill(&source, !aligned, N, 0, buffer);
                double took = (now() - start) / (100.0 * N / 16);
                best[aligned] = took < best[aligned] ? took : best[aligned];
            }
        }
        printf("%-12s %.2f ns", form->name, best[1]);
        if (ns > 0)
            printf(", %.1f cycles a 16 words (index not a multiple of 4: %.1f)", best[1] / ns, best[0] / ns);
        puts("");
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *form = "c", *mode = "";
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--form") && i + 1 < argc)
            form = argv[++i];
        else if (!strcmp(argv[i], "--key") && i + 1 < argc)
            key = strtoull(argv[++i], NULL, 0);
        else
            mode = argv[i];
    }
    if (!strcmp(mode, "speed"))
        return speed();
    const vprec_source_form *f;
    for (size_t i = 0; (f = vprec_source_forms(i)) && strcmp(f->name, form);)
        i++;
    if (!f) {
        fprintf(stderr, "words: there is no form %s\n", form);
        return 2;
    }
    if (!vprec_source_usable(f)) {
        fprintf(stderr, "words: this processor lacks %s\n", form);
        return 77;
    }
    fill = f->fill;
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        if (strcmp(mode, modes[m].name))
            continue;
        for (uint64_t chunk = 0;; chunk++) {
            modes[m].make(chunk);
            if (fwrite(buffer, sizeof buffer, 1, stdout) != 1)
                return 0;
        }
    }
    fprintf(stderr, "words: no mode '%s': speed, consecutive, keys, high-keys, fresh-keys, draws, strided, children\n",
            mode);
    return 2;
}
