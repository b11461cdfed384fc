/* SPDX-License-Identifier: Apache-2.0
 * arrays.c: the speed of the array functions, one thread, against memcpy of the same
 * bytes in the same run. Each instruction set is measured by a child process with
 * VPREC_CPU set, through the public functions, as a user has them. Checks no result. */
#include "vprec.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 1000000, FEW = 4096, REPEATS = 101, SLOW_REPEATS = 5 };

/* What each level must reach; 0: no target. Large arrays as a part of memcpy's throughput. */
static const struct target {
    const char *level;
    double large, large64, stochastic, small; /* small: elements/ns in the first-level cache */
} targets[] = {
    {"avx512", 0.9, 0.8, 0.5, 5}, {"avx2", 0.8, 0.8, 0.5, 0}, {"sse2", 0, 0, 0, 0}};
enum { LEVELS = sizeof targets / sizeof *targets };

static const char *const formats[] = {"e8m7", "e8m10", "e8m20", "e5m10", "e6m9", "e4m3fn", "e2m1fn", "e8m7:sat",
                                      "e5m10:nosub", "fp24"};
static const char *const formats64[] = {"e11m40", "e11m7", "e9m30", "e8m7", "e5m10", "e11m51", "e11m40:sat"};

static union {
    float f32[MANY];
    double f64[MANY];
} *in[3], *out;
static uint32_t *words;
static vprec_source source;
enum { COUNTER = 128 }; /* beside a number of random bits: words are made by vprec_source, not read from memory */
static int missed;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t next(void)
{
    static uint64_t state = 88172645463325252;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

/* Draw 0 only lies in memory: that is what a generator would leave behind. */
static const uint32_t *words_from(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    (void)context, (void)n, (void)space;
    return words + (draw ? 0 : index);
}

/* One thing to time: an array function, or memcpy. */
typedef struct work {
    const char *name; /* of the operation */
    vprec_type type;
    size_t n;
    vprec_rounding to;
} work;

#define OPERATIONS(X) X(round, a) X(add, a, b) X(mul, a, b) X(div, a, b) X(sqrt, a) X(fma, a, b, c)

static void once(const work *w, int calls)
{
#define X(op, ...)                                                                                                     \
    if (!strcmp(w->name, #op)) {                                                                                       \
        for (int i = 0; i < calls; i++)                                                                                \
            status |= CALL(op, __VA_ARGS__);                                                                           \
    }
    int status = 0;
    if (!strcmp(w->name, "memcpy")) {
        for (int i = 0; i < calls; i++) {
            memcpy(out, in[0], w->n * (w->type == VPREC_F32 ? 4 : 8));
            __asm__ volatile("" ::: "memory");
        }
    } else if (w->type == VPREC_F32) {
        const float *a = in[0]->f32, *b = in[1]->f32, *c = in[2]->f32;
#define CALL(op, ...) vprec_##op##_f32(out->f32, __VA_ARGS__, w->n, &w->to)
        OPERATIONS(X)
        (void)b, (void)c;
#undef CALL
    } else {
        const double *a = in[0]->f64, *b = in[1]->f64, *c = in[2]->f64;
#define CALL(op, ...) vprec_##op##_f64(out->f64, __VA_ARGS__, w->n, &w->to)
        OPERATIONS(X)
        (void)b, (void)c;
#undef CALL
    }
#undef X
    if (status) {
        fprintf(stderr, "arrays: %s failed\n", w->name);
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times each of `count` works in turn, so that what disturbs one disturbs all; ns a call: best and median.
 * `calls` a measurement; 0: one, of something slow. */
static void measure(const work *list, size_t count, int calls, double best[], double median[])
{
    int repeats = calls ? REPEATS : SLOW_REPEATS;
    double(*times)[REPEATS] = malloc(count * sizeof *times);
    if (!times)
        exit(1);
    for (int i = -1; i < repeats; i++) { /* the first round warms up */
        for (size_t j = 0; j < count; j++) {
            double start = now();
            once(&list[j], calls ? calls : 1);
            if (i >= 0)
                times[j][i] = (now() - start) / (calls ? calls : 1);
        }
    }
    for (size_t j = 0; j < count; j++) {
        qsort(times[j], repeats, sizeof times[j][0], compare);
        best[j] = times[j][0];
        median[j] = times[j][repeats / 2];
    }
    free(times);
}

static vprec_rounding rounding(const char *text, vprec_type type, vprec_mode mode, unsigned bits)
{
    vprec_rounding to = {.mode = mode, .random = {bits & 127, words_from, NULL}};
    if (bits & COUNTER)
        to.random = vprec_source_random(&source, bits & 127);
    char message[160];
    if (vprec_format_parse(text, type, &to.format, message, sizeof message)) {
        fprintf(stderr, "arrays: %s\n", message);
        exit(1);
    }
    return to;
}

/* Uniform in +-[1/4, 4): the ordinary case. */
static void fill(vprec_type type)
{
    for (int j = 0; j < 3; j++) {
        for (size_t i = 0; i < MANY; i++) {
            double x = (1 + (double)(next() >> 12) * 0x1p-52) * (next() >> 62 ? 1 : 0.25 * (double)(1 + next() % 8));
            x = next() >> 63 ? -x : x;
            if (type == VPREC_F32)
                in[j]->f32[i] = (float)x;
            else
                in[j]->f64[i] = x;
        }
    }
}

static const char *mark(double reached, double wanted)
{
    bool misses = wanted > 0 && reached < wanted;
    missed += misses;
    return misses ? " MISSES" : wanted > 0 ? " ok" : "";
}

/* MANY elements as a part of memcpy. */
static void large(const struct target *t, vprec_type type, vprec_mode mode, unsigned bits, size_t n)
{
    const char *const *names = type == VPREC_F32 ? formats : formats64;
    size_t count = type == VPREC_F32 ? sizeof formats / sizeof *formats : sizeof formats64 / sizeof *formats64;
    double wanted = bits & COUNTER ? 0 : mode == VPREC_SR ? t->stochastic : type == VPREC_F32 ? t->large : t->large64;
    for (size_t i = 0; i < count; i++) {
        work list[] = {{"memcpy", type, n, {{0}}}, {"round", type, n, rounding(names[i], type, mode, bits)}};
        double best[2], median[2];
        measure(list, 2, t->large > 0, best, median);
        double part = best[0] / best[1];
        const char *variant = mode != VPREC_SR ? "rne" : bits & COUNTER ? "sr:16c" : bits > 32 ? "sr:64" : "sr:16";
        printf("%-6s round_%s %7zu %-11s %-6s %5.2f of memcpy (median %.2f, %.1f GB/s)%s\n", t->level,
               type == VPREC_F32 ? "f32" : "f64", n, names[i], variant,
               part, median[0] / median[1], (double)n * (type == VPREC_F32 ? 8 : 16) / best[1], mark(part, wanted));
    }
}

/* FEW elements in the first-level cache. */
static void small(const struct target *t, vprec_type type)
{
    const char *const *names = type == VPREC_F32 ? formats : formats64;
    size_t count = type == VPREC_F32 ? sizeof formats / sizeof *formats : sizeof formats64 / sizeof *formats64;
#define X(op, ...) #op,
    static const char *const operations[] = {OPERATIONS(X)};
#undef X
    enum { OPS = sizeof operations / sizeof *operations };
    static const struct {
        const char *name;
        vprec_mode mode;
        unsigned bits;
    } modes[] = {{"rne", VPREC_RNE, 0}, {"rna", VPREC_RNA, 0}, {"rtz", VPREC_RTZ, 0}, {"ru", VPREC_RU, 0},
                 {"rto", VPREC_RTO, 0}, {"sr:16", VPREC_SR, 16}, {"sr:64", VPREC_SR, 64}};
    enum { MODES = sizeof modes / sizeof *modes };
    for (size_t i = 0; i < count; i++) {
        for (size_t m = 0; m < MODES; m++) {
            work list[OPS];
            double best[OPS], median[OPS];
            for (size_t j = 0; j < OPS; j++)
                list[j] = (work){operations[j], type, FEW, rounding(names[i], type, modes[m].mode, modes[m].bits)};
            measure(list, OPS, t->large > 0 ? 8 : 0, best, median);
            printf("%-6s %s %d %-11s %-6s elements/ns:", t->level, type == VPREC_F32 ? "f32" : "f64", FEW, names[i],
                   modes[m].name);
            for (size_t j = 0; j < OPS; j++) {
                bool aim = type == VPREC_F32 && !j && modes[m].mode == VPREC_RNE;
                printf(" %s %.2f%s", operations[j], FEW / best[j], mark(FEW / best[j], aim ? t->small : 0));
            }
            printf("\n");
        }
    }
}

static int child(const struct target *t)
{
    vprec_source_init(&source, 1);
    words = malloc(MANY * sizeof *words);
    out = aligned_alloc(64, sizeof *out);
    for (int j = 0; j < 3; j++)
        in[j] = aligned_alloc(64, sizeof **in);
    if (!words || !out || !in[0] || !in[1] || !in[2])
        return 1;
    for (size_t i = 0; i < MANY; i++)
        words[i] = (uint32_t)(next() >> 32);
    for (int type = 0; type < VPREC_TYPES; type++) {
        fill((vprec_type)type);
        large(t, (vprec_type)type, VPREC_RNE, 0, MANY);
        large(t, (vprec_type)type, VPREC_SR, 16, MANY);
        large(t, (vprec_type)type, VPREC_SR, 64, MANY);
        large(t, (vprec_type)type, VPREC_SR, 16 | COUNTER, MANY);
        if (type == VPREC_F64)
            large(t, VPREC_F64, VPREC_RNE, 0, MANY / 2); /* the bytes of MANY floats */
        small(t, (vprec_type)type);
        fflush(stdout);
    }
    printf("%-6s %d figures miss their target\n", t->level, missed);
    return 0;
}

/* Whether the processor has the level; the library itself only lowers. */
static bool offered(const char *level)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!strcmp(level, "avx512"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    if (!strcmp(level, "avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return !strcmp(level, "sse2");
}

int main(int argc, char **argv)
{
    for (int i = 0; i < LEVELS; i++) {
        if (argc > 1 && strcmp(argv[1], targets[i].level))
            continue;
        if (!offered(targets[i].level)) {
            printf("%-6s not on this processor\n", targets[i].level);
            continue;
        }
        setenv("VPREC_CPU", targets[i].level, 1);
        pid_t pid = fork(); /* nothing of the library has run yet: the child reads VPREC_CPU */
        if (!pid)
            exit(child(&targets[i]));
        int status = 1;
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
            fprintf(stderr, "arrays: level %s did not finish (status %d)\n", targets[i].level, status);
            return 1;
        }
    }
    return 0;
}
