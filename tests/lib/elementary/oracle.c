/* SPDX-License-Identifier: Apache-2.0
 * oracle.c: see oracle.h. One evaluation with 200 bits serves every format and
 * mode: MPFR says whether it is exact, and that is all a rounding needs to know. */
#include "oracle.h"
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>

enum { PRECISION = 200, FAR = 100000 }; /* FAR: an exponent past all formats */

static int lgamma_of(mpfr_t r, const mpfr_t x, mpfr_rnd_t rnd)
{
    int sign;
    return mpfr_lgamma(r, &sign, x, rnd);
}

/* MPFR's functions; false for those it has not. */
static bool call(int *ternary, vprec_function function, mpfr_t r, const mpfr_t x, const mpfr_t y, mpfr_rnd_t rnd)
{
    switch (function) {
#define X(name, f)                                                                                                     \
    case VPREC_FN_##name: *ternary = f(r, x, rnd); return true;
        X(exp, mpfr_exp) X(exp2, mpfr_exp2) X(exp10, mpfr_exp10) X(expm1, mpfr_expm1) X(log, mpfr_log)
        X(log2, mpfr_log2) X(log10, mpfr_log10) X(log1p, mpfr_log1p) X(sin, mpfr_sin) X(cos, mpfr_cos) X(tan, mpfr_tan)
        X(asin, mpfr_asin) X(acos, mpfr_acos) X(atan, mpfr_atan) X(sinh, mpfr_sinh) X(cosh, mpfr_cosh)
        X(tanh, mpfr_tanh) X(asinh, mpfr_asinh) X(acosh, mpfr_acosh) X(atanh, mpfr_atanh) X(erf, mpfr_erf)
        X(erfc, mpfr_erfc) X(tgamma, mpfr_gamma) X(lgamma, lgamma_of) X(cbrt, mpfr_cbrt) X(rsqrt, mpfr_rec_sqrt)
#undef X
    case VPREC_FN_pow: *ternary = mpfr_pow(r, x, y, rnd); return true;
    case VPREC_FN_atan2: *ternary = mpfr_atan2(r, x, y, rnd); return true;
    case VPREC_FN_hypot: *ternary = mpfr_hypot(r, x, y, rnd); return true;
    default: return false;
    }
}

static void set_operands(mpfr_t a, mpfr_t b, double x, double y)
{
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    mpfr_set_d(a, x, MPFR_RNDN);
    mpfr_set_d(b, y, MPFR_RNDN);
}

/* r, truncated to its precision, and what MPFR said about it. */
static void take(oracle_value *value, const mpfr_t r, int ternary)
{
    value->sign = mpfr_signbit(r);
    value->between = ternary != 0;
    if (mpfr_inf_p(r)) {
        value->what = ORACLE_INF;
    } else if (mpfr_zero_p(r) && !ternary) {
        value->what = ORACLE_ZERO;
    } else {
        mpfr_exp_t e = mpfr_zero_p(r) ? -FAR : mpfr_get_exp(r);
        value->what = ORACLE_NUMBER;
        if (e > FAR || e <= -FAR) {
            mpz_set_ui(value->n, 1);
            value->exp = e > 0 ? FAR : -FAR;
        } else {
            value->exp = mpfr_get_z_2exp(value->n, r);
            mpz_abs(value->n, value->n);
        }
    }
}

/* a - b or a + b with b tiny: strictly between a's neighbours. */
static void beside(oracle_value *value, double a, int side)
{
    int e;
    mpz_set_d(value->n, ldexp(frexp(a, &e), 53));
    mpz_mul_2exp(value->n, value->n, PRECISION - 53);
    if (side < 0)
        mpz_sub_ui(value->n, value->n, 1);
    value->exp = e - PRECISION;
    value->what = ORACLE_NUMBER;
    value->between = true;
    value->sign = false;
}

/* One evaluation of a composed function at r's precision, each operation off by half an ulp. */
static void compose(mpfr_t r, vprec_function function, const mpfr_t x)
{
    mpfr_t t;
    mpfr_init2(t, mpfr_get_prec(r));
    if (function == VPREC_FN_gelu) { /* x/2 * erfc(-x/sqrt(2)) */
        mpfr_set_ui(t, 2, MPFR_RNDN);
        mpfr_rec_sqrt(t, t, MPFR_RNDN);
        mpfr_mul(t, t, x, MPFR_RNDN);
        mpfr_neg(t, t, MPFR_RNDN);
        mpfr_erfc(t, t, MPFR_RNDN);
        mpfr_mul(r, t, x, MPFR_RNDN);
        mpfr_div_2ui(r, r, 1, MPFR_RNDN);
    } else if (function == VPREC_FN_softplus) {
        mpfr_exp(t, x, MPFR_RNDN);
        mpfr_log1p(r, t, MPFR_RNDN);
    } else { /* 1 or x, over 1 + exp(-x) */
        mpfr_neg(t, x, MPFR_RNDN);
        mpfr_exp(t, t, MPFR_RNDN);
        mpfr_add_ui(t, t, 1, MPFR_RNDN);
        if (function == VPREC_FN_sigmoid)
            mpfr_ui_div(r, 1, t, MPFR_RNDN);
        else
            mpfr_div(r, x, t, MPFR_RNDN);
    }
    mpfr_clear(t);
}

/* The composed functions: transcendental at all operands but these. */
static void evaluate_composed(oracle_value *value, vprec_function function, double x, const mpfr_t operand)
{
    bool sigmoid = function == VPREC_FN_sigmoid, softplus = function == VPREC_FN_softplus;
    value->sign = signbit(x) && !sigmoid && !softplus;
    value->between = false;
    if (isinf(x)) {
        value->what = x < 0 ? ORACLE_ZERO : sigmoid ? ORACLE_NUMBER : ORACLE_INF;
        mpz_set_ui(value->n, 1);
        value->exp = 0;
        return;
    }
    if (x == 0 && !softplus) {
        value->what = sigmoid ? ORACLE_NUMBER : ORACLE_ZERO;
        mpz_set_ui(value->n, 1);
        value->exp = -1;
        return;
    }
    double most = function == VPREC_FN_gelu ? 100 : 5000;
    if (x > most) {
        beside(value, sigmoid ? 1 : x, softplus ? 1 : -1);
        return;
    }
    if (x < -most * 1000) {
        value->what = ORACLE_NUMBER;
        mpz_set_ui(value->n, 1);
        value->exp = -FAR;
        value->between = true;
        return;
    }
    mpfr_t r, low, high;
    mpfr_inits2(PRECISION, low, high, (mpfr_ptr)NULL);
    mpfr_init(r);
    for (mpfr_prec_t precision = 320;; precision *= 2) { /* until both ends truncate alike */
        mpfr_set_prec(r, precision);
        compose(r, function, operand);
        if (mpfr_zero_p(r) || precision > 100000) {
            fprintf(stderr, "oracle: no value of %s(%a)\n", vprec_function_name(function), x);
            abort();
        }
        mpfr_t error;
        mpfr_init2(error, 32);
        mpfr_set_ui_2exp(error, 1, mpfr_get_exp(r) - (precision - 60), MPFR_RNDN);
        mpfr_sub(low, r, error, MPFR_RNDZ);
        mpfr_add(high, r, error, MPFR_RNDZ);
        mpfr_clear(error);
        if (mpfr_equal_p(low, high))
            break;
    }
    take(value, low, 1);
    mpfr_clears(r, low, high, (mpfr_ptr)NULL);
}

void oracle_evaluate(oracle_value *value, vprec_function function, double x, double y)
{
    static mpfr_t a, b, r;
    static bool ready;
    if (!ready) {
        mpfr_inits2(53, a, b, (mpfr_ptr)NULL);
        mpfr_init2(r, PRECISION);
    }
    ready = true;
    set_operands(a, b, x, y);
    int ternary;
    bool two = vprec_function_arity(function) == 2;
    if (!call(&ternary, function, r, a, b, MPFR_RNDZ)) {
        if (isnan(x))
            value->what = ORACLE_NAN_X;
        else
            evaluate_composed(value, function, x, a);
        return;
    }
    if (mpfr_nan_p(r)) {
        value->what = isnan(x) ? ORACLE_NAN_X : two && isnan(y) ? ORACLE_NAN_Y : ORACLE_INVALID;
        return;
    }
    take(value, r, ternary);
    if (function == VPREC_FN_rsqrt && x == 0) /* IEEE 754-2019, 9.2.1; MPFR gives +inf */
        value->sign = signbit(x);
}

/* floor(log2 |value|) */
static long magnitude(const oracle_value *value) { return (long)mpz_sizeinbase(value->n, 2) - 1 + value->exp; }

/* k = the units of 2^unit below the value, rest/2^PLACES the fraction of the next one; `more`: and something beyond. */
enum { PLACES = 4 * PRECISION };
static bool locate(const oracle_value *value, long unit, mpz_t k, mpz_t rest)
{
    static mpz_t scaled;
    static bool ready;
    if (!ready)
        mpz_init(scaled);
    ready = true;
    long shift = value->exp - unit + PLACES;
    bool more = value->between;
    if (shift >= 0) {
        mpz_mul_2exp(scaled, value->n, shift);
    } else {
        more = more || mpz_scan1(value->n, 0) < (mp_bitcnt_t)-shift;
        mpz_fdiv_q_2exp(scaled, value->n, -shift);
    }
    mpz_fdiv_q_2exp(k, scaled, PLACES);
    mpz_fdiv_r_2exp(rest, scaled, PLACES);
    return more;
}

/* rest * 2^-PLACES (and something if `more`) against 1/2 */
static int against_half(const mpz_t rest, bool more)
{
    static mpz_t half;
    static bool ready;
    if (!ready) {
        mpz_init(half);
        mpz_setbit(half, PLACES - 1);
    }
    ready = true;
    int c = mpz_cmp(rest, half);
    return c ? c : more;
}

static bool stochastic(const mpz_t rest, bool more, unsigned bits, uint64_t random)
{
    static mpz_t q, r;
    static bool ready;
    if (!ready)
        mpz_inits(q, r, NULL);
    ready = true;
    mpz_mul_2exp(r, rest, bits);
    mpz_fdiv_q_2exp(q, r, PLACES);
    mpz_fdiv_r_2exp(r, r, PLACES);
    int c = against_half(r, more);
    if (c > 0 || (c == 0 && mpz_odd_p(q)))
        mpz_add_ui(q, q, 1);
    return mpz_cmp_ui(q, random >> (64 - bits)) > 0;
}

static double nan_of(const vprec_format *f, double v)
{
    if (f->flags & VPREC_NONAN)
        return copysign(f->max, v);
    return v + v; /* quiet, the same payload */
}

static double inf_of(const vprec_format *f, bool sign)
{
    double s = sign ? -1 : 1;
    if (!(f->flags & VPREC_NOINF))
        return s * INFINITY;
    return f->flags & (VPREC_SAT | VPREC_NONAN) ? s * f->max : copysign(NAN, s);
}

static double zero_of(const vprec_format *f, bool sign) { return sign && !(f->flags & VPREC_NONEGZERO) ? -0.0 : 0.0; }

double oracle_round(const oracle_value *value, double x, double y, const vprec_format *f, vprec_mode mode,
                    unsigned bits, uint64_t random)
{
    static mpz_t k, rest;
    static bool ready;
    if (!ready)
        mpz_inits(k, rest, NULL);
    ready = true;
    bool sign = value->sign;
    switch (value->what) {
    case ORACLE_NAN_X: return nan_of(f, x);
    case ORACLE_NAN_Y: return nan_of(f, y);
    case ORACLE_INVALID: return nan_of(f, copysign(NAN, -1));
    case ORACLE_ZERO: return zero_of(f, sign);
    case ORACLE_INF: return inf_of(f, sign);
    default: break;
    }
    long top = magnitude(value);
    bool tiny = top < f->emin;
    long unit = (tiny && !(f->flags & VPREC_NOSUB) ? f->emin : top) - f->fbits;
    bool more = locate(value, unit, k, rest), exact = !more && mpz_sgn(rest) == 0;
    bool up = false;
    int half = against_half(rest, more);
    switch (mode) {
    case VPREC_RNE: up = half > 0 || (half == 0 && mpz_odd_p(k)); break;
    case VPREC_RNA: up = half >= 0; break;
    case VPREC_RTZ: break;
    case VPREC_RU: up = !exact && !sign; break;
    case VPREC_RD: up = !exact && sign; break;
    case VPREC_RTO: up = !exact && mpz_even_p(k); break;
    default: up = stochastic(rest, more, bits, random); break;
    }
    if (up)
        mpz_add_ui(k, k, 1);
    if (mpz_sgn(k) == 0)
        return zero_of(f, sign);
    long e = (long)mpz_sizeinbase(k, 2) - 1 + unit;
    if ((f->flags & VPREC_NOSUB) && e < f->emin)
        return zero_of(f, sign);
    long double v = e > 2000 ? INFINITY : ldexpl(mpz_get_ui(k), (int)unit);
    if (v <= f->max)
        return sign ? -(double)v : (double)v;
    bool inward = mode == VPREC_RTZ || mode == VPREC_RTO || mode == (sign ? VPREC_RU : VPREC_RD);
    return inward || (f->flags & VPREC_SAT) ? (sign ? -f->max : f->max) : inf_of(f, sign);
}

bool oracle_mpfr(double *result, vprec_function function, double x, double y, const vprec_format *f, vprec_mode mode)
{
    static const mpfr_rnd_t directions[VPREC_MODES] = {
        [VPREC_RNE] = MPFR_RNDN, [VPREC_RTZ] = MPFR_RNDZ, [VPREC_RU] = MPFR_RNDU, [VPREC_RD] = MPFR_RNDD};
    static mpfr_t a, b, r;
    static bool ready;
    if (!ready) {
        mpfr_inits2(53, a, b, (mpfr_ptr)NULL);
        mpfr_init(r);
    }
    ready = true;
    if (f->flags || mode == VPREC_RNA || mode > VPREC_RD || (function == VPREC_FN_rsqrt && x == 0))
        return false;
    set_operands(a, b, x, y);
    mpfr_set_prec(r, f->fbits + 1);
    int ternary;
    if (!call(&ternary, function, r, a, b, directions[mode]) || mpfr_nan_p(r))
        return false;
    mpfr_set_emin(f->emin - f->fbits + 1);
    mpfr_set_emax(f->emax + 1);
    ternary = mpfr_check_range(r, ternary, directions[mode]);
    mpfr_subnormalize(r, ternary, directions[mode]);
    *result = mpfr_get_d(r, MPFR_RNDN);
    return true;
}

double oracle_error(const oracle_value *value, bool sign, const mpz_t sig, long exp, int places)
{
    if (value->sign != sign)
        return INFINITY;
    mpfr_t a, b;
    mpfr_inits2(2 * PRECISION, a, b, (mpfr_ptr)NULL);
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    mpfr_set_z_2exp(a, value->n, value->exp, MPFR_RNDN);
    mpfr_set_z_2exp(b, sig, exp, MPFR_RNDN);
    mpfr_sub(a, a, b, MPFR_RNDA);
    mpfr_mul_2si(a, a, places - magnitude(value), MPFR_RNDA);
    double error = fabs(mpfr_get_d(a, MPFR_RNDA));
    mpfr_clears(a, b, (mpfr_ptr)NULL);
    return error;
}
