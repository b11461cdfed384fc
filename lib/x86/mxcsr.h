/* SPDX-License-Identifier: Apache-2.0
 * mxcsr.h: the floating-point control of a kernel: all exceptions masked,
 * subnormals kept, a direction; and the caller's, given back whole. */
#ifndef VPREC_X86_MXCSR_H
#define VPREC_X86_MXCSR_H

#include <xmmintrin.h>

enum { VPREC_MXCSR_NEAREST = 0x1f80, VPREC_MXCSR_DOWN = 0x3f80, VPREC_MXCSR_UP = 0x5f80, VPREC_MXCSR_ZERO = 0x7f80 };

/* The compiler does not order arithmetic and MXCSR: between these two, call
 * functions that are not inlined (VPREC_WORKER), and nothing else. */
static inline unsigned vprec_mxcsr_set(unsigned value)
{
    unsigned old = _mm_getcsr();
    if (old != value)
        _mm_setcsr(value);
    return old;
}

static inline void vprec_mxcsr_restore(unsigned old)
{
    if (_mm_getcsr() != old)
        _mm_setcsr(old);
}

#define VPREC_WORKER static __attribute__((noinline))

#endif
