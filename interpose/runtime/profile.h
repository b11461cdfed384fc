/* SPDX-License-Identifier: Apache-2.0
 * profile.h: what --count sees of one instruction: events, exponents and bits
 * cancelled of its elements, tallied by itself and then added to the counters
 * that threads and processes share. Computes no result. */
#ifndef VPREC_RUNTIME_PROFILE_H
#define VPREC_RUNTIME_PROFILE_H

#include "once.h"

/* A counter and what is to be added to it: neighbouring elements often share one. */
typedef struct vprec_tally_bin {
    _Atomic uint64_t *counter;
    uint64_t count;
} vprec_tally_bin;

typedef struct vprec_tally_span {
    uint64_t largest, smallest; /* as in vprec_span */
} vprec_tally_span;

typedef struct vprec_tally {
    vprec_counts *counts; /* NULL: not counting, and none of the functions below may be called */
#define X(event) uint64_t event;
    VPREC_EVENTS(X)
#undef X
    vprec_tally_span operands, results;
    vprec_tally_bin exponent, cancelled;
} vprec_tally;

static inline void vprec_tally_start(vprec_tally *t, vprec_counts *counts)
{
    if (counts)
        *t = (vprec_tally){.counts = counts};
    else
        t->counts = 0;
}

/* Adds the tally of an instruction with `lanes` results to the shared counters. */
void vprec_tally_end(vprec_tally *t, enum vprec_op op, unsigned lanes);

/* A result before it is rounded: to odd at 53 bits, and whether that changed it. */
typedef struct vprec_exactly {
    double odd;
    bool inexact;
} vprec_exactly;

/* One result, a value of the format, as binary64; `finite`: all operands were finite. Returns what went wrong, bits
 * 1 << enum vprec_first_kind, for vprec_tally_first. */
unsigned vprec_tally_result(vprec_tally *t, const vprec_format *format, vprec_mode mode, vprec_exactly exactly,
                            double result, bool finite, bool nan_operand);

/* An operation in which something went wrong. */
typedef struct vprec_case {
    enum vprec_work_kind work;
    unsigned operands;
    double operand[3];
    double exact, result;
    const char *name; /* of a call */
    const void *site, *cpu; /* of an instruction: for vprec_first_trace; else NULL */
} vprec_case;

/* Where what comes first gets its number. NULL: all are 1. */
extern _Atomic uint64_t *vprec_firsts;
/* Records the stack at the instruction, or (NULL) of who calls a function of libm; offset of the record, or 0. NULL:
 * nobody does. */
extern uint64_t (*vprec_first_trace)(const void *site, const void *cpu);
/* Keeps the operation in those of `first`, one of each kind, that `wrong` has and that hold none. */
void vprec_first_keep(vprec_first first[VPREC_FIRSTS], unsigned wrong, const vprec_case *c);

/* A result of which only the extent is counted. */
void vprec_tally_extent(vprec_tally *t, double result);

/* The operands of one operation, and of a sum (that of an fma too) the bits that it cancels: the exponent of the larger
 * summand or exact product less that of the exact sum. Nothing is cancelled by zeros; what is infinite or NaN does not
 * count. True with *exactly for sums and products of numbers other than zero, in the range of normal ones. */
bool vprec_tally_operands(vprec_tally *t, const vprec_operation *o, vprec_exactly *exactly);

#endif
