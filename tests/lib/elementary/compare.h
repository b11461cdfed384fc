/* SPDX-License-Identifier: Apache-2.0
 * compare.h: one operand, or two, through every mode and the oracle, and the
 * counts that say at the end what was really compared. */
#ifndef LIBM_COMPARE_H
#define LIBM_COMPARE_H

#include "oracle.h"

/* What is under test: a library's scalar functions. */
typedef double compare_mode(vprec_function function, double x, double y, const vprec_format *format, vprec_mode mode,
                            bool *unproven);
typedef double compare_sr(vprec_function function, double x, double y, const vprec_format *format, unsigned bits,
                          uint64_t random, bool *unproven);
typedef struct compare_subject {
    const char *name;
    compare_mode *mode;
    compare_sr *sr;
} compare_subject;

typedef struct compare_tally {
    uint64_t cases[VPREC_FUNCTIONS_COUNT], modes[VPREC_MODES], mpfr[VPREC_MODES];
    uint64_t mismatches, unproven, wrong; /* wrong: unproven and off, not counted as mismatches */
} compare_tally;
extern compare_tally compare_seen;

vprec_format compare_format(const char *text);

/* The value of a format's code. */
double compare_decode(uint64_t code, const vprec_format *format);

/* Compares a function at one place in every mode of each format; `seed` feeds stochastic rounding. */
void compare_place(const compare_subject *subject, vprec_function function, double x, double y,
                   const vprec_format *formats, size_t count, uint64_t seed);

/* The same bits. */
bool compare_same(double a, double b);
void compare_complain(const char *who, vprec_function function, double x, double y, const vprec_format *format,
                      vprec_mode mode, unsigned bits, uint64_t random, double got, double want);

uint64_t compare_random(uint64_t *state);

/* Prints the tally; 0 if there was no mismatch and every mode and each of these functions was compared. */
int compare_finish(const bool functions[VPREC_FUNCTIONS_COUNT]);

#endif
