/* SPDX-License-Identifier: Apache-2.0
 * own.S: what this library itself calls of libm: each name a jump through a word of vprec_libm_own, which patch.c fills
 * from the libm that the program has. Without this, libm would be loaded into every process that has none.
 *
 * A name that is missing here has the linker need libm again: calls.py would see it mapped. */
    .data
    .balign 8
    .globl vprec_libm_own
    .hidden vprec_libm_own
    .type vprec_libm_own, @object
vprec_libm_own:

    .section .rodata
    .globl vprec_libm_own_names /* in the order of the words, an empty one behind the last */
    .hidden vprec_libm_own_names
    .type vprec_libm_own_names, @object
vprec_libm_own_names:

    .macro own names:vararg
    .irp name, \names
    .section .rodata
    .asciz "\name"
    .data
0:  .quad 0
    .text
    .globl \name
    .hidden \name
    .type \name, @function
    .p2align 3
\name:
    jmp *0b(%rip)
    .size \name, . - \name
    .endr
    .endm

    .text
    .cfi_startproc
    own acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, cos, cosh, erf, erfc, exp, exp2, exp10, expm1, fmax
    own hypot, lgamma_r, log, log10, log1p, log2, pow, sin, sinh, tan, tanh, tgamma
    own acosl, acoshl, asinl, asinhl, atanl, atan2l, atanhl, cbrtl, cosl, coshl, erfl, erfcl, expl, exp2l, exp10l
    own expm1l, hypotl, ilogbl, j0l, j1l, jnl, ldexpl, lgammal, lgammal_r, logl, log10l, log1pl, log2l, powl, sinl
    own sinhl, tanl, tanhl, tgammal, y0l, y1l, ynl
    own cabsl, cacosl, cacoshl, casinl, casinhl, catanl, catanhl, ccosl, ccoshl, cexpl, clogl, clog10l, cpowl, csinl
    own csinhl, csqrtl, ctanl, ctanhl
    own acosf128, acoshf128, asinf128, asinhf128, atanf128, atan2f128, atanhf128, cbrtf128, cosf128, coshf128, erff128
    own erfcf128, expf128, exp2f128, exp10f128, expm1f128, hypotf128, lgammaf128_r, logf128, log10f128, log1pf128
    own log2f128, powf128, sinf128, sinhf128, sqrtf128, tanf128, tanhf128, tgammaf128
    own fegetenv
    .cfi_endproc

    .data
    .size vprec_libm_own, . - vprec_libm_own
    .section .rodata
    .byte 0
    .size vprec_libm_own_names, . - vprec_libm_own_names
    .section .note.GNU-stack, "", @progbits
