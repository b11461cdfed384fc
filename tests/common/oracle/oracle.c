/* SPDX-License-Identifier: Apache-2.0
 * oracle.c: single operations through MPFR. Deliberately plain: the exact
 * operands go in, one MPFR operation at the target's precision, then the
 * target's exponent range is imposed with the ternary value. */
#include "oracle.h"
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_one(const char *text, size_t length, oracle_format *format)
{
    int used = 0;
    char word[32];

    if (length >= sizeof word)
        return false;
    memcpy(word, text, length);
    word[length] = 0;
    *format = (oracle_format){.native = false, .fn = false};
    if (!strcmp(word, "native")) {
        format->native = true;
        return true;
    }
    if (!strcmp(word, "e4m3fn")) {
        format->fn = true;
        format->ebits = 4, format->fbits = 3;
        return true;
    }
    return sscanf(word, "e%dm%d%n", &format->ebits, &format->fbits, &used) == 2 && !word[used];
}

bool oracle_parse(const char *text, oracle_format format[2])
{
    const oracle_format native = {.native = true};

    format[ORACLE_F32] = format[ORACLE_F64] = native;
    while (*text) {
        enum oracle_type type = ORACLE_F32;
        size_t length;

        if (!strncmp(text, "f32=", 4) || !strncmp(text, "f64=", 4)) {
            type = text[1] == '3' ? ORACLE_F32 : ORACLE_F64;
            text += 4;
        }
        length = strcspn(text, ",");
        if (!parse_one(text, length, &format[type]))
            return false;
        text += length + (text[length] == ',');
    }
    return true;
}

/* Operands hold 64 bits so that every integer is exact. */
static mpfr_t operand[3];
static long wide_emin, wide_emax;

static void prepare(void)
{
    static bool ready;

    if (ready)
        return;
    for (int i = 0; i < 3; i++)
        mpfr_init2(operand[i], 64);
    wide_emin = mpfr_get_emin_min();
    wide_emax = mpfr_get_emax_max();
    mpfr_set_emin(wide_emin);
    mpfr_set_emax(wide_emax);
    ready = true;
}

static void load(mpfr_t x, enum oracle_type type, uint64_t bits)
{
    float f;
    double d;
    uint32_t low = (uint32_t)bits;

    switch (type) {
    case ORACLE_F32: memcpy(&f, &low, 4); mpfr_set_flt(x, f, MPFR_RNDN); break;
    case ORACLE_F64: memcpy(&d, &bits, 8); mpfr_set_d(x, d, MPFR_RNDN); break;
    case ORACLE_I32: mpfr_set_sj(x, (int32_t)low, MPFR_RNDN); break;
    case ORACLE_U32: mpfr_set_uj(x, low, MPFR_RNDN); break;
    case ORACLE_I64: mpfr_set_sj(x, (int64_t)bits, MPFR_RNDN); break;
    case ORACLE_U64: mpfr_set_uj(x, bits, MPFR_RNDN); break;
    }
}

static uint64_t store(const mpfr_t x, enum oracle_type to)
{
    uint32_t low;
    uint64_t bits;

    if (mpfr_nan_p(x))
        return to == ORACLE_F32 ? 0x7fc00000 : UINT64_C(0x7ff8000000000000);
    if (to == ORACLE_F32) {
        float f = mpfr_get_flt(x, MPFR_RNDN);
        memcpy(&low, &f, 4);
        return low;
    }
    double d = mpfr_get_d(x, MPFR_RNDN);
    memcpy(&bits, &d, 8);
    return bits;
}

/* Either an operation on operands, or (op < 0) the first operand's value. */
static uint64_t compute(int op, enum oracle_type to, const oracle_format *format)
{
    int ebits = format->native ? (to == ORACLE_F32 ? 8 : 11) : format->ebits;
    int fbits = format->native ? (to == ORACLE_F32 ? 23 : 52) : format->fbits;
    long bias = (1L << (ebits - 1)) - 1;
    uint64_t bits;
    mpfr_t r;
    int t = 0;

    mpfr_init2(r, fbits + 1);
    switch (op) {
    case ORACLE_ADD: t = mpfr_add(r, operand[0], operand[1], MPFR_RNDN); break;
    case ORACLE_SUB: t = mpfr_sub(r, operand[0], operand[1], MPFR_RNDN); break;
    case ORACLE_MUL: t = mpfr_mul(r, operand[0], operand[1], MPFR_RNDN); break;
    case ORACLE_DIV: t = mpfr_div(r, operand[0], operand[1], MPFR_RNDN); break;
    case ORACLE_SQRT: t = mpfr_sqrt(r, operand[0], MPFR_RNDN); break;
    case ORACLE_FMA: t = mpfr_fma(r, operand[0], operand[1], operand[2], MPFR_RNDN); break;
    default: t = mpfr_set(r, operand[0], MPFR_RNDN); break;
    }
    mpfr_set_emin(2 - bias - fbits);
    mpfr_set_emax(bias + 1 + format->fn);
    t = mpfr_check_range(r, t, MPFR_RNDN);
    mpfr_subnormalize(r, t, MPFR_RNDN);
    mpfr_set_emin(wide_emin);
    mpfr_set_emax(wide_emax);
    if (format->fn && mpfr_cmpabs_ui(r, 448) > 0)
        mpfr_set_nan(r);
    bits = store(r, to);
    mpfr_clear(r);
    return bits;
}

uint64_t oracle_do(enum oracle_op op, enum oracle_type type, uint64_t a, uint64_t b, uint64_t c,
                   const oracle_format *format)
{
    prepare();
    load(operand[0], type, a);
    load(operand[1], type, b);
    load(operand[2], type, c);
    return compute(op, type, format);
}

uint64_t oracle_convert(enum oracle_type from, enum oracle_type to, uint64_t a, const oracle_format *format)
{
    prepare();
    load(operand[0], from, a);
    return compute(-1, to, format);
}
