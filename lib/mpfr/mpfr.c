/* SPDX-License-Identifier: Apache-2.0
 * mpfr.c: owns vprec-mpfr.h: MPFR's value becomes a significand with a sticky
 * bit; lib/round.c rounds it. Uses nothing of Ziv's test in lib/elementary.c. */
#include "../elementary.h"
#include "vprec-mpfr.h"
#include <errno.h>
#include <fenv.h>
#include <mpfr.h>

enum {
    PRECISION = 126, /* of 128 bits: one for the sticky bit, one more so that an interval's end has room */
    FAR = 20000      /* exponents past all formats */
};

static int lgamma_of(mpfr_t r, const mpfr_t x, mpfr_rnd_t rnd)
{
    int sign;
    return mpfr_lgamma(r, &sign, x, rnd);
}

/* r = the function, correctly rounded; false for those that MPFR has not. */
static bool evaluate(int *ternary, vprec_function function, mpfr_t r, const mpfr_t x, const mpfr_t y, mpfr_rnd_t rnd)
{
    typedef int unary(mpfr_t r, const mpfr_t x, mpfr_rnd_t rnd);
    typedef int binary(mpfr_t r, const mpfr_t x, const mpfr_t y, mpfr_rnd_t rnd);
    static unary *const one[VPREC_FUNCTIONS_COUNT] = {
        [VPREC_FN_exp] = mpfr_exp,     [VPREC_FN_exp2] = mpfr_exp2,   [VPREC_FN_exp10] = mpfr_exp10,
        [VPREC_FN_expm1] = mpfr_expm1, [VPREC_FN_log] = mpfr_log,     [VPREC_FN_log2] = mpfr_log2,
        [VPREC_FN_log10] = mpfr_log10, [VPREC_FN_log1p] = mpfr_log1p, [VPREC_FN_sin] = mpfr_sin,
        [VPREC_FN_cos] = mpfr_cos,     [VPREC_FN_tan] = mpfr_tan,     [VPREC_FN_asin] = mpfr_asin,
        [VPREC_FN_acos] = mpfr_acos,   [VPREC_FN_atan] = mpfr_atan,   [VPREC_FN_sinh] = mpfr_sinh,
        [VPREC_FN_cosh] = mpfr_cosh,   [VPREC_FN_tanh] = mpfr_tanh,   [VPREC_FN_asinh] = mpfr_asinh,
        [VPREC_FN_acosh] = mpfr_acosh, [VPREC_FN_atanh] = mpfr_atanh, [VPREC_FN_erf] = mpfr_erf,
        [VPREC_FN_erfc] = mpfr_erfc,   [VPREC_FN_tgamma] = mpfr_gamma, [VPREC_FN_lgamma] = lgamma_of,
        [VPREC_FN_cbrt] = mpfr_cbrt,   [VPREC_FN_rsqrt] = mpfr_rec_sqrt};
    static binary *const two[VPREC_FUNCTIONS_COUNT] = {
        [VPREC_FN_pow] = mpfr_pow, [VPREC_FN_atan2] = mpfr_atan2, [VPREC_FN_hypot] = mpfr_hypot};
    if (one[function])
        *ternary = one[function](r, x, rnd);
    else if (two[function])
        *ternary = two[function](r, x, y, rnd);
    return one[function] || two[function];
}

/* |r| * 2^-exp with bit 127 set, r not zero; far exponents are cut. */
static vprec_u128 significand_of(const mpfr_t r, int32_t *exp)
{
    _Static_assert(GMP_NUMB_BITS == 64, "limbs of 64 bits");
    const mp_limb_t *limbs = mpfr_custom_get_significand(r);
    mpfr_exp_t e = mpfr_get_exp(r);
    *exp = (int32_t)(e > FAR ? FAR : e < -FAR ? -FAR : e) - 128;
    return (vprec_u128)limbs[1] << 64 | limbs[0]; /* the lowest two bits are 0 */
}

static double round_primitive(vprec_function function, double x, double y, const mpfr_t r, int ternary,
                              const vprec_rule *to)
{
    bool sign = mpfr_signbit(r);
    if (mpfr_nan_p(r)) {
        uint64_t a = vprec_bits(x), b = vprec_bits(y);
        bool second = vprec_function_arity(function) == 2 && vprec_bits_nan(b);
        return vprec_exact_nan(vprec_bits_nan(a) ? a : second ? b : VPREC_NAN_BITS, to->format);
    }
    if (mpfr_inf_p(r)) { /* exactly: overflow is truncated to a number. IEEE 754-2019, 9.2.1: rsqrt(-0) = -inf */
        bool pole = function == VPREC_FN_rsqrt && vprec_bits_zero(vprec_bits(x));
        return vprec_exact_inf(pole ? vprec_bits_sign(vprec_bits(x)) : sign, to->format);
    }
    if (mpfr_zero_p(r) && !ternary)
        return vprec_exact_zero(sign, to->format);
    if (mpfr_zero_p(r))
        return vprec_exact_round(sign, -FAR, VPREC_SIGN | 1, to);
    int32_t exp;
    vprec_u128 sig = significand_of(r, &exp);
    return vprec_exact_round(sign, exp, sig | (ternary != 0), to);
}

/* r = a bound, lower or upper, of the composed function's magnitude; every step is rounded to that side.
 * gelu is |x|/2 erfc(-x/sqrt(2)), and erfc falls. */
static void bound(mpfr_t r, vprec_function function, const mpfr_t x, bool upper)
{
    mpfr_rnd_t out = upper ? MPFR_RNDU : MPFR_RNDD, in = upper ? MPFR_RNDD : MPFR_RNDU;
    if (function == VPREC_FN_softplus) { /* max(x, 0) + log1p(exp(-|x|)) */
        mpfr_neg(r, x, MPFR_RNDN);
        mpfr_exp(r, mpfr_sgn(x) < 0 ? x : r, out);
        mpfr_log1p(r, r, out);
        if (mpfr_sgn(x) > 0)
            mpfr_add(r, r, x, out);
        return;
    }
    if (function == VPREC_FN_gelu) {
        mpfr_set_ui_2exp(r, 1, -1, MPFR_RNDN);
        mpfr_sqrt(r, r, mpfr_sgn(x) < 0 ? in : out); /* -x * root is to err to the `in` side */
        mpfr_mul(r, r, x, out);
        mpfr_neg(r, r, MPFR_RNDN);
        mpfr_erfc(r, r, out);
        mpfr_mul(r, r, x, mpfr_sgn(x) < 0 ? in : out);
        mpfr_div_2ui(r, r, 1, out);
    } else {
        mpfr_neg(r, x, in);
        mpfr_exp(r, r, in);
        mpfr_add_ui(r, r, 1, in);
        if (function == VPREC_FN_sigmoid)
            mpfr_ui_div(r, 1, r, out);
        else
            mpfr_div(r, x, r, mpfr_sgn(x) < 0 ? in : out);
    }
    mpfr_abs(r, r, MPFR_RNDN);
}

/* Both bounds at growing precision, until their first 126 bits agree or both round alike. */
static double round_composed(vprec_function function, double x, const mpfr_t operand, const vprec_rule *to)
{
    mpfr_t low, high, cut;
    mpfr_inits2(PRECISION, low, high, cut, (mpfr_ptr)NULL);
    double result;
    for (mpfr_prec_t precision = 192;; precision *= 2) {
        mpfr_set_prec(low, precision);
        mpfr_set_prec(high, precision);
        bound(low, function, operand, false);
        bound(high, function, operand, true);
        bool sign = x < 0 && function != VPREC_FN_sigmoid && function != VPREC_FN_softplus;
        if (mpfr_get_exp(high) < -FAR || mpfr_zero_p(low)) {
            result = vprec_exact_round(sign, -FAR, VPREC_SIGN | 1, to);
            break;
        }
        int32_t exp, other;
        mpfr_set(cut, low, MPFR_RNDZ);
        vprec_u128 from = significand_of(cut, &exp) >> 1;
        mpfr_set(cut, high, MPFR_RNDZ);
        vprec_u128 till = significand_of(cut, &other) >> 1;
        if (other > exp)
            till <<= 1; /* past a power of two: bit 127 is free for it */
        vprec_interval value = {sign, exp + 1, from, till + 1};
        if (from == till) {
            result = vprec_exact_round(sign, exp + 1, from | 1, to); /* neither bound is reached */
            break;
        }
        vprec_libm_narrow(&value, function, x, 0);
        result = vprec_exact_round(sign, value.exp, value.low, to);
        if (vprec_bits(result) == vprec_bits(vprec_exact_round(sign, value.exp, value.high, to)))
            break;
    }
    mpfr_clears(low, high, cut, (mpfr_ptr)NULL);
    return result;
}

static double round_known(const vprec_known *known, double x, const vprec_rule *to)
{
    switch (known->what) {
    case VPREC_NAN_X: return vprec_exact_nan(vprec_bits(x), to->format);
    case VPREC_ZERO: return vprec_exact_zero(known->sign, to->format);
    case VPREC_INFINITE: return vprec_exact_inf(known->sign, to->format);
    default: return vprec_exact_round(known->sign, known->exp, known->sig, to);
    }
}

static double evaluate_and_round(vprec_function function, double x, double y, const vprec_rule *to)
{
    MPFR_DECL_INIT(a, 53);
    MPFR_DECL_INIT(b, 53);
    MPFR_DECL_INIT(r, PRECISION);
    mpfr_set_d(a, x, MPFR_RNDN);
    mpfr_set_d(b, y, MPFR_RNDN);
    int ternary = 0;
    if (evaluate(&ternary, function, r, a, b, MPFR_RNDZ))
        return round_primitive(function, x, y, r, ternary, to);
    vprec_known known = vprec_libm_known(function, x, y);
    return known.what == VPREC_REGULAR ? round_composed(function, x, a, to) : round_known(&known, x, to);
}

/* In environments of our own: the processor's and MPFR's. */
static double apply(vprec_function function, double x, double y, const vprec_rule *to)
{
    int error = errno;
    fenv_t caller;
    fegetenv(&caller);
    fesetenv(FE_DFL_ENV);
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    mpfr_flags_t flags = mpfr_flags_save();
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    double result = evaluate_and_round(function, x, y, to);
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    mpfr_flags_restore(flags, MPFR_FLAGS_ALL);
    fesetenv(&caller);
    errno = error;
    return result;
}

double vprec_mpfr(vprec_function function, double x, double y, const vprec_format *format, vprec_mode mode)
{
    if (!vprec_function_arity(function) || (unsigned)mode >= VPREC_SR)
        return vprec_from_bits(VPREC_NAN_BITS);
    return apply(function, x, y, &(vprec_rule){.format = format, .mode = mode});
}

double vprec_mpfr_sr(vprec_function function, double x, double y, const vprec_format *format, unsigned bits,
                     uint64_t random)
{
    if (!vprec_function_arity(function) || bits - 1 >= 64)
        return vprec_from_bits(VPREC_NAN_BITS);
    return apply(function, x, y, &(vprec_rule){.format = format, .mode = VPREC_SR, .bits = bits, .random = random});
}
