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
    uint64_t n;      /* from_i64 reads it as signed */
    unsigned bits;   /* these two in mode VPREC_SR only; with 0 bits VPREC_SR goes to the plain function */
    uint64_t random;
} unit_case;

/* What the exact value is against the format, and what must come out. Where the
 * value lies between two neighbours: `fraction` * 2^-64 of the way from the smaller to the
 * larger, and `beyond` says what follows: 0 nothing, 1 less than half of 2^-64, 2 half, 3 more. */
typedef struct unit_answer {
    double want[VPREC_MODES]; /* [VPREC_SR]: NaN, what the plain function gives */
    double choice[2];         /* what VPREC_SR makes of the smaller and the larger neighbour */
    uint64_t fraction;
    int beyond;
    bool inexact, tie, tiny, overflow;
    bool lowest; /* below the smallest subnormal */
    bool brim;   /* between the largest finite and the next value as if unbounded */
} unit_answer;

/* The exact-value oracle (GMP): every format, every mode. */
void unit_exact(const unit_case *c, const unit_format *f, unit_answer *answer);

/* q of vprec_round_sr: how many of the 2^bits random numbers take the larger
 * neighbour; and the result for one of them. */
unsigned __int128 unit_threshold(const unit_answer *answer, unsigned bits);
double unit_stochastic(const unit_answer *answer, unsigned bits, uint64_t random);

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

/* What stochastic rounding met: either neighbour; a random number that is just not
 * below q, one that just is; either neighbour in the overflow zone and below the smallest subnormal. */
#define UNIT_EVENTS(X)                                                                                                 \
    X(down) X(up) X(threshold_down) X(threshold_up) X(brim_down) X(brim_up) X(lowest_down) X(lowest_up)
enum unit_event {
#define X(name) UNIT_##name,
    UNIT_EVENTS(X)
#undef X
        UNIT_EVENTS_COUNT
};

/* What was compared since the process started; all counts, so that the tallies of
 * several processes can be added. */
typedef struct unit_tally {
    uint64_t modes[UNIT_COUNT][VPREC_MODES], mpfr[UNIT_COUNT][VPREC_MODES], events[UNIT_COUNT][UNIT_EVENTS_COUNT];
    uint64_t bits[65]; /* of the stochastic ones */
    uint64_t cases, inexact, tie, tiny, overflow, mismatches;
} unit_tally;
extern unit_tally unit_seen;

/* Where unit_check draws its random numbers from; unit_random's, for operands another. */
extern unit_draw unit_dice;

/* Bits and a random number for c: at, next to and far from the threshold. */
void unit_draw_dice(unit_draw *draw, const unit_answer *answer, unit_case *c);

vprec_format unit_parse(const unit_format *f); /* aborts, in words, where the parser refuses it */
double unit_apply(const unit_case *c, const vprec_format *format, vprec_mode mode);
bool unit_same(double a, double b); /* the same bits, or both NaN */

/* Compares the library with both oracles in every mode, with SR for two random
 * numbers; tallies, and prints every parameter where they differ (the first ten times). */
void unit_check(const unit_case *c, const unit_format *f, const vprec_format *format);

/* The same for SR alone, with every random number of 1 to `bits` bits: that
 * exactly q of 2^bits take the larger neighbour. */
void unit_check_chance(const unit_case *c, const unit_format *f, const vprec_format *format, unsigned bits);

/* Whether `op` was compared in every mode with both oracles, and nothing
 * differed; with `thorough` also whether every event was met that is possible for
 * integers, or for doubles. Else unit_complaint says what is missing. */
bool unit_complete(enum unit_op op, bool thorough);
extern char unit_complaint[200];

/* In a Criterion test. */
#define unit_finish(op) cr_assert(unit_complete(op, false), "%s", unit_complaint)

extern const char *const unit_mode_names[VPREC_MODES];
extern const char *const unit_op_names[UNIT_COUNT];
extern const int unit_arities[UNIT_COUNT];
extern const char *const unit_event_names[UNIT_EVENTS_COUNT];

#endif
