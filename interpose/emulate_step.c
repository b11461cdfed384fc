/* SPDX-License-Identifier: Apache-2.0
 * emulate_step.c: one operation on elements, rounded once through libvprec,
 * with x86's rules for NaN, DAZ and FTZ around it. Integers only: what needs
 * the processor's arithmetic is emulate_native.c's. */
#include "emulate_step.h"
#include "noise.h"

enum { DAZ = 1 << 6, DIRECTION = 3 << 13, FTZ = 1 << 15 }; /* of MXCSR */

#define DEFAULT_NAN UINT64_C(0xfff8000000000000)

/* Facts about a container: f64 ? binary64 : binary32. */
static inline unsigned fraction_bits(bool f64)
{
    return f64 ? 52 : 23;
}

static inline uint64_t sign_bit(bool f64)
{
    return UINT64_C(1) << (f64 ? 63 : 31);
}

static inline uint64_t infinity(bool f64)
{
    return f64 ? UINT64_C(0x7ff) << 52 : UINT64_C(0xff) << 23;
}

static inline uint64_t magnitude(bool f64, uint64_t bits)
{
    return bits & (sign_bit(f64) - 1);
}

static inline bool is_nan(bool f64, uint64_t bits)
{
    return magnitude(f64, bits) > infinity(f64);
}

static inline bool is_subnormal(bool f64, uint64_t bits)
{
    return magnitude(f64, bits) - 1 < (UINT64_C(1) << fraction_bits(f64)) - 1;
}

double vprec_widen(bool f64, uint64_t bits)
{
    if (f64)
        return vprec_double_of(bits);
    uint64_t sign = (bits & 0x80000000) << 32, m = bits & 0x7fffffff;
    if (m >= 0x7f800000)
        return vprec_double_of(sign | UINT64_C(0x7ff) << 52 | (m & 0x7fffff) << 29);
    if (m >= 0x800000)
        return vprec_double_of(sign | ((m << 29) + ((uint64_t)(1023 - 127) << 52)));
    if (!m)
        return vprec_double_of(sign);
    unsigned shift = __builtin_clzll(m) - 11; /* brings the leading one to bit 52 */
    return vprec_double_of(sign | (((uint64_t)(1023 - 149 + 52 - shift - 1) << 52) + (m << shift)));
}

uint64_t vprec_narrow(bool f64, double x)
{
    uint64_t bits = vprec_double_bits(x);
    if (f64)
        return bits;
    uint64_t sign = bits >> 63 << 31, m = bits & INT64_MAX;
    int exponent = (int)(m >> 52) - 1023;
    if (exponent == 1024)
        return sign | 0x7f800000 | (m >> 29 & 0x7fffff);
    if (exponent >= -126)
        return sign | ((m - ((uint64_t)(1023 - 127) << 52)) >> 29);
    if (exponent < -149)
        return sign;
    return sign | ((m & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52) >> (29 + -126 - exponent);
}

/* The bit of --ops that an operation falls under. */
static uint32_t ops_bit(enum vprec_basic op)
{
    static const uint8_t bit[] = {VPREC_OPS_ADD, VPREC_OPS_SUB, VPREC_OPS_MUL, VPREC_OPS_DIV, VPREC_OPS_SQRT,
                                  VPREC_OPS_FMA};
    return bit[op];
}

/* Which of `what` (VPREC_ROUND_RESULTS | VPREC_ROUND_OPERANDS) applies to operations under `ops`. */
static uint32_t rounding(const vprec_stepper *s, uint32_t ops)
{
    return s->arith->use[s->type] == VPREC_USE_FORMAT && (s->arith->ops & ops) ? s->arith->round : 0;
}

/* What the lane's words say in mode VPREC_SR: inline code adds the topmost bits of the word to what is cut off, which
 * carries where their complement is below it. */
static uint64_t random_bits(vprec_stepper *s)
{
    if (s->fresh)
        vprec_noise_words(s->words);
    if (!s->type)
        return (uint64_t)~s->words[s->lane & 15] << 32;
    unsigned i = 2 * (s->lane & 7);
    return ~((uint64_t)s->words[i + 1] << 32 | s->words[i]);
}

void vprec_stepper_start(vprec_stepper *s, const vprec_site *site, uint32_t mxcsr, const vprec_arith *arith,
                         vprec_counts *counts)
{
    s->arith = arith;
    s->counts = counts;
    s->type = site->to == VPREC_E_F64;
    s->raised = 0;
    /* VALUE instructions have SAE alone */
    s->mxcsr = site->er && site->op != VPREC_OP_VALUE ? (mxcsr & ~DIRECTION) | (uint32_t)site->rc << 13 : mxcsr;
    s->lane = 0;
    s->fresh = site->op == VPREC_OP_DP;
    if (arith->mode == VPREC_SR && arith->use[s->type] == VPREC_USE_FORMAT && !s->fresh)
        vprec_noise_words(s->words);
    s->format = arith->format[s->type];
    /* x86 finds a result tiny after rounding with unbounded exponent: that is NOSUB. Where the format's normal
     * numbers end above the container's, flush() does what is left. */
    if ((mxcsr & FTZ) && s->format.emin <= (s->type ? -1022 : -126))
        s->format.flags |= VPREC_NOSUB;
}

/* A NaN of the container as the format holds it: quiet, low payload bits gone. */
static uint64_t finish_nan(const vprec_stepper *s, uint64_t bits)
{
    unsigned fraction = fraction_bits(s->type), kept = s->format.fbits;
    uint64_t gone = kept < fraction ? (UINT64_C(1) << (fraction - kept)) - 1 : 0;
    return (bits | UINT64_C(1) << (fraction - 1)) & ~gone;
}

/* A result of libvprec as the instruction delivers it. */
static uint64_t finish(const vprec_stepper *s, double result, bool invalid)
{
    uint64_t bits = vprec_narrow(s->type, result);
    if (is_nan(s->type, bits))
        return finish_nan(s, invalid ? vprec_narrow(s->type, vprec_double_of(DEFAULT_NAN)) : bits);
    if ((s->mxcsr & FTZ) && is_subnormal(s->type, bits))
        bits &= s->format.flags & VPREC_NONEGZERO ? 0 : sign_bit(s->type);
    return bits;
}

/* The words of one result with noise; NULL: this one has none. */
static const uint64_t *noise_words(vprec_stepper *s)
{
    vprec_noise_words(s->words);
    __builtin_memcpy(s->noise, s->words, sizeof s->noise);
    return s->words[15] < s->arith->silent ? 0 : s->noise;
}

static double round_value(vprec_stepper *s, double x, const vprec_noise *noise)
{
    const uint64_t *words = noise->what ? noise_words(s) : 0;
    if (words)
        return vprec_round_mca(x, &s->format, noise, words);
    if (s->arith->mode == VPREC_SR)
        return vprec_round_sr(x, &s->format, s->arith->bits[s->type], random_bits(s));
    return vprec_round(x, &s->format, s->arith->mode);
}

/* A value that the processor or a wider format delivered, rounded to the format. */
static uint64_t round_bits(vprec_stepper *s, uint64_t bits)
{
    if (is_nan(s->type, bits) && !(s->format.flags & VPREC_NONAN))
        return finish_nan(s, bits);
    return finish(s, round_value(s, vprec_widen(s->type, bits), &s->arith->noise[s->type]), false);
}

static uint64_t denormals_are_zeros(const vprec_stepper *s, bool f64, uint64_t bits)
{
    return (s->mxcsr & DAZ) && is_subnormal(f64, bits) ? bits & sign_bit(f64) : bits;
}

/* VPREC_ROUND_OPERANDS: an element of `type` as the operation is given it. */
static uint64_t operand(const vprec_stepper *s, unsigned type, uint64_t bits)
{
    const vprec_format *format = &s->arith->format[type];
    if (is_nan(type, bits) && !(format->flags & VPREC_NONAN))
        return bits;
    double x = vprec_widen(type, bits);
    if (s->arith->mode == VPREC_SR) { /* the lane's own words are its result's */
        uint32_t words[16];
        vprec_noise_words(words);
        x = vprec_round_sr(x, format, s->arith->bits[type], (uint64_t)words[1] << 32 | words[0]);
    } else {
        x = vprec_round(x, format, s->arith->mode);
    }
    bits = vprec_narrow(type, x);
    return denormals_are_zeros(s, type, bits);
}

static double evaluate_sr(enum vprec_basic op, double a, double b, double c, const vprec_format *format, unsigned bits,
                          uint64_t random)
{
    switch (op) {
    case VPREC_BASIC_ADD: return vprec_add_sr(a, b, format, bits, random);
    case VPREC_BASIC_SUB: return vprec_sub_sr(a, b, format, bits, random);
    case VPREC_BASIC_MUL: return vprec_mul_sr(a, b, format, bits, random);
    case VPREC_BASIC_DIV: return vprec_div_sr(a, b, format, bits, random);
    case VPREC_BASIC_SQRT: return vprec_sqrt_sr(a, format, bits, random);
    default: return vprec_fma_sr(a, b, c, format, bits, random);
    }
}

static double evaluate_mca(enum vprec_basic op, double a, double b, double c, const vprec_format *format,
                           const vprec_noise *noise, const uint64_t *words)
{
    switch (op) {
    case VPREC_BASIC_ADD: return vprec_add_mca(a, b, format, noise, words);
    case VPREC_BASIC_SUB: return vprec_sub_mca(a, b, format, noise, words);
    case VPREC_BASIC_MUL: return vprec_mul_mca(a, b, format, noise, words);
    case VPREC_BASIC_DIV: return vprec_div_mca(a, b, format, noise, words);
    case VPREC_BASIC_SQRT: return vprec_sqrt_mca(a, format, noise, words);
    default: return vprec_fma_mca(a, b, c, format, noise, words);
    }
}

static double evaluate(enum vprec_basic op, double a, double b, double c, unsigned negate, const vprec_format *format,
                       vprec_mode mode)
{
    switch (op) {
    case VPREC_BASIC_ADD: return vprec_add(a, b, format, mode);
    case VPREC_BASIC_SUB: return vprec_sub(a, b, format, mode);
    case VPREC_BASIC_MUL: return vprec_mul(a, b, format, mode);
    case VPREC_BASIC_DIV: return vprec_div(a, b, format, mode);
    case VPREC_BASIC_SQRT: return vprec_sqrt(a, format, mode);
    default:
        if (negate & VPREC_NEGATE_PRODUCT)
            a = vprec_double_of(vprec_double_bits(a) ^ sign_bit(true));
        if (negate & VPREC_NEGATE_ADDEND)
            c = vprec_double_of(vprec_double_bits(c) ^ sign_bit(true));
        return vprec_fma(a, b, c, format, mode);
    }
}

/* Whether the operation on operands that are not NaN has no result (IEEE 754-2019 section 7.2). */
static bool is_invalid(enum vprec_basic op, double a, double b, double c, unsigned negate)
{
    const uint64_t inf = infinity(true);
    uint64_t x = vprec_double_bits(a), y = vprec_double_bits(b), z = vprec_double_bits(c);
    uint64_t mx = magnitude(true, x), my = magnitude(true, y), mz = magnitude(true, z);
    bool opposite = (x ^ y) >> 63;
    bool no_product = (mx == inf && !my) || (!mx && my == inf);
    switch (op) {
    case VPREC_BASIC_ADD: return mx == inf && my == inf && opposite;
    case VPREC_BASIC_SUB: return mx == inf && my == inf && !opposite;
    case VPREC_BASIC_MUL: return no_product;
    case VPREC_BASIC_DIV: return (mx == inf && my == inf) || (!mx && !my);
    case VPREC_BASIC_SQRT: return mx && x >> 63;
    default:
        return no_product || ((mx == inf || my == inf) && mz == inf &&
                              (opposite ^ (bool)(negate & VPREC_NEGATE_PRODUCT)) !=
                                  ((bool)(z >> 63) ^ (bool)(negate & VPREC_NEGATE_ADDEND)));
    }
}

/* The first NaN in the order that the processor looks for one, else 0. */
static uint64_t nan_operand(const vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c)
{
    if (is_nan(s->type, a))
        return a;
    if (op != VPREC_BASIC_SQRT && is_nan(s->type, b))
        return b;
    return op == VPREC_BASIC_FMA && is_nan(s->type, c) ? c : 0;
}

static uint64_t round_once(vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c,
                           unsigned negate)
{
    a = denormals_are_zeros(s, s->type, a);
    b = denormals_are_zeros(s, s->type, b);
    c = denormals_are_zeros(s, s->type, c);
    bool has_nan = !(s->format.flags & VPREC_NONAN);
    uint64_t nan = nan_operand(s, op, a, b, c);
    if (nan)
        return round_bits(s, nan);
    double x = vprec_widen(s->type, a), y = vprec_widen(s->type, b), z = vprec_widen(s->type, c);
    const vprec_noise *noise = &s->arith->noise[s->type];
    const uint64_t *words = noise->what ? noise_words(s) : 0;
    double r;
    if (!words && s->arith->mode != VPREC_SR) {
        r = evaluate(op, x, y, z, negate, &s->format, s->arith->mode);
    } else {
        double p = negate & VPREC_NEGATE_PRODUCT ? vprec_double_of(vprec_double_bits(x) ^ sign_bit(true)) : x;
        double q = negate & VPREC_NEGATE_ADDEND ? vprec_double_of(vprec_double_bits(z) ^ sign_bit(true)) : z;
        r = words ? evaluate_mca(op, p, y, q, &s->format, noise, words)
                  : evaluate_sr(op, p, y, q, &s->format, s->arith->bits[s->type], random_bits(s));
    }
    return finish(s, r, has_nan && is_nan(true, vprec_double_bits(r)) && is_invalid(op, x, y, z, negate));
}

static const vprec_format binary64 = {.ebits = 11, .fbits = 52, .bias = 1023, .emin = -1022, .emax = 1023,
                                      .max = 0x1.fffffffffffffp1023, .min_normal = 0x1p-1022,
                                      .min_subnormal = 0x1p-1074};
static const vprec_format binary32 = {.ebits = 8, .fbits = 23, .bias = 127, .emin = -126, .emax = 127,
                                      .max = 0x1.fffffep127, .min_normal = 0x1p-126, .min_subnormal = 0x1p-149};

/* What the result is held against by --count: the format, or the container. */
static void count_step(const vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c,
                       unsigned negate, uint64_t result, bool rounded)
{
    a = denormals_are_zeros(s, s->type, a);
    b = denormals_are_zeros(s, s->type, b);
    c = denormals_are_zeros(s, s->type, c);
    if (op == VPREC_BASIC_SQRT)
        b = 0;
    if (op != VPREC_BASIC_FMA)
        c = 0;
    double exact = evaluate(op, vprec_widen(s->type, a), vprec_widen(s->type, b), vprec_widen(s->type, c), negate,
                            &binary64, VPREC_RTO);
    uint64_t inf = infinity(s->type), x = magnitude(s->type, a), y = magnitude(s->type, b), z = magnitude(s->type, c);
    bool finite = x < inf && y < inf && z < inf && !(op == VPREC_BASIC_DIV && !y);
    vprec_count_result(s->counts, rounded ? &s->format : s->type ? &binary64 : &binary32,
                       rounded ? s->arith->mode : VPREC_RNE, exact, vprec_widen(s->type, result), finite,
                       x > inf || y > inf || z > inf);
}

uint64_t vprec_step(vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c, unsigned negate,
                    bool sources)
{
    uint32_t round = rounding(s, ops_bit(op));
    if ((round & VPREC_ROUND_OPERANDS) && sources) {
        a = operand(s, s->type, a);
        if (op != VPREC_BASIC_SQRT)
            b = operand(s, s->type, b);
        if (op == VPREC_BASIC_FMA)
            c = operand(s, s->type, c);
    }
    uint64_t r;
    if ((round & VPREC_ROUND_RESULTS) && !s->arith->fast) {
        r = round_once(s, op, a, b, c, negate);
    } else {
        /* The program's direction holds for a native result; --fast replaces it as rounding once does. */
        uint32_t mxcsr = round & VPREC_ROUND_RESULTS ? s->mxcsr & ~DIRECTION : s->mxcsr;
        r = vprec_native(op, s->type, a, b, c, negate, &mxcsr);
        if (round & VPREC_ROUND_RESULTS)
            r = round_bits(s, r);
        else
            s->raised |= mxcsr & 0x3f;
    }
    if (s->counts)
        count_step(s, op, a, b, c, negate, r, round & VPREC_ROUND_RESULTS);
    return r;
}

/* An element of any type as binary64, rounded to odd where it does not fit (64-bit integers). */
static double convert_exactly(unsigned from, uint64_t a)
{
    switch (from) {
    case VPREC_E_F32: return vprec_widen(false, a);
    case VPREC_E_F64: return vprec_double_of(a);
    case VPREC_E_F16: {
        uint32_t mxcsr = 0;
        return vprec_widen(false, vprec_native_convert(from, false, a, &mxcsr));
    }
    case VPREC_E_I32: return vprec_from_i64((int32_t)a, &binary64, VPREC_RTO);
    case VPREC_E_U32: return vprec_from_u64((uint32_t)a, &binary64, VPREC_RTO);
    case VPREC_E_I64: return vprec_from_i64((int64_t)a, &binary64, VPREC_RTO);
    default: return vprec_from_u64(a, &binary64, VPREC_RTO);
    }
}

static uint64_t convert_once(vprec_stepper *s, unsigned from, uint64_t a)
{
    const vprec_format *format = &s->format;
    vprec_mode mode = s->arith->mode;
    unsigned bits = s->arith->bits[s->type];
    vprec_noise noise = s->arith->noise[s->type];
    noise.what &= VPREC_NOISE_RESULTS; /* a number's new type makes it no less exact */
    if (from == VPREC_E_I64 || from == VPREC_E_U64) {
        const uint64_t *words = noise.what ? noise_words(s) : 0;
        double r;
        if (from == VPREC_E_I64)
            r = words               ? vprec_from_i64_mca((int64_t)a, format, &noise, words)
                : mode == VPREC_SR ? vprec_from_i64_sr((int64_t)a, format, bits, random_bits(s))
                                   : vprec_from_i64((int64_t)a, format, mode);
        else
            r = words               ? vprec_from_u64_mca(a, format, &noise, words)
                : mode == VPREC_SR ? vprec_from_u64_sr(a, format, bits, random_bits(s))
                                   : vprec_from_u64(a, format, mode);
        return finish(s, r, false);
    }
    double x = convert_exactly(from, a);
    if (is_nan(true, vprec_double_bits(x)) && !(s->format.flags & VPREC_NONAN))
        return finish_nan(s, vprec_narrow(s->type, x));
    return finish(s, round_value(s, x, &noise), false);
}

uint64_t vprec_step_convert(vprec_stepper *s, unsigned from, uint64_t a)
{
    uint32_t round = rounding(s, VPREC_OPS_CVT);
    bool floating = from == VPREC_E_F32 || from == VPREC_E_F64;
    if (floating) {
        const vprec_arith *arith = s->arith;
        if (arith->use[from] == VPREC_USE_FORMAT && (arith->ops & VPREC_OPS_CVT) &&
            (arith->round & VPREC_ROUND_OPERANDS))
            a = operand(s, from, a);
    }
    uint64_t r;
    if ((round & VPREC_ROUND_RESULTS) && !s->arith->fast) {
        r = convert_once(s, from, floating ? denormals_are_zeros(s, from, a) : a);
    } else {
        uint32_t mxcsr = round & VPREC_ROUND_RESULTS ? s->mxcsr & ~DIRECTION : s->mxcsr;
        r = vprec_native_convert(from, s->type, a, &mxcsr);
        if (round & VPREC_ROUND_RESULTS)
            r = round_bits(s, r);
        else
            s->raised |= mxcsr & 0x3f;
    }
    if (s->counts) {
        double x = convert_exactly(from, floating ? denormals_are_zeros(s, from, a) : a);
        uint64_t m = magnitude(true, vprec_double_bits(x));
        vprec_count_result(s->counts,
                           round & VPREC_ROUND_RESULTS ? &s->format
                           : s->type                   ? &binary64
                                                       : &binary32,
                           round & VPREC_ROUND_RESULTS ? s->arith->mode : VPREC_RNE, x, vprec_widen(s->type, r),
                           m < infinity(true), m > infinity(true));
    }
    return r;
}

/* Rounds what the processor delivered, and counts. */
static uint64_t deliver(vprec_stepper *s, uint64_t a, uint64_t r, uint32_t round)
{
    uint64_t native = r;
    if (round & VPREC_ROUND_RESULTS)
        r = round_bits(s, r);
    if (s->counts) {
        uint64_t m = magnitude(s->type, a);
        vprec_count_result(s->counts,
                           round & VPREC_ROUND_RESULTS ? &s->format
                           : s->type                   ? &binary64
                                                       : &binary32,
                           round & VPREC_ROUND_RESULTS ? s->arith->mode : VPREC_RNE, vprec_widen(s->type, native),
                           vprec_widen(s->type, r), m && m < infinity(s->type), m > infinity(s->type));
    }
    return r;
}

uint64_t vprec_step_value(vprec_stepper *s, const vprec_site *site, uint64_t a)
{
    uint32_t round = rounding(s, VPREC_OPS_RCP), mxcsr = s->mxcsr;
    if (round & VPREC_ROUND_OPERANDS)
        a = operand(s, s->type, a);
    uint64_t r = vprec_native_value(site, a, &mxcsr);
    if (!(round & VPREC_ROUND_RESULTS))
        s->raised |= mxcsr & 0x3f;
    return deliver(s, a, r, round);
}

/* floor of a finite element, held to +-4096: beyond every scaling that makes a difference. */
static int floor_clamped(bool f64, uint64_t bits)
{
    unsigned fraction = fraction_bits(f64);
    bool negative = bits & sign_bit(f64);
    uint64_t m = magnitude(f64, bits);
    int exponent = (int)(m >> fraction) - (f64 ? 1023 : 127);
    if (exponent < 0)
        return negative && m ? -1 : 0;
    if (exponent >= 12)
        return negative ? -4096 : 4096;
    uint64_t significand = (m & ((UINT64_C(1) << fraction) - 1)) | UINT64_C(1) << fraction;
    int whole = (int)(significand >> (fraction - exponent));
    bool part = significand & ((UINT64_C(1) << (fraction - exponent)) - 1);
    return negative ? -whole - part : whole;
}

/* a * 2^n for finite a != 0, rounded once: both factors of the exact product are normal binary64 numbers. */
static double scale_once(vprec_stepper *s, uint64_t a, int n)
{
    uint64_t bits = vprec_double_bits(vprec_widen(s->type, a)), sign = bits & sign_bit(true);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    if (exponent == -1023) { /* subnormal */
        unsigned shift = __builtin_clzll(fraction) - 11;
        fraction = (fraction << shift) & ((UINT64_C(1) << 52) - 1);
        exponent = -1022 - (int)shift;
    }
    exponent += n;
    exponent = exponent > 2000 ? 2000 : exponent < -2000 ? -2000 : exponent; /* same result on either side */
    int half = exponent / 2;
    double x = vprec_double_of(sign | (uint64_t)(half + 1023) << 52 | fraction);
    double y = vprec_double_of((uint64_t)(exponent - half + 1023) << 52);
    const vprec_noise *noise = &s->arith->noise[s->type];
    const uint64_t *words = noise->what ? noise_words(s) : 0;
    if (words) {
        s->noise[2] = 0; /* the power of two is no inexact operand: its noise is 2^-65 of what it would be */
        return vprec_mul_mca(x, y, &s->format, noise, words);
    }
    if (s->arith->mode == VPREC_SR)
        return vprec_mul_sr(x, y, &s->format, s->arith->bits[s->type], random_bits(s));
    return vprec_mul(x, y, &s->format, s->arith->mode);
}

uint64_t vprec_step_scalef(vprec_stepper *s, uint64_t a, uint64_t b)
{
    uint32_t round = rounding(s, VPREC_OPS_MUL), mxcsr = s->mxcsr;
    if (round & VPREC_ROUND_OPERANDS) {
        a = operand(s, s->type, a);
        b = operand(s, s->type, b);
    }
    if (round & VPREC_ROUND_RESULTS) {
        mxcsr &= ~DIRECTION;
        uint64_t x = denormals_are_zeros(s, s->type, a), y = denormals_are_zeros(s, s->type, b);
        uint64_t m = magnitude(s->type, x), inf = infinity(s->type);
        if (!s->arith->fast && m && m < inf && magnitude(s->type, y) < inf) {
            uint64_t r = finish(s, scale_once(s, x, floor_clamped(s->type, y)), false);
            if (s->counts) {
                vprec_stepper wide = *s;
                vprec_arith odd = *s->arith;
                odd.mode = VPREC_RTO;
                wide.format = binary64;
                wide.arith = &odd;
                vprec_count_result(s->counts, &s->format, s->arith->mode,
                                   scale_once(&wide, x, floor_clamped(s->type, y)), vprec_widen(s->type, r), true,
                                   false);
            }
            return r;
        }
    }
    uint64_t r = vprec_native_scalef(s->type, a, b, &mxcsr);
    if (!(round & VPREC_ROUND_RESULTS))
        s->raised |= mxcsr & 0x3f;
    return deliver(s, a, r, round);
}
