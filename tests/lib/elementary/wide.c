/* SPDX-License-Identifier: Apache-2.0
 * wide.c: wide COUNT FORMAT...: boundary-biased draws of every function to
 * formats too wide to try every value, COUNT (times VPREC_TEST_SCALE) each. Unproven
 * results are listed and checked apart. */
#include "compare.h"
#include "draws.h"
#ifdef PROOF
#include "mpfr/vprec-mpfr.h"
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PROOF /* the library for proof instead: it has no doubts */
static double proof(vprec_function function, double x, double y, const vprec_format *format, vprec_mode mode,
                    bool *unproven)
{
    *unproven = false;
    return vprec_mpfr(function, x, y, format, mode);
}

static double proof_sr(vprec_function function, double x, double y, const vprec_format *format, unsigned bits,
                       uint64_t random, bool *unproven)
{
    *unproven = false;
    return vprec_mpfr_sr(function, x, y, format, bits, random);
}
static const compare_subject subject = {"vprec_mpfr", proof, proof_sr};
#else
static const compare_subject subject = {"vprec_libm", vprec_libm, vprec_libm_sr};
#endif

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: wide COUNT FORMAT...\n");
        return 2;
    }
    const char *text = getenv("VPREC_TEST_SCALE");
    double count = strtod(argv[1], NULL) * (text ? strtod(text, NULL) : 1);
    bool functions[VPREC_FUNCTIONS_COUNT];
    memset(functions, true, sizeof functions);
    for (int i = 2; i < argc; i++) {
        vprec_format format = compare_format(argv[i]);
        for (int function = 0; function < VPREC_FUNCTIONS_COUNT; function++) {
            uint64_t state = 1000 * i + function;
            for (double n = 0; n < count || n < 1; n++) {
                double x, y;
                draw_place(&state, function, &format, &x, &y);
                compare_place(&subject, function, x, y, &format, 1, state);
            }
        }
    }
    uint64_t results = 0;
    for (int mode = 0; mode < VPREC_MODES; mode++)
        results += compare_seen.modes[mode];
    if (compare_seen.unproven > results / 10000 + 1) {
        fprintf(stderr, "too much is unproven\n");
        return 1;
    }
    return compare_finish(functions);
}
