/* SPDX-License-Identifier: Apache-2.0
 * inline.c: the inline code of Monte Carlo arithmetic on AVX-512 against the
 * library's scalar functions: every result within what the definition allows,
 * the rest of the machine's state that of the emulator, and over many runs of
 * one site mean and standard deviation those of the library. The library is
 * held against MPFR by mca.c. Usage: noise_inline [bounds|moments] */
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

enum { ORIGINAL = 4096 - 64, SAMPLES = 3000, ALARMS = 1 << 0 | 1 << 2 };

static const struct {
    unsigned what, precision[VPREC_TYPES];
} settings[] = {
    {VPREC_NOISE_RESULTS, {24, 53}},
    {VPREC_NOISE_RESULTS, {10, 30}},
    {VPREC_NOISE_RESULTS, {2, 52}},
    {VPREC_NOISE_OPERANDS, {24, 53}},
    {VPREC_NOISE_OPERANDS, {4, 20}},
    {VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS, {24, 53}},
    {VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS, {12, 5}},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static uint8_t *data;
static vprec_constants *constants;
static vprec_vec ties = {0};
static uint64_t code_rsp, trials = 4;
static bool moments, ftz, daz;
static unsigned setting;
static size_t longest;
static unsigned long sites, runs, failures, compared, lanes_run, lanes_left, needless, shown;

static bool is_vector(int reg)
{
    return reg >= 0 && reg < 32;
}

static void set_vector(machine *m, unsigned reg, const uint8_t bytes[64])
{
    if (reg >= 16) {
        memcpy(m->xsave + machine_offset[7] + 64 * (reg - 16), bytes, 64);
        return;
    }
    memcpy(m->xsave + 160 + 16 * reg, bytes, 16);
    memcpy(m->xsave + machine_offset[2] + 16 * reg, bytes + 16, 16);
    memcpy(m->xsave + machine_offset[6] + 32 * reg, bytes + 32, 32);
}

/* What cannot be drawn by operands_fill: numbers in the middle, of many and few bits, cancelling or not. */
static void tame(uint8_t bytes[3][64], unsigned size)
{
    for (unsigned i = 0; i < 64; i += size)
        for (int j = 0; j < 3; j++) {
            double x = (double)(machine_random() >> (machine_random() % 2 ? 11 : 44));
            x = ldexp(x, -(int)(machine_random() % 60));
            x = x * (machine_random() % 2 ? 1 : -1);
            float f = (float)x;
            if (size == 4)
                memcpy(bytes[j] + i, &f, 4);
            else
                memcpy(bytes[j] + i, &x, 8);
            if (j && machine_random() % 8 == 0) {
                memcpy(bytes[j] + i, bytes[j - 1] + i, size);
                bytes[j][i] ^= (uint8_t)(machine_random() & 1);
                bytes[j][i + size - 1] ^= 0x80;
            }
        }
}

static void draw(const vprec_site *s, machine *in, bool plain)
{
    static uint8_t bytes[3][64];
    uint8_t *operand[3] = {bytes[0], bytes[1], bytes[2]};
    unsigned size = vprec_elem_size(s->from), n = s->scalar || s->broadcast ? 1 : s->lanes;
    machine_randomise(in, s->from);
    machine_fill(data, 128, s->from);
    for (int i = 0; i < 3; i++)
        machine_fill(bytes[i], 64, s->from);
    if (plain)
        tame(bytes, size);
    else
        operands_fill(s->from, &vprec_arith_current.format[size == 8], operand, n);
    if (is_vector(s->vvvv))
        set_vector(in, (unsigned)s->vvvv, bytes[1]);
    if (s->dst != s->vvvv)
        set_vector(in, (unsigned)s->dst, bytes[0]);
    if (s->rm == VPREC_REG_MEM)
        memcpy(data + 128 - n * size, bytes[2], n * size);
    else
        set_vector(in, (unsigned)s->rm, bytes[2]);
    in->gpr[3] = in->gpr[12] = (uint64_t)data;
    in->gpr[9] = 0;
    uint64_t fs;
    syscall(SYS_arch_prctl, ARCH_GET_FS, &fs);
    in->gpr[13] = (uint64_t)data - fs;
}

/* Lane `i` of the operand in `reg`. */
static double element(const vprec_site *s, const machine *in, int reg, unsigned i)
{
    uint8_t x[64];
    unsigned size = vprec_elem_size(s->from);
    uint64_t bits = 0;
    if (reg == VPREC_REG_MEM) {
        unsigned n = s->scalar || s->broadcast ? 1 : s->lanes;
        memcpy(&bits, data + 128 - n * size + (n == 1 ? 0 : i * size), size);
    } else {
        machine_vector(in, (unsigned)reg, x);
        memcpy(&bits, x + i * size, size);
    }
    double r = vprec_widen(size == 8, bits);
    return daz && fabs(r) < (size == 8 ? 0x1p-1022 : 0x1p-126) ? copysign(0, r) : r;
}

typedef struct operation {
    unsigned op;
    double x[3];
} operation;

static operation operation_of(const vprec_site *s, const machine *in, unsigned i)
{
    int first = s->vvvv >= 0 ? s->vvvv : s->dst;
    operation o = {s->op, {element(s, in, first, i), element(s, in, s->rm, i), 0}};
    if (s->op == VPREC_OP_SQRT)
        o.x[0] = o.x[1];
    if (s->op == VPREC_OP_FMA) {
        vprec_fma_form f = vprec_site_fma(s);
        int reg[] = {s->dst, s->vvvv, s->rm};
        o.x[0] = element(s, in, reg[f.a], i) * (f.negate_product ? -1 : 1);
        o.x[1] = element(s, in, reg[f.b], i);
        o.x[2] = element(s, in, reg[f.c], i) * (f.negate_addend ? -1 : 1);
    }
    return o;
}

static double library(const operation *o, vprec_type type, const uint64_t words[4])
{
    vprec_format format = vprec_arith_current.format[type];
    format.flags |= ftz ? VPREC_NOSUB : 0;
    const vprec_format *f = &format;
    const vprec_noise *n = &vprec_arith_current.noise[type];
    const double *x = o->x;
    switch (o->op) {
    case VPREC_OP_ADD:
        return vprec_add_mca(x[0], x[1], f, n, words);
    case VPREC_OP_SUB:
        return vprec_sub_mca(x[0], x[1], f, n, words);
    case VPREC_OP_MUL:
        return vprec_mul_mca(x[0], x[1], f, n, words);
    case VPREC_OP_DIV:
        return vprec_div_mca(x[0], x[1], f, n, words);
    case VPREC_OP_SQRT:
        return vprec_sqrt_mca(x[0], f, n, words);
    default:
        return vprec_fma_mca(x[0], x[1], x[2], f, n, words);
    }
}

/* Least and greatest result: monotone in every word, so among all extreme ones. Returns whether all have one sign. */
static bool bounds(const operation *o, vprec_type type, double *low, double *high)
{
    unsigned negative = 0;
    *low = INFINITY;
    *high = -INFINITY;
    for (unsigned corner = 0; corner < 16; corner++) {
        uint64_t words[4];
        for (unsigned i = 0; i < 4; i++) {
            bool up = corner >> i & 1;
            words[i] = (UINT64_C(1) << 63) - up;
            if (i) /* a little less: operands at the very end might have a root that is exact */
                words[i] += up ? -12345 : 12345;
        }
        double r = library(o, type, words);
        *low = fmin(*low, r);
        *high = fmax(*high, r);
        negative += signbit(r) != 0;
    }
    return negative % 16 == 0;
}

static double step(double x, double to, vprec_type type)
{
    return type ? nextafter(x, to) : (double)nextafterf((float)x, (float)to);
}

/* What the processor's own form may lose beyond the definition's bounds: nothing in mode rr at full precision. */
static bool allowed(const operation *o, vprec_type type, double r)
{
    double low, high;
    bool one_sign = bounds(o, type, &low, &high);
    if (r >= low && r <= high)
        return low != high || !one_sign || !signbit(r) == !signbit(low);
    unsigned t = settings[setting].precision[type], p = type ? 53 : 24;
    bool results = settings[setting].what == VPREC_NOISE_RESULTS;
    if (results && (t == p || (o->op != VPREC_OP_DIV && o->op != VPREC_OP_SQRT)))
        return false;
    double slack = results ? 0 : (high - low) * 0x1p-9;
    if (settings[setting].what == (VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS) && ilogb(low) != ilogb(high))
        slack +=
            ldexp(1, (ilogb(low) > ilogb(high) ? ilogb(low) : ilogb(high)) - (int)t); /* noise grows with binades */
    return r >= step(low, -INFINITY, type) - slack && r <= step(high, INFINITY, type) + slack;
}

static bool active(const vprec_site *s, const machine *in, unsigned i)
{
    return !s->mask || (machine_mask(in, s->mask) >> i & 1);
}

static void complain(const instruction *i, const vprec_site *s, const char *what, unsigned lane, const operation *o,
                     double r, double a, double b)
{
    failures++;
    if (shown++ >= 40)
        return;
    printf("what %u, t %u/%u: %s, lane %u of %a %a %a: got %a; %a %a: ", settings[setting].what,
           settings[setting].precision[0], settings[setting].precision[1], what, lane, o->x[0], o->x[1], o->x[2], r, a,
           b);
    cases_print(i, s);
}

typedef struct sums {
    double s1, s2, s3, s4;
} sums;

static void add(sums *s, double x)
{
    s->s1 += x;
    s->s2 += x * x;
    s->s3 += x * x * x;
    s->s4 += x * x * x * x;
}

/* Mean, variance, and the variance's own. */
static void finish(const sums *s, double *mean, double *variance, double *of_variance)
{
    double n = SAMPLES, m = s->s1 / n, v = s->s2 / n - m * m;
    double m4 = s->s4 / n - 4 * m * s->s3 / n + 6 * m * m * s->s2 / n - 3 * m * m * m * m;
    *mean = m;
    *variance = v;
    *of_variance = (m4 - v * v) / n;
}

/* Five standard deviations of the difference (there are 10^5 comparisons), and what a few rare samples make. */
static bool same_moments(const sums *a, const sums *b)
{
    double ma, va, wa, mb, vb, wb, rare = 12.0 / SAMPLES;
    finish(a, &ma, &va, &wa);
    finish(b, &mb, &vb, &wb);
    return fabs(ma - mb) <= 5 * sqrt((va + vb) / SAMPLES) + rare * 0.5 * (va + vb < 0.02) + 1e-3 &&
           fabs(va - vb) <= 5 * sqrt(fabs(wa + wb)) + rare * 0.5 * (va + vb < 0.02) + 1e-3;
}

/* The processor takes the product for zero: inline code sees no inexact sum. */
static bool flushed(const operation *o, vprec_type type)
{
    double product = fabs(o->x[0] * o->x[1]);
    return ftz && o->op == VPREC_OP_FMA && product && product < (type ? 0x1p-1022 : 0x1p-126);
}

static void compare_moments(const instruction *i, const vprec_site *s, const machine *in, const uint8_t *code)
{
    static machine got;
    vprec_type type = s->to == VPREC_E_F64;
    unsigned lanes = s->scalar ? 1 : s->lanes, size = vprec_elem_size(s->to);
    operation o[16];
    double low[16], high[16];
    sums ours[16] = {0}, theirs[16] = {0};
    for (unsigned l = 0; l < lanes; l++) {
        o[l] = operation_of(s, in, l);
        bounds(&o[l], type, &low[l], &high[l]);
    }
    for (int n = 0; n < SAMPLES; n++) {
        uint8_t x[64];
        machine_run(in, &got, code);
        machine_vector(&got, (unsigned)s->dst, x);
        for (unsigned l = 0; l < lanes; l++) {
            uint64_t bits = 0, words[4] = {machine_random(), machine_random(), machine_random(), machine_random()};
            if (!(high[l] > low[l]) || !active(s, in, l) || isinf(low[l]) || isinf(high[l]) || flushed(&o[l], type))
                continue;
            memcpy(&bits, x + l * size, size);
            add(&ours[l], (vprec_widen(type, bits) - low[l]) / (high[l] - low[l]));
            add(&theirs[l], (library(&o[l], type, words) - low[l]) / (high[l] - low[l]));
        }
    }
    for (unsigned l = 0; l < lanes; l++) {
        compared += ours[l].s1 != 0;
        if (!same_moments(&ours[l], &theirs[l])) {
            double ma, va, mb, vb, w;
            finish(&ours[l], &ma, &va, &w);
            finish(&theirs[l], &mb, &vb, &w);
            printf("mean %.4f, library %.4f; variance %.5f, library %.5f of the bounds' distance: ", ma, mb, va, vb);
            complain(i, s, "moments", l, &o[l], 0, low[l], high[l]);
        }
    }
}

/* Neither operands nor the exact result near the ends of the range, so that inline code can do it. */
static bool simple(const operation *o, vprec_type type)
{
    int e = type ? 400 : 40, n = o->op == VPREC_OP_FMA ? 3 : 2;
    for (int i = 0; i < n; i++)
        if (!isfinite(o->x[i]) || (o->x[i] && abs(ilogb(o->x[i])) > e))
            return false;
    return true;
}

static void visit(const instruction *i, const vprec_site *drawn)
{
    static machine in, want, got, native;
    vprec_site site = *drawn;
    vprec_type type = site.to == VPREC_E_F64;
    if (site.op > VPREC_OP_FMA || (site.op == VPREC_OP_FMA && vprec_site_fma(&site).alternate))
        return;
    if (moments && machine_random() % 24)
        return;
    uint8_t *code = machine_code();
    uint64_t original = (uint64_t)code + ORIGINAL;
    for (uint64_t t = 0; t < (moments ? 1 : trials); t++) {
        draw(&site, &in, moments ? machine_random() % 4 : machine_random() % 2);
        uint64_t r = machine_random();
        uint32_t mxcsr = 0x1f80;
        if (r % 8 == 0) /* the program's direction does not matter */
            mxcsr |= (uint32_t)(r >> 8 & 3) << 13 | (r >> 10 & 1 ? 0x40 : 0) | (r >> 11 & 1 ? 0x8000 : 0);
        machine_set_mxcsr(&in, mxcsr);
        daz = mxcsr & 0x40;
        ftz = mxcsr & 0x8000;
        uint32_t named = 0;
        for (int n = 0; n < 3; n++) {
            int reg = n == 0 ? site.dst : n == 1 ? site.vvvv : site.rm;
            named |= is_vector(reg) ? 1u << reg : 0;
        }
        int halves = 0, turn[2] = {0};
        vprec_code c = {.at = code, .end = code + ORIGINAL};
        vprec_round_context context = {
            .arith = &vprec_arith_current,
            .isa = VPREC_ISA_AVX512,
            .constants = constants,
            .free_vectors = (r & 1 ? (uint32_t)machine_random() & (uint32_t)machine_random() : 0) & ~named,
            .free_masks = r & 2 ? 0xFE & (uint32_t)machine_random() & ~(1u << site.mask) : 0,
            .aes = true,
            .halves = &halves, .turn = turn,
            .zmm = true,
            .ties = &ties,
            .enter = enter,
            .enter_data = &c,
        };
        machine_code_open();
        memset(code, 0xCC, 4096);
        machine_place(&site, original, code + ORIGINAL);
        code[ORIGINAL + site.length] = 0xC3;
        if (!vprec_round_emit(&c, &site, &context)) {
            if (site.rm == VPREC_REG_MEM || site.mem.address32)
                return;
            failures++;
            printf("no inline form: ");
            cases_print(i, &site);
            return;
        }
        vprec_emit_u8(&c, 0xC3);
        vprec_round_emit_ties(&c, &context);
        machine_code_seal();
        size_t bytes = (size_t)(c.at - code);
        longest = bytes > longest ? bytes : longest;
        if (c.full || bytes > vprec_round_room(&vprec_arith_current, VPREC_ISA_AVX512)) {
            failures++;
            printf("does not fit: ");
            cases_print(i, &site);
            return;
        }
        sites += t == 0;
        if (moments) {
            compare_moments(i, &site, &in, code);
            return;
        }
        want = in;
        machine_run(&in, &native, code + ORIGINAL);
        code_rsp = native.gpr[4];
        vprec_cpu cpu = {.rflags = in.flags, .xsave = want.xsave};
        memcpy(cpu.gpr, in.gpr, sizeof cpu.gpr);
        cpu.gpr[4] = code_rsp;
        vprec_emulate(&site, &cpu, &vprec_arith_current, NULL);
        memcpy(want.gpr, cpu.gpr, sizeof cpu.gpr);
        want.gpr[4] = code_rsp;
        want.flags = cpu.rflags;
        unsigned long before = left[type].ops[site.op];
        machine_run(&in, &got, code);
        bool emulated = left[type].ops[site.op] != before;
        runs++;
        unsigned lanes = site.scalar ? 1 : site.lanes, size = vprec_elem_size(site.to);
        uint8_t x[64], y[64];
        machine_vector(&got, (unsigned)site.dst, x);
        machine_vector(&want, (unsigned)site.dst, y);
        bool all_simple = !daz;
        for (unsigned l = 0; l < lanes; l++) {
            if (!active(&site, &in, l))
                continue;
            operation o = operation_of(&site, &in, l);
            uint64_t a = 0, b = 0;
            memcpy(&a, x + l * size, size);
            memcpy(&b, y + l * size, size);
            double ra = vprec_widen(type, a), rb = vprec_widen(type, b);
            all_simple &= simple(&o, type) && (rb == 0 || abs(ilogb(rb)) < (type ? 800 : 90));
            if (isnan(rb)) {
                if (a != b)
                    complain(i, &site, "NaN", l, &o, ra, rb, rb);
            } else if (!allowed(&o, type, ra)) {
                double low, high;
                bounds(&o, type, &low, &high);
                complain(i, &site, emulated ? "bounds, emulated" : "bounds", l, &o, ra, low, high);
            }
            memcpy(y + l * size, &a, size);
        }
        lanes_run += lanes;
        lanes_left += emulated ? lanes : 0;
        if (emulated && all_simple) {
            operation o = operation_of(&site, &in, 0);
            needless++;
            complain(i, &site, "needlessly emulated", 0, &o, 0, 0, 0);
        }
        set_vector(&want, (unsigned)site.dst, y);
        for (unsigned reg = 0; reg < 32; reg++)
            if (context.free_vectors >> reg & 1) {
                machine_vector(&want, reg, x);
                set_vector(&got, reg, x);
            }
        for (unsigned k = 0; k < 8; k++)
            if (context.free_masks >> k & 1)
                memcpy(got.xsave + machine_offset[5] + 8 * k, want.xsave + machine_offset[5] + 8 * k, 8);
        const char *difference = machine_difference(&want, &got, 0x3f);
        if (!difference && machine_mxcsr(&got) & ~machine_mxcsr(&native) & ALARMS)
            difference = "the invalid or zero-divide flag was set, which the native instruction leaves alone";
        if (difference) {
            operation o = operation_of(&site, &in, 0);
            complain(i, &site, difference, 0, &o, 0, 0, 0);
        }
    }
}

int main(int argc, char **argv)
{
    const char *scale = getenv("VPREC_TEST_SCALE");
    trials *= scale && atoi(scale) > 0 ? (uint64_t)atoi(scale) : 1;
    moments = argc > 1 && !strcmp(argv[1], "moments");
    uint32_t a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    if (!machine_detect() || (machine_components & 0xE6) != 0xE6 || !(b & bit_AVX512DQ) || !(b & bit_AVX512BW) ||
        !(c & 1 << 9)) {
        printf("the processor has no avx512 with vaes\n");
        return 77;
    }
    vprec_xsave_detect();
    vprec_counters = left_of_site;
    vprec_noise_start(1, 0);
    uint8_t *pages = mmap(NULL, 3 * 4096 + sizeof *constants, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + 4096, 4096, PROT_NONE))
        return 1;
    data = pages + 4096 - 128;
    constants = (vprec_constants *)(pages + 2 * 4096);
    ties = (vprec_vec){.size = vprec_round_tie_size(VPREC_ISA_AVX512)};
    for (setting = 0; setting < SETTINGS; setting++) {
        vprec_arith_current = (vprec_arith){.use = {VPREC_USE_FORMAT, VPREC_USE_FORMAT},
                                            .mode = VPREC_RNE,
                                            .round = VPREC_ROUND_RESULTS,
                                            .ops = VPREC_OPS_ALL};
        char message[160];
        if (vprec_format_parse("e8m23", VPREC_F32, &vprec_arith_current.format[0], message, sizeof message) ||
            vprec_format_parse("e11m52", VPREC_F64, &vprec_arith_current.format[1], message, sizeof message))
            return 1;
        for (int type = 0; type < VPREC_TYPES; type++)
            vprec_arith_current.noise[type] =
                (vprec_noise){settings[setting].what, settings[setting].precision[type], VPREC_ERROR_RELATIVE, 0};
        vprec_round_constants(constants, &vprec_arith_current);
        cases_each(data, visit);
    }
    printf("%lu sites, %lu runs, %lu of %lu lanes left to the emulator (%lu runs needlessly), %lu pairs of moments, "
           "%lu failed; at most %zu bytes\n",
           sites, runs, lanes_left, lanes_run, needless, compared, failures, longest);
    return failures || !sites;
}
