/* SPDX-License-Identifier: Apache-2.0
 * checkkernels.c: checks every array kernel of every instruction set bit for bit against
 * the scalar functions, and times them (--bench). The model is dav1d's checkasm: one
 * program, one declaration (lib/kernels.h). Owns the choice of what runs and the final
 * assertion that all of it did; trial.c makes the calls. */
#include "check.h"
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const check_mode check_modes[] = {
    {VPREC_RNE, 0}, {VPREC_RNA, 0}, {VPREC_RTZ, 0}, {VPREC_RU, 0},  {VPREC_RD, 0},  {VPREC_RTO, 0},
    {VPREC_SR, 1},  {VPREC_SR, 8},  {VPREC_SR, 16}, {VPREC_SR, 24}, {VPREC_SR, 31}, {VPREC_SR, 32},
    {VPREC_SR, 33}, {VPREC_SR, 48}, {VPREC_SR, 64},
};
const size_t check_modes_count = sizeof check_modes / sizeof *check_modes;

const char *const check_level_names[VPREC_LEVELS] = {"c", "avx2", "avx512"};
const char *const check_mode_names[VPREC_MODES] = {"rne", "rna", "rtz", "ru", "rd", "rto", "sr"};
const char *const check_type_names[VPREC_TYPES] = {"f32", "f64"};
const char *const check_op_names[VPREC_KERNEL_OPS_COUNT] = {
#define X(name, arity) #name,
    VPREC_KERNEL_OPS(X)
#undef X
};
const int check_arities[VPREC_KERNEL_OPS_COUNT] = {
#define X(name, arity) arity,
    VPREC_KERNEL_OPS(X)
#undef X
};
const char *const check_shape_names[] = {
#define X(name) #name,
    VPREC_PLAN_SHAPES(X)
#undef X
};

/* What the command line asks for. */
typedef struct options {
    const char *test, *format; /* patterns of names */
    int level;                 /* -1: each that the machine has */
    int mode, bits;            /* -1: each */
    uint64_t seed;
    size_t count, random_formats;
    bool bench, list;
} options;

static const char help[] =
    "usage: checkkernels [options]\n"
    "Compares the array kernels with the scalar functions, bit for bit. Exit status: 0 no\n"
    "difference, 1 a difference or something that was never drawn, 2 usage, 77 the\n"
    "processor lacks the level.\n"
    "  --test PATTERN    kernels whose name matches, as in add_f32 (default *)\n"
    "  --level LEVEL     c, avx2 or avx512 (default: each that the processor has)\n"
    "  --format PATTERN  formats of the list that match; if none does, this format\n"
    "  --mode MODE       rne rna rtz ru rd rto sr sr:BITS (default: all)\n"
    "  --seed N          of operands, lengths, places (default 1)\n"
    "  --count N         elements a kernel, format and mode (default 1500 times VPREC_TEST_SCALE)\n"
    "  --random N        random formats beside the list, a kernel (default 24)\n"
    "  --bench           time instead: elements/ns of 4096 elements in the first-level cache\n"
    "  --list            print the kernels and formats\n"
    "  --help            print this\n";

static int usage(const char *what, const char *value)
{
    fprintf(stderr, "checkkernels: %s%s%s: see --help\n", what, value ? " " : "", value ? value : "");
    return 2;
}

/* A number that is all of `text`. */
static bool read_number(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return !errno && end != text && !*end && *text != '-';
}

static bool read_mode(const char *text, options *o)
{
    uint64_t bits;
    for (int mode = 0; mode < VPREC_SR; mode++) {
        if (!strcmp(text, check_mode_names[mode]))
            o->mode = mode;
    }
    if (!strncmp(text, "sr", 2) && (!text[2] || text[2] == ':')) {
        o->mode = VPREC_SR;
        if (text[2] && (!read_number(text + 3, &bits) || bits < 1 || bits > 64))
            return false;
        o->bits = text[2] ? (int)bits : -1;
    }
    return o->mode >= 0;
}

static int read_options(int argc, char **argv, options *o)
{
    enum { TEST = 1, LEVEL, FORMAT, MODE, SEED, COUNT, RANDOM, BENCH, LIST, HELP };
    static const struct option names[] = {
        {"test", 1, 0, TEST},     {"level", 1, 0, LEVEL},   {"format", 1, 0, FORMAT}, {"mode", 1, 0, MODE},
        {"seed", 1, 0, SEED},     {"count", 1, 0, COUNT},   {"random", 1, 0, RANDOM}, {"bench", 0, 0, BENCH},
        {"list", 0, 0, LIST},     {"help", 0, 0, HELP},     {0}};
    *o = (options){.test = "*", .format = "*", .level = -1, .mode = -1, .bits = -1, .seed = 1,
                   .count = unit_scaled(1500), .random_formats = 24};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        uint64_t n = 0;
        if ((c == SEED || c == COUNT || c == RANDOM) && !read_number(optarg, &n))
            return usage("not a number:", optarg);
        switch (c) {
        case TEST: o->test = optarg; break;
        case FORMAT: o->format = optarg; break;
        case SEED: o->seed = n; break;
        case COUNT: o->count = n; break;
        case RANDOM: o->random_formats = n; break;
        case BENCH: o->bench = true; break;
        case LIST: o->list = true; break;
        case LEVEL:
            for (int level = 0; level < VPREC_LEVELS; level++) {
                if (!strcmp(optarg, check_level_names[level]))
                    o->level = level;
            }
            if (o->level < 0)
                return usage("no such level:", optarg);
            break;
        case MODE:
            if (!read_mode(optarg, o))
                return usage("no such mode:", optarg);
            break;
        case HELP: fputs(help, stdout); exit(0);
        default: return 2;
        }
    }
    return optind < argc ? usage("unexpected argument", argv[optind]) : 0;
}

static bool wants_kernel(const options *o, int op, int type)
{
    char name[32];
    snprintf(name, sizeof name, "%s_%s", check_op_names[op], check_type_names[type]);
    return !fnmatch(o->test, name, 0);
}

static bool wants_mode(const options *o, const check_mode *mode)
{
    return o->mode < 0 || (o->mode == (int)mode->mode && (o->bits < 0 || o->bits == (int)mode->bits));
}

/* All modes of one kernel in one format. Returns the number of differences. */
static uint64_t check_one(const options *o, const check_case *kernel, const char *text, unit_draw *draw)
{
    static check_pool pool;
    vprec_format format;
    char message[160];
    if (vprec_format_parse(text, kernel->type, &format, message, sizeof message)) {
        printf("%s: %s\n", check_type_names[kernel->type], message);
        return 1;
    }
    check_case c = *kernel;
    c.text = text;
    c.format = &format;
    check_pool_fill(&pool, draw, &c);
    uint64_t wrong = 0;
    char line[512] = ""; /* 15 modes of at most 28 characters */
    size_t used = 0;
    for (size_t i = 0; i < check_modes_count; i++) {
        if (!wants_mode(o, &check_modes[i]))
            continue;
        c.mode = check_modes[i];
        size_t count = c.mode.mode == VPREC_SR ? o->count / 4 + 1 : o->count;
        uint64_t differences = check_run(&c, &pool, count, draw);
        if (differences)
            used += snprintf(line + used, sizeof line - used, " %s%.0d %llu,",
                             c.mode.mode == VPREC_SR ? "sr:" : check_mode_names[c.mode.mode], (int)c.mode.bits,
                             (unsigned long long)differences);
        check_seen.differences[c.op][c.type][c.mode.mode] += differences;
        wrong += differences;
    }
    if (wrong)
        printf("differs:%s in %s_%s at level %s, format %s\n", line, check_op_names[c.op], check_type_names[c.type],
               check_level_names[c.level], text);
    return wrong;
}

static uint64_t check_kernel(const options *o, const check_case *c)
{
    unit_draw draw = {.state = o->seed * 1000003 + (uint64_t)c->op * VPREC_TYPES + c->type};
    uint64_t wrong = 0;
    size_t matched = 0;
    const char *text;
    for (size_t i = 0; (text = check_format(c->type, i)); i++) {
        if (fnmatch(o->format, text, 0))
            continue;
        matched++;
        wrong += check_one(o, c, text, &draw);
    }
    if (!matched)
        return check_one(o, c, o->format, &draw);
    for (size_t i = 0; i < o->random_formats && !strcmp(o->format, "*"); i++) {
        char random[64];
        check_format_random(&draw, c->type, random, sizeof random);
        wrong += check_one(o, c, random, &draw);
    }
    return wrong;
}

static uint64_t missing(bool drawn, const char *what, const char *name)
{
    if (drawn)
        return 0;
    printf("never drawn: %s %s\n", what, name);
    return 1;
}

/* A line for each kernel that has anything to say, a column for each mode. */
static void print_table(const char *title, const uint64_t table[VPREC_KERNEL_OPS_COUNT][VPREC_TYPES][VPREC_MODES])
{
    printf("%-10s", title);
    for (int mode = 0; mode < VPREC_MODES; mode++)
        printf(" %9s", check_mode_names[mode]);
    printf("\n");
    for (int op = 0; op < VPREC_KERNEL_OPS_COUNT; op++) {
        for (int type = 0; type < VPREC_TYPES; type++) {
            uint64_t sum = 0;
            for (int mode = 0; mode < VPREC_MODES; mode++)
                sum += table[op][type][mode];
            if (sum)
                printf("%5s_%s ", check_op_names[op], check_type_names[type]);
            for (int mode = 0; sum && mode < VPREC_MODES; mode++)
                printf(" %9llu%s", (unsigned long long)table[op][type][mode], mode == VPREC_SR ? "\n" : "");
        }
    }
}

/* Prints what was compared; with `all`, returns how much of what there is was not. */
static uint64_t tally(bool all)
{
    const check_tally *t = &check_seen;
    uint64_t lacks = 0;
    char name[64];
    print_table("elements", t->elements);
    print_table("differs", t->differences);
    for (int op = 0; op < VPREC_KERNEL_OPS_COUNT; op++) {
        for (int type = 0; type < VPREC_TYPES; type++) {
            for (int mode = 0; mode < VPREC_MODES; mode++) {
                snprintf(name, sizeof name, "%s_%s %s", check_op_names[op], check_type_names[type],
                         check_mode_names[mode]);
                lacks += missing(!all || t->elements[op][type][mode], "kernel", name);
            }
        }
    }
    for (int shape = 0; shape < CHECK_SHAPES; shape++) {
        uint64_t sum[VPREC_TYPES] = {0};
        for (int op = 0; op < VPREC_KERNEL_OPS_COUNT; op++) {
            sum[0] += t->shapes[op][0][shape];
            sum[1] += t->shapes[op][1][shape];
        }
        printf("shape %s: %llu f32, %llu f64\n", check_shape_names[shape], (unsigned long long)sum[0],
               (unsigned long long)sum[1]);
        lacks += missing(!all || sum[0] + sum[1], "shape", check_shape_names[shape]);
    }
    for (size_t i = 0; i < check_modes_count; i++) {
        snprintf(name, sizeof name, "%u", check_modes[i].bits);
        lacks += missing(!all || t->bits[check_modes[i].bits], "random bits", name);
    }
    for (size_t i = 0; i < check_aliases_count; i++)
        lacks += missing(!all || t->aliases[i], "arrays", check_aliases[i].name);
    for (size_t i = 0; i < check_controls_count; i++) {
        snprintf(name, sizeof name, "%#x", check_controls[i]);
        lacks += missing(!all || t->controls[i], "MXCSR", name);
    }
    for (int n = 1; n <= 80; n++) {
        snprintf(name, sizeof name, "%d", n);
        lacks += missing(!all || t->lengths[n], "length", name);
    }
    lacks += missing(!all || t->aimed, "random words", "at the threshold");
    lacks += missing(!all || t->second, "draw 1", "where it decides");
    printf("%llu calls, %llu random words at the threshold, %llu draws 1\n", (unsigned long long)t->calls,
           (unsigned long long)t->aimed, (unsigned long long)t->second);
    return lacks;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const uint32_t *zeros(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    (void)context, (void)index, (void)draw;
    return memset(space, 0, n * sizeof *space);
}

/* Elements/ns of 4096 ordinary elements: the best of many calls. */
static double bench(const check_case *c)
{
    enum { N = 4096 };
    static double memory[4][N];
    static uint32_t words[N];
    const vprec_rounding to = {*c->format, c->mode.mode, {c->mode.bits, zeros, NULL}, NULL};
    vprec_plan plan;
    unit_draw draw = {.state = 1};
    if (vprec_plan_make(&plan, &to, c->type))
        return 0;
    for (int j = 1; j < 4; j++) {
        for (size_t i = 0; i < N; i++) {
            double x = 1 + (double)(unit_random(&draw) >> 12) * 0x1p-52;
            float narrow = (float)x;
            memcpy(c->type == VPREC_F32 ? (char *)memory[j] + 4 * i : (char *)&memory[j][i],
                   c->type == VPREC_F32 ? (void *)&narrow : (void *)&x, c->type == VPREC_F32 ? 4 : 8);
        }
    }
    for (size_t i = 0; i < N; i++)
        words[i] = (uint32_t)unit_random(&draw);
    const vprec_kernels *kernels = vprec_kernels_at(c->level);
    const vprec_dice dice = {words, 0}, *given = c->mode.mode == VPREC_SR ? &dice : NULL;
    void *arrays[] = {memory[0], memory[1], memory[2], memory[3]}; /* of either type */
    double best = 1e300, deadline = now() + 2e7;
    do {
        double start = now();
        if (c->type == VPREC_F32)
            kernels->f32[c->op](arrays[0], arrays[1], arrays[2], arrays[3], N, &plan, given);
        else
            kernels->f64[c->op](arrays[0], arrays[1], arrays[2], arrays[3], N, &plan, given);
        double used = now() - start;
        best = used < best ? used : best;
    } while (now() < deadline);
    return N / best;
}

static void bench_kernel(const options *o, const check_case *kernel)
{
    check_case c = *kernel;
    static const char *const usual[] = {"e8m7", "e8m22", "e5m10", "e4m3fn", "e5m10:nosub"};
    bool all = !strcmp(o->format, "*");
    for (size_t i = 0; i < (all ? sizeof usual / sizeof *usual : 1); i++) {
        vprec_format format;
        c.text = all ? usual[i] : o->format;
        c.format = &format;
        if (vprec_format_parse(c.text, c.type, &format, NULL, 0))
            continue;
        printf("%5s_%s %-6s %-14s", check_op_names[c.op], check_type_names[c.type], check_level_names[c.level],
               c.text);
        for (size_t j = 0; j < check_modes_count; j++) {
            if (!wants_mode(o, &check_modes[j]) || (c.mode = check_modes[j]).bits % 16)
                continue;
            printf(" %s%.0d %.3f", c.mode.mode == VPREC_SR ? "sr:" : check_mode_names[c.mode.mode],
                   (int)c.mode.bits, bench(&c));
            fflush(stdout);
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    options o;
    int status = read_options(argc, argv, &o);
    if (status)
        return status;
    if (o.level > (int)vprec_cpu_detect()) {
        printf("this processor has no %s\n", check_level_names[o.level]);
        return 77;
    }
    uint64_t wrong = 0;
    int kernels = 0, first = o.level < 0 ? 0 : o.level, last = o.level < 0 ? (int)vprec_cpu_detect() : o.level;
    const char *text;
    for (int type = 0; type < VPREC_TYPES && o.list; type++) {
        for (size_t i = 0; (text = check_format((vprec_type)type, i)); i++)
            printf("%s %s\n", check_type_names[type], text);
    }
    for (int level = first; level <= last; level++) {
        for (int op = 0; op < VPREC_KERNEL_OPS_COUNT; op++) {
            for (int type = 0; type < VPREC_TYPES; type++) {
                check_case c = {.level = (vprec_level)level, .op = (enum vprec_kernel_op)op, .type = (vprec_type)type};
                if (!wants_kernel(&o, op, type))
                    continue;
                kernels++;
                if (o.list)
                    printf("%s %s_%s\n", check_level_names[level], check_op_names[op], check_type_names[type]);
                else if (o.bench)
                    bench_kernel(&o, &c);
                else
                    wrong += check_kernel(&o, &c);
            }
        }
    }
    if (!kernels)
        return usage("no kernel matches", o.test);
    if (o.list || o.bench)
        return 0;
    uint64_t lacks = tally(!strcmp(o.test, "*") && !strcmp(o.format, "*") && o.mode < 0);
    printf("seed %llu: %llu differences\n", (unsigned long long)o.seed, (unsigned long long)wrong);
    return wrong || lacks;
}
