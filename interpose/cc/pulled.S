/* SPDX-License-Identifier: Apache-2.0
 * pulled.S: what a static program takes from its libm: a float function is evaluated by the double one, which nobody
 * else may call. */
    .section .data.rel.ro, "aw"
    .globl vprec_cc_pulled
    .hidden vprec_cc_pulled
vprec_cc_pulled:
    .irp name, acos, acosh, asin, asinh, atan, atan2, atanh, cabs, cacos, cacosh, carg, casin, casinh, catan, catanh, cbrt
    .quad \name
    .endr
    .irp name, ccos, ccosh, cexp, clog, clog10, cos, cosh, cpow, csin, csinh, csqrt, ctan, ctanh, erf, erfc, exp, exp10
    .quad \name
    .endr
    .irp name, exp2, expm1, fdim, fma, fmod, frexp, hypot, ldexp, lgamma, lgamma_r, log, log10, log1p, log2, logb, modf
    .quad \name
    .endr
    .irp name, pow, remainder, remquo, scalbln, scalbn, sin, sincos, sinh, sqrt, tan, tanh, tgamma
    .quad \name
    .endr
    .irp name, __gamma, __j0, __j1, __jn, __y0, __y1, __yn, __scalb, __significand
    .quad \name
    .endr
    .section .note.GNU-stack, "", @progbits
