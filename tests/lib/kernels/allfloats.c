/* SPDX-License-Identifier: Apache-2.0
 * allfloats.c: the SIMD round kernels on all 2^32 floats, in every mode, against the
 * scalar function, bit for bit; or on a fixed sample of them. */
#include "plan.h"
#include "sweep.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 14 };
#define BLOCKS (UINT64_C(1) << 32 >> 14)

static const char *const level_names[VPREC_LEVELS] = {"c", "avx2", "avx512"};
static const char *const mode_names[VPREC_MODES] = {"rne", "rna", "rtz", "ru", "rd", "rto", "sr"};

/* The first USUAL run by default: one of each way to round, where 2 processors need about 20 minutes. */
enum { USUAL = 7 };
static const char *const formats[] = {
    "e8m7", "e8m10", "e8m22", "e5m10", "e5m22", "e4m3fn", "e5m10:nosub", /* --all: */
    "e8m23", "e8m20", "e8m15", "e8m1", "e7m16", "e7m22", "e6m9", "e5m23", "e5m2", "e4m3", "e2m1", "e2m23",
    "e4m3fn:sat", "e4m3fn:nosub", "e5m2fnuz", "e4m3fnuz", "e4m3fnuz:sat", "e3m2fn", "e2m3fn", "e2m1fn", "e8m7:sat",
    "e8m7:nosub", "e8m22:nosub", "e8m22:sat", "e8m23:nosub", "e5m10:sat", "e5m22:nosub", "e5m23:nosub", "e5m10:noinf",
    "e8m7:noinf:bias=128", "e5m10:bias=140", "e5m22:bias=128", "e5m23:bias=127", "e4m3:bias=147", "e4m3:bias=-112"};
enum { FORMATS = sizeof formats / sizeof *formats };

typedef struct pass {
    const char *text;
    vprec_format format;
    vprec_mode mode;
    vprec_level first, last;
    uint32_t multiplier; /* odd: block and place in it to a float's bits; 1 is in order */
} pass;

static const uint32_t *words(void *context, uint64_t index, size_t n, unsigned draw, uint32_t *space)
{
    (void)context;
    for (size_t i = 0; i < n; i++)
        space[i] = (uint32_t)(sweep_mix(index + i) >> (draw ? 0 : 32));
    return space;
}

static void compare(const void *context, uint64_t block)
{
    static _Thread_local float x[BLOCK], want[BLOCK], got[BLOCK];
    static _Thread_local uint32_t high[BLOCK];
    const pass *p = context;
    const unsigned bits = p->mode == VPREC_SR ? 1 + (unsigned)(block % 64) : 0; /* every number of random bits */
    const vprec_rounding to = {p->format, p->mode, {bits, words, NULL}, NULL};
    const vprec_dice dice = {high, block * BLOCK};
    vprec_plan plan;
    if (vprec_plan_make(&plan, &to, VPREC_F32)) {
        fprintf(stderr, "allfloats: no plan for %s\n", p->text);
        exit(1);
    }
    for (uint32_t i = 0; i < BLOCK; i++) {
        uint32_t pattern = ((uint32_t)block * BLOCK + i) * p->multiplier;
        memcpy(&x[i], &pattern, sizeof pattern);
        uint64_t random = sweep_mix(dice.index + i);
        high[i] = random >> 32;
        want[i] = (float)(p->mode == VPREC_SR ? vprec_round_sr(x[i], &p->format, bits, random)
                                              : vprec_round(x[i], &p->format, p->mode));
    }
    for (int level = p->first; level <= (int)p->last; level++) {
        vprec_kernels_at((vprec_level)level)->f32[VPREC_OP_round](got, x, NULL, NULL, BLOCK, &plan,
                                                                    p->mode == VPREC_SR ? &dice : NULL);
        if (!memcmp(got, want, sizeof got))
            continue;
        size_t count = 0, first = BLOCK;
        for (size_t i = BLOCK; i-- > 0;) {
            if (memcmp(&got[i], &want[i], sizeof *got))
                count++, first = i;
        }
        if (sweep_differs(count))
            printf("round_f32 %s %s %s, %u bits, random %#llx: x %a, got %a, want %a (%zu in this block)\n",
                   level_names[level], p->text, mode_names[p->mode], bits,
                   (unsigned long long)sweep_mix(dice.index + first), x[first], got[first], want[first], count);
    }
}

static const char help[] =
    "usage: allfloats [--sample] [--all] [--level avx2|avx512|c] [--format F] [--mode M] [--threads N]\n"
    "Compares the round kernels of each SIMD level on all 2^32 floats with the scalar function.\n"
    "Exit status: 0 no difference, 1 a difference, 2 usage, 77 the processor lacks the level.\n"
    "  --sample    2^18 floats of each format and mode, always the same\n"
    "  --all       every format of the list, not its first few (hours)\n";

/* Index of `text` among `count` names, -1 if there is none. */
static int find(const char *text, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (!strcmp(text, names[i]))
            return i;
    }
    return -1;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"sample", 0, 0, 's'}, {"all", 0, 0, 'a'},    {"level", 1, 0, 'l'},
                                          {"format", 1, 0, 'f'}, {"mode", 1, 0, 'm'},   {"threads", 1, 0, 't'},
                                          {"help", 0, 0, 'h'},   {0}};
    bool sample = false, all = false;
    int level = -1, mode = -1, best = (int)vprec_cpu_detect();
    const char *format = NULL;
    unsigned threads = 0;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        bool good = true;
        switch (c) {
        case 's': sample = true; break;
        case 'a': all = true; break;
        case 'f': format = optarg; break;
        case 't': good = (threads = (unsigned)strtoul(optarg, NULL, 10)) > 0; break;
        case 'l': good = (level = find(optarg, level_names, VPREC_LEVELS)) >= 0; break;
        case 'm': good = (mode = find(optarg, mode_names, VPREC_MODES)) >= 0; break;
        default: fputs(help, c == 'h' ? stdout : stderr); return c == 'h' ? 0 : 2;
        }
        if (!good) {
            fprintf(stderr, "allfloats: %s is not possible here: see --help\n", optarg);
            return 2;
        }
    }
    if (level > best || best == VPREC_LEVEL_C) {
        printf("this processor has no %s\n", level > best ? level_names[level] : "avx2");
        return 77;
    }
    unsigned done = 0, count = format ? 1 : all || sample ? FORMATS : USUAL, modes = mode < 0 ? VPREC_MODES : 1;
    for (unsigned f = 0; f < count; f++) {
        for (unsigned m = 0; m < modes; m++) {
            pass p = {.text = format ? format : formats[f], .mode = mode < 0 ? (vprec_mode)m : (vprec_mode)mode,
                      .first = level < 0 ? VPREC_LEVEL_AVX2 : (vprec_level)level,
                      .last = level < 0 ? (vprec_level)best : (vprec_level)level,
                      .multiplier = sample ? UINT32_C(0x9e3779b1) : 1};
            char message[160];
            if (vprec_format_parse(p.text, VPREC_F32, &p.format, message, sizeof message)) {
                fprintf(stderr, "allfloats: %s\n", message);
                return 2;
            }
            char name[64];
            snprintf(name, sizeof name, "%s %s", p.text, mode_names[p.mode]);
            sweep_run(compare, &p, sample ? 16 : BLOCKS, threads, name, done++, count * modes);
        }
    }
    printf("%u formats and modes of %s floats: %llu differences\n", done, sample ? "2^18" : "2^32",
           (unsigned long long)sweep_differences());
    return sweep_differences() > 0;
}
