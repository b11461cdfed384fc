/* SPDX-License-Identifier: Apache-2.0
 * test_arithmetic.c: every operation in every mode over every format: all pairs
 * of 8-bit codes, all triples of the smallest formats, then boundary tables and
 * drawn operands with all the bits of binary32 and binary64. */
#include "support.h"
#include <criterion/criterion.h>

static int arity(enum unit_op op)
{
    static const int arities[UNIT_COUNT] = {
#define X(name, arity) arity,
        UNIT_OPS(X)
#undef X
    };
    return arities[op];
}

static void codes(const unit_format *f, enum unit_op op)
{
    int bits = 1 + f->ebits + f->fbits;
    vprec_format format = unit_parse(f);
    unit_case c = {.op = op};
    uint64_t n = UINT64_C(1) << bits, third = arity(op) == 3 ? n : 1;
    for (uint64_t i = 0; i < n; i++) {
        for (uint64_t j = 0; j < n; j++) {
            for (uint64_t k = 0; k < third; k++) {
                c.x[0] = unit_decode(i, f), c.x[1] = unit_decode(j, f), c.x[2] = unit_decode(k, f);
                unit_check(&c, f, &format);
            }
        }
    }
}

/* All pairs of boundary values, for three operands with a third that moves along. */
static void table(const unit_format *f, enum unit_op op)
{
    double values[UNIT_TABLE];
    size_t count = unit_table(f, values);
    cr_assert_leq(count, UNIT_TABLE);
    vprec_format format = unit_parse(f);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < (arity(op) > 1 ? count : 1); j++) {
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
    for (uint64_t n = unit_scaled(25000); n; n--) {
        unit_draw_case(&draw, op, &c);
        unit_check(&c, f, &format);
    }
}

static void run(enum unit_op op)
{
    int exhaustive = 0;
    for (size_t i = 0; i < unit_formats_count; i++) {
        const unit_format *f = &unit_formats[i];
        int bits = 1 + f->ebits + f->fbits;
        if ((arity(op) == 2 && bits <= 8) || (arity(op) == 3 && bits <= 5)) {
            codes(f, op);
            exhaustive++;
        }
        if (arity(op))
            table(f, op);
        drawn(f, op, 1000 * op + i);
    }
    unit_finish(op);
    cr_assert(arity(op) < 2 || exhaustive);
    cr_assert(unit_seen.inexact && unit_seen.tie && unit_seen.overflow);
    cr_assert(unit_seen.tiny || op == UNIT_from_i64 || op == UNIT_from_u64);
}

#define X(name, arity)                                                                                                 \
    Test(arithmetic, name) { run(UNIT_##name); }
UNIT_OPS(X)
#undef X
