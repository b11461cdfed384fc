/* SPDX-License-Identifier: Apache-2.0
 * hardware.c: the array functions against the processor's own narrow arithmetic: binary16
 * by F16C and AVX512-FP16, bfloat16 by AVX512-BF16. Owns operands and comparison. */
#include "hardware.h"
#include "sweep.h"
#include <cpuid.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 4096 };

static const char *const level_names[VPREC_LEVELS] = {"c", "avx2", "avx512"};
static const char *const op_names[] = {
#define X(name, arity) #name,
    VPREC_KERNEL_OPS(X)
#undef X
};
static const int arities[] = {
#define X(name, arity) arity,
    VPREC_KERNEL_OPS(X)
#undef X
};
static const vprec_mode modes[] = {
#define X(MODE, DIRECTION) MODE,
    HARDWARE_DIRECTIONS(X)
#undef X
};
enum { MODES = sizeof modes / sizeof *modes };
static const char *const mode_names[VPREC_MODES] = {"rne", "rna", "rtz", "ru", "rd", "rto", "sr"};

/* One comparison: an operation at a level, in every direction. */
typedef struct task {
    vprec_level level;
    enum vprec_kernel_op op;
    enum { RANDOM, ALL_PAIRS, BOUNDARY_PAIRS, ALL_CODES } operands; /* of binary16 arithmetic */
    uint32_t multiplier; /* of the sweep over floats: 1 is all of them in order */
} task;

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static vprec_plan plan_for(const char *text, vprec_mode mode)
{
    vprec_rounding to = {.mode = mode};
    vprec_plan plan;
    if (vprec_format_parse(text, VPREC_F32, &to.format, NULL, 0) || vprec_plan_make(&plan, &to, VPREC_F32)) {
        fprintf(stderr, "hardware: no plan for %s\n", text);
        exit(1);
    }
    return plan;
}

static void mismatch(const task *t, vprec_mode mode, const float x[3], float got, float hardware)
{
    if (sweep_differs(1))
        printf("%s_f32 at level %s, mode %s: %a %a %a: got %a (%#x), the processor says %a (%#x)\n", op_names[t->op],
               level_names[t->level], mode_names[mode], x[0], x[1], x[2], got, bits_of(got), hardware,
               bits_of(hardware));
}

/* Whether a NaN of binary32 is, cut to `kept` fraction bits, the processor's. */
static bool same_nan(float ours, float hardware, int kept)
{
    return isnan(ours) && isnan(hardware) && !((bits_of(ours) ^ bits_of(hardware)) >> (23 - kept));
}

static void compare_round(const task *t, const char *text, vprec_mode mode, const float *x, const float *hardware,
                          int kept, bool subnormals)
{
    static _Thread_local float got[N];
    vprec_plan plan = plan_for(text, mode);
    vprec_kernels_at(t->level)->f32[VPREC_OP_round](got, x, NULL, NULL, N, &plan, NULL);
    for (size_t i = 0; i < N; i++) {
        if (bits_of(got[i]) == bits_of(hardware[i]) || same_nan(got[i], hardware[i], kept))
            continue;
        if (subnormals || fabsf(x[i]) >= 0x1p-126f)
            mismatch(t, mode, (const float[3]){x[i]}, got[i], hardware[i]);
    }
}

/* Floats block*N.. ; in a sample every second one with few bits, so that ties are met. */
static void fill(const task *t, uint64_t block, float *x)
{
    for (uint32_t i = 0; i < N; i++) {
        uint32_t pattern = ((uint32_t)block * N + i) * t->multiplier;
        if (t->multiplier != 1 && i % 2)
            pattern &= 0xfffff000;
        memcpy(&x[i], &pattern, sizeof pattern);
    }
}

static void f16c(const void *context, uint64_t block)
{
    static _Thread_local float x[N], hardware[N];
    const task *t = context;
    fill(t, block, x);
    for (int i = 0; i < MODES; i++) {
        hardware_round_f16c(modes[i], hardware, x, N);
        compare_round(t, "e5m10", modes[i], x, hardware, 10, true);
    }
}

static void bf16(const void *context, uint64_t block)
{
    static _Thread_local float x[N], hardware[N];
    const task *t = context;
    fill(t, block, x);
    hardware_round_bf16(hardware, x, N);
    compare_round(t, "e8m7", VPREC_RNE, x, hardware, 7, false);
}

/* Codes where binary16 changes: both signs of the ends of every binade, and the specials. */
enum { BOUNDARY = 512 };
static uint16_t boundary(unsigned i)
{
    static const uint16_t fractions[] = {0, 1, 2, 0x1ff, 0x200, 0x201, 0x3fe, 0x3ff};
    unsigned exponent = i / 8 % 32;
    return (uint16_t)(i / 256 << 15 | exponent << 10 | fractions[i % 8]);
}

/* Operand j of element `index` of the task. */
static uint16_t operand(const task *t, uint64_t index, int j)
{
    uint64_t r = sweep_mix(index * 3 + (uint64_t)j);
    switch (t->operands) {
    case ALL_CODES: return (uint16_t)index;
    case ALL_PAIRS: return (uint16_t)(index >> 16 * j);
    case BOUNDARY_PAIRS: return boundary((unsigned)(j == 2 ? r : index >> 9 * j) % BOUNDARY);
    default: break;
    }
    if (r >> 62 == 0) /* all sums, products and quotients of ordinary size */
        return (uint16_t)((r & 0x83ff) | (12 + (r >> 32) % 6) << 10);
    return r >> 62 == 1 ? boundary(r % BOUNDARY) : (uint16_t)r;
}

/* Two NaNs and a commutative instruction: which operand the compiler puts first is its business. */
static bool either_nan(const float x[3], int arity, float got, float hardware)
{
    int nans = 0;
    bool known = false;
    for (int j = 0; j < arity; j++) {
        nans += isnan(x[j]);
        known |= same_nan(x[j], hardware, 23);
    }
    return nans > 1 && known && isnan(got) && isnan(hardware);
}

static void fp16(const void *context, uint64_t block)
{
    static _Thread_local uint16_t codes[3][N];
    static _Thread_local float x[3][N], hardware[N], got[N];
    const task *t = context;
    int arity = arities[t->op];
    for (int j = 0; j < arity; j++) {
        for (size_t i = 0; i < N; i++)
            codes[j][i] = operand(t, block * N + i, j);
        hardware_widen(x[j], codes[j], N);
    }
    for (int m = 0; m < MODES; m++) {
        vprec_plan plan = plan_for("e5m10", modes[m]);
        hardware_fp16(t->op, modes[m], hardware, codes[0], codes[1], codes[2], N);
        vprec_kernels_at(t->level)->f32[t->op](got, x[0], arity > 1 ? x[1] : NULL, arity > 2 ? x[2] : NULL, N, &plan,
                                               NULL);
        if (!memcmp(got, hardware, sizeof got))
            continue;
        for (size_t i = 0; i < N; i++) {
            const float operands[3] = {x[0][i], x[1][i], x[2][i]};
            if (bits_of(got[i]) != bits_of(hardware[i]) && !either_nan(operands, arity, got[i], hardware[i]))
                mismatch(t, modes[m], operands, got[i], hardware[i]);
        }
    }
}

/* Sweeps `elements` of a task at each level from `first` up; with `slow`, level C gets a part of them. */
static uint64_t sweep(void (*work)(const void *, uint64_t), task t, uint64_t elements, unsigned part_for_c,
                      const char *name, unsigned pass, unsigned passes)
{
    uint64_t compared = 0;
    for (int level = 0; level <= (int)vprec_cpu_detect(); level++) {
        uint64_t blocks = elements / (level ? 1 : part_for_c) / N;
        char text[64];
        t.level = (vprec_level)level;
        snprintf(text, sizeof text, "%s %s", name, level_names[level]);
        blocks = blocks ? blocks : 1;
        sweep_run(work, &t, blocks, 0, text, pass * VPREC_LEVELS + (unsigned)level, passes * VPREC_LEVELS);
        compared += blocks * N;
    }
    return compared;
}

static uint64_t arithmetic(bool all)
{
    const enum vprec_kernel_op ops[] = {VPREC_OP_add, VPREC_OP_sub, VPREC_OP_mul, VPREC_OP_div};
    const uint64_t every = UINT64_C(1) << 32;
    uint64_t compared = 0, sampled = UINT64_C(100000000) / MODES;
    unsigned pass = 0, passes = 10;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        const char *name = op_names[ops[i]];
        compared += sweep(fp16, (task){.op = ops[i], .operands = BOUNDARY_PAIRS}, BOUNDARY * BOUNDARY, 1, name, pass++,
                          passes);
        compared += sweep(fp16, (task){.op = ops[i], .operands = all ? ALL_PAIRS : RANDOM}, all ? every : sampled,
                          all ? 256 : 64, name, pass++, passes);
    }
    compared += sweep(fp16, (task){.op = VPREC_OP_sqrt, .operands = ALL_CODES}, 1 << 16, 1, "sqrt", pass++, passes);
    compared += sweep(fp16, (task){.op = VPREC_OP_fma, .operands = BOUNDARY_PAIRS}, BOUNDARY * BOUNDARY, 1, "fma",
                      pass, passes);
    return compared + sweep(fp16, (task){.op = VPREC_OP_fma, .operands = RANDOM}, all ? every : sampled, all ? 256 : 64,
                            "fma", pass, passes);
}

/* Bit `bit` of register `reg` (0..3: eax..edx) of CPUID leaf 7. */
static bool leaf7(unsigned subleaf, int reg, int bit)
{
    unsigned r[4];
    return __get_cpuid_count(7, subleaf, &r[0], &r[1], &r[2], &r[3]) && r[reg] >> bit & 1;
}

/* The parts, by name; -1: no such part. */
enum { PART_F16C, PART_FP16, PART_BF16, PARTS };
static const char *const part_names[PARTS] = {"f16c", "avx512fp16", "avx512bf16"};

static int part_named(const char *name)
{
    int part = PARTS - 1;
    while (part >= 0 && strcmp(name, part_names[part]))
        part--;
    return part;
}

/* Whether processor and operating system have what the part needs. */
static bool has(int part)
{
    if (part == PART_F16C)
        return vprec_cpu_detect() >= VPREC_LEVEL_AVX2; /* which includes it */
    return vprec_cpu_detect() == VPREC_LEVEL_AVX512 && (part == PART_FP16 ? leaf7(0, 3, 23) : leaf7(1, 0, 5));
}

int main(int argc, char **argv)
{
    bool all = argc > 2 && !strcmp(argv[2], "--all");
    int part = argc > 1 ? part_named(argv[1]) : -1;
    const uint64_t floats = UINT64_C(1) << (all ? 32 : 24);
    const task rounding = {.op = VPREC_OP_round, .multiplier = all ? 1 : UINT32_C(0x9e3779b1)};
    uint64_t compared;
    if (part < 0 || argc > 2 + all) {
        fprintf(stderr, "usage: hardware f16c|avx512fp16|avx512bf16 [--all]\n");
        return 2;
    }
    if (!has(part)) {
        printf("this processor has no %s\n", part_names[part]);
        return 77;
    }
    if (part == PART_FP16)
        compared = MODES * arithmetic(all);
    else if (part == PART_F16C)
        compared = MODES * sweep(f16c, rounding, floats, all ? 1 : 4, part_names[part], 0, 1);
    else
        compared = sweep(bf16, rounding, floats, all ? 1 : 4, part_names[part], 0, 1);
    printf("%s: %llu results compared, %llu differences\n", part_names[part], (unsigned long long)compared,
           (unsigned long long)sweep_differences());
    return sweep_differences() > 0;
}
