/* SPDX-License-Identifier: Apache-2.0
 * values.c: values MAX_PAIR_BITS STRIDE FORMAT...: every function at every STRIDE-th value of each format
 * (all where the format has no more than 8 bits), functions of two operands at all pairs of a format of no more
 * than MAX_PAIR_BITS bits. Results go to the format itself and some others, in every mode. */
#include "compare.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const compare_subject subject = {"vprec_libm", vprec_libm, vprec_libm_sr};

/* Results of one evaluation are rounded to these too: other widths, other rules. */
static const char *const others[] = {"e8m10", "e4m3fn", "e4m3fn:sat", "e5m2fnuz", "e2m1fn", "bf16:nosub", "fp16:sat"};
enum { OTHERS = sizeof others / sizeof *others };

static void unary(vprec_format *formats, uint64_t stride)
{
    int width = 1 + formats[0].ebits + formats[0].fbits;
    uint64_t step = width <= 8 ? 1 : stride;
    for (int function = 0; function < VPREC_FUNCTIONS_COUNT; function++) {
        if (vprec_function_arity(function) != 1)
            continue;
        /* beside the stride: the codes around the ends of the ranges, where special values are */
        for (uint64_t code = 0; code < UINT64_C(1) << width; code++) {
            uint64_t low = code & ((UINT64_C(1) << (width - 1)) - 1);
            bool edge = low < 4 || low + (UINT64_C(1) << formats[0].fbits) + 4 > UINT64_C(1) << (width - 1);
            if ((code + function) % step && !(edge && (low < 4 || low % 32 < 4)))
                continue;
            size_t count = width <= 8 || code % 4 == 0 ? 1 + OTHERS : 1;
            compare_place(&subject, function, compare_decode(code, &formats[0]), 0, formats, count, code + function);
        }
    }
}

static void pairs(vprec_format *formats)
{
    int width = 1 + formats[0].ebits + formats[0].fbits;
    for (int function = 0; function < VPREC_FUNCTIONS_COUNT; function++) {
        if (vprec_function_arity(function) != 2)
            continue;
        for (uint64_t code = 0; code < UINT64_C(1) << (2 * width); code++)
            compare_place(&subject, function, compare_decode(code, &formats[0]),
                          compare_decode(code >> width, &formats[0]), formats, 1, code + function);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: values MAX_PAIR_BITS STRIDE FORMAT...\n");
        return 2;
    }
    bool two = false, functions[VPREC_FUNCTIONS_COUNT];
    vprec_format formats[1 + OTHERS];
    for (int i = 0; i < OTHERS; i++)
        formats[1 + i] = compare_format(others[i]);
    for (int i = 3; i < argc; i++) {
        formats[0] = compare_format(argv[i]);
        unary(formats, strtoull(argv[2], NULL, 10));
        if (1 + formats[0].ebits + formats[0].fbits > atoi(argv[1]))
            continue;
        pairs(formats);
        two = true;
    }
    for (int f = 0; f < VPREC_FUNCTIONS_COUNT; f++)
        functions[f] = two || vprec_function_arity(f) == 1;
    return compare_finish(functions) || compare_seen.unproven; /* none is expected in these formats */
}
