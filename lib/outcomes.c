/* SPDX-License-Identifier: Apache-2.0
 * outcomes.c: owns the counting of results. Rounds nothing: a kernel does, and where its result lies at a border of the
 * format the scalar operation says what happened.
 *
 * A magnitude between the smallest normal number and the largest finite one, both left out, had no event: the smallest
 * normal number is a value of the format, so that what is tiny is not rounded past it; and overflow gives the largest
 * finite number, infinity or NaN. */
#include "outcomes.h"
#include "noise.h"
#include "exact.h"
#include <float.h>

enum {
    BLOCK = 256,  /* results on their way: operands may lie where they go */
    STRETCH = 32 /* results judged at once */
};

void vprec_outcomes_note(vprec_outcomes *outcomes, double result, unsigned events)
{
    uint64_t bits = vprec_bits(result) & ~VPREC_SIGN;
    outcomes->operations++;
    outcomes->overflows += !!(events & VPREC_EVENT_OVERFLOW);
    outcomes->underflows += !!(events & VPREC_EVENT_UNDERFLOW);
    outcomes->zeros += !!(events & VPREC_EVENT_ZERO);
    outcomes->invalids += !!(events & VPREC_EVENT_INVALID);
    outcomes->poles += !!(events & VPREC_EVENT_POLE);
    if (!bits || bits >= VPREC_INF)
        return;
    if (bits > vprec_bits(outcomes->most))
        outcomes->most = vprec_from_bits(bits);
    if (bits - 1 < vprec_bits(outcomes->least) - 1) /* 0: none yet */
        outcomes->least = vprec_from_bits(bits);
}

bool vprec_outcomes_suspects(vprec_outcomes *outcomes, double result, const vprec_format *format)
{
    uint64_t bits = vprec_bits(result) & ~VPREC_SIGN;
    if (bits <= vprec_bits(format->min_normal) || bits >= vprec_bits(format->max))
        return true;
    vprec_outcomes_note(outcomes, result, 0);
    return false;
}

/* The extremes of `to` become those of both; `least` that of the smaller one that is there. */
static void widen(double *to, double with, bool least)
{
    uint64_t bits = vprec_bits(with), seen;
    double old;
    __atomic_load(to, &old, __ATOMIC_RELAXED);
    for (;;) {
        seen = vprec_bits(old);
        if (!bits || (least ? bits - 1 >= seen - 1 : bits <= seen))
            return;
        if (__atomic_compare_exchange(to, &old, &with, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return;
    }
}

void vprec_outcomes_add(vprec_outcomes *outcomes, const vprec_outcomes *more)
{
    __atomic_fetch_add(&outcomes->operations, more->operations, __ATOMIC_RELAXED);
    uint64_t *const to[] = {&outcomes->overflows, &outcomes->underflows, &outcomes->zeros, &outcomes->invalids,
                            &outcomes->poles};
    const uint64_t with[] = {more->overflows, more->underflows, more->zeros, more->invalids, more->poles};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        if (with[i])
            __atomic_fetch_add(to[i], with[i], __ATOMIC_RELAXED);
    }
    widen(&outcomes->least, more->least, true);
    widen(&outcomes->most, more->most, false);
}

static double watched(enum vprec_kernel_op op, double a, double b, double c, const vprec_rule *rule)
{
    switch (op) {
    case VPREC_OP_round: return vprec_round_watched(a, rule);
    case VPREC_OP_add: return vprec_add_watched(a, b, rule);
    case VPREC_OP_sub: return vprec_sub_watched(a, b, rule);
    case VPREC_OP_mul: return vprec_mul_watched(a, b, rule);
    case VPREC_OP_div: return vprec_div_watched(a, b, rule);
    case VPREC_OP_sqrt: return vprec_sqrt_watched(a, rule);
    default: return vprec_fma_watched(a, b, c, rule);
    }
}

/* By the operands alone: a format may have no NaN, and an exact infinity may be an operand's. */
static unsigned special_events(enum vprec_kernel_op op, double a, double b, double c)
{
    static const vprec_format wide = {.ebits = 11, .fbits = 52, .bias = 1023, .emin = -1022, .emax = 1023,
                                      .max = DBL_MAX, .min_normal = DBL_MIN, .min_subnormal = 0x1p-1074};
    unsigned events = 0;
    vprec_rule rule = {&wide, VPREC_RNE, 0, 0, NULL, NULL, &events};
    uint64_t x = vprec_bits(a), y = vprec_bits(b), z = vprec_bits(c);
    if (vprec_bits_nan(x) || vprec_bits_nan(y) || vprec_bits_nan(z))
        return 0;
    if (vprec_bits_nan(vprec_bits(watched(op, a, b, c, &rule))))
        return VPREC_EVENT_INVALID;
    bool pole = op == VPREC_OP_div && vprec_bits_zero(y) && !vprec_bits_inf(x);
    return pole ? VPREC_EVENT_POLE : 0;
}

unsigned vprec_outcomes_events(const vprec_plan *plan, enum vprec_kernel_op op, double a, double b, double c,
                               const vprec_dice *dice, size_t i)
{
    unsigned events = special_events(op, a, b, c);
    vprec_rule rule = {&plan->format, plan->mode, 0, 0, NULL, NULL, &events};
    if (plan->mode == VPREC_SR) {
        const vprec_random *source = &plan->random;
        uint32_t space;
        rule.bits = source->bits;
        rule.random = (uint64_t)dice->words[i] << 32;
        if (rule.bits > 32)
            rule.random |= *source->words(source->context, dice->index + i, 1, 1, &space);
    }
    watched(op, a, b, c, &rule);
    return events;
}

/* Counts a stretch of results between the two magnitudes at once, if nothing can have happened to any. */
static bool count_clean(vprec_outcomes *counts, double least, double most, size_t n, const vprec_format *format)
{
    if (vprec_bits(least) <= vprec_bits(format->min_normal) || vprec_bits(most) >= vprec_bits(format->max))
        return false;
    vprec_outcomes_note(counts, least, 0);
    vprec_outcomes_note(counts, most, 0);
    counts->operations += n - 2;
    return true;
}

#define WIDE_f32(x) vprec_float_widen(x)
#define WIDE_f64(x) (x)
#define RUN(type, T, I)                                                                                                \
    /* Magnitudes as integers, whose order is theirs. */                                                               \
    static void extremes_##type(const T *x, size_t n, T *least, T *most)                                               \
    {                                                                                                                  \
        const I magnitude = (I)((~(uint64_t)0 >> (64 - 8 * sizeof(I))) >> 1);                                          \
        I low = magnitude, high = 0;                                                                                   \
        for (size_t i = 0; i < n; i++) {                                                                               \
            I bits;                                                                                                    \
            memcpy(&bits, &x[i], sizeof bits);                                                                         \
            bits &= magnitude;                                                                                         \
            low = bits < low ? bits : low;                                                                             \
            high = bits > high ? bits : high;                                                                          \
        }                                                                                                              \
        memcpy(least, &low, sizeof low);                                                                               \
        memcpy(most, &high, sizeof high);                                                                              \
    }                                                                                                                  \
    static void count_##type(vprec_outcomes *counts, enum vprec_kernel_op op, const T *out, const T *a, const T *b,    \
                             const T *c, size_t n, const vprec_plan *plan, const vprec_dice *dice)                     \
    {                                                                                                                  \
        for (size_t i = 0, m; i < n; i += m) {                                                                         \
            T least, most;                                                                                             \
            m = n - i < STRETCH ? n - i : STRETCH;                                                                     \
            extremes_##type(out + i, m, &least, &most);                                                                \
            if (count_clean(counts, WIDE_##type(least), WIDE_##type(most), m, &plan->format))                          \
                continue;                                                                                              \
            for (size_t j = i; j < i + m; j++) {                                                                       \
                double result = WIDE_##type(out[j]);                                                                   \
                if (vprec_outcomes_suspects(counts, result, &plan->format))                                            \
                    vprec_outcomes_note(counts, result,                                                                \
                                        vprec_outcomes_events(plan, op, WIDE_##type(a[j]), b ? WIDE_##type(b[j]) : 0,  \
                                                              c ? WIDE_##type(c[j]) : 0, dice, j));                    \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    void vprec_outcomes_run_##type(enum vprec_kernel_op op, T *out, const T *a, const T *b, const T *c, size_t n,      \
                                const vprec_plan *plan, const vprec_dice *dice)                                        \
    {                                                                                                                  \
        if (plan->noise.what) {                                                                                        \
            vprec_noise_run_##type(op, out, a, b, c, n, plan, dice->index);                                            \
            return;                                                                                                    \
        }                                                                                                              \
        vprec_kernel_##type *kernel = vprec_kernels_at(vprec_cpu_level())->type[op];                                   \
        if (!plan->outcomes) {                                                                                         \
            kernel(out, a, b, c, n, plan, dice);                                                                       \
            return;                                                                                                    \
        }                                                                                                              \
        T results[BLOCK];                                                                                              \
        vprec_outcomes counts = {0};                                                                                   \
        vprec_dice part, *roll = dice ? &part : NULL;                                                                  \
        for (size_t i = 0, m; i < n; i += m) {                                                                         \
            m = n - i < BLOCK ? n - i : BLOCK;                                                                         \
            const T *x = a + i, *y = b ? b + i : NULL, *z = c ? c + i : NULL;                                          \
            if (dice)                                                                                                  \
                part = (vprec_dice){dice->words + i, dice->index + i};                                                 \
            kernel(results, x, y, z, m, plan, roll);                                                                   \
            count_##type(&counts, op, results, x, y, z, m, plan, roll);                                                \
            memcpy(out + i, results, m * sizeof(T));                                                                   \
        }                                                                                                              \
        vprec_outcomes_add(plan->outcomes, &counts);                                                                   \
    }
RUN(f32, float, int32_t)
RUN(f64, double, int64_t)
