/* SPDX-License-Identifier: Apache-2.0
 * expect.h: what one instruction must leave in its destination. */
#ifndef VPREC_TESTS_EXPECT_H
#define VPREC_TESTS_EXPECT_H

#include "matrix.h"
#include "oracle.h"
#include <stddef.h>

enum { MATRIX_ROUND_RESULTS = 1, MATRIX_ROUND_OPERANDS = 2, MATRIX_ROUND_BOTH = 3 };

/* `state` holds what the processor left after executing the instruction on
 * `in` (memory operand at `memory`). Replaces every lane that the instruction
 * computed by the oracle's value for the result type's format and returns the
 * set of these lanes; leaves `state` alone where the type is native. `edges`
 * receives the lanes where FTZ may or may not flush, by when tininess is detected. */
uint64_t expect(const matrix_case *c, const matrix_state *in, const uint8_t *memory, const oracle_format format[2],
                int round, matrix_state *state, uint64_t *edges);

/* Rounds the elements at `bytes` as --round operands does before an approximation, whose
 * expectation starts from what the processor makes of them. */
void expect_round_operand(const matrix_case *c, uint8_t *bytes, size_t room, const oracle_format format[2]);

#endif
