/* SPDX-License-Identifier: Apache-2.0
 * matrix.c: runs every generated function twice on the same state: in the
 * native library, which gives masked, upper and untouched parts, and in the
 * victim library, which vprec-run instruments. The result lanes come from the
 * oracle. Any difference in any register, flag, mask or stack byte is an error. */
#include "matrix.h"
#include "expect.h"
#include "sample.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

extern const matrix_library matrix_sse_native, matrix_sse_victim, matrix_avx_native, matrix_avx_victim,
    matrix_avx512_native, matrix_avx512_victim;

static const matrix_case sse_cases[] = {
#include "sse.table"
};
static const matrix_case avx_cases[] = {
#include "avx.table"
};
static const matrix_case avx512_cases[] = {
#include "avx512.table"
};

static const struct {
    const char *name;
    const matrix_case *cases;
    size_t count;
    const matrix_library *native, *victim;
    int registers, bytes;
} styles[MATRIX_STYLES] = {
    {"sse", sse_cases, sizeof sse_cases / sizeof *sse_cases, &matrix_sse_native, &matrix_sse_victim, 16, 16},
    {"avx", avx_cases, sizeof avx_cases / sizeof *avx_cases, &matrix_avx_native, &matrix_avx_victim, 16, 32},
    {"avx512", avx512_cases, sizeof avx512_cases / sizeof *avx512_cases, &matrix_avx512_native, &matrix_avx512_victim,
     32, 64},
};

static uint32_t extra_mxcsr; /* FTZ, DAZ, a rounding direction */
static uint32_t lost_mxcsr;  /* of those bits: what does not take effect, the direction where a format is in use */

/* Two accessible pages below 2 GB, the next one not: operands end at its edge. */
static uint8_t *page;
enum { PAGE = 4096 };

/* Places the memory operand, fills it, sets the registers that address it.
 * Returns where its bytes are for the expectation. May narrow the mask so that
 * lanes beyond the edge, which must not be read, are masked off. */
static uint8_t *place(const matrix_case *c, matrix_state *state, const oracle_format *format, int style)
{
    uint8_t *edge = page + 2 * PAGE, *at;
    uint64_t address, index = sample_next();

    if (c->form == MATRIX_RIP) {
        sample_fill(styles[style].native->operand + c->disp, c->bytes, c->from, format);
        memcpy(styles[style].victim->operand + c->disp, styles[style].native->operand + c->disp, c->bytes);
        return styles[style].native->operand + c->disp;
    }
    if (c->form == MATRIX_STACK) {
        at = state->window + 128 + c->disp;
        sample_fill(at, c->bytes, c->from, format);
        return at;
    }
    at = edge - c->bytes;
    if (c->form == MATRIX_INDEX_ONLY)
        at -= (uintptr_t)(at - c->disp) % 8;
    else if (sample_next() % 2)
        at -= c->aligned ? sample_next() % 8 * c->bytes : sample_next() % 512;
    else if (c->mask && !c->broadcast) {
        /* Only the first lanes lie on the page. */
        int element = c->bytes / c->lanes, lanes = (int)(sample_next() % (c->lanes + 1u));
        at = edge - lanes * element;
        state->mask[c->mask] &= ((UINT64_C(1) << lanes) - 1) | ~((UINT64_C(1) << c->lanes) - 1);
    }
    sample_fill(at, at + c->bytes > edge ? (size_t)(edge - at) : c->bytes, c->from, format);
    address = (uintptr_t)at - (uint64_t)(int64_t)c->disp;
    if (c->form == MATRIX_FS)
        address -= (uintptr_t)__builtin_thread_pointer();
    if (c->index != MATRIX_NONE) {
        if (c->base == MATRIX_NONE)
            index = address / c->scale;
        else
            address -= index * c->scale;
        state->gpr[c->index] = index;
    }
    if (c->base != MATRIX_NONE)
        state->gpr[c->base] = c->form == MATRIX_ADDRESS32 ? (uint32_t)address | sample_next() << 32 : address;
    return at;
}

static void fill_state(const matrix_case *c, matrix_state *state, const oracle_format *format)
{
    uint64_t *words = (uint64_t *)state;

    for (size_t k = 0; k < sizeof *state / 8; k++)
        words[k] = sample_next();
    /* CF PF AF ZF SF OF, and now and then DF; bit 1 is always set, IF stays set. */
    state->rflags = (state->rflags & 0x8d5) | 0x202 | (sample_next() % 16 == 0 ? 0x400 : 0);
    state->mxcsr = 0x1f80 | extra_mxcsr;
    state->pad = 0;
    for (int k = 0; k < 3; k++) {
        uint8_t from = k == 0 ? c->a : k == 1 ? c->b : c->c;
        if (from < MATRIX_GPR)
            sample_fill(state->vector[from], 64, c->from, format);
        else if (from < MATRIX_MEM)
            sample_fill((uint8_t *)&state->gpr[from - MATRIX_GPR], 8, c->from, format);
    }
    if (c->op == MATRIX_FMA)
        sample_relate(c, state);
}

static void print_lanes(const char *what, const uint8_t *bytes, const matrix_case *c, int type)
{
    int size = type == ORACLE_F32 || type == ORACLE_I32 || type == ORACLE_U32 ? 4 : 8;

    printf("  %-8s", what);
    for (int k = 0; k < c->lanes; k++) {
        uint64_t v = 0;
        memcpy(&v, bytes + k * size, (size_t)size);
        printf(" %0*llx", 2 * size, (unsigned long long)v);
    }
    putchar('\n');
}

static void explain(const matrix_case *c, const matrix_state *in, const matrix_state *want, const matrix_state *have,
                    const uint8_t *memory, const char *what, uint64_t seed)
{
    printf("%s: %s differs (seed of the data %llu, mask %llx)\n", c->text, what, (unsigned long long)seed,
           c->mask ? (unsigned long long)in->mask[c->mask] : 0);
    for (int k = 0; k < 3; k++) {
        uint8_t from = k == 0 ? c->a : k == 1 ? c->b : c->c;
        if (from < MATRIX_GPR)
            print_lanes(k == 0 ? "a" : k == 1 ? "b" : "c", in->vector[from], c, c->from);
        else if (from < MATRIX_MEM)
            printf("  gpr      %016llx\n", (unsigned long long)in->gpr[from - MATRIX_GPR]);
        else if (from == MATRIX_MEM && !c->mask)
            print_lanes("memory", memory, c, c->from);
    }
    print_lanes("dst was", in->vector[c->dst], c, c->to);
    print_lanes("want", want->vector[c->dst], c, c->to);
    print_lanes("have", have->vector[c->dst], c, c->to);
    for (int k = 0; k < 64; k += 8)
        if (memcmp(want->vector[c->dst] + k, have->vector[c->dst] + k, 8))
            printf("  dst bytes %d to %d: want %016llx have %016llx\n", k, k + 7,
                   *(const unsigned long long *)(want->vector[c->dst] + k),
                   *(const unsigned long long *)(have->vector[c->dst] + k));
    for (int k = 0; k < 16; k++)
        if (want->gpr[k] != have->gpr[k])
            printf("  gpr %d want %016llx have %016llx\n", k, (unsigned long long)want->gpr[k],
                   (unsigned long long)have->gpr[k]);
    for (int k = 0; k < 32; k++)
        if (k != c->dst && memcmp(want->vector[k], have->vector[k], 64))
            printf("  vector register %d differs\n", k);
    if (want->rflags != have->rflags)
        printf("  rflags want %llx have %llx\n", (unsigned long long)want->rflags, (unsigned long long)have->rflags);
}

/* NULL, or the name of what differs. A NaN that the oracle put into a lane need only be
 * a quiet NaN; a lane of `edges` may also be zero. */
static const char *compare(const matrix_case *c, const matrix_state *want, matrix_state *have, uint64_t oracle_lanes,
                           uint64_t edges)
{
    int size = c->to == ORACLE_F32 ? 4 : 8;

    for (int k = 0; k < c->lanes; k++) {
        uint64_t w = 0, h = 0;
        memcpy(&w, want->vector[c->dst] + k * size, (size_t)size);
        memcpy(&h, have->vector[c->dst] + k * size, (size_t)size);
        if ((oracle_lanes >> k & 1 && oracle_is_nan(c->to, w) && oracle_is_quiet(c->to, h)) ||
            (edges >> k & 1 && !(h << 1 << (64 - 8 * size))))
            memcpy(have->vector[c->dst] + k * size, &w, (size_t)size);
    }
    if (memcmp(want->vector[c->dst], have->vector[c->dst], 64))
        return "the destination";
    if (memcmp(want->vector, have->vector, sizeof want->vector))
        return "another vector register";
    if (memcmp(want->mask, have->mask, sizeof want->mask))
        return "a mask register";
    if (memcmp(want->gpr, have->gpr, sizeof want->gpr))
        return "a general register";
    if (want->rflags != have->rflags)
        return "rflags";
    if (((want->mxcsr & ~lost_mxcsr) ^ have->mxcsr) & ~0x3fu) /* the six flags are not kept up */
        return "mxcsr";
    if (memcmp(want->window, have->window, 128))
        return "the red zone";
    if (memcmp(want->window, have->window, MATRIX_WINDOW))
        return "the stack";
    return NULL;
}

static __attribute__((noinline)) void call(void (*function)(matrix_state *), matrix_state *state)
{
    function(state);
}

/* An approximation's expectation is what the processor makes of the rounded
 * operand: rounds it in `state` and in memory. The native library's own operand
 * (MATRIX_RIP) may stay so: it is written anew for every case. */
static void round_operands(const matrix_case *c, matrix_state *state, uint8_t *memory, const oracle_format format[2])
{
    uint8_t *edge = page + 2 * PAGE;

    if (c->a < MATRIX_GPR)
        expect_round_operand(c, state->vector[c->a], 64, format);
    else if (c->form == MATRIX_STACK)
        expect_round_operand(c, state->window + 128 + c->disp, c->bytes, format);
    else if (c->form == MATRIX_RIP || memory + c->bytes <= edge)
        expect_round_operand(c, memory, c->bytes, format);
    else
        expect_round_operand(c, memory, memory < edge ? (size_t)(edge - memory) : 0, format);
}

/* Puts the processor's approximations of the rounded operands into the result lanes of `want`. */
static void approximate(const matrix_case *c, const matrix_state *in, uint8_t *memory, const oracle_format format[2],
                        void (*function)(matrix_state *), matrix_state *want)
{
    static matrix_state state;
    size_t size = c->to == ORACLE_F32 ? 4 : 8;

    state = *in;
    round_operands(c, &state, memory, format);
    call(function, &state);
    for (int lane = 0; lane < c->lanes; lane++)
        if (!c->mask || in->mask[c->mask] >> lane & 1)
            memcpy(want->vector[c->dst] + (size_t)lane * size, state.vector[c->dst] + (size_t)lane * size, size);
}

static int check(int style, size_t number, const oracle_format format[2], int round, uint64_t seed)
{
    const matrix_case *c = &styles[style].cases[number];
    static matrix_state in, want, have;
    uint8_t before[2 * PAGE], *memory = NULL;
    const char *what;
    uint64_t lanes, edges;
    int changed;

    sample_seed(seed);
    fill_state(c, &in, &format[c->to]);
    if (c->form != MATRIX_NO_MEMORY)
        memory = place(c, &in, &format[c->to], style);
    want = have = in;
    memcpy(before, page, sizeof before);
    /* Nothing between the two: so they find the same stack pointer. */
    call(styles[style].native->functions[number], &want);
    call(styles[style].victim->functions[number], &have);
    changed = memcmp(before, page, sizeof before);
    in.gpr[4] = want.gpr[4]; /* what a conversion from rsp has read */
    if (c->op == MATRIX_APPROX && round & MATRIX_ROUND_OPERANDS && !format[c->to].native) {
        approximate(c, &in, memory, format, styles[style].native->functions[number], &want);
        memcpy(page, before, sizeof before);
    }
    lanes = expect(c, &in, memory, format, round, &want, &edges);
    what = compare(c, &want, &have, lanes, edges);
    if (!what && changed)
        what = "memory";
    if (!what)
        return 0;
    explain(c, &in, &want, &have, memory, what, seed);
    return 1;
}

static int style_of_processor(void)
{
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return MATRIX_AVX512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? MATRIX_AVX : MATRIX_SSE;
}

int main(int argc, char **argv)
{
    const char *spec = "native", *only = "", *style_name = "";
    int rounds = 4, round = MATRIX_ROUND_RESULTS, undirected = 0, option;
    unsigned long long seed = 1, checks = 0, bad = 0;
    oracle_format format[2];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((option = getopt(argc, argv, "f:n:s:o:t:r:ux:")) != -1)
        switch (option) {
        case 'f': spec = optarg; break;
        case 'n': rounds = atoi(optarg); break;
        case 's': seed = strtoull(optarg, NULL, 10); break;
        case 'o': only = optarg; break;
        case 't': style_name = optarg; break;
        case 'x': extra_mxcsr = (uint32_t)strtoul(optarg, NULL, 16); break;
        case 'u': undirected = 1; break;
        case 'r':
            if (!strcmp(optarg, "both"))
                round = MATRIX_ROUND_BOTH;
            else if (!strcmp(optarg, "operands"))
                round = MATRIX_ROUND_OPERANDS;
            break;
        default:
            fprintf(stderr, "usage: matrix [-f FORMAT] [-r results|operands|both] [-n ROUNDS] [-s SEED] "
                            "[-o ONLY-CONTAINING] [-t sse|avx|avx512] [-u: no directed embedded rounding]\n"
                            "              [-x MXCSR-BITS]\n");
            return 2;
        }
    if (!oracle_parse(spec, format)) {
        fprintf(stderr, "matrix: the oracle does not know the format %s\n", spec);
        return 2;
    }
    if (!format[ORACLE_F32].native || !format[ORACLE_F64].native)
        lost_mxcsr = 0x6000;
    page = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (page == MAP_FAILED || mprotect(page + 2 * PAGE, PAGE, PROT_NONE)) {
        perror("matrix: mmap");
        return 2;
    }
    for (int style = 0; style <= style_of_processor(); style++) {
        if (*style_name && strcmp(style_name, styles[style].name))
            continue;
        for (size_t number = 0; number < styles[style].count; number++) {
            const char *text = styles[style].cases[number].text;
            int found = 0;
            if (!strstr(text, only) || (undirected && strstr(text, "-sae") && !strstr(text, "rn-sae")))
                continue;
            for (int k = 0; k < rounds && !found; k++, checks++)
                found = check(style, number, format, round, seed * 1000003 + number * 64 + (uint64_t)k);
            bad += (unsigned)found;
            if (bad == 40) {
                printf("too many differences, stopping\n");
                return 1;
            }
        }
    }
    printf("%llu executions, %llu instructions differ\n", checks, bad);
    return bad || !checks ? 1 : 0;
}
