/* SPDX-License-Identifier: Apache-2.0
 * campaign.c: drawn cases by the ten million: every operation to the formats that
 * inference uses, in every mode, against both oracles, on several processes. The cases
 * depend on the seed and the count alone, not on the number of processes. */
#include "jobs.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    vprec_type type;
} targets[] = {{"bf16", VPREC_F32},   {"fp16", VPREC_F32},   {"tf32", VPREC_F32},
               {"pxr24", VPREC_F32},  {"e8m20", VPREC_F32},  {"e8m22", VPREC_F32},
               {"e11m40", VPREC_F64}, {"e11m50", VPREC_F64}, {"e11m51", VPREC_F64}}; /* pxr24 is e8m15 */
enum { TARGETS = sizeof targets / sizeof *targets, CHUNK = 20000 };

static uint64_t count, seed = 1;
static size_t chosen[TARGETS], formats; /* the targets to compare */

static const unit_format *find(size_t target)
{
    for (size_t i = 0; i < unit_formats_count; i++) {
        if (!strcmp(unit_formats[i].text, targets[target].text) && unit_formats[i].type == targets[target].type)
            return &unit_formats[i];
    }
    abort();
}

/* Up to CHUNK cases of one operation to one format, with random numbers of its own. */
static void chunk(uint64_t number)
{
    size_t target = chosen[number % formats], op = number / formats % UNIT_COUNT;
    uint64_t part = number / formats / UNIT_COUNT, start = part * CHUNK;
    uint64_t n = count - start < CHUNK ? count - start : CHUNK;
    const unit_format *f = find(target);
    vprec_format format = unit_parse(f);
    unit_draw seeds = {.state = (seed * 1000003 + part) * (TARGETS * UNIT_COUNT) + target * UNIT_COUNT + op};
    unit_draw draw = {.state = unit_random(&seeds), .format = f, .last = 1};
    unit_dice.state = unit_random(&seeds);
    for (uint64_t i = 0; i < n; i++) {
        unit_case c;
        unit_draw_case(&draw, op, &c);
        unit_check(&c, f, &format);
    }
}

/* Every case that was ordered was compared in every mode, nothing differed; of all
 * formats together also: every kind of result and every event was met. */
static bool complete(void)
{
    bool all = formats == TARGETS, well = true;
    if (all && !(unit_seen.inexact && unit_seen.tie && unit_seen.tiny && unit_seen.overflow)) {
        fprintf(stderr, "campaign: some kind of result was never met\n");
        well = false;
    }
    for (int op = 0; op < UNIT_COUNT; op++) {
        bool ran = unit_complete(op, all);
        for (int mode = 0; ran && mode < VPREC_MODES; mode++) {
            if (unit_seen.modes[op][mode] < count * formats) {
                snprintf(unit_complaint, sizeof unit_complaint, "%s: cases are missing in mode %s", unit_op_names[op],
                         unit_mode_names[mode]);
                ran = false;
            }
        }
        if (!ran)
            fprintf(stderr, "campaign: %s\n", unit_complaint);
        well = well && ran;
    }
    return well;
}

static int usage(void)
{
    fprintf(stderr, "usage: campaign [-n COUNT] [-j PROCESSES] [-s SEED] [FORMAT...]\n"
                    "Draws COUNT cases (1e7) of every operation to every FORMAT (");
    for (int i = 0; i < TARGETS; i++)
        fprintf(stderr, "%s%s", i ? " " : "", targets[i].text);
    fprintf(stderr, ")\nand compares every mode with MPFR and the exact-value oracle.\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t processes = unit_processors();
    count = unit_scaled(1e7);
    for (int option; (option = getopt(argc, argv, "n:j:s:")) != -1;) {
        bool good = option == 'n'   ? unit_number(optarg, UINT64_C(1) << 40, &count)
                    : option == 'j' ? unit_number(optarg, UNIT_JOBS, &processes)
                                    : option == 's' && unit_number(optarg, UINT64_C(1) << 40, &seed);
        if (!good)
            return usage();
    }
    for (; optind < argc; optind++) {
        size_t i = 0;
        while (i < TARGETS && strcmp(argv[optind], targets[i].text))
            i++;
        if (i == TARGETS || formats == TARGETS)
            return usage();
        chosen[formats++] = i;
    }
    if (!formats) {
        for (; formats < TARGETS; formats++)
            chosen[formats] = formats;
    }
    printf("%llu cases of each operation to each of", (unsigned long long)count);
    for (size_t i = 0; i < formats; i++)
        printf(" %s", targets[chosen[i]].text);
    printf("\n");
    bool well = unit_jobs((count + CHUNK - 1) / CHUNK * formats * UNIT_COUNT, chunk, processes);
    unit_print();
    return complete() && well ? 0 : 1;
}
