/* SPDX-License-Identifier: Apache-2.0
 * arith.c: mnemonic -> type of its rounded results. Comparisons, minima and
 * maxima, moves, logic, roundings to integer and conversions to integer are
 * not arithmetic here: they round nothing to a floating-point format. */
#include "arith.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Stems that take the suffixes ps pd ss sd (and ph sh: "other"). */
static const char *const stems[] = {
    "add", "sub", "mul", "div", "sqrt", "addsub", "hadd", "hsub", "dp", "rcp", "rsqrt", "rcp14", "rsqrt14", "rcp28",
    "rsqrt28", "exp2", "scalef", "getexp", "reduce", "fmadd", "fmsub", "fnmadd", "fnmsub", "fmaddsub", "fmsubadd",
    "fmaddc", "fcmaddc", "fmulc", "fcmulc", "4fmadd", "4fnmadd",
};

/* What a conversion's name starts with where it makes a float of its source. */
static const char *const sources[] = {"si2", "usi2", "dq2", "udq2", "qq2", "uqq2", "ps2", "pd2", "ss2", "sd2", "ph2",
                                      "sh2", "pi2", "w2", "uw2", "ne2ps2", "neps2", "ps2ph"};

static const char *const x87[] = {
    "fadd", "faddp", "fiadd", "fsub", "fsubp", "fsubr", "fsubrp", "fisub", "fisubr", "fmul", "fmulp", "fimul", "fdiv",
    "fdivp", "fdivr", "fdivrp", "fidiv", "fidivr", "fsqrt", "fsin", "fcos", "fsincos", "fptan", "fpatan", "f2xm1",
    "fyl2x", "fyl2xp1", "fscale", "fprem", "fprem1",
};

static int by_suffix(const char *suffix)
{
    if (!strcmp(suffix, "ps") || !strcmp(suffix, "ss") || !strcmp(suffix, "psx"))
        return ARITH_F32;
    if (!strcmp(suffix, "pd") || !strcmp(suffix, "sd"))
        return ARITH_F64;
    if (!strcmp(suffix, "ph") || !strcmp(suffix, "sh") || !strcmp(suffix, "phx") || !strcmp(suffix, "pbf16") ||
        !strcmp(suffix, "bf16"))
        return ARITH_OTHER;
    return ARITH_NONE;
}

/* The order of operands in an FMA's name. */
static const char *skip_form(const char *name)
{
    return !strncmp(name, "132", 3) || !strncmp(name, "213", 3) || !strncmp(name, "231", 3) ? name + 3 : name;
}

int arith_kind(const char *mnemonic)
{
    const char *name = mnemonic + (*mnemonic == 'v');

    for (size_t k = 0; k < sizeof x87 / sizeof *x87; k++)
        if (!strcmp(mnemonic, x87[k]))
            return ARITH_X87;
    if (!strncmp(mnemonic, "pf", 2)) /* 3DNow! */
        return strcmp(mnemonic, "pf2id") && strncmp(mnemonic, "pfcmp", 5) ? ARITH_OTHER : ARITH_NONE;
    if (!strncmp(name, "cvt", 3)) {
        for (size_t k = 0; k < sizeof sources / sizeof *sources; k++)
            if (!strncmp(name + 3, sources[k], strlen(sources[k])) && by_suffix(name + 3 + strlen(sources[k])))
                return by_suffix(name + 3 + strlen(sources[k]));
        return ARITH_NONE;
    }
    if (!strncmp(name, "dpbf16", 6) || !strncmp(name, "tdpbf16", 7) || !strncmp(name, "tdpfp16", 7))
        return ARITH_OTHER;
    for (size_t k = 0; k < sizeof stems / sizeof *stems; k++) {
        size_t length = strlen(stems[k]);
        int kind = strncmp(name, stems[k], length) ? ARITH_NONE : by_suffix(skip_form(name + length));
        if (kind)
            return kind;
    }
    return ARITH_NONE;
}
