/* SPDX-License-Identifier: Apache-2.0
 * convert.c: owns conversions: between element types, and between values and
 * their codes. Rounds nothing itself: whatever becomes an exact double is rounded
 * by the binary64 kernel, 64-bit integers by the scalar functions. */
#include "exact.h"
#include "range.h"
#include "noise.h"
#include "outcomes.h"

enum { BLOCK = 512 }; /* doubles on the way from one array to the other */

static inline int code_width(const vprec_format *format) { return 1 + format->ebits + format->fbits; }

/* Without infinities the format's NaN is its all-ones code, with either sign, or the code of -0. */
static uint64_t encode_nan(uint64_t bits, const vprec_format *format)
{
    uint64_t sign = UINT64_C(1) << (code_width(format) - 1);
    if (format->flags & VPREC_NONEGZERO)
        return sign;
    uint64_t code = format->flags & VPREC_NOINF ? sign - 1 : (bits & (VPREC_SIGN - 1)) >> (52 - format->fbits);
    code &= sign - 1; /* the exponent field of a double holds more ones */
    return bits >> 63 ? sign | code : code;
}

/* The code of a value of the format. */
static uint64_t encode(double value, const vprec_format *format)
{
    uint64_t bits = vprec_bits(value);
    if (vprec_bits_nan(bits))
        return encode_nan(bits | VPREC_QUIET, format);
    uint64_t sign = vprec_bits_sign(bits) ? UINT64_C(1) << (code_width(format) - 1) : 0;
    if (vprec_bits_zero(bits))
        return sign;
    if (vprec_bits_inf(bits))
        return sign | ((UINT64_C(1) << format->ebits) - 1) << format->fbits;
    /* The hidden bit of a normal number adds one to the exponent field. */
    vprec_parts parts = vprec_unpack(bits);
    int32_t above = parts.exp > format->emin ? parts.exp - format->emin : 0;
    int32_t unit = format->emin + above - format->fbits;
    return sign | (((uint64_t)above << format->fbits) + (parts.sig >> (63 + unit - parts.exp)));
}

static double decode(uint64_t code, const vprec_format *format)
{
    int width = code_width(format), fbits = format->fbits;
    uint64_t magnitude = code & ((UINT64_C(1) << (width - 1)) - 1), fraction = magnitude & ((UINT64_C(1) << fbits) - 1);
    uint64_t field = magnitude >> fbits, ones = (UINT64_C(1) << format->ebits) - 1;
    uint64_t sign = code >> (width - 1) << 63;
    if (field == ones && !(format->flags & VPREC_NOINF))
        return vprec_from_bits(sign | VPREC_INF | (fraction ? VPREC_QUIET | fraction << (52 - fbits) : 0));
    if (!magnitude && sign && (format->flags & VPREC_NONEGZERO) && !(format->flags & VPREC_NONAN))
        return vprec_from_bits(VPREC_NAN_BITS);
    if (!field && (!fraction || (format->flags & VPREC_NOSUB)))
        return vprec_exact_zero(sign, format);
    uint64_t bits = field ? vprec_pack(fraction | UINT64_C(1) << fbits, (int32_t)field - format->bias - fbits)
                          : vprec_pack(fraction, format->emin - fbits);
    if (bits > vprec_bits(format->max)) /* the all-ones code of a format whose NaN it is */
        bits = VPREC_INF | VPREC_QUIET;
    return vprec_from_bits(sign | bits);
}

vprec_status vprec_encode(double value, const vprec_format *format, uint64_t *code)
{
    if (!format || !code)
        return VPREC_EINVAL;
    uint64_t bits = vprec_bits(value), magnitude = bits & ~VPREC_SIGN;
    bool member;
    if (vprec_bits_nan(bits))
        member = !(format->flags & VPREC_NONAN);
    else if (vprec_bits_inf(bits))
        member = !(format->flags & VPREC_NOINF);
    else if (magnitude && (magnitude < vprec_bits(format->min_subnormal) || magnitude > vprec_bits(format->max)))
        member = false;
    else
        member = vprec_bits(decode(encode(value, format), format)) == bits;
    if (!member)
        return VPREC_EINVAL;
    *code = encode(value, format);
    return VPREC_OK;
}

double vprec_decode(uint64_t code, const vprec_format *format) { return decode(code, format); }

static bool arrays_fit(const void *out, size_t out_size, const void *x, size_t x_size, size_t n)
{
    vprec_range to, from;
    return vprec_range_of(&to, out, n, out_size) && vprec_range_of(&from, x, n, x_size) && vprec_range_apart(to, from);
}

/* The checks of a call that rounds to arrays of `type`, and its plan: that of
 * binary64, whose kernel does the rounding. */
static vprec_status prepare(vprec_plan *plan, const vprec_rounding *to, vprec_type type, const void *out,
                            size_t out_size, const void *x, size_t x_size, size_t n)
{
    vprec_status status = vprec_plan_make(plan, to, type);
    if (!status && type != VPREC_F64)
        status = vprec_plan_make(plan, to, VPREC_F64);
    if (!status && n && !arrays_fit(out, out_size, x, x_size, n))
        status = VPREC_EINVAL;
    return status;
}

/* Rounds x[0..n-1], n <= BLOCK, which are the elements from `index` on. */
static void round_block(double *x, size_t index, size_t n, const vprec_plan *plan)
{
    uint32_t space[BLOCK];
    vprec_dice dice;
    vprec_outcomes_run_f64(VPREC_OP_round, x, x, NULL, NULL, n, plan, vprec_plan_roll(plan, index, n, space, &dice));
}

/* NAME(out, x, n, to): out[i] = AFTER(BEFORE(x[i]) rounded). */
#define THROUGH_DOUBLE(NAME, T, TYPE, F, BEFORE, AFTER)                                                                \
    vprec_status NAME(T *out, const F *x, size_t n, const vprec_rounding *to)                                          \
    {                                                                                                                  \
        vprec_plan plan;                                                                                               \
        vprec_status status = prepare(&plan, to, TYPE, out, sizeof *out, x, sizeof *x, n);                             \
        if (status)                                                                                                    \
            return status;                                                                                             \
        double wide[BLOCK];                                                                                            \
        for (size_t i = 0; i < n; i += BLOCK) {                                                                        \
            size_t m = n - i < BLOCK ? n - i : BLOCK;                                                                  \
            for (size_t j = 0; j < m; j++)                                                                             \
                wide[j] = BEFORE(x[i + j]);                                                                            \
            round_block(wide, i, m, &plan);                                                                            \
            for (size_t j = 0; j < m; j++)                                                                             \
                out[i + j] = AFTER(wide[j]);                                                                           \
        }                                                                                                              \
        return VPREC_OK;                                                                                               \
    }
#define SAME(x) (x)
THROUGH_DOUBLE(vprec_convert_f64_f32, float, VPREC_F32, double, SAME, vprec_float_narrow)
THROUGH_DOUBLE(vprec_convert_i32_f32, float, VPREC_F32, int32_t, SAME, vprec_float_narrow)
THROUGH_DOUBLE(vprec_convert_u32_f32, float, VPREC_F32, uint32_t, SAME, vprec_float_narrow)
THROUGH_DOUBLE(vprec_convert_f32_f64, double, VPREC_F64, float, vprec_float_widen, SAME)
THROUGH_DOUBLE(vprec_convert_i32_f64, double, VPREC_F64, int32_t, SAME, SAME)
THROUGH_DOUBLE(vprec_convert_u32_f64, double, VPREC_F64, uint32_t, SAME, SAME)

/* 64-bit integers are no doubles: each is rounded by the scalar function. Draw 1
 * is asked for only where it decides: results grow with the random number. */
#define ROUND64(from, F)                                                                                               \
    static void count_##from(F x, double result, uint64_t random, const vprec_plan *plan)                              \
    {                                                                                                                  \
        unsigned events = 0, bits = plan->mode == VPREC_SR ? plan->random.bits : 0;                                    \
        vprec_outcomes counts = {0};                                                                                   \
        vprec_from_##from##_watched(x, &(vprec_rule){&plan->format, plan->mode, bits, random, NULL, NULL, &events});   \
        vprec_outcomes_note(&counts, result, events);                                                                  \
        vprec_outcomes_add(plan->outcomes, &counts);                                                                   \
    }                                                                                                                  \
    static double choose_##from(F x, size_t i, const vprec_plan *plan, uint64_t *random)                               \
    {                                                                                                                  \
        const vprec_random *source = &plan->random;                                                                    \
        if (plan->noise.what) {                                                                                        \
            uint64_t words[1][VPREC_NOISE_WORDS];                                                                      \
            vprec_noise_draw(words, plan, 1, i, 1);                                                                    \
            return vprec_from_##from##_mca(x, &plan->format, &plan->noise, words[0]);                                  \
        }                                                                                                              \
        if (plan->mode != VPREC_SR)                                                                                    \
            return vprec_from_##from(x, &plan->format, plan->mode);                                                    \
        uint32_t space = 0;                                                                                            \
        *random = (uint64_t)*source->words(source->context, i, 1, 0, &space) << 32;                                    \
        double low = vprec_from_##from##_sr(x, &plan->format, source->bits, *random);                                  \
        double high = vprec_from_##from##_sr(x, &plan->format, source->bits, *random | UINT32_MAX);                    \
        if (vprec_bits(low) == vprec_bits(high))                                                                       \
            return low;                                                                                                \
        *random |= *source->words(source->context, i, 1, 1, &space);                                                   \
        return vprec_from_##from##_sr(x, &plan->format, source->bits, *random);                                        \
    }                                                                                                                  \
    static double round_##from(F x, size_t i, const vprec_plan *plan)                                                  \
    {                                                                                                                  \
        uint64_t random = 0;                                                                                           \
        double result = choose_##from(x, i, plan, &random);                                                            \
        if (plan->outcomes)                                                                                            \
            count_##from(x, result, random, plan);                                                                     \
        return result;                                                                                                 \
    }
#define CONVERT64(from, F, type, T, TYPE, AFTER)                                                                       \
    vprec_status vprec_convert_##from##_##type(T *out, const F *x, size_t n, const vprec_rounding *to)                 \
    {                                                                                                                  \
        vprec_plan plan;                                                                                               \
        vprec_status status = prepare(&plan, to, TYPE, out, sizeof *out, x, sizeof *x, n);                             \
        for (size_t i = 0; i < n && !status; i++)                                                                      \
            out[i] = AFTER(round_##from(x[i], i, &plan));                                                              \
        return status;                                                                                                 \
    }
ROUND64(i64, int64_t)
ROUND64(u64, uint64_t)
CONVERT64(i64, int64_t, f32, float, VPREC_F32, vprec_float_narrow)
CONVERT64(i64, int64_t, f64, double, VPREC_F64, SAME)
CONVERT64(u64, uint64_t, f32, float, VPREC_F32, vprec_float_narrow)
CONVERT64(u64, uint64_t, f64, double, VPREC_F64, SAME)

/* VPREC_ERANGE where the format's codes are wider than `bits`; a format that is not there is found elsewhere. */
static vprec_status check_width(const vprec_format *format, int bits)
{
    return format && code_width(format) > bits ? VPREC_ERANGE : VPREC_OK;
}

#define CODE(x) encode(x, &to->format)
#define CODES(name, C)                                                                                                 \
    static THROUGH_DOUBLE(encode_##name, C, VPREC_F32, float, vprec_float_widen, CODE)                                 \
                                                                                                                       \
    vprec_status vprec_encode_f32_##name(C *out, const float *x, size_t n, const vprec_rounding *to)                   \
    {                                                                                                                  \
        vprec_status status = check_width(to ? &to->format : NULL, 8 * sizeof(C));                                     \
        return status ? status : encode_##name(out, x, n, to);                                                         \
    }                                                                                                                  \
                                                                                                                       \
    vprec_status vprec_decode_##name##_f32(float *out, const C *codes, size_t n, const vprec_format *format)           \
    {                                                                                                                  \
        vprec_status status = format ? vprec_format_check(format, VPREC_F32) : VPREC_EINVAL;                           \
        if (!status)                                                                                                   \
            status = check_width(format, 8 * sizeof(C));                                                               \
        if (!status && n && !arrays_fit(out, sizeof *out, codes, sizeof *codes, n))                                    \
            status = VPREC_EINVAL;                                                                                     \
        for (size_t i = 0; i < n && !status; i++)                                                                      \
            out[i] = vprec_float_narrow(decode(codes[i], format));                                                     \
        return status;                                                                                                 \
    }
CODES(u8, uint8_t)
CODES(u16, uint16_t)
