/* SPDX-License-Identifier: Apache-2.0
 * value.c: what a result of libm stands for: an exact number, one that is
 * known by libvprec's rules, one beyond double's range, one beside a number; and
 * its rounding. What a double cannot decide is libvprec's to evaluate. */
#include "value.h"
#include "elementary.h"
#include "runtime/profile.h"
#include <math.h>
#include <xmmintrin.h>

/* libvprec's number of the function, -1 where it has none. */
static int function_of(enum vprec_libm_id id)
{
    switch (id) {
#define X(name)                                                                                                       \
    case VPREC_LIBM_##name: return VPREC_FN_##name;
        X(exp) X(exp2) X(exp10) X(expm1) X(log) X(log2) X(log10) X(log1p) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan)
        X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(erf) X(erfc) X(tgamma) X(lgamma) X(cbrt) X(pow) X(atan2)
        X(hypot)
#undef X
    case VPREC_LIBM_cabs: return VPREC_FN_hypot;
    case VPREC_LIBM_carg: return VPREC_FN_atan2;
    default: return -1;
    }
}

bool vprec_libm_short(vprec_type type)
{
    enum { ENOUGH = 42 }; /* bits of 53: what is cut off is below 2^-10 of a unit */
    const vprec_arith *arith = vprec_arith_here();
    if (type == VPREC_F32 || arith->fast || !(arith->round & VPREC_ROUND_RESULTS))
        return false;
    return arith->noise[type].what ? arith->noise[type].precision > ENOUGH
                                   : arith->mode == VPREC_SR && arith->format[type].fbits > ENOUGH;
}

uint16_t vprec_libm_wide_begin(void)
{
    const uint16_t plain = 0x37f;
    uint16_t control;
    __asm__ volatile("fnstcw %0" : "=m"(control));
    if (control != plain)
        __asm__ volatile("fldcw %0" : : "m"(plain));
    return control;
}

void vprec_libm_wide_end(uint16_t control)
{
    if (control != 0x37f)
        __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(control));
}

long double vprec_libm_wide(vprec_type type, vprec_wide_unary *function, double x)
{
    if (!vprec_libm_short(type))
        return 0;
    uint16_t control = vprec_libm_wide_begin();
    long double value = function(x);
    vprec_libm_wide_end(control);
    return value;
}

long double vprec_libm_wide2(vprec_type type, vprec_wide_binary *function, double x, double y)
{
    if (!vprec_libm_short(type))
        return 0;
    uint16_t control = vprec_libm_wide_begin();
    long double value = function(x, y);
    vprec_libm_wide_end(control);
    return value;
}

/* How one result is rounded, and the words that it draws. */
typedef struct drawn {
    vprec_once once;
    uint64_t words[8];
} drawn;

static void draw(drawn *d, vprec_type type, uint64_t key)
{
    const vprec_arith *arith = vprec_arith_here();
    d->once = vprec_once_draw(arith, type, &arith->format[type], key, d->words);
}

/* (-1)^sign * sig * 2^exp, its last bit sticky where it is not exact. */
static double round_exact(bool sign, int32_t exp, vprec_u128 sig, const vprec_once *once)
{
    vprec_rule to = {.format = once->format, .mode = once->mode, .noise = once->noise, .words = once->words};
    if (to.noise)
        return vprec_exact_convert_noisy(sign, exp, sig, &to);
    if (to.mode == VPREC_SR) {
        to.bits = once->bits;
        to.random = once->random;
    }
    return vprec_exact_round(sign, exp, sig, &to);
}

/* sig * 2^(exp-63) of a finite number, not zero. */
static vprec_parts parts_of(long double x)
{
    struct {
        uint64_t sig;
        uint16_t top; /* sign, exponent field */
    } bits;
    __builtin_memcpy(&bits.sig, &x, 8);
    __builtin_memcpy(&bits.top, (const char *)&x + 8, 2);
    return (vprec_parts){bits.sig, (bits.top & 0x7fff) - 16383};
}

/* What the magnitude of a Bessel function's value is below, 0 where that is not near: J0 < 1, J1(x) < x/2. */
static double bessel_bound(const vprec_libm_outcome *call)
{
    bool any = call->id == VPREC_LIBM_jn;
    if (call->id == VPREC_LIBM_j0 || (any && call->y == 0))
        return 1;
    return call->id == VPREC_LIBM_j1 || (any && fabs(call->y) == 1) ? fabs(call->x) / 2 : 0;
}

enum { DECIDED = 36 }; /* fraction bits: in wider formats doubt is frequent, and results are libm's, rounded */

static bool is_random(vprec_type type)
{
    return vprec_arith_here()->mode == VPREC_SR || vprec_arith_here()->noise[type].what;
}

/* Whether the value may be, or lie beyond, a number of the format or the middle of two, and the double not: all of
 * those are multiples of half the last place that the format keeps of a number of this size. */
static bool doubtful(vprec_type type, int function, double native)
{
    uint64_t ulps = (uint64_t)vprec_libm_ulps((vprec_function)function, VPREC_STEP_F64), bits = vprec_bits(native);
    uint64_t rest = (bits + ulps) & ((UINT64_C(1) << (51 - vprec_arith_here()->format[type].fbits)) - 1);
    return rest <= 2 * ulps || (bits << 1 >> 53) - 1 >= 0x7fe;
}

/* In doubt: by libvprec, which knows exact results and goes on in wider types. (Of the gamma function __gamma_r_finite
 * gives the magnitude alone: what then has another sign is left as it is.) */
static double decide(vprec_type type, const vprec_libm_outcome *call, int function)
{
    const vprec_arith *arith = vprec_arith_here();
    double value = vprec_libm((vprec_function)function, call->x, call->y, &arith->format[type], arith->mode, NULL);
    return signbit(value) == signbit(call->native) ? value : vprec_libm_round(type, call->native, 0);
}

/* A value that no format holds; `function` is libvprec's, or -1. */
static double round_regular(vprec_type type, const vprec_libm_outcome *call, int function, uint64_t key)
{
    drawn d;
    draw(&d, type, key);
    bool sign = vprec_bits_sign(vprec_bits(call->native));
    bool random = d.once.noise || d.once.mode == VPREC_SR;
    bool wide = random && isnormal(call->wide);
    if (!wide && (call->native == 0 || isinf(call->native))) /* beyond double's range, and every format's */
        return round_exact(sign, call->native == 0 ? -20000 : 16384, (vprec_u128)1 << 126 | 1, &d.once);
    vprec_parts p = wide ? parts_of(call->wide) : vprec_unpack(vprec_bits(call->native));
    vprec_u128 sig = (vprec_u128)p.sig << 63;
    vprec_interval value = {sign, p.exp - 126, sig, sig};
    if (function >= 0)
        vprec_libm_narrow(&value, (vprec_function)function, call->x, call->y);
    else if (!wide && fabs(call->native) == bessel_bound(call))
        value.high--;
    if (value.low != sig)
        sig = value.low;
    else if (value.high != sig)
        sig = value.high;
    else if (function >= 0 && d.once.noise)
        sig |= 1; /* however few bits it seems to have */
    return round_exact(sign, value.exp, sig, &d.once);
}

static double value(vprec_type type, const vprec_libm_outcome *call, uint64_t key)
{
    const vprec_arith *arith = vprec_arith_here();
    if (!(arith->round & VPREC_ROUND_RESULTS))
        return call->native;
    if (arith->fast || isnan(call->native))
        return vprec_libm_round(type, call->native, key);
    int function = function_of(call->id);
    if (function < 0) /* a Bessel function: infinite or exact at 0, zero at infinity */
        return call->x == 0 || isinf(call->x) ? vprec_libm_round(type, call->native, key)
                                              : round_regular(type, call, -1, key);
    if (arith->format[type].fbits <= DECIDED && !is_random(type))
        return doubtful(type, function, call->native) ? decide(type, call, function)
                                                      : vprec_libm_round(type, call->native, key);
    vprec_known known = vprec_libm_known((vprec_function)function, call->x, call->y);
    switch (known.what) {
    case VPREC_FINITE: {
        drawn d;
        draw(&d, type, key);
        return round_exact(vprec_bits_sign(vprec_bits(call->native)), known.exp, known.sig, &d.once);
    }
    case VPREC_REGULAR: return round_regular(type, call, function, key);
    default: return vprec_libm_round(type, call->native, key);
    }
}

vprec_first (*vprec_libm_firsts)[VPREC_FIRSTS];

static const char *const names[] = {
#define X(kind, id, function, double_name, float_name) [VPREC_LIBM_##id] = #function,
#include "functions.h"
#undef X
};

/* Whether the function's value is a number other than zero, though a double may not hold it. */
static bool is_a_number(const vprec_libm_outcome *call)
{
    if (isfinite(call->native) && call->native != 0)
        return true;
    int function = isnan(call->native) ? -1 : function_of(call->id);
    return function >= 0 && vprec_libm_known((vprec_function)function, call->x, call->y).what == VPREC_REGULAR;
}

static void keep_first(vprec_type type, const vprec_libm_outcome *call, double result)
{
    unsigned wrong = 0;
    if (isnan(result))
        wrong = !isnan(call->x) && !isnan(call->y) ? 1 << VPREC_FIRST_NAN : 0;
    else if (isinf(result) || result == 0)
        wrong = is_a_number(call) ? 1 << (result == 0 ? VPREC_FIRST_ZERO : VPREC_FIRST_OVERFLOW) : 0;
    if (!wrong)
        return;
    vprec_case c = {VPREC_WORK_CALL, 1, {call->x, call->y}, call->native, result, names[call->id]};
    switch (call->id) {
    case VPREC_LIBM_pow:
    case VPREC_LIBM_atan2:
    case VPREC_LIBM_hypot:
    case VPREC_LIBM_cabs:
    case VPREC_LIBM_carg: c.operands = 2; break;
    case VPREC_LIBM_jn:
    case VPREC_LIBM_yn: c = (vprec_case){VPREC_WORK_CALL, 2, {call->y, call->x}, c.exact, result, c.name}; break;
    default: break;
    }
    vprec_first_keep(vprec_libm_firsts[type], wrong, &c);
}

double vprec_libm_value(vprec_type type, const vprec_libm_outcome *call, uint64_t key)
{
    double result = value(type, call, key);
    if (vprec_libm_firsts)
        keep_first(type, call, result);
    return result;
}

double vprec_libm_part(vprec_type type, const vprec_libm_outcome *call, bool real, unsigned raised, uint64_t key)
{
    const vprec_arith *arith = vprec_arith_here();
    if (!(arith->round & VPREC_ROUND_RESULTS))
        return call->native;
    bool rounds = !arith->fast && isfinite(call->x) && isfinite(call->y);
    bool too_large = isinf(call->native) && (raised & _MM_EXCEPT_OVERFLOW) && !(raised & _MM_EXCEPT_DIV_ZERO);
    /* on an axis one part is an exact zero */
    bool off_axis = (call->x != 0 && call->y != 0) || (real && call->id == VPREC_LIBM_cexp);
    bool too_small = call->native == 0 && (raised & _MM_EXCEPT_UNDERFLOW) && off_axis;
    bool regular = isfinite(call->native) ? call->native != 0 : false;
    return rounds && (regular || too_large || too_small) ? round_regular(type, call, -1, key)
                                                         : vprec_libm_round(type, call->native, key);
}
