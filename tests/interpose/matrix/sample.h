/* SPDX-License-Identifier: Apache-2.0
 * sample.h: operands for the matrix, biased to where rounding goes wrong. */
#ifndef VPREC_TESTS_SAMPLE_H
#define VPREC_TESTS_SAMPLE_H

#include "matrix.h"
#include "oracle.h"
#include <stddef.h>

void sample_seed(uint64_t seed);
uint64_t sample_next(void);

/* Fills with elements of `type`: for floats near the boundaries of `format`
 * and of the container, for integers of every magnitude with long tails. */
void sample_fill(uint8_t *bytes, size_t count, int type, const oracle_format *format);

/* Makes some addends of an FMA nearly cancel their product. */
void sample_relate(const matrix_case *c, matrix_state *state);

#endif
