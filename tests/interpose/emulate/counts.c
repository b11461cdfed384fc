/* SPDX-License-Identifier: Apache-2.0
 * counts.c: what --count says of results chosen by hand. */
#include "x86/emulate/emulate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static unsigned failures, checks;

typedef struct expected {
    const char *name;
    const char *format; /* NULL: native */
    vprec_mode mode;
    uint8_t op, opcode;
    float a[4], b[4]; /* a op b, four lanes */
    unsigned overflows, underflows, nans, rounded;
    int exp_min, exp_max; /* exp_min > exp_max: no finite result but zero */
    unsigned subnormals, flushed;
    unsigned cancelled[4]; /* additions: bits, or VPREC_CANCELLED_ALL */
} expected;

#define ADD VPREC_OP_ADD, 0x58
#define MUL VPREC_OP_MUL, 0x59
#define DIV VPREC_OP_DIV, 0x5E

static const expected cases[] = {
    {"exact sums", "e5m10", VPREC_RNE, ADD, {1, 2, 4, 0}, {1, 2, 4, 0}, 0, 0, 0, 0, 1, 3},
    {"inexact sums", "e5m10", VPREC_RNE, ADD, {1, 2, 1, 1}, {0x1p-12f, 0x1p-12f, 0x1p-10f, 0}, 0, 0, 0, 2, 0, 1},
    {"overflow and its tie", "e5m10", VPREC_RNE, ADD, {65504, 65504, -65504, 65504}, {16, 15, -16, 65504}, 3, 0, 0, 4, 15, 15},
    {"saturation", "e5m10:sat", VPREC_RNE, ADD, {65504, 65504, 65504, 1}, {16, 15, 65504, 1}, 2, 0, 0, 3, 1, 15},
    {"toward zero an ulp counts", "e5m10", VPREC_RTZ, ADD, {65504, 65504, 1, 1}, {31, 32, 1, 1}, 1, 0, 0, 2, 1, 15},
    {"tie to 448", "e4m3fn", VPREC_RNE, ADD, {448, 448, 1, 1}, {16, 17, 1, 1}, 1, 0, 1, 1, 1, 8},
    {"underflow", "e5m10", VPREC_RNE, MUL, {0x1p-12f, 0x1p-12f, 0x1p-14f, 0x1.001p-14f}, {0x1p-13f, 0x1p-12f, 0.5f, 0.5f}, 0, 2, 0, 2, -24, -15, 3, 1},
    {"NaN made", "e8m7", VPREC_RNE, MUL, {__builtin_inff(), __builtin_nanf(""), 1, 1}, {0, 1, 1, 1}, 0, 0, 1, 0, 0, 0},
    {"division by zero", "e8m7", VPREC_RNE, DIV, {1, 0, 1, 1}, {0, 0, 3, 2}, 0, 0, 1, 1, -2, -1},
    {"native", NULL, VPREC_RNE, MUL, {0x1p127f, 0x1p-126f, 3, 1}, {2, 0.5f, 5, 0}, 1, 0, 0, 1, -127, 3, 1},
    {"cancelled", NULL, VPREC_RNE, ADD, {1, -1, 3, 0x1p-126f}, {-1, 0x1.fffffep-1f, -2, -0x1.000004p-126f}, 0, 0, 0, 0, -148, 0, 1, 0, {VPREC_CANCELLED_ALL, 24, 1, 22}},
    {"cancelled, far apart", NULL, VPREC_RNE, ADD, {1, 1, -0x1p127f, 1}, {-0x1p-30f, -0x1p-149f, 0x1p-149f, -0.25f}, 0, 0, 0, 3, -1, 127, 0, 0, {1, 1, 1, 1}},
    {"nothing to cancel", NULL, VPREC_RNE, ADD, {0, -1, __builtin_inff(), 1}, {-1, 0, -1, -0.0f}, 0, 0, 0, 0, 0, 0},
    {"before rounding", "e5m2", VPREC_RNE, ADD, {1, 1, 1, 1}, {-0x1p-5f, -0.125f, -0x1p-20f, -0.5f}, 0, 0, 0, 2, -1, 0, 0, 0, {1, 1, 1, 1}},
};

static void number(const char *name, const char *what, long want, long got)
{
    checks++;
    if (want == got)
        return;
    failures++;
    printf("%s: %s expected %ld got %ld\n", name, what, want, got);
}

static double magnitude(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void run(const expected *e)
{
    uint8_t xsave[4096] __attribute__((aligned(64))) = {0};
    uint64_t valid = 2;
    uint32_t mxcsr = 0x1f80;
    vprec_counts counts = {0};
    vprec_arith arith = {.use = {e->format ? VPREC_USE_FORMAT : VPREC_USE_NATIVE, VPREC_USE_NONE}, .mode = e->mode,
                         .round = VPREC_ROUND_RESULTS, .ops = VPREC_OPS_ALL};
    if (e->format && vprec_format_parse(e->format, VPREC_F32, &arith.format[0], NULL, 0)) {
        printf("%s: format not parsed\n", e->name);
        failures++;
        return;
    }
    memcpy(xsave + 512, &valid, 8);
    memcpy(xsave + 24, &mxcsr, 4);
    memcpy(xsave + 160, e->a, 16);
    memcpy(xsave + 176, e->b, 16);
    vprec_cpu cpu = {.xsave = xsave};
    vprec_site site = {.op = e->op, .opcode = e->opcode, .map = 1, .lanes = 4, .width = 16, .dst = 0, .vvvv = 0, .rm = 1};
    vprec_emulate(&site, &cpu, &arith, &counts);
    number(e->name, "operations", 4, (long)counts.ops[e->op]);
    number(e->name, "overflows", e->overflows, (long)counts.overflows);
    number(e->name, "underflows", e->underflows, (long)counts.underflows);
    number(e->name, "NaNs", e->nans, (long)counts.nans);
    number(e->name, "rounded", e->rounded, (long)counts.rounded);
    number(e->name, "subnormals", e->subnormals, (long)counts.subnormals);
    number(e->name, "flushed", e->flushed, (long)counts.flushed);
    int low = 1, high = 0;
    for (int x = VPREC_EXPONENT_MOST; x >= VPREC_EXPONENT_LEAST; x--)
        if (counts.exponents[x - VPREC_EXPONENT_LEAST])
            low = x;
    for (int x = low; x <= VPREC_EXPONENT_MOST; x++)
        if (counts.exponents[x - VPREC_EXPONENT_LEAST])
            high = x;
    number(e->name, "smallest exponent", e->exp_min, low);
    number(e->name, "largest exponent", e->exp_max, high);
    if (low <= high) {
        number(e->name, "smallest magnitude's exponent", low, ilogb(magnitude(~counts.results.smallest)));
        number(e->name, "largest magnitude's exponent", high, ilogb(magnitude(counts.results.largest)));
    }
    for (unsigned bits = 0; bits < VPREC_CANCELLED; bits++) {
        unsigned lanes = 0;
        for (unsigned i = 0; i < 4; i++)
            lanes += e->op == VPREC_OP_ADD && e->cancelled[i] == bits && isfinite(e->a[i]) && isfinite(e->b[i]);
        number(e->name, "cancellations", lanes, (long)counts.cancelled[bits]);
    }
}

int main(void)
{
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++)
        run(&cases[n]);
    printf("%u checks, %u failed\n", checks, failures);
    return failures != 0;
}
