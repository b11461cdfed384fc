/* SPDX-License-Identifier: Apache-2.0
 * outcomes.h: array kernels that count what happens to their results: for calls
 * whose rounding has a vprec_outcomes. Internal to lib/. */
#ifndef VPREC_OUTCOMES_H
#define VPREC_OUTCOMES_H

#include "plan.h"

/* Adds `more` to outcomes that other threads may add to. */
void vprec_outcomes_add(vprec_outcomes *outcomes, const vprec_outcomes *more);

/* Counts one result by what the VPREC_EVENT_ bits say. */
void vprec_outcomes_note(vprec_outcomes *outcomes, double result, unsigned events);

/* Whether a result may have events: it lies at a border of the format or beyond. If not, it is counted. */
bool vprec_outcomes_suspects(vprec_outcomes *outcomes, double result, const vprec_format *format);

/* The events of one operation, element i of a kernel call. */
unsigned vprec_outcomes_events(const vprec_plan *plan, enum vprec_kernel_op op, double a, double b, double c,
                               const vprec_dice *dice, size_t i);

/* The kernel of `op`, and where the plan has outcomes, the counts of what it did; or with its noise. n > 0. */
#define VPREC_OUTCOMES_RUN(type, T)                                                                                    \
    void vprec_outcomes_run_##type(enum vprec_kernel_op op, T *out, const T *a, const T *b, const T *c, size_t n,      \
                                   const vprec_plan *plan, const vprec_dice *dice);
VPREC_OUTCOMES_RUN(f32, float)
VPREC_OUTCOMES_RUN(f64, double)
#undef VPREC_OUTCOMES_RUN

#endif
