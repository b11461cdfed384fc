/* SPDX-License-Identifier: Apache-2.0
 * draws.c: see draws.h. */
#include "draws.h"
#include "compare.h"
#include <math.h>
#include <stdlib.h>

static uint64_t below(uint64_t *state, uint64_t n) { return compare_random(state) % n; }
static double sign(uint64_t *state) { return below(state, 2) ? -1 : 1; }

/* In [1, 2), with few or many bits set. */
static double draw_significand(uint64_t *state)
{
    uint64_t all = (UINT64_C(1) << 52) - 1, bits = compare_random(state) & all;
    switch (below(state, 5)) {
    case 0: bits &= all << below(state, 52); break;
    case 1: bits = below(state, 2) ? UINT64_C(1) << below(state, 52) : all << below(state, 52) & all; break;
    default: break;
    }
    return 1 + ldexp(bits, -52);
}

/* A value of the format, the middle of two, or a quarter point; exponents near 0 mostly. */
static double target(uint64_t *state, const vprec_format *f)
{
    int e;
    switch (below(state, 4)) {
    case 0: e = f->emin - f->fbits - 1 + (int)below(state, f->fbits + 4); break;
    case 1: e = f->emax - (int)below(state, 3); break;
    default: e = (int)below(state, 12) - 8; break;
    }
    int unit = (e > f->emin ? e : f->emin) - f->fbits;
    uint64_t k = (compare_random(state) & ((UINT64_C(1) << f->fbits) - 1)) | UINT64_C(1) << f->fbits;
    if (e < f->emin)
        k >>= f->emin - e < f->fbits + 1 ? f->emin - e : f->fbits + 1;
    return ldexp(4 * (long double)k + below(state, 4), unit - 2);
}

/* An x at which the function is about t; NaN where there is none. */
static double inverse(vprec_function function, double t)
{
    switch (function) {
    case VPREC_FN_exp: return log(t);
    case VPREC_FN_exp2: return log2(t);
    case VPREC_FN_exp10: return log10(t);
    case VPREC_FN_expm1: return log1p(t);
    case VPREC_FN_log: return exp(t);
    case VPREC_FN_log2: return exp2(t);
    case VPREC_FN_log10: return exp10(t);
    case VPREC_FN_log1p: return expm1(t);
    case VPREC_FN_sin: return asin(t);
    case VPREC_FN_cos: return acos(t);
    case VPREC_FN_tan: return atan(t);
    case VPREC_FN_asin: return sin(t);
    case VPREC_FN_acos: return cos(t);
    case VPREC_FN_atan: return tan(t);
    case VPREC_FN_sinh: return asinh(t);
    case VPREC_FN_cosh: return acosh(t);
    case VPREC_FN_tanh: return atanh(t);
    case VPREC_FN_asinh: return sinh(t);
    case VPREC_FN_acosh: return cosh(t);
    case VPREC_FN_atanh: return tanh(t);
    case VPREC_FN_cbrt: return t * t * t;
    case VPREC_FN_rsqrt: return 1 / (t * t);
    case VPREC_FN_sigmoid: return -log(1 / t - 1);
    case VPREC_FN_softplus: return log(expm1(t));
    case VPREC_FN_erf:
    case VPREC_FN_erfc:
    case VPREC_FN_tgamma:
    case VPREC_FN_lgamma:
    case VPREC_FN_silu:
    case VPREC_FN_gelu: return t; /* linear near zero, or nothing better */
    default: return NAN;
    }
}

static double ordinary(uint64_t *state, const vprec_format *f)
{
    switch (below(state, 6)) {
    case 0: return ldexp(draw_significand(state), f->emin - f->fbits + (int)below(state, f->emax - f->emin + f->fbits));
    case 1: return below(state, 200);
    case 2: return ldexp(below(state, 4000), -(int)below(state, 10));
    case 3:
        if (below(state, 2)) /* where the second term of a series is the last bit of a format */
            return ldexp(1 + below(state, 7), -(int)below(state, 64));
        return 1 + sign(state) * ldexp(draw_significand(state), -(int)below(state, 53));
    default: return ldexp(draw_significand(state), (int)below(state, 42) - 32);
    }
}

static double operand(uint64_t *state, vprec_function function, const vprec_format *f)
{
    const double specials[] = {0,    INFINITY, NAN, 0x1p-1074, 0x1.fffffffffffffp1023, 1, 2, f->max, f->min_subnormal,
                               0.5, 3};
    double x;
    switch (below(state, 16)) {
    case 0: return sign(state) * specials[below(state, sizeof specials / sizeof *specials)];
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
        x = inverse(function, sign(state) * target(state, f));
        x += x * ldexp((double)below(state, 5) - 2, -52);
        break;
    default: x = sign(state) * ordinary(state, f); break;
    }
    bool gamma = function == VPREC_FN_tgamma || function == VPREC_FN_lgamma;
    return gamma && x < -2000 ? -fmod(-x, 2000) : x; /* MPFR takes for ever there */
}

/* The second operand: what makes results exact, or next to a value. */
static double partner(uint64_t *state, vprec_function function, const vprec_format *f, double *x)
{
    uint64_t kind = below(state, 4);
    if (function == VPREC_FN_pow) {
        if (kind == 0) /* a power of two times over of a few bits */
            *x = ldexp(pow(below(state, 64), 1 << below(state, 4)), (int)below(state, 64) - 32);
        if (kind == 1)
            *x = fabs(*x);
        return sign(state) * (below(state, 2) ? ldexp(below(state, 64), -(int)below(state, 5)) : ordinary(state, f));
    }
    if (function == VPREC_FN_hypot && kind == 0) { /* m^2-n^2, 2mn */
        double m = below(state, 1 << 20), n = below(state, 1 << below(state, 20));
        double s = ldexp(1, (int)below(state, 9) - 4);
        *x = (m * m - n * n) * s;
        return 2 * m * n * s;
    }
    if (function == VPREC_FN_atan2 && kind == 0) { /* a tiny quotient that is a target */
        double y = ldexp(below(state, 1 << 20) + 1, (int)below(state, 60));
        *x = y * ldexp(below(state, 1 << 20), -(int)below(state, 140) - 20);
        return y;
    }
    if (kind == 1)
        return *x * ldexp(draw_significand(state), (int)below(state, 128) - 64);
    return operand(state, function, f);
}

void draw_place(uint64_t *state, vprec_function function, const vprec_format *format, double *x, double *y)
{
    *x = operand(state, function, format);
    *y = vprec_function_arity(function) == 2 ? partner(state, function, format, x) : 0;
    if (format->fbits <= 23 && format->ebits <= 8 && below(state, 2)) {
        *x = (float)*x;
        *y = (float)*y;
    }
}
