/* SPDX-License-Identifier: Apache-2.0
 * known.h: the elementary functions that MPFR has, and what a format makes of its results. */
#ifndef VPREC_TEST_KNOWN_H
#define VPREC_TEST_KNOWN_H

#include "vprec.h"
#include <mpfr.h>

typedef int unary(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
typedef int binary(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);

static int lgamma_unsigned(mpfr_ptr r, mpfr_srcptr x, mpfr_rnd_t rnd)
{
    int sign;
    return mpfr_lgamma(r, &sign, x, rnd);
}

static const struct {
    const char *name;
    unary *f1;
    binary *f2;
} known[] = {
    {"acos", mpfr_acos, 0},   {"acosh", mpfr_acosh, 0}, {"asin", mpfr_asin, 0},         {"asinh", mpfr_asinh, 0},
    {"atan", mpfr_atan, 0},   {"atanh", mpfr_atanh, 0}, {"cbrt", mpfr_cbrt, 0},         {"cos", mpfr_cos, 0},
    {"cosh", mpfr_cosh, 0},   {"erf", mpfr_erf, 0},     {"erfc", mpfr_erfc, 0},         {"exp", mpfr_exp, 0},
    {"exp10", mpfr_exp10, 0}, {"exp2", mpfr_exp2, 0},   {"expm1", mpfr_expm1, 0},       {"log", mpfr_log, 0},
    {"log10", mpfr_log10, 0}, {"log1p", mpfr_log1p, 0}, {"log2", mpfr_log2, 0},         {"sin", mpfr_sin, 0},
    {"sinh", mpfr_sinh, 0},   {"tan", mpfr_tan, 0},     {"tanh", mpfr_tanh, 0},         {"tgamma", mpfr_gamma, 0},
    {"j0", mpfr_j0, 0},       {"y0", mpfr_y0, 0},       {"lgamma", lgamma_unsigned, 0}, {"sqrt", mpfr_sqrt, 0},
    {"atan2", 0, mpfr_atan2}, {"pow", 0, mpfr_pow},     {"hypot", 0, mpfr_hypot},       {"fmod", 0, mpfr_fmod},
    {"fdim", 0, mpfr_dim},    {"remainder", 0, mpfr_remainder},
};
enum { KNOWN = sizeof known / sizeof *known };

/* What the format makes of r, which has its precision and the ternary value t. */
static inline double known_settle(mpfr_t r, int t, const vprec_format *f, mpfr_rnd_t direction)
{
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    mpfr_set_emin(2 - f->bias - f->fbits);
    mpfr_set_emax(f->bias + 1);
    t = mpfr_check_range(r, t, direction);
    mpfr_subnormalize(r, t, direction);
    double result = mpfr_get_d(r, MPFR_RNDN);
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    return result;
}

#endif
