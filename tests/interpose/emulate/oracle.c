/* SPDX-License-Identifier: Apache-2.0
 * oracle.c: emulated instructions in narrow formats against MPFR, lane by lane:
 * operations, FMA forms, conversions, scalef, rounding of operands. What
 * libvprec's own tests cover per operation is here covered per instruction. */
#include "cases.h"
#include "x86/emulate/emulate.h"

#include <mpfr.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { TRIALS = 3, FAILURES_SHOWN = 20 };

static uint8_t *data;
static unsigned long failures, lanes, modes[VPREC_MODES], operations[VPREC_OPS];

typedef struct pair {
    const char *text[VPREC_TYPES]; /* f32, f64 */
} pair;

static const pair pairs[] = {{{"e8m10", "e11m40"}}, {{"e5m10", "e8m23"}}, {{"e8m7", "e5m10"}}, {{"e8m22", "e11m51"}},
                             {{"e4m3", "e8m7"}}, {{"e7m16", "e10m50"}}, {{"e8m15", "e11m1"}}, {{"e2m1", "e2m1"}}};

static const mpfr_rnd_t direction[] = {[VPREC_RNE] = MPFR_RNDN, [VPREC_RTZ] = MPFR_RNDZ, [VPREC_RU] = MPFR_RNDU,
                                       [VPREC_RD] = MPFR_RNDD};

static void wide_range(void)
{
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
}

/* Brings `r` (of the format's precision, inexact by `t`) into the format's exponent range. */
static double settle(mpfr_t r, int t, const vprec_format *f, mpfr_rnd_t rnd)
{
    mpfr_set_emin(2 - f->bias - f->fbits);
    mpfr_set_emax(f->bias + 1);
    t = mpfr_check_range(r, t, rnd);
    mpfr_subnormalize(r, t, rnd);
    double d = mpfr_get_d(r, MPFR_RNDN);
    wide_range();
    return d;
}

static double rounded(double x, const vprec_format *f, mpfr_rnd_t rnd)
{
    mpfr_t r;
    mpfr_init2(r, f->fbits + 1);
    int t = mpfr_set_d(r, x, rnd);
    double d = settle(r, t, f, rnd);
    mpfr_clear(r);
    return d;
}

enum kind { ADD, SUB, MUL, DIV, SQRT, FMA, SCALE, SIGNED, UNSIGNED, COPY };

static double exact(enum kind kind, double a, double b, double c, uint64_t integer, const vprec_format *f, mpfr_rnd_t rnd)
{
    mpfr_t x, y, z, r;
    mpfr_inits2(64, x, y, z, (mpfr_ptr)NULL);
    mpfr_init2(r, f->fbits + 1);
    mpfr_set_d(x, a, rnd);
    mpfr_set_d(y, b, rnd);
    mpfr_set_d(z, c, rnd);
    int t = 0;
    switch (kind) {
    case ADD: t = mpfr_add(r, x, y, rnd); break;
    case SUB: t = mpfr_sub(r, x, y, rnd); break;
    case MUL: t = mpfr_mul(r, x, y, rnd); break;
    case DIV: t = mpfr_div(r, x, y, rnd); break;
    case SQRT: t = mpfr_sqrt(r, x, rnd); break;
    case FMA: t = mpfr_fma(r, x, y, z, rnd); break;
    case SIGNED: t = mpfr_set_sj(r, (intmax_t)integer, rnd); break;
    case UNSIGNED: t = mpfr_set_uj(r, integer, rnd); break;
    case COPY: t = mpfr_set(r, x, rnd); break;
    case SCALE:
        mpfr_floor(y, y);
        if (mpfr_cmp_si(y, 10000) > 0)
            mpfr_set_si(y, 10000, rnd);
        if (mpfr_cmp_si(y, -10000) < 0)
            mpfr_set_si(y, -10000, rnd);
        t = mpfr_mul_2si(r, x, mpfr_get_si(y, rnd), rnd);
        break;
    }
    double d = settle(r, t, f, rnd);
    mpfr_clears(x, y, z, r, (mpfr_ptr)NULL);
    return d;
}

static uint64_t element(const uint8_t *bytes, unsigned size, unsigned i)
{
    uint64_t u = 0;
    memcpy(&u, bytes + i * size, size);
    return u;
}

static double number(unsigned elem, uint64_t bits)
{
    float f;
    double d;
    _Float16 h;
    switch (elem) {
    case VPREC_E_F32: memcpy(&f, &bits, 4); return f;
    case VPREC_E_F16: memcpy(&h, &bits, 2); return (double)h;
    default: memcpy(&d, &bits, 8); return d;
    }
}

/* Result lane `i`, or false where this test has no reference for it (dp: sums of sums, tested by its parts). */
static bool reference(const vprec_site *s, const uint8_t v[3][64], unsigned i, const vprec_arith *arith, double *result)
{
    const vprec_format *f = &arith->format[s->to == VPREC_E_F64];
    mpfr_rnd_t rnd = direction[arith->mode];
    unsigned size = s->from == VPREC_E_F16 ? 2
                    : s->from == VPREC_E_F32 || s->from == VPREC_E_I32 || s->from == VPREC_E_U32 ? 4 : 8;
    bool floating = s->from <= VPREC_E_F64;
    double x[3] = {0};
    for (int n = 0; n < 3 && (floating || s->from == VPREC_E_F16); n++) {
        x[n] = number(s->from, element(v[n], size, i));
        if ((arith->round & VPREC_ROUND_OPERANDS) && floating && x[n] == x[n])
            x[n] = rounded(x[n], &arith->format[s->from], rnd);
    }
    uint64_t integer = element(v[2], size, i);
    switch (s->op) {
    case VPREC_OP_ADD: *result = exact(ADD, x[1], x[2], 0, 0, f, rnd); return true;
    case VPREC_OP_SUB: *result = exact(SUB, x[1], x[2], 0, 0, f, rnd); return true;
    case VPREC_OP_MUL: *result = exact(MUL, x[1], x[2], 0, 0, f, rnd); return true;
    case VPREC_OP_DIV: *result = exact(DIV, x[1], x[2], 0, 0, f, rnd); return true;
    case VPREC_OP_SQRT: *result = exact(SQRT, x[2], 0, 0, 0, f, rnd); return true;
    case VPREC_OP_ADDSUB: *result = exact(i & 1 ? ADD : SUB, x[1], x[2], 0, 0, f, rnd); return true;
    case VPREC_OP_HADD:
    case VPREC_OP_HSUB: {
        unsigned n = 16 / size, at = (i & ~(n - 1)) + 2 * (i % (n / 2));
        const uint8_t *from = i % n < n / 2 ? v[1] : v[2];
        double a = number(s->from, element(from, size, at)), b = number(s->from, element(from, size, at + 1));
        if (arith->round & VPREC_ROUND_OPERANDS)
            a = rounded(a, f, rnd), b = rounded(b, f, rnd);
        *result = exact(s->op == VPREC_OP_HADD ? ADD : SUB, a, b, 0, 0, f, rnd);
        return true;
    }
    case VPREC_OP_FMA: {
        /* operands by the digits of the mnemonic: 132, 213, 231 of {dst, vvvv, rm}; signs by its letters */
        static const uint8_t order[3][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}};
        const uint8_t *o = order[(s->opcode >> 4) - 9];
        unsigned low = s->opcode & 15;
        bool subtract = low == 6 ? !(i & 1) : low == 7 ? i & 1 : low == 10 || low == 11 || low == 14 || low == 15;
        *result = exact(FMA, low >= 12 ? -x[o[0]] : x[o[0]], x[o[1]], subtract ? -x[o[2]] : x[o[2]], 0, f, rnd);
        return true;
    }
    case VPREC_OP_SCALEF:
        if (x[1] - x[1] != 0 || x[2] - x[2] != 0)
            return false; /* infinities have rules of their own: the hardware test's */
        *result = exact(SCALE, x[1], x[2], 0, 0, f, rnd);
        return true;
    case VPREC_OP_CVT:
        if (s->from == VPREC_E_I32 || s->from == VPREC_E_I64)
            *result = exact(SIGNED, 0, 0, 0, s->from == VPREC_E_I32 ? (uint64_t)(int64_t)(int32_t)integer : integer, f, rnd);
        else if (s->from == VPREC_E_U32 || s->from == VPREC_E_U64)
            *result = exact(UNSIGNED, 0, 0, 0, integer, f, rnd);
        else
            *result = exact(COPY, x[2], 0, 0, 0, f, rnd);
        return true;
    default:
        return false;
    }
}

static void visit(const instruction *i, const vprec_site *s)
{
    static const vprec_mode drawn[] = {VPREC_RNE, VPREC_RNE, VPREC_RTZ, VPREC_RU, VPREC_RD};
    static machine m;
    if (s->broadcast || (s->rm == VPREC_REG_MEM && s->mem.segment) || s->er)
        return;
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        vprec_arith arith = {.use = {VPREC_USE_FORMAT, VPREC_USE_FORMAT}, .ops = VPREC_OPS_ALL};
        for (int t = 0; t < VPREC_TYPES; t++)
            if (vprec_format_parse(pairs[p].text[t], (vprec_type)t, &arith.format[t], NULL, 0)) {
                printf("format %s not parsed\n", pairs[p].text[t]);
                failures++;
                return;
            }
        for (int t = 0; t < TRIALS; t++) {
            uint8_t v[3][64] = {{0}}, out[64];
            machine_randomise(&m, i->from);
            machine_fill(data, 128, i->from);
            uint64_t r = machine_random();
            arith.mode = drawn[r % 5];
            arith.round = r >> 8 & 1 ? VPREC_ROUND_RESULTS : VPREC_ROUND_RESULTS | VPREC_ROUND_OPERANDS;
            m.gpr[3] = m.gpr[12] = (uint64_t)data;
            m.gpr[9] = 0;
            machine_vector(&m, (unsigned)s->dst, v[0]);
            machine_vector(&m, (unsigned)(s->vvvv < 0 ? s->dst : s->vvvv), v[1]);
            if (s->rm == VPREC_REG_MEM)
                memcpy(v[2], data + 128 - s->mem.size, s->mem.size);
            else if (s->rm >= VPREC_REG_GPR)
                memcpy(v[2], &m.gpr[s->rm - VPREC_REG_GPR], 8);
            else
                machine_vector(&m, (unsigned)s->rm, v[2]);
            uint64_t k = s->mask ? machine_mask(&m, s->mask) : ~UINT64_C(0);
            vprec_cpu cpu = {.xsave = m.xsave};
            memcpy(cpu.gpr, m.gpr, sizeof cpu.gpr);
            vprec_emulate(s, &cpu, &arith, NULL);
            machine_vector(&m, (unsigned)s->dst, out);
            for (unsigned lane = 0; lane < s->lanes; lane++) {
                double want, got = number(s->to, element(out, s->to == VPREC_E_F64 ? 8 : 4, lane));
                if (!(k >> lane & 1) || !reference(s, v, lane, &arith, &want))
                    continue;
                lanes++;
                modes[arith.mode]++;
                operations[s->op]++;
                if (want != want ? got != got : !memcmp(&want, &got, 8))
                    continue;
                if (failures++ >= FAILURES_SHOWN)
                    continue;
                printf("%s mode %d round %u lane %u: expected %a got %a\n", pairs[p].text[s->to == VPREC_E_F64],
                       arith.mode, arith.round, lane, want, got);
                cases_print(i, s);
                for (int n = 0; n < 3; n++)
                    printf("    operand %d: %#lx %#lx ...\n", n, element(v[n], 8, 0), element(v[n], 8, 1));
            }
        }
    }
}

int main(void)
{
    if (!machine_detect())
        return 77;
    vprec_xsave_detect();
    data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (data == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    wide_range();
    cases_each(data, visit);
    printf("%lu lanes, %lu failed\n", lanes, failures);
    static const uint8_t expected[] = {VPREC_OP_ADD, VPREC_OP_SUB, VPREC_OP_MUL, VPREC_OP_DIV, VPREC_OP_SQRT,
                                       VPREC_OP_ADDSUB, VPREC_OP_HADD, VPREC_OP_HSUB, VPREC_OP_CVT};
    for (size_t n = 0; n < sizeof expected; n++)
        if (!operations[expected[n]]) {
            printf("operation %u was never compared\n", expected[n]);
            return 1;
        }
    if (!modes[VPREC_RNE] || !modes[VPREC_RTZ] || !modes[VPREC_RU] || !modes[VPREC_RD]) {
        printf("a mode was never drawn\n");
        return 1;
    }
    return failures != 0;
}
