/* SPDX-License-Identifier: Apache-2.0
 * step.c: one operation on elements, rounded once through libvprec,
 * with x86's rules for NaN, DAZ and FTZ around it. Integers only: what needs
 * the processor's arithmetic is native.c's. */
#include "step.h"
#include "runtime/draws.h"

enum { DAZ = 1 << 6, DIRECTION = 3 << 13, FTZ = 1 << 15 }; /* of MXCSR */

#define DEFAULT_NAN UINT64_C(0xfff8000000000000)

/* Facts about a container, an enum vprec_elem; a result's is its vprec_type. */
static inline unsigned fraction_bits(unsigned elem)
{
    return vprec_elem_bits(elem) - 1;
}

static inline uint64_t magnitude(unsigned elem, uint64_t bits)
{
    return bits & (vprec_elem_sign(elem) - 1);
}

static inline bool is_nan(unsigned elem, uint64_t bits)
{
    return magnitude(elem, bits) > vprec_elem_infinity(elem);
}

static inline bool is_subnormal(unsigned elem, uint64_t bits)
{
    return magnitude(elem, bits) - 1 < (UINT64_C(1) << fraction_bits(elem)) - 1;
}

double vprec_widen(bool f64, uint64_t bits)
{
    if (f64)
        return vprec_from_bits(bits);
    uint64_t sign = (bits & 0x80000000) << 32, m = bits & 0x7fffffff;
    if (m >= 0x7f800000)
        return vprec_from_bits(sign | UINT64_C(0x7ff) << 52 | (m & 0x7fffff) << 29);
    if (m >= 0x800000)
        return vprec_from_bits(sign | ((m << 29) + ((uint64_t)(1023 - 127) << 52)));
    if (!m)
        return vprec_from_bits(sign);
    unsigned shift = __builtin_clzll(m) - 11; /* brings the leading one to bit 52 */
    return vprec_from_bits(sign | (((uint64_t)(1023 - 149 + 52 - shift - 1) << 52) + (m << shift)));
}

uint64_t vprec_narrow(bool f64, double x)
{
    uint64_t bits = vprec_bits(x);
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
    s->site = site;
    s->cpu = NULL;
    vprec_tally_start(&s->tally, counts);
    s->type = vprec_elem_type(site->to);
    s->raised = 0;
    /* VALUE instructions have SAE alone */
    s->mxcsr = site->er && site->op != VPREC_OP_VALUE ? (mxcsr & ~DIRECTION) | (uint32_t)site->rc << 13 : mxcsr;
    s->plain = arith->use[s->type] == VPREC_USE_NATIVE && (s->mxcsr & ~0x3fu) == VPREC_MXCSR_PLAIN;
    s->lane = 0;
    s->fresh = site->op == VPREC_OP_DP;
    if (arith->mode == VPREC_SR && arith->use[s->type] == VPREC_USE_FORMAT && !s->fresh && !arith->keyed)
        vprec_noise_words(s->words);
    s->format = arith->format[s->type];
    /* With noise what is tiny is found after it. */
    if ((mxcsr & FTZ) && arith->noise[s->type].what && s->format.emin <= (s->type ? -1022 : -126))
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
        return finish_nan(s, invalid ? vprec_narrow(s->type, vprec_from_bits(DEFAULT_NAN)) : bits);
    if ((s->mxcsr & FTZ) && is_subnormal(s->type, bits))
        bits &= s->format.flags & VPREC_NONEGZERO ? 0 : vprec_elem_sign(s->type);
    return bits;
}

/* How the next result is rounded; `key` as of vprec_once_draw. */
static vprec_once draw(vprec_stepper *s, uint64_t key)
{
    if (s->arith->mode != VPREC_SR || s->arith->keyed)
        return vprec_once_draw(s->arith, s->type, &s->format, key, s->noise);
    return (vprec_once){
        .format = &s->format, .mode = VPREC_SR, .bits = s->arith->bits[s->type], .random = random_bits(s)};
}

/* A value that the processor or a wider format delivered, rounded to the format. */
static uint64_t round_bits(vprec_stepper *s, uint64_t bits, uint64_t key)
{
    if (is_nan(s->type, bits) && !(s->format.flags & VPREC_NONAN))
        return finish_nan(s, bits);
    vprec_once once = draw(s, key);
    return finish(s, VPREC_ONCE(&once, round, vprec_widen(s->type, bits)), false);
}

static uint64_t denormals_are_zeros(const vprec_stepper *s, unsigned elem, uint64_t bits)
{
    return (s->mxcsr & DAZ) && is_subnormal(elem, bits) ? bits & vprec_elem_sign(elem) : bits;
}

/* VPREC_ROUND_OPERANDS: an element of `type` as the operation is given it. */
static uint64_t operand(const vprec_stepper *s, unsigned type, uint64_t bits)
{
    const vprec_format *format = &s->arith->format[type];
    if (is_nan(type, bits) && !(format->flags & VPREC_NONAN))
        return bits;
    bits = vprec_narrow(type, vprec_once_operand(s->arith, (vprec_type)type, vprec_widen(type, bits)));
    return denormals_are_zeros(s, type, bits);
}

/* The operation on numbers: DAZ and signs applied. */
static vprec_operation operation_of(const vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c,
                                    unsigned negate)
{
    double x = vprec_widen(s->type, denormals_are_zeros(s, s->type, a));
    double y = vprec_widen(s->type, denormals_are_zeros(s, s->type, b));
    double z = vprec_widen(s->type, denormals_are_zeros(s, s->type, c));
    return (vprec_operation){op, vprec_double_negated(x, negate & VPREC_NEGATE_PRODUCT), y,
                             vprec_double_negated(z, negate & VPREC_NEGATE_ADDEND)};
}

/* Whether the operation on operands that are not NaN has no result (IEEE 754-2019 section 7.2). */
static bool is_invalid(const vprec_operation *o)
{
    const uint64_t inf = vprec_elem_infinity(VPREC_E_F64);
    uint64_t x = vprec_bits(o->a), y = vprec_bits(o->b), z = vprec_bits(o->c);
    uint64_t mx = magnitude(VPREC_E_F64, x), my = magnitude(VPREC_E_F64, y), mz = magnitude(VPREC_E_F64, z);
    bool opposite = (x ^ y) >> 63;
    bool no_product = (mx == inf && !my) || (!mx && my == inf);
    switch (o->op) {
    case VPREC_BASIC_ADD: return mx == inf && my == inf && opposite;
    case VPREC_BASIC_SUB: return mx == inf && my == inf && !opposite;
    case VPREC_BASIC_MUL: return no_product;
    case VPREC_BASIC_DIV: return (mx == inf && my == inf) || (!mx && !my);
    case VPREC_BASIC_SQRT: return mx && x >> 63;
    default: return no_product || ((mx == inf || my == inf) && mz == inf && opposite != z >> 63);
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

static const vprec_format binary64 = {.ebits = 11, .fbits = 52, .bias = 1023, .emin = -1022, .emax = 1023,
                                      .max = 0x1.fffffffffffffp1023, .min_normal = 0x1p-1022,
                                      .min_subnormal = 0x1p-1074};
static const vprec_format binary32 = {.ebits = 8, .fbits = 23, .bias = 127, .emin = -126, .emax = 127,
                                      .max = 0x1.fffffep127, .min_normal = 0x1p-126, .min_subnormal = 0x1p-149};

static double evaluate(vprec_operation o, const vprec_format *format, vprec_mode mode)
{
    return vprec_once_evaluate(&o, &(vprec_once){.format = format, .mode = mode});
}

/* The container's normal numbers alone. */
static const vprec_format normal64 = {.ebits = 11, .fbits = 52, .flags = VPREC_NOSUB, .bias = 1023, .emin = -1022,
                                      .emax = 1023, .max = 0x1.fffffffffffffp1023, .min_normal = 0x1p-1022,
                                      .min_subnormal = 0x1p-1074};
static const vprec_format normal32 = {.ebits = 8, .fbits = 23, .flags = VPREC_NOSUB, .bias = 127, .emin = -126,
                                      .emax = 127, .max = 0x1.fffffep127, .min_normal = 0x1p-126,
                                      .min_subnormal = 0x1p-149};

/* FTZ makes a zero of a result that is tiny: below the least normal number when it is cut off to the container's
 * precision, its exponent unbounded; in the modes that turn to one side, rounded that way; where nothing more follows
 * that rounding, to nearest. So inline code has it, of native results that x86 flushes. */
static vprec_mode tiny_mode(const vprec_stepper *s)
{
    vprec_mode mode = s->arith->mode;
    if (mode == VPREC_RU || mode == VPREC_RD)
        return mode;
    return mode == VPREC_SR || (mode == VPREC_RNE && s->format.fbits == fraction_bits(s->type)) ? VPREC_RNE : VPREC_RTZ;
}

static const vprec_format *tiny_format(const vprec_stepper *s)
{
    return s->type ? &normal64 : &normal32;
}

/* Whether the result may come from a tiny one. */
static bool may_be_tiny(const vprec_stepper *s, uint64_t bits)
{
    uint64_t m = magnitude(s->type, bits), least = UINT64_C(1) << fraction_bits(s->type);
    uint64_t format_least = vprec_narrow(s->type, s->format.min_subnormal);
    bool flushes = (s->mxcsr & FTZ) && !s->arith->noise[s->type].what;
    return flushes && m && m <= (least > format_least ? least : format_least);
}

/* The result where the exact one is `as_normal` by the two above. */
static uint64_t flush(const vprec_stepper *s, uint64_t bits, double as_normal)
{
    if (magnitude(VPREC_E_F64, vprec_bits(as_normal)))
        return bits;
    return s->format.flags & VPREC_NONEGZERO ? 0 : bits & vprec_elem_sign(s->type);
}

static uint64_t round_once(vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c,
                           unsigned negate)
{
    bool has_nan = !(s->format.flags & VPREC_NONAN);
    uint64_t nan = nan_operand(s, op, a, b, c);
    if (nan)
        return round_bits(s, nan, 0);
    vprec_operation o = operation_of(s, op, a, b, c, negate);
    vprec_once once = draw(s, vprec_once_settle(s->arith, s->type, &o));
    double r = vprec_once_evaluate(&o, &once);
    uint64_t bits = finish(s, r, has_nan && is_nan(VPREC_E_F64, vprec_bits(r)) && is_invalid(&o));
    return may_be_tiny(s, bits) ? flush(s, bits, evaluate(o, tiny_format(s), tiny_mode(s))) : bits;
}

static bool differ(double x, double y)
{
    return vprec_bits(x) != vprec_bits(y);
}

/* function(..., mode), a result in binary64, as --count takes it: inexact only where its last bit is odd, then where
 * two directions differ. */
#define EXACTLY(function, ...)                                                                                         \
    ({                                                                                                                 \
        double odd_ = function(__VA_ARGS__, VPREC_RTO);                                                                \
        (vprec_exactly){odd_, (vprec_bits(odd_) & 1) &&                                                         \
                                  differ(function(__VA_ARGS__, VPREC_RD), function(__VA_ARGS__, VPREC_RU))};           \
    })

/* Whether a result is to be counted with all that is known of it; if not so much, that is done. */
static bool counts_all(vprec_stepper *s, uint64_t result)
{
    if (!s->tally.counts || s->arith->counting == VPREC_COUNT_OPERATIONS)
        return false;
    if (s->arith->counting == VPREC_COUNT_QUICK)
        vprec_tally_extent(&s->tally, vprec_widen(s->type, result));
    return s->arith->counting != VPREC_COUNT_QUICK;
}

/* What the result is held against by --count: the format, or the container. */
static void count_step(vprec_stepper *s, enum vprec_basic op, uint64_t a, uint64_t b, uint64_t c,
                       unsigned negate, uint64_t result, bool rounded)
{
    vprec_operation o = operation_of(s, op, a, b, c, negate);
    vprec_exactly exactly;
    if (!vprec_tally_operands(&s->tally, &o, &exactly))
        exactly = EXACTLY(evaluate, o, &binary64);
    uint64_t inf = vprec_elem_infinity(VPREC_E_F64), x = magnitude(VPREC_E_F64, vprec_bits(o.a));
    uint64_t y = magnitude(VPREC_E_F64, vprec_bits(o.b)), z = magnitude(VPREC_E_F64, vprec_bits(o.c));
    bool by_zero = op == VPREC_BASIC_DIV && !y, finite = x < inf && y < inf && z < inf && !by_zero;
    unsigned wrong = vprec_tally_result(&s->tally, rounded ? &s->format : s->type ? &binary64 : &binary32,
                                        rounded ? s->arith->mode : VPREC_RNE, exactly, vprec_widen(s->type, result),
                                        finite, x > inf || y > inf || z > inf);
    if (by_zero && x && x < inf)
        wrong |= 1 << VPREC_FIRST_DIVISION;
    if (__builtin_expect(wrong != 0, 0)) {
        static const uint8_t operands[] = {2, 2, 2, 2, 1, 3}; /* by enum vprec_basic */
        vprec_first_keep(s->tally.counts->first, wrong,
                         &(vprec_case){(enum vprec_work_kind)o.op, operands[o.op], {o.a, o.b, o.c}, exactly.odd,
                                       vprec_widen(s->type, result), NULL, s->site, s->cpu});
    }
}

#define SAME_NUMBER(op) _Static_assert((int)VPREC_WORK_##op == (int)VPREC_BASIC_##op, "count_step")
SAME_NUMBER(ADD); SAME_NUMBER(SUB); SAME_NUMBER(MUL); SAME_NUMBER(DIV); SAME_NUMBER(SQRT); SAME_NUMBER(FMA);

/* Of what has one operand. */
static void count_value(vprec_stepper *s, enum vprec_work_kind work, double operand, vprec_exactly exactly,
                        uint64_t result, bool rounded, bool finite)
{
    double r = vprec_widen(s->type, result);
    unsigned wrong = vprec_tally_result(&s->tally, rounded ? &s->format : s->type ? &binary64 : &binary32,
                                        rounded ? s->arith->mode : VPREC_RNE, exactly, r, finite,
                                        is_nan(VPREC_E_F64, vprec_bits(operand)));
    if (__builtin_expect(wrong != 0, 0))
        vprec_first_keep(s->tally.counts->first, wrong, 
                         &(vprec_case){work, 1, {operand}, exactly.odd, r, NULL, s->site, s->cpu});
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
    } else if (s->plain && !(round & VPREC_ROUND_RESULTS)) {
        r = vprec_native_plain(op, s->type, a, b, c, negate);
    } else {
        /* The program's direction holds for a native result; --fast replaces it as rounding once does. */
        uint32_t mxcsr = round & VPREC_ROUND_RESULTS ? s->mxcsr & ~DIRECTION : s->mxcsr;
        r = vprec_native(op, s->type, a, b, c, negate, &mxcsr);
        vprec_operation o = operation_of(s, op, a, b, c, negate);
        if (round & VPREC_ROUND_RESULTS)
            r = round_bits(s, r, vprec_once_settle(s->arith, s->type, &o));
        else
            s->raised |= mxcsr & 0x3f;
    }
    if (counts_all(s, r))
        count_step(s, op, a, b, c, negate, r, round & VPREC_ROUND_RESULTS);
    return r;
}

static bool exceeds_binary64(unsigned from)
{
    return vprec_elem_bits(from) > vprec_elem_bits(VPREC_E_F64);
}

/* An element of any type as binary64, rounded to odd where it does not fit (64-bit integers). */
static double convert_exactly(unsigned from, uint64_t a)
{
    switch (from) {
    case VPREC_E_F32: return vprec_widen(false, a);
    case VPREC_E_F64: return vprec_from_bits(a);
    case VPREC_E_F16: {
        uint32_t mxcsr = 0;
        return vprec_widen(false, vprec_native_convert(from, false, a, &mxcsr));
    }
    default:
        a = vprec_elem_extend(from, a);
        return vprec_elem_is_signed(from) ? vprec_from_i64((int64_t)a, &binary64, VPREC_RTO)
                                          : vprec_from_u64(a, &binary64, VPREC_RTO);
    }
}

/* Of a conversion: that of the number, of whatever type it was. */
static uint64_t convert_key(const vprec_stepper *s, unsigned from, uint64_t a)
{
    if (vprec_elem_is_float(from))
        return vprec_once_number_key(s->arith, (vprec_type)s->type, convert_exactly(from, a));
    uint64_t value = vprec_elem_extend(from, a);
    bool negative = value >> 63 && vprec_elem_is_signed(from);
    return vprec_once_key(s->arith, VPREC_KIND_INTEGER, (vprec_type)s->type, (const uint64_t[]){value, negative}, 2);
}

static uint64_t convert_once(vprec_stepper *s, unsigned from, uint64_t a)
{
    /* A number's new type makes it no less exact: it is no operand with noise. */
    vprec_once once = {.format = &s->format, .mode = s->arith->mode};
    vprec_noise results = s->arith->noise[s->type];
    if (results.what != VPREC_NOISE_OPERANDS)
        once = draw(s, convert_key(s, from, a));
    results.what = VPREC_NOISE_RESULTS;
    if (once.noise)
        once.noise = &results;
    if (exceeds_binary64(from))
        return finish(s, vprec_elem_is_signed(from) ? VPREC_ONCE(&once, from_i64, (int64_t)a)
                                                    : VPREC_ONCE(&once, from_u64, a), false);
    double x = convert_exactly(from, a);
    if (is_nan(VPREC_E_F64, vprec_bits(x)) && !(s->format.flags & VPREC_NONAN))
        return finish_nan(s, vprec_narrow(s->type, x));
    uint64_t bits = finish(s, VPREC_ONCE(&once, round, x), false);
    return may_be_tiny(s, bits) ? flush(s, bits, vprec_round(x, tiny_format(s), tiny_mode(s))) : bits;
}

uint64_t vprec_step_convert(vprec_stepper *s, unsigned from, uint64_t a)
{
    uint32_t round = rounding(s, VPREC_OPS_CVT);
    bool floating = vprec_elem_type(from) != VPREC_TYPES; /* DAZ and formats concern no narrower float */
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
            r = round_bits(s, r, convert_key(s, from, a));
        else
            s->raised |= mxcsr & 0x3f;
    }
    if (counts_all(s, r)) {
        uint64_t number = floating ? denormals_are_zeros(s, from, a) : a;
        vprec_exactly x = !exceeds_binary64(from)      ? (vprec_exactly){convert_exactly(from, number), false}
                          : vprec_elem_is_signed(from) ? EXACTLY(vprec_from_i64, (int64_t)a, &binary64)
                                                       : EXACTLY(vprec_from_u64, a, &binary64);
        uint64_t m = magnitude(VPREC_E_F64, vprec_bits(x.odd));
        count_value(s, VPREC_WORK_CONVERT, x.odd, x, r, round & VPREC_ROUND_RESULTS,
                    m < vprec_elem_infinity(VPREC_E_F64));
    }
    return r;
}

/* Rounds what the processor delivered, and counts. */
static uint64_t deliver(vprec_stepper *s, enum vprec_work_kind work, uint64_t a, uint64_t r, uint32_t round,
                        uint64_t key)
{
    uint64_t native = r;
    if (round & VPREC_ROUND_RESULTS)
        r = round_bits(s, r, key);
    if (counts_all(s, r)) {
        uint64_t m = magnitude(s->type, a);
        count_value(s, work, vprec_widen(s->type, a), (vprec_exactly){vprec_widen(s->type, native), false}, r,
                    round & VPREC_ROUND_RESULTS, m && m < vprec_elem_infinity(s->type));
    }
    return r;
}

/* A result of a routine that is one operation: no more of it is known than what the register holds. Noise of the size of
 * its own rounding error would vanish in it: then that error, as uniform, is drawn as well, unless so few bits are set
 * that it looks exact. */
static uint64_t routine_result(vprec_stepper *s, uint64_t a)
{
    uint32_t round = rounding(s, VPREC_OPS_LIBM);
    uint64_t key = vprec_once_key(s->arith, VPREC_KIND_VALUE, (vprec_type)s->type, &a, 1), m = magnitude(s->type, a);
    vprec_noise noise = s->arith->noise[s->type];
    bool short_ = !(a & ((UINT64_C(1) << fraction_bits(s->type) / 2) - 1));
    if (!(round & VPREC_ROUND_RESULTS) || !noise.what || !m || m >= vprec_elem_infinity(s->type))
        return deliver(s, VPREC_WORK_VALUE, a, a, round, key);
    if (noise.precision > fraction_bits(s->type) && !short_)
        noise.what = VPREC_NOISE_RESULTS | VPREC_NOISE_OPERANDS;
    vprec_once once = draw(s, key);
    once.noise = once.noise ? &noise : NULL;
    return finish(s, VPREC_ONCE(&once, round, vprec_widen(s->type, a)), false);
}

uint64_t vprec_step_value(vprec_stepper *s, const vprec_site *site, uint64_t a)
{
    if (site->map == VPREC_MAP_RESULT)
        return routine_result(s, a);
    uint32_t round = rounding(s, VPREC_OPS_RCP), mxcsr = s->mxcsr;
    if (round & VPREC_ROUND_OPERANDS)
        a = operand(s, s->type, a);
    uint64_t r = vprec_native_value(site, a, &mxcsr);
    if (!(round & VPREC_ROUND_RESULTS))
        s->raised |= mxcsr & 0x3f;
    uint32_t insn = (uint32_t)site->op << 24 | (uint32_t)site->map << 16 | (site->opcode & 0xfeu) << 8 | site->imm;
    uint64_t key = vprec_once_key(s->arith, VPREC_KIND_VALUE + insn, (vprec_type)s->type, &a, 1);
    return deliver(s, VPREC_WORK_VALUE, a, r, round, key);
}

/* floor of a finite element, held to +-4096: beyond every scaling that makes a difference. */
static int floor_clamped(bool f64, uint64_t bits)
{
    unsigned fraction = fraction_bits(f64);
    bool negative = bits & vprec_elem_sign(f64);
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
        uint64_t m = magnitude(s->type, x), inf = vprec_elem_infinity(s->type);
        if (!s->arith->fast && m && m < inf && magnitude(s->type, y) < inf) {
            int n = floor_clamped(s->type, y);
            double number = vprec_widen(s->type, x);
            vprec_once once = draw(s, vprec_once_scale_key(s->arith, s->type, number, n));
            uint64_t r = finish(s, VPREC_ONCE(&once, scale, number, n), false);
            if (may_be_tiny(s, r))
                r = flush(s, r, vprec_scale(number, n, tiny_format(s), tiny_mode(s)));
            if (counts_all(s, r))
                count_value(s, VPREC_WORK_SCALE, number, EXACTLY(vprec_scale, number, n, &binary64), r, true, true);
            return r;
        }
    }
    uint64_t r = vprec_native_scalef(s->type, a, b, &mxcsr);
    if (!(round & VPREC_ROUND_RESULTS))
        s->raised |= mxcsr & 0x3f;
    uint64_t key = vprec_once_scale_key(s->arith, s->type, vprec_widen(s->type, a), floor_clamped(s->type, b));
    return deliver(s, VPREC_WORK_SCALE, a, r, round, key);
}
