/* SPDX-License-Identifier: Apache-2.0
 * plan.h: a rounding made ready for kernels: how the mode decides and how the
 * format lies in the lanes' type, which together choose the sequence that
 * rounds to it (x86/rounding.inc). Internal to lib/. */
#ifndef VPREC_PLAN_H
#define VPREC_PLAN_H

#include "kernels.h"

/* How a mode decides: what is added to the bits before the dropped ones are cleared. */
typedef enum vprec_way {
    VPREC_WAY_NEAREST,   /* rne: half, by the last bit kept */
    VPREC_WAY_STEP,      /* rna rtz ru rd: a constant for each sign */
    VPREC_WAY_ODD,       /* rto: nothing; the last bit kept is set */
    VPREC_WAY_STOCHASTIC /* sr: a random number */
} vprec_way;

/* How a format lies in the type of the lanes (m of its p fraction bits, exponents). */
#define VPREC_PLAN_SHAPES(X)                                                                                           \
    X(REFERENCE) /* none of the others: the scalar functions, element by element */                                    \
    X(NATIVE)    /* the type itself, to nearest even: the processor's own arithmetic */                                \
    X(OWN)       /* emin is the type's: subnormals come out by themselves */                                           \
    X(NARROW)    /* emin is above the type's */                                                                        \
    X(INNER)     /* NARROW, rne or exact rtz ru rd, 2^(emax+p-m+1) in range: x86/rounding.inc has one sum for it */    \
    X(FULL)      /* NARROW with m = p: only subnormals lose bits */                                                    \
    X(FLUSH)     /* no subnormals, emin above the type's */                                                            \
    X(FLUSH_OWN) /* no subnormals, emin the type's */
typedef enum vprec_shape {
#define X(name) VPREC_SHAPE_##name,
    VPREC_PLAN_SHAPES(X)
#undef X
} vprec_shape;

struct vprec_plan {
    vprec_format format;
    vprec_mode mode;
    vprec_way way;
    vprec_random random;
    vprec_outcomes *outcomes; /* NULL: nothing is counted */
    vprec_noise noise;        /* what = 0: none */
    double over[2]; /* magnitude that an overflow gives, by sign */
    double inf;     /* magnitude that an exact infinity gives */
};

/* Checks `to` for arrays of `type` and makes the plan. VPREC_EINVAL, VPREC_ERANGE as of the array functions. */
vprec_status vprec_plan_make(vprec_plan *plan, const vprec_rounding *to, vprec_type type);

/* The shape that rounds exact values of `lanes` (exact), or results known to
 * the last bit of `lanes` and whether they are exact (else). */
vprec_shape vprec_plan_shape(const vprec_plan *plan, vprec_type lanes, bool exact);

/* Whether results depend on random words. */
static inline bool vprec_plan_draws(const vprec_plan *plan)
{
    return plan->mode == VPREC_SR || plan->noise.what;
}

/* The dice of elements index, index+1, ..., with their words where a kernel wants them, in `space` or elsewhere; NULL:
 * results do not depend on any. */
const vprec_dice *vprec_plan_roll(const vprec_plan *plan, uint64_t index, size_t n, uint32_t *space, vprec_dice *dice);

/* The scalar operation on element i of a kernel call: the reference of every kernel. */
double vprec_plan_apply(const vprec_plan *plan, enum vprec_kernel_op op, double a, double b, double c,
                        const vprec_dice *dice, size_t i);

#endif
