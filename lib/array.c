/* SPDX-License-Identifier: Apache-2.0
 * array.c: owns the public array functions: checks the arguments, makes the
 * plan, cuts stochastic calls into blocks of random words, calls the kernel. */
#include "range.h"
#include "outcomes.h"

enum { BLOCK = 2048 }; /* random words asked for at once */

static vprec_status check(const void *out, const void *const operands[3], int arity, size_t n, vprec_type type)
{
    size_t size = type == VPREC_F32 ? 4 : 8;
    vprec_range to, from;
    bool fit = vprec_range_of(&to, out, n, size);
    for (int i = 0; i < arity && fit; i++)
        fit = vprec_range_of(&from, operands[i], n, size) && vprec_range_apart_or_same(to, from);
    return fit ? VPREC_OK : VPREC_EINVAL;
}

#define RUN(type, TYPE, T)                                                                                             \
    static vprec_status run_##type(enum vprec_kernel_op op, int arity, T *out, const T *a, const T *b, const T *c,     \
                                   size_t n, const vprec_rounding *to)                                                 \
    {                                                                                                                  \
        vprec_plan plan;                                                                                               \
        vprec_status status = vprec_plan_make(&plan, to, TYPE);                                                        \
        if (!status && n)                                                                                              \
            status = check(out, (const void *const[]){a, b, c}, arity, n, TYPE);                                       \
        if (status || !n)                                                                                              \
            return status;                                                                                             \
        if (!vprec_plan_draws(&plan)) {                                                                                \
            vprec_outcomes_run_##type(op, out, a, b, c, n, &plan, NULL);                                               \
            return VPREC_OK;                                                                                           \
        }                                                                                                              \
        uint32_t space[BLOCK];                                                                                         \
        for (size_t i = 0; i < n; i += BLOCK) {                                                                        \
            size_t m = n - i < BLOCK ? n - i : BLOCK;                                                                  \
            vprec_dice dice;                                                                                           \
            vprec_outcomes_run_##type(op, out + i, a + i, b ? b + i : b, c ? c + i : c, m, &plan,                      \
                                      vprec_plan_roll(&plan, i, m, space, &dice));                                     \
        }                                                                                                              \
        return VPREC_OK;                                                                                               \
    }
RUN(f32, VPREC_F32, float)
RUN(f64, VPREC_F64, double)

#define PUBLIC(type, T)                                                                                                \
    vprec_status vprec_round_##type(T *out, const T *x, size_t n, const vprec_rounding *to)                            \
    {                                                                                                                  \
        return run_##type(VPREC_OP_round, 1, out, x, NULL, NULL, n, to);                                               \
    }                                                                                                                  \
    vprec_status vprec_add_##type(T *out, const T *a, const T *b, size_t n, const vprec_rounding *to)                  \
    {                                                                                                                  \
        return run_##type(VPREC_OP_add, 2, out, a, b, NULL, n, to);                                                    \
    }                                                                                                                  \
    vprec_status vprec_sub_##type(T *out, const T *a, const T *b, size_t n, const vprec_rounding *to)                  \
    {                                                                                                                  \
        return run_##type(VPREC_OP_sub, 2, out, a, b, NULL, n, to);                                                    \
    }                                                                                                                  \
    vprec_status vprec_mul_##type(T *out, const T *a, const T *b, size_t n, const vprec_rounding *to)                  \
    {                                                                                                                  \
        return run_##type(VPREC_OP_mul, 2, out, a, b, NULL, n, to);                                                    \
    }                                                                                                                  \
    vprec_status vprec_div_##type(T *out, const T *a, const T *b, size_t n, const vprec_rounding *to)                  \
    {                                                                                                                  \
        return run_##type(VPREC_OP_div, 2, out, a, b, NULL, n, to);                                                    \
    }                                                                                                                  \
    vprec_status vprec_sqrt_##type(T *out, const T *a, size_t n, const vprec_rounding *to)                             \
    {                                                                                                                  \
        return run_##type(VPREC_OP_sqrt, 1, out, a, NULL, NULL, n, to);                                                \
    }                                                                                                                  \
    vprec_status vprec_fma_##type(T *out, const T *a, const T *b, const T *c, size_t n, const vprec_rounding *to)      \
    {                                                                                                                  \
        return run_##type(VPREC_OP_fma, 3, out, a, b, c, n, to);                                                       \
    }
PUBLIC(f32, float)
PUBLIC(f64, double)
