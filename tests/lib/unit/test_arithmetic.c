/* SPDX-License-Identifier: Apache-2.0
 * test_arithmetic.c: every operation in every mode over every format: boundary
 * tables and drawn operands with all the bits of binary32 and binary64. All pairs of
 * small formats are exhaustive.c's, the long runs campaign.c's. */
#include "support.h"
#include <criterion/criterion.h>

/* All pairs of boundary values, for three operands with a third that moves along. */
static void table(const unit_format *f, enum unit_op op)
{
    double values[UNIT_TABLE];
    size_t count = unit_table(f, values);
    cr_assert_leq(count, UNIT_TABLE);
    vprec_format format = unit_parse(f);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < (unit_arities[op] > 1 ? count : 1); j++) {
            unit_case c = {.op = op, .x = {values[i], values[j], values[(7 * i + j) % count]}};
            unit_check(&c, f, &format);
        }
    }
}

static void drawn(const unit_format *f, enum unit_op op, uint64_t seed)
{
    vprec_format format = unit_parse(f);
    unit_draw draw = {.state = seed, .format = f, .last = 1};
    unit_case c;
    for (uint64_t n = unit_scaled(10000); n; n--) {
        unit_draw_case(&draw, op, &c);
        unit_check(&c, f, &format);
    }
}

static void run(enum unit_op op)
{
    for (size_t i = 0; i < unit_formats_count; i++) {
        const unit_format *f = &unit_formats[i];
        if (unit_arities[op])
            table(f, op);
        drawn(f, op, 1000 * op + i);
    }
    cr_assert(unit_complete(op, true), "%s", unit_complaint);
    cr_assert(unit_seen.inexact && unit_seen.tie && unit_seen.overflow);
    cr_assert(unit_seen.tiny || op == UNIT_from_i64 || op == UNIT_from_u64);
}

#define X(name, arity)                                                                                                 \
    Test(arithmetic, name) { run(UNIT_##name); }
UNIT_OPS(X)
#undef X
