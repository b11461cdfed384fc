/* SPDX-License-Identifier: Apache-2.0
 * backtrace.h: who called whom when an operation first overflowed, or gave a NaN. */
#ifndef VPREC_LIFE_BACKTRACE_H
#define VPREC_LIFE_BACKTRACE_H

/* From now on the first of its kind is kept with its stack, where the C library tells which object an address is of
 * without a lock (glibc 2.35). */
void vprec_backtrace_begin(void);

#endif
