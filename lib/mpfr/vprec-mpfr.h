/* SPDX-License-Identifier: Apache-2.0
 * vprec-mpfr.h: elementary functions whose rounding is certain, by GNU MPFR.
 * libvprec itself does without MPFR; this library needs both. */
#ifndef VPREC_MPFR_H
#define VPREC_MPFR_H

#include "vprec.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What vprec_libm gives where it is proven, here for every operand, format and mode: MPFR's functions are
 * correctly rounded and say on which side of the exact value the result lies (L. Fousse et al., 2007); its 126 bits
 * and that side are all that any rounding to 53 bits or fewer needs to know. The functions that MPFR has not
 * (sigmoid, silu, softplus, gelu) are enclosed by directed roundings at growing precision.
 * Some hundred times slower than vprec_libm. NaN for a function or mode that does not exist, and for VPREC_SR.
 * The caller's floating-point environment, errno, MPFR's exponent range and flags are left as they were. Memory
 * runs out as in MPFR: the process is aborted. Threads may call it at once if MPFR was built for threads. */
VPREC_API double vprec_mpfr(vprec_function function, double x, double y, const vprec_format *format, vprec_mode mode);
/* With stochastic rounding as of vprec_libm_sr. */
VPREC_API double vprec_mpfr_sr(vprec_function function, double x, double y, const vprec_format *format, unsigned bits,
                               uint64_t random);

#ifdef __cplusplus
}
#endif
#endif
