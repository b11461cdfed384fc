/* SPDX-License-Identifier: Apache-2.0
 * functions.h: the functions of libm that are one operation each, as an
 * X-macro list: X(kind, id, function, double's symbol, float's symbol); `function` is the id of what it computes, of
 * which it may be another name (names of one address are patched once, as one of them). No guard: included
 * once per use. libm.c has the kinds.
 *
 * Not here, since they only select or rearrange what is already a value, or
 * deliver integers: floor ceil trunc round roundeven rint nearbyint fromfp*,
 * fabs copysign fmax fmin fmaximum* fminimum* fmaxmag fminmag, nextafter
 * nexttoward nextup nextdown, lrint llrint lround llround ilogb llogb,
 * canonicalize, nan, payload functions, comparisons, conj cproj creal cimag.
 * long double and _Float128 functions are not binary32 or binary64. */
#define NAMED(kind, n, function) X(kind, n, function, #n, #n "f")
#define PLAIN(kind, n) NAMED(kind, n, n)
/* of -ffast-math, before glibc 2.31 */
#define FINITE(kind, n) X(kind, n##_finite, n, "__" #n "_finite", "__" #n "f_finite")
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
NAMED(UNARY, gamma, lgamma)
BOTH(UNARY, j0)
BOTH(UNARY, j1)
PLAIN(UNARY, lgamma)
BOTH(UNARY, log)
BOTH(UNARY, log10)
PLAIN(UNARY, log1p)
BOTH(UNARY, log2)
PLAIN(EXACT, logb)
NAMED(UNARY, pow10, exp10)
PLAIN(EXACT, significand)
PLAIN(UNARY, sin)
BOTH(UNARY, sinh)
PLAIN(UNARY, tan)
PLAIN(UNARY, tanh)
PLAIN(UNARY, tgamma)
BOTH(UNARY, y0)
BOTH(UNARY, y1)

BOTH(BINARY, atan2)
NAMED(EXACT_BINARY, drem, remainder)
BOTH(EXACT_BINARY, fmod)
BOTH(BINARY, hypot)
BOTH(BINARY, pow)
BOTH(EXACT_BINARY, remainder)
BOTH(SCALB, scalb)

BOTH(SQRT, sqrt)
PLAIN(FMA, fma)
PLAIN(FDIM, fdim)

PLAIN(SCALE_INT, ldexp)
PLAIN(SCALE_INT, scalbn)
PLAIN(SCALE_LONG, scalbln)
BOTH(ORDER, jn)
BOTH(ORDER, yn)

PLAIN(PARTS, modf)
PLAIN(FREXP, frexp)
X(GAMMA, lgamma_r, lgamma, "lgamma_r", "lgammaf_r")
X(GAMMA, lgamma_r_finite, lgamma, "__lgamma_r_finite", "__lgammaf_r_finite")
X(GAMMA, gamma_r_finite, tgamma, "__gamma_r_finite", "__gammaf_r_finite")
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
X(COMPLEX, clog10, clog10, "clog10", "clog10f")
X(COMPLEX, clog10_internal, clog10, "__clog10", "__clog10f")
PLAIN(COMPLEX, csin)
PLAIN(COMPLEX, csinh)
PLAIN(COMPLEX, csqrt)
PLAIN(COMPLEX, ctan)
PLAIN(COMPLEX, ctanh)
PLAIN(COMPLEX_BINARY, cpow)

#undef NAMED
#undef PLAIN
#undef FINITE
#undef BOTH
