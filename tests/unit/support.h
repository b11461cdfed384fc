/* SPDX-License-Identifier: Apache-2.0
 * support.h: what the unit tests share: one case, the two oracles that say what
 * must come out, the operands, the comparison. Oracles share no code with lib/. */
#ifndef UNIT_SUPPORT_H
#define UNIT_SUPPORT_H

#include "vprec.h"

/* Name and number of double operands; 0: the operand is an integer. */
#define UNIT_OPS(X)                                                                                                    \
    X(round, 1) X(add, 2) X(sub, 2) X(mul, 2) X(div, 2) X(sqrt, 1) X(fma, 3) X(from_i64, 0) X(from_u64, 0)
enum unit_op {
#define X(name, arity) UNIT_##name,
    UNIT_OPS(X)
#undef X
        UNIT_COUNT
};

/* A format as the tests know it, from the literature and not from the parser. */
typedef struct unit_format {
    const char *text;
    vprec_type type; /* operands are of this type */
    int ebits, fbits, bias;
    double max;
    unsigned flags;
} unit_format;

extern const unit_format unit_formats[];
extern const size_t unit_formats_count;

typedef struct unit_case {
    enum unit_op op;
    double x[3];
    uint64_t n; /* from_i64 reads it as signed */
} unit_case;

typedef struct unit_answer {
    double want[VPREC_MODES];
    bool inexact, tie, tiny, overflow; /* of the exact value against the format */
} unit_answer;

/* The exact-value oracle (GMP): every format, every mode. */
void unit_exact(const unit_case *c, const unit_format *f, unit_answer *answer);

/* The MPFR oracle; false where MPFR has no such mode or format. */
bool unit_mpfr(const unit_case *c, const unit_format *f, vprec_mode mode, double *want);

/* Value of a code of the format, 0 <= code < 2^(1+ebits+fbits). */
double unit_decode(uint64_t code, const unit_format *f);

typedef struct unit_draw {
    uint64_t state;
    const unit_format *format;
    double last; /* the operand drawn before: exponents are drawn near its */
} unit_draw;

uint64_t unit_random(unit_draw *draw);
double unit_draw_operand(unit_draw *draw);
void unit_draw_case(unit_draw *draw, enum unit_op op, unit_case *c);

/* Level one: the boundary values themselves. Returns how many. */
enum { UNIT_TABLE = 160 };
size_t unit_table(const unit_format *f, double *table);

/* `count` scaled by VPREC_TEST_SCALE, at least 1. */
uint64_t unit_scaled(double count);

/* What was compared since the process started. */
typedef struct unit_tally {
    uint64_t modes[UNIT_COUNT][VPREC_MODES], mpfr[UNIT_COUNT][VPREC_MODES];
    uint64_t cases, inexact, tie, tiny, overflow, mismatches;
} unit_tally;
extern unit_tally unit_seen;

vprec_format unit_parse(const unit_format *f);
double unit_apply(const unit_case *c, const vprec_format *format, vprec_mode mode);
bool unit_same(double a, double b); /* the same bits, or both NaN */

/* Compares the library with both oracles in every mode, tallies, and fails the
 * running test with every parameter where they differ. */
void unit_check(const unit_case *c, const unit_format *f, const vprec_format *format);

/* Fails the running test unless `op` was compared in every mode with both
 * oracles, and nothing differed. */
void unit_finish(enum unit_op op);

extern const char *const unit_mode_names[VPREC_MODES];
extern const char *const unit_op_names[UNIT_COUNT];

#endif
