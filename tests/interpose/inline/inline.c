/* SPDX-License-Identifier: Apache-2.0
 * inline.c: the inline code of one level (sse2, avx2, avx512) against the
 * emulator, bit for bit in the whole state: vectors, opmasks, general registers,
 * flags, the red zone; and no invalid or zero-divide flag that the native
 * instruction does not raise. Usage: inline_test LEVEL */
#include "cases.h"
#include "x86/emulate/step.h"
#include "emulator_call.h"
#include "runtime/draws.h"
#include "operands.h"
#include "x86/round/round.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FAILURES_SHOWN = 12, RED_ZONE = 128, ORIGINAL = 4096 - 64 };
enum { ALARMS = 1 << 0 | 1 << 2 }; /* MXCSR's flags invalid and zero-divide */

static const struct {
    const char *text[VPREC_TYPES]; /* f32, f64 */
    bool fast;
    vprec_mode mode; /* nearest even unless given */
} formats[] = {
    {{"e8m10", "e11m40"}, false}, {{"e5m10", "e5m10"}, false},  {{"e8m7", "e8m23"}, false},  {{"e4m3fn", "e11m50"}, false},
    {{"e8m20", "e11m51"}, false}, {{"e8m22", "e11m10"}, false}, {{"e8m15", "e4m3fn"}, false}, {{"e8m23", "e11m52"}, false},
    {{"e7m16", "e10m50"}, false}, {{"e5m2", "e8m7"}, false},    {{"e5m10:nosub", "e8m23:nosub"}, false},
    {{"e4m3fnuz", "e5m2fnuz"}, false}, {{"e3m2fn", "e2m1fn"}, false}, {{"e4m3fn:sat", "e11m1"}, false},
    {{"e8m10", "e5m10"}, true},   {{"e5m10", "e11m40"}, true},
    {{"e8m10", "e11m51"}, false, VPREC_RTZ}, {{"e5m10", "e4m3fn"}, false, VPREC_RTZ}, {{"e8m23", "e11m52"}, false, VPREC_RTZ},
    {{"e8m22", "e11m40"}, false, VPREC_RU},  {{"e5m10", "e3m2fn"}, false, VPREC_RU},  {{"e8m23", "e11m52"}, false, VPREC_RU},
    {{"e8m7", "e11m50"}, false, VPREC_RD},   {{"e4m3fn:sat", "e8m7"}, false, VPREC_RD}, {{"e8m23", "e5m10:nosub"}, false, VPREC_RD},
    {{"e8m22", "e11m40"}, false, VPREC_RNA}, {{"e5m10", "e4m3fn"}, false, VPREC_RNA}, {{"e7m16", "e2m1fn"}, false, VPREC_RNA},
    {{"e8m22", "e11m40"}, false, VPREC_RTO}, {{"e5m10", "e4m3fn"}, false, VPREC_RTO}, {{"e4m3fnuz", "e10m50"}, false, VPREC_RTO},
    {{"e8m10", "e11m40"}, false, VPREC_SR},  {{"e8m22", "e11m51"}, false, VPREC_SR},  {{"e8m5", "e11m20"}, false, VPREC_SR},
    {{"e8m10", "e11m10"}, true, VPREC_SR},
    {{"e8m15", "e5m10"}, true, VPREC_RU},    {{"e5m10", "e11m40"}, true, VPREC_RTO},
};

static uint8_t *data; /* 128 bytes before an inaccessible page, in the low 2 GB */
static vprec_constants *constants;
static uint8_t *often;
static enum vprec_isa isa;
static vprec_vec ties;
static uint64_t code_rsp, trials = 6;
static size_t longest;
static bool vaes = true;
static unsigned long directions, halved, failures, runs, inlined, emulated, lanes_left, failed_op[VPREC_OPS];
static unsigned format_index;

static uint64_t fs_base(void)
{
    uint64_t base;
    syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
    return base;
}

static void set_vector(machine *m, unsigned reg, const uint8_t bytes[64])
{
    if (reg >= 16) {
        memcpy(m->xsave + machine_offset[7] + 64 * (reg - 16), bytes, 64);
        return;
    }
    memcpy(m->xsave + 160 + 16 * reg, bytes, 16);
    if (machine_offset[2])
        memcpy(m->xsave + machine_offset[2] + 16 * reg, bytes + 16, 16);
    if (machine_offset[6])
        memcpy(m->xsave + machine_offset[6] + 32 * reg, bytes + 32, 32);
}

static bool is_vector(int reg)
{
    return reg >= 0 && reg < 32;
}

static void draw(const vprec_site *s, const vprec_format *format, machine *in)
{
    static uint8_t bytes[3][64];
    uint8_t *operand[3];
    machine_randomise(in, s->from);
    machine_fill(data, 128, s->from);
    for (int i = 0; i < 3; i++) {
        machine_fill(bytes[i], 64, s->from);
        operand[i] = bytes[i];
    }
    unsigned size = vprec_elem_size(s->from);
    operands_fill(s->from, format, operand, s->scalar || s->broadcast ? 1 : s->lanes);
    if (is_vector(s->vvvv))
        set_vector(in, (unsigned)s->vvvv, bytes[1]);
    if (is_vector(s->dst) && s->dst != s->vvvv && s->op != VPREC_OP_CVT)
        set_vector(in, (unsigned)s->dst, bytes[0]);
    if (s->rm == VPREC_REG_MEM) {
        unsigned n = s->scalar || s->broadcast ? size : s->lanes * size;
        memcpy(data + 128 - n, bytes[2], n);
    } else if (s->rm >= VPREC_REG_GPR) {
        memcpy(&in->gpr[s->rm - VPREC_REG_GPR], bytes[2], 8);
    } else {
        set_vector(in, (unsigned)s->rm, bytes[2]);
    }
}

static void show(const instruction *i, const vprec_site *s, const machine *in, const char *difference)
{
    printf("%s %s, mode %d, %s%s, mxcsr %#x, k %#lx\n", formats[format_index].text[0], formats[format_index].text[1],
           formats[format_index].mode,
           isa == VPREC_ISA_SSE2 ? "sse2" : isa == VPREC_ISA_AVX2 ? "avx2" : "avx512",
           formats[format_index].fast ? ", fast" : "", machine_mxcsr(in), machine_mask(in, s->mask));
    cases_print(i, s);
    for (int n = 0; n < 3; n++) {
        int reg = n == 0 ? s->dst : n == 1 ? s->vvvv : s->rm;
        uint8_t x[64];
        if (!is_vector(reg))
            continue;
        machine_vector(in, (unsigned)reg, x);
        printf("    zmm%-2d was      ", reg);
        for (int j = 15; j >= 0; j--)
            printf(" %08x", ((uint32_t *)x)[j]);
        printf("\n");
    }
    if (s->rm == VPREC_REG_MEM) {
        printf("    memory ends    ");
        for (int j = 15; j >= 0; j--)
            printf(" %08x", ((uint32_t *)(data + 64))[j]);
        printf("\n");
    }
    printf("    %s\n", difference);
}

/* Runs the code with `red` (if not NULL) in its red zone. Whether that is still there after it. */
__attribute__((noipa)) static bool run(const machine *in, machine *out, const uint8_t *code, const uint8_t *red)
{
    volatile uint8_t *zone = (volatile uint8_t *)(code_rsp - RED_ZONE);
    bool kept = true;
    for (int i = 0; red && i < RED_ZONE; i++)
        zone[i] = red[i];
    machine_run(in, out, code);
    for (int i = 0; red && i < RED_ZONE - 16; i++) /* machine_run pushes onto the highest bytes */
        kept &= zone[i] == red[i];
    return kept;
}

/* The operand goes into the red zone: [rsp + disp]. */
static void move_to_stack(vprec_site *s, uint8_t *red)
{
    unsigned size = vprec_elem_size(s->from), n = s->scalar || s->broadcast ? size : s->lanes * size;
    uint64_t at = (code_rsp - RED_ZONE + 63) & ~UINT64_C(63);
    memcpy(red + (at - (code_rsp - RED_ZONE)), data + 128 - n, n);
    s->mem = (vprec_mem){.base = 4, .index = VPREC_MEM_NONE, .scale = 1, .size = s->mem.size,
                         .disp = (int64_t)(at - code_rsp)};
}

/* The words that the emulator will draw next, for inline code that takes the lower half of its neighbour's. */
static void share_words(vprec_type type)
{
    static const unsigned fraction[VPREC_TYPES] = {23, 52}, bits[VPREC_TYPES] = {32, 64};
    vprec_thread before = vprec_noise_here;
    union {
        uint32_t words[VPREC_NOISE_VECTOR];
        uint64_t pairs[VPREC_NOISE_VECTOR / 2];
    } drawn;
    vprec_noise_words(drawn.words);
    unsigned shift = bits[type] - (fraction[type] - vprec_arith_current.format[type].fbits);
    for (int i = 0; i < VPREC_NOISE_VECTOR && type == VPREC_F32; i++)
        drawn.words[i] >>= shift;
    for (int i = 0; i < VPREC_NOISE_VECTOR / 2 && type == VPREC_F64; i++)
        drawn.pairs[i] >>= shift;
    vprec_noise_here = before;
    memcpy(vprec_noise_here.words, drawn.words, sizeof drawn.words);
}

/* The number m * 2^e of the elements' type. */
static uint64_t element(bool f64, double m, int e)
{
    double wide = ldexp(m, e);
    float narrow = (float)wide;
    uint64_t bits = 0;
    if (f64)
        memcpy(&bits, &wide, 8);
    else
        memcpy(&bits, &narrow, 4);
    return bits;
}

/* Operands whose result lies just below the least normal number, or on it: (1+u)(1-u) is 1-u^2. */
static void draw_tiny(const vprec_site *s, machine *in)
{
    bool f64 = s->to == VPREC_E_F64, widen = s->from == VPREC_E_F64;
    int least = f64 ? -1022 : -126;
    double u = f64 ? 0x1p-52 : 0x1p-23;
    unsigned size = vprec_elem_size(s->from);
    uint8_t bytes[3][64] = {{0}};
    vprec_fma_form form = vprec_site_fma(s);
    if (s->rm >= VPREC_REG_GPR && s->rm != VPREC_REG_MEM)
        return;
    for (unsigned i = 0; i < 64 / size; i++) {
        uint64_t r = machine_random();
        double sign = r & 1 ? -1 : 1;
        uint64_t x = element(f64, sign * (1 + u), least / 2), zero = 0;
        uint64_t y = element(f64, 2 - 2 * u, least - least / 2 - 1);
        if (r & 2)
            x = element(f64, sign, least / 2);
        if (s->op == VPREC_OP_CVT)
            x = zero, y = element(widen, sign * (r & 2 ? 1 - 0x1p-30 : 1 - 0x1p-24), -126);
        uint64_t of[3] = {zero, x, y};
        if (s->op == VPREC_OP_FMA)
            of[form.c] = zero, of[form.a] = x, of[form.b] = y;
        for (int n = 0; n < 3; n++)
            memcpy(bytes[n] + i * size, &of[n], size);
    }
    if (is_vector(s->dst))
        set_vector(in, (unsigned)s->dst, bytes[0]);
    if (is_vector(s->vvvv))
        set_vector(in, (unsigned)s->vvvv, bytes[1]);
    if (s->rm == VPREC_REG_MEM) {
        unsigned n = s->scalar || s->broadcast ? size : s->lanes * size;
        memcpy(data + 128 - n, bytes[2], n);
    } else {
        set_vector(in, (unsigned)s->rm, bytes[2]);
    }
}

static void visit(const instruction *i, const vprec_site *drawn)
{
    static machine in, want, got, native;
    static uint8_t red[RED_ZONE];
    vprec_site site = *drawn;
    if (isa != VPREC_ISA_AVX512 && (site.encoding == VPREC_EVEX || (site.encoding == VPREC_VEX && isa == VPREC_ISA_SSE2)))
        return;
    uint8_t *code = machine_code();
    machine_randomise(&in, site.from);
    machine_code_open();
    code[0] = 0xC3;
    machine_code_seal();
    run(&in, &got, code, NULL);
    code_rsp = got.gpr[4]; /* the same for every call of run() from here */
    uint64_t original = (uint64_t)code + ORIGINAL;
    bool stack = site.rm == VPREC_REG_MEM && machine_random() % 4 == 0;
    vprec_arith_current.keeps_direction = machine_random() & 1;
    vprec_arith_current.minds_mxcsr = vprec_arith_current.keeps_direction || (machine_random() & 1);
    for (uint64_t t = 0; t < trials; t++) {
        vprec_type type = site.to == VPREC_E_F64 ? VPREC_F64 : VPREC_F32;
        draw(&site, &vprec_arith_current.format[type], &in);
        in.gpr[3] = in.gpr[12] = (uint64_t)data;
        in.gpr[9] = 0;
        in.gpr[13] = (uint64_t)data - fs_base();
        uint64_t r = machine_random();
        uint32_t mxcsr = 0x1f80;
        if (vprec_arith_current.minds_mxcsr && r % 4 == 0) {
            mxcsr |= (r >> 8 & 1 ? 0x40 : 0) | (r >> 9 & 1 ? 0x8000 : 0);
            if (r >> 11 & 1)
                draw_tiny(&site, &in);
        }
        if (vprec_arith_current.keeps_direction && (r >> 21 & 1)) {
            mxcsr |= (uint32_t)(r >> 22 & 3) << 13; /* the program's, for other types */
            directions += r >> 22 & 3 ? 1 : 0;
        }
        machine_set_mxcsr(&in, mxcsr);
        machine_fill(red, RED_ZONE, site.from);
        if (stack)
            move_to_stack(&site, red);

        vprec_code c = {.at = code, .end = code + ORIGINAL};
        uint32_t named = 0;
        for (int n = 0; n < 3; n++) {
            int reg = n == 0 ? site.dst : n == 1 ? site.vvvv : site.rm;
            named |= is_vector(reg) ? 1u << reg : 0;
        }
        int shared = r >> 10 & 1 ? 1 + (int)type : 0, halves = shared, turn[2] = {(int)(r >> 32 & 15), (int)(r >> 36 & 7)};
        bool clear_upper = r >> 47 & 1;
        vprec_round_context context = {
            .arith = &vprec_arith_current, .isa = isa, .constants = constants,
            .free_vectors = (r & 1 ? (uint32_t)machine_random() & (uint32_t)machine_random() : 0) & ~named,
            .free_masks = r & 2 ? 0xFE & (uint32_t)machine_random() & ~(1u << site.mask) : 0,
            .aes = vaes, .halves = &halves, .turn = turn, .clear_upper = clear_upper,
            .zmm = machine_offset[6], .ties = &ties, .enter = enter, .enter_data = &c,
            .flags_free = r >> 40 & 1, .often = r >> 41 & 3 ? often : NULL,
        };
        *often = (uint8_t)((r >> 43 & 3) << 6 | (r >> 45 & 1) << 1);
        machine_code_open();
        memset(code, 0xCC, 4096);
        machine_place(&site, original, code + ORIGINAL);
        code[ORIGINAL + site.length] = 0xC3;
        if (!vprec_round_emit(&c, &site, &context)) {
            emulated += t == 0;
            return;
        }
        inlined += t == 0;
        vprec_emit_u8(&c, 0xC3);
        vprec_round_emit_ties(&c, &context);
        machine_code_seal();
        size_t bytes = (size_t)(c.at - code);
        longest = bytes > longest ? bytes : longest;
        if (bytes > vprec_round_room(&vprec_arith_current, isa)) {
            failures++;
            show(i, &site, &in, "the code is longer than vprec_round_room() says");
            return;
        }
        if (c.full) {
            failures++;
            show(i, &site, &in, "the code did not fit");
            return;
        }

        want = in;
        vprec_cpu cpu = {.rflags = in.flags, .xsave = want.xsave};
        memcpy(cpu.gpr, in.gpr, sizeof cpu.gpr);
        cpu.gpr[4] = code_rsp;
        if (stack) { /* where the same bytes are */
            unsigned size = vprec_elem_size(site.from), n = site.scalar || site.broadcast ? size : site.lanes * size;
            cpu.gpr[4] = (uint64_t)data + 128 - n - (uint64_t)site.mem.disp;
        }
        if (vprec_arith_current.mode == VPREC_SR)
            share_words(type);
        vprec_thread noise = vprec_noise_here;
        vprec_emulate(&site, &cpu, &vprec_arith_current, NULL);
        vprec_noise_here = noise;
        memcpy(want.gpr, cpu.gpr, sizeof cpu.gpr);
        want.gpr[4] = code_rsp;
        want.flags = cpu.rflags;

        unsigned long before = left[type].ops[site.op];
        bool kept = run(&in, &got, code, red);
        if (context.flags_free)
            got.flags = want.flags;
        if (clear_upper && site.encoding == VPREC_LEGACY && is_vector(site.dst)) {
            uint8_t whole[64], low[64];
            machine_vector(&want, (unsigned)site.dst, whole);
            machine_vector(&got, (unsigned)site.dst, low);
            memcpy(whole, low, 16);
            set_vector(&got, (unsigned)site.dst, whole);
        }
        if (shared != halves)
            halved++;
        lanes_left += left[type].ops[site.op] - before;
        runs++;
        for (unsigned reg = 0; reg < 32; reg++)
            if (context.free_vectors >> reg & 1) {
                uint8_t x[64];
                machine_vector(&want, reg, x);
                if (reg < 16 || (machine_components & 0x80))
                    set_vector(&got, reg, x);
            }
        if (machine_offset[5])
            for (unsigned k = 0; k < 8; k++)
                if (context.free_masks >> k & 1)
                    memcpy(got.xsave + machine_offset[5] + 8 * k, want.xsave + machine_offset[5] + 8 * k, 8);
        native = in;
        run(&in, &native, code + ORIGINAL, red);
        const char *difference = kept ? machine_difference(&want, &got, 0x3f) : "the red zone was overwritten";
        if (!difference && machine_mxcsr(&got) & ~machine_mxcsr(&native) & ALARMS)
            difference = "the invalid or zero-divide flag was set, which the native instruction leaves alone";
        if (difference && failed_op[site.op]++ < 3 && failures < 100)
            show(i, &site, &in, difference);
        failures += difference != NULL;
    }
}

static bool has_level(void)
{
    uint32_t a, b, c, d, b7;
    __cpuid_count(7, 0, a, b7, c, d);
    __cpuid(1, a, b, c, d);
    bool avx2 = (machine_components & 4) && (c & bit_FMA) && (b7 & bit_AVX2);
    if (isa == VPREC_ISA_AVX512 && !__builtin_cpu_supports("vaes"))
        vaes = false;
    bool avx512 = (machine_components & 0xE6) == 0xE6 && (b7 & bit_AVX512F) && (b7 & bit_AVX512VL) &&
                  (b7 & bit_AVX512DQ) && (b7 & bit_AVX512BW);
    return isa == VPREC_ISA_AVX512 ? avx512 : isa == VPREC_ISA_AVX2 ? avx2 : true;
}

int main(int argc, char **argv)
{
    static const char *const levels[] = {"sse2", "avx2", "avx512"};
    const char *scale = getenv("VPREC_TEST_SCALE");
    trials *= scale && atoi(scale) > 0 ? (uint64_t)atoi(scale) : 1;
    for (isa = VPREC_ISA_SSE2; isa <= VPREC_ISA_AVX512; isa++)
        if (argc == 2 && !strcmp(argv[1], levels[isa]))
            break;
    if (isa > VPREC_ISA_AVX512) {
        printf("usage: inline_test sse2|avx2|avx512\n");
        return 2;
    }
    if (!machine_detect() || !has_level()) {
        printf("the processor has no %s\n", argv[1]);
        return 77;
    }
    vprec_xsave_detect();
    vprec_counters = left_of_site;
    vprec_noise_start(1, 0);
    uint8_t *pages = mmap(NULL, 4 * 4096 + sizeof *constants, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE)) {
        perror("mmap");
        return 1;
    }
    data = pages + 4096 - 128;
    often = pages + 2 * 4096;
    constants = (vprec_constants *)(pages + 3 * 4096);
    ties = (vprec_vec){.size = vprec_round_tie_size(isa)};
    for (format_index = 0; format_index < sizeof formats / sizeof *formats; format_index++) {
        vprec_arith_current = (vprec_arith){.use = {VPREC_USE_FORMAT, VPREC_USE_FORMAT}, .mode = formats[format_index].mode,
                                            .round = VPREC_ROUND_RESULTS, .ops = VPREC_OPS_ALL,
                                            .fast = formats[format_index].fast};
        for (int type = 0; type < VPREC_TYPES; type++) {
            char message[160];
            if (vprec_format_parse(formats[format_index].text[type], type, &vprec_arith_current.format[type], message,
                                   sizeof message)) {
                printf("%s\n", message);
                return 1;
            }
        }
        for (int type = 0; type < VPREC_TYPES; type++) /* as many bits as are dropped: inline */
            vprec_arith_current.bits[type] = (type ? 52 : 23) - vprec_arith_current.format[type].fbits;
        vprec_round_constants(constants, &vprec_arith_current);
        cases_each(data, visit);
    }
    printf("%lu sites inline, %lu left to the emulator, %lu comparisons (%lu lanes by way of the emulator), "
           "%lu with half a word, %lu failed; at most %zu bytes\n",
           inlined, emulated, runs, lanes_left, halved, failures, longest);
    if (directions < 1000) {
        printf("only %lu comparisons under another direction\n", directions);
        return 1;
    }
    return failures || !inlined || (isa == VPREC_ISA_AVX512 && vaes && !halved);
}
