/* SPDX-License-Identifier: Apache-2.0
 * elementary.c: owns the public elementary functions: Ziv's test over the steps of
 * elementary_eval.c, the floating-point environment around them, and the arrays.
 *
 * A rounding never falls: if both ends of an interval round to one value, so
 * does everything in between. That holds in every mode, in stochastic rounding for a given random number. */
#include "elementary.h"
#include "noise.h"
#include "outcomes.h"
#include "range.h"
#include <errno.h>
#include <fenv.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static const struct {
    const char *name;
    int arity;
} functions[VPREC_FUNCTIONS_COUNT] = {
#define X(name, arity) {#name, arity},
    VPREC_FUNCTIONS(X)
#undef X
};

static bool exists(vprec_function function) { return (unsigned)function < VPREC_FUNCTIONS_COUNT; }

const char *vprec_function_name(vprec_function function) { return exists(function) ? functions[function].name : NULL; }

int vprec_function_arity(vprec_function function) { return exists(function) ? functions[function].arity : 0; }

vprec_status vprec_function_find(const char *name, vprec_function *function)
{
    for (int i = 0; name && function && i < VPREC_FUNCTIONS_COUNT; i++) {
        if (strcmp(name, functions[i].name))
            continue;
        *function = (vprec_function)i;
        return VPREC_OK;
    }
    return VPREC_EINVAL;
}

/* ---- one value ---- */

/* With noise a value is treated as an operand, too, and the end of an interval has no few bits. */
static double round_end(const vprec_interval *value, vprec_u128 sig, const vprec_rule *to)
{
    return to->noise ? vprec_exact_convert_noisy(value->sign, value->exp, sig | 1, to)
                     : vprec_exact_round(value->sign, value->exp, sig, to);
}

/* The same where events are asked for: the ends must agree on these, too. */
static bool decide_watched(const vprec_interval *value, const vprec_rule *to, double *result)
{
    unsigned low = 0, high = 0;
    vprec_rule end = *to;
    end.events = &low;
    *result = round_end(value, value->low, &end);
    end.events = &high;
    *to->events = low;
    return vprec_bits(*result) == vprec_bits(round_end(value, value->high, &end)) && low == high;
}

static bool decide(const vprec_interval *value, const vprec_rule *to, double *result)
{
    if (to->events)
        return decide_watched(value, to, result);
    *result = round_end(value, value->low, to);
    return vprec_bits(*result) == vprec_bits(round_end(value, value->high, to));
}

/* Whether binary64 leaves too few bits below the format's last to decide often. */
static bool hopeless(vprec_function function, const vprec_format *format)
{
    return (UINT64_C(4) * vprec_libm_ulps(function, VPREC_STEP_F64)) >> (52 - format->fbits);
}

static void note(const vprec_rule *to, unsigned events)
{
    if (to->events)
        *to->events = events;
}

/* Every step, with all that is known of the value. Needs the default environment. */
static double settle(vprec_function function, double x, double y, const vprec_rule *to, bool *unproven)
{
    vprec_known known = vprec_libm_known(function, x, y);
    bool finite = !vprec_bits_inf(vprec_bits(x)) && (functions[function].arity < 2 || !vprec_bits_inf(vprec_bits(y)));
    *unproven = false;
    note(to, known.what == VPREC_INVALID                ? VPREC_EVENT_INVALID
             : known.what == VPREC_INFINITE && finite ? VPREC_EVENT_POLE
                                                      : 0);
    switch (known.what) {
    case VPREC_NAN_X: return vprec_exact_nan(vprec_bits(x), to->format);
    case VPREC_NAN_Y: return vprec_exact_nan(vprec_bits(y), to->format);
    case VPREC_INVALID: return vprec_exact_nan(VPREC_NAN_BITS, to->format);
    case VPREC_ZERO: return vprec_exact_zero(known.sign, to->format);
    case VPREC_INFINITE: return vprec_exact_inf(known.sign, to->format);
    case VPREC_FINITE:
        return to->noise ? vprec_exact_convert_noisy(known.sign, known.exp, known.sig, to)
                         : vprec_exact_round(known.sign, known.exp, known.sig, to);
    default: break;
    }
    double result, middle = vprec_from_bits(VPREC_NAN_BITS);
    int first = hopeless(function, to->format) ? VPREC_STEP_F80 : VPREC_STEP_F64;
    for (int step = first; step < VPREC_STEPS; step++) {
        vprec_interval value;
        if (!vprec_libm_evaluate(&value, function, step, x, y))
            continue;
        middle = round_end(&value, value.low + (value.high - value.low) / 2, to);
        vprec_libm_narrow(&value, function, x, y);
        if (decide(&value, to, &result))
            return result;
    }
    *unproven = true;
    return middle;
}

#if defined(__x86_64__)
/* The first step alone, with MXCSR set for it: much cheaper than the whole
 * environment, and all that binary64 needs, but for the gamma functions of glibc, which use the x87 too. It does
 * not ask what the operands are: libm's special results are no normal numbers, or within the bound too. */
static bool first_step_apart(vprec_function function, double x, double y, const vprec_rule *to, double *result)
{
    if (function == VPREC_FN_tgamma || function == VPREC_FN_lgamma || hopeless(function, to->format))
        return false;
    unsigned caller = _mm_getcsr();
    if ((caller | _MM_EXCEPT_MASK) != (_MM_MASK_MASK | _MM_EXCEPT_MASK))
        _mm_setcsr(_MM_MASK_MASK);
    vprec_interval value;
    bool decided = vprec_libm_evaluate(&value, function, VPREC_STEP_F64, x, y) && decide(&value, to, result);
    if (_mm_getcsr() != caller)
        _mm_setcsr(caller);
    return decided;
}
#else
#define first_step_apart(...) false
#endif

static double settle_apart(vprec_function function, double x, double y, const vprec_rule *to, bool *unproven)
{
    fenv_t caller;
    fegetenv(&caller);
    fesetenv(FE_DFL_ENV);
    double result = settle(function, x, y, to, unproven);
    fesetenv(&caller);
    return result;
}

static double apply(vprec_function function, double x, double y, const vprec_rule *to, bool *unproven)
{
    bool ignored, *doubt = unproven ? unproven : &ignored;
    double result;
    int error = errno;
    *doubt = false;
    if (!first_step_apart(function, x, y, to, &result))
        result = settle_apart(function, x, y, to, doubt);
    errno = error;
    return result;
}

double vprec_libm(vprec_function function, double x, double y, const vprec_format *format, vprec_mode mode,
                  bool *unproven)
{
    if (!exists(function) || (unsigned)mode >= VPREC_SR)
        return vprec_from_bits(VPREC_NAN_BITS);
    return apply(function, x, y, &(vprec_rule){.format = format, .mode = mode}, unproven);
}

double vprec_libm_sr(vprec_function function, double x, double y, const vprec_format *format, unsigned bits,
                     uint64_t random, bool *unproven)
{
    if (!exists(function) || bits - 1 >= 64)
        return vprec_from_bits(VPREC_NAN_BITS);
    vprec_rule to = {.format = format, .mode = VPREC_SR, .bits = bits, .random = random};
    return apply(function, x, y, &to, unproven);
}

/* ---- arrays ---- */

enum { BLOCK = 256 };

/* The first step of a block: both ends of the intervals, rounded by a kernel. */
typedef struct block {
    double x[BLOCK], y[BLOCK], low[BLOCK], high[BLOCK];
    bool normal[BLOCK];
    uint32_t space[BLOCK];
} block;

static void evaluate_block(block *b, vprec_function function, size_t n)
{
    vprec_libm_f64_call *call = vprec_libm_call(function);
    uint64_t ulps = vprec_libm_ulps(function, VPREC_STEP_F64);
    for (size_t i = 0; i < n; i++)
        b->low[i] = call(b->x[i], b->y[i]);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = vprec_bits(b->low[i]);
        b->normal[i] = (bits << 1 >> 53) - 2 < 0x7fc; /* the ends too */
        bits = b->normal[i] ? bits : UINT64_C(0x3ff) << 52;
        b->low[i] = vprec_from_bits(bits - ulps);
        b->high[i] = vprec_from_bits(bits + ulps);
    }
}

/* Rounds x[0..n-1] (and y), the elements from `index` on, to low[0..n-1]; returns how many are not proven. */
static size_t run_block(block *b, vprec_function function, uint64_t index, size_t n, const vprec_plan *plan,
                        bool hopeless_here)
{
    const vprec_random *source = &plan->random;
    bool random = plan->mode == VPREC_SR;
    vprec_dice dice = {random ? source->words(source->context, index, n, 0, b->space) : NULL, index};
    uint64_t words[VPREC_NOISE_WORDS];
    if (!hopeless_here) {
        vprec_kernel_f64 *round = vprec_kernels_at(vprec_cpu_level())->f64[VPREC_OP_round];
        evaluate_block(b, function, n);
        round(b->low, b->low, NULL, NULL, n, plan, random ? &dice : NULL);
        round(b->high, b->high, NULL, NULL, n, plan, random ? &dice : NULL);
    }
    size_t unproven = 0;
    vprec_outcomes counts = {0};
    for (size_t i = 0; i < n; i++) {
        bool decided = !hopeless_here && b->normal[i] && vprec_bits(b->low[i]) == vprec_bits(b->high[i]);
        if (decided && !(plan->outcomes && vprec_outcomes_suspects(&counts, b->low[i], &plan->format)))
            continue;
        unsigned events = 0;
        vprec_rule to = {.format = &plan->format, .mode = plan->mode, .events = plan->outcomes ? &events : NULL};
        if (random) {
            uint32_t space;
            to.bits = source->bits;
            to.random = (uint64_t)dice.words[i] << 32;
            if (to.bits > 32)
                to.random |= *source->words(source->context, index + i, 1, 1, &space);
        }
        if (plan->noise.what) {
            vprec_noise_draw(&words, plan, 1, index + i, 1);
            to.noise = &plan->noise;
            to.words = words;
        }
        bool doubt;
        b->low[i] = settle(function, b->x[i], b->y[i], &to, &doubt);
        unproven += doubt;
        if (plan->outcomes)
            vprec_outcomes_note(&counts, b->low[i], events);
    }
    if (plan->outcomes)
        vprec_outcomes_add(plan->outcomes, &counts);
    return unproven;
}

static vprec_status prepare(vprec_plan *plan, vprec_function function, const void *out, const void *x, const void *y,
                            size_t n, const vprec_rounding *to, vprec_type type)
{
    size_t size = type == VPREC_F32 ? 4 : 8;
    if (!exists(function))
        return VPREC_EINVAL;
    vprec_status status = vprec_plan_make(plan, to, type);
    if (!status)
        status = vprec_plan_make(plan, to, VPREC_F64);
    if (status || !n)
        return status;
    vprec_range results, operand;
    bool fit = vprec_range_of(&results, out, n, size) && vprec_range_of(&operand, x, n, size) &&
               vprec_range_apart_or_same(results, operand);
    if (functions[function].arity > 1)
        fit = fit && vprec_range_of(&operand, y, n, size) && vprec_range_apart_or_same(results, operand);
    return fit ? VPREC_OK : VPREC_EINVAL;
}

#define ARRAY(type, TYPE, T)                                                                                           \
    vprec_status vprec_libm_##type(vprec_function function, T *out, const T *x, const T *y, size_t n,                  \
                                   const vprec_rounding *to, size_t *unproven)                                         \
    {                                                                                                                  \
        vprec_plan plan;                                                                                               \
        vprec_status status = prepare(&plan, function, out, x, y, n, to, TYPE);                                        \
        if (status)                                                                                                    \
            return status;                                                                                             \
        int error = errno;                                                                                             \
        fenv_t caller;                                                                                                 \
        fegetenv(&caller);                                                                                             \
        fesetenv(FE_DFL_ENV);                                                                                          \
        block b;                                                                                                       \
        size_t doubts = 0;                                                                                             \
        for (size_t i = 0; i < n; i += BLOCK) {                                                                        \
            size_t m = n - i < BLOCK ? n - i : BLOCK;                                                                  \
            for (size_t j = 0; j < m; j++) {                                                                           \
                b.x[j] = x[i + j];                                                                                     \
                b.y[j] = functions[function].arity > 1 ? y[i + j] : 0;                                                 \
            }                                                                                                          \
            doubts += run_block(&b, function, i, m, &plan,                                                    \
                                hopeless(function, &plan.format) || plan.noise.what);                          \
            for (size_t j = 0; j < m; j++)                                                                             \
                out[i + j] = (T)b.low[j];                                                                              \
        }                                                                                                              \
        fesetenv(&caller);                                                                                             \
        errno = error;                                                                                                 \
        if (unproven)                                                                                                  \
            *unproven = doubts;                                                                                        \
        return VPREC_OK;                                                                                               \
    }
ARRAY(f32, VPREC_F32, float)
ARRAY(f64, VPREC_F64, double)
