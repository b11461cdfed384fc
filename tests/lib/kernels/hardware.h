/* SPDX-License-Identifier: Apache-2.0
 * hardware.h: what the processor itself makes of narrow formats: an oracle that no one
 * here wrote. Each function needs the instructions that its name says. */
#ifndef KERNELS_HARDWARE_H
#define KERNELS_HARDWARE_H

#include "plan.h"

/* The processor's four directions. */
#define HARDWARE_DIRECTIONS(X)                                                                                         \
    X(VPREC_RNE, _MM_FROUND_TO_NEAREST_INT)                                                                            \
    X(VPREC_RTZ, _MM_FROUND_TO_ZERO)                                                                                   \
    X(VPREC_RU, _MM_FROUND_TO_POS_INF)                                                                                 \
    X(VPREC_RD, _MM_FROUND_TO_NEG_INF)

/* out[i] = x[i] rounded to binary16 by vcvtps2ph. n is a multiple of 8. */
void hardware_round_f16c(vprec_mode mode, float *out, const float *x, size_t n);

/* out[i] = a[i] op b[i] in binary16 by AVX512-FP16, operands as codes of binary16. n is a multiple of 32. */
void hardware_fp16(enum vprec_kernel_op op, vprec_mode mode, float *out, const uint16_t *a, const uint16_t *b,
                   const uint16_t *c, size_t n);

/* out[i] = the binary16 code x[i], exactly. n is a multiple of 8. */
void hardware_widen(float *out, const uint16_t *x, size_t n);

/* out[i] = x[i] rounded to bfloat16, nearest even, by vcvtneps2bf16, which takes subnormals
 * as zero on both sides. n is a multiple of 16. */
void hardware_round_bf16(float *out, const float *x, size_t n);

#endif
