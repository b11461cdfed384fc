/* SPDX-License-Identifier: Apache-2.0
 * noise.h: element-wise operations with Monte Carlo arithmetic, for plans that have noise. Internal to lib/. */
#ifndef VPREC_NOISE_H
#define VPREC_NOISE_H

#include "plan.h"

/* As of vprec_round_mca: of the result, and of up to three operands. */
enum { VPREC_NOISE_WORDS = 4, VPREC_NOISE_BLOCK = 64 };

/* The words of elements index, index+1, ..., n <= VPREC_NOISE_BLOCK; those that the noise does not ask for are 0. */
void vprec_noise_draw(uint64_t words[][VPREC_NOISE_WORDS], const vprec_plan *plan, unsigned operands, uint64_t index,
                      size_t n);

/* `out` may be an operand's array; the caller's MXCSR does not matter. */
#define VPREC_NOISE_RUN(type, T)                                                                                       \
    void vprec_noise_run_##type(enum vprec_kernel_op op, T *out, const T *a, const T *b, const T *c, size_t n,         \
                                const vprec_plan *plan, uint64_t index);
VPREC_NOISE_RUN(f32, float)
VPREC_NOISE_RUN(f64, double)
#undef VPREC_NOISE_RUN

#endif
