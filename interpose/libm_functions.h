/* SPDX-License-Identifier: Apache-2.0
 * libm_functions.h: the functions of libm that are one operation each, as an
 * X-macro list: X(kind, id, double's symbol, float's symbol). No guard: included
 * once per use. libm.c has the kinds.
 *
 * Not here, since they only select or rearrange what is already a value, or
 * deliver integers: floor ceil trunc round roundeven rint nearbyint fromfp*,
 * fabs copysign fmax fmin fmaximum* fminimum* fmaxmag fminmag, nextafter
 * nexttoward nextup nextdown, lrint llrint lround llround ilogb llogb,
 * canonicalize, nan, payload functions, comparisons, conj cproj creal cimag.
 * long double and _Float128 functions are not binary32 or binary64. */
#define PLAIN(kind, n) X(kind, n, #n, #n "f")
#define FINITE(kind, n) X(kind, n##_finite, "__" #n "_finite", "__" #n "f_finite") /* of -ffast-math, before glibc 2.31 */
#define BOTH(kind, n) PLAIN(kind, n) FINITE(kind, n)

BOTH(UNARY, acos)
BOTH(UNARY, acosh)
BOTH(UNARY, asin)
PLAIN(UNARY, asinh)
PLAIN(UNARY, atan)
BOTH(UNARY, atanh)
PLAIN(UNARY, cbrt)
PLAIN(UNARY, cos)
BOTH(UNARY, cosh)
PLAIN(UNARY, erf)
PLAIN(UNARY, erfc)
BOTH(UNARY, exp)
BOTH(UNARY, exp10)
BOTH(UNARY, exp2)
PLAIN(UNARY, expm1)
PLAIN(UNARY, gamma)
BOTH(UNARY, j0)
BOTH(UNARY, j1)
PLAIN(UNARY, lgamma)
BOTH(UNARY, log)
BOTH(UNARY, log10)
PLAIN(UNARY, log1p)
BOTH(UNARY, log2)
PLAIN(UNARY, logb)
PLAIN(UNARY, pow10)
PLAIN(UNARY, significand)
PLAIN(UNARY, sin)
BOTH(UNARY, sinh)
PLAIN(UNARY, tan)
PLAIN(UNARY, tanh)
PLAIN(UNARY, tgamma)
BOTH(UNARY, y0)
BOTH(UNARY, y1)

BOTH(BINARY, atan2)
PLAIN(BINARY, drem)
BOTH(BINARY, fmod)
BOTH(BINARY, hypot)
BOTH(BINARY, pow)
BOTH(BINARY, remainder)
BOTH(BINARY, scalb)

BOTH(SQRT, sqrt)
PLAIN(FMA, fma)
PLAIN(FDIM, fdim)

PLAIN(SCALE_INT, ldexp)
PLAIN(SCALE_INT, scalbn)
PLAIN(SCALE_LONG, scalbln)
BOTH(ORDER, jn)
BOTH(ORDER, yn)

PLAIN(PARTS, modf)
PLAIN(TO_INT, frexp)
X(TO_INT, lgamma_r, "lgamma_r", "lgammaf_r")
X(TO_INT, lgamma_r_finite, "__lgamma_r_finite", "__lgammaf_r_finite")
X(TO_INT, gamma_r_finite, "__gamma_r_finite", "__gammaf_r_finite")
PLAIN(SINCOS, sincos)
PLAIN(REMQUO, remquo)

PLAIN(COMPLEX_TO_REAL, cabs)
PLAIN(COMPLEX_TO_REAL, carg)
PLAIN(COMPLEX, cacos)
PLAIN(COMPLEX, cacosh)
PLAIN(COMPLEX, casin)
PLAIN(COMPLEX, casinh)
PLAIN(COMPLEX, catan)
PLAIN(COMPLEX, catanh)
PLAIN(COMPLEX, ccos)
PLAIN(COMPLEX, ccosh)
PLAIN(COMPLEX, cexp)
PLAIN(COMPLEX, clog)
X(COMPLEX, clog10, "clog10", "clog10f")
X(COMPLEX, clog10_internal, "__clog10", "__clog10f")
PLAIN(COMPLEX, csin)
PLAIN(COMPLEX, csinh)
PLAIN(COMPLEX, csqrt)
PLAIN(COMPLEX, ctan)
PLAIN(COMPLEX, ctanh)
PLAIN(COMPLEX_BINARY, cpow)

#undef PLAIN
#undef FINITE
#undef BOTH
