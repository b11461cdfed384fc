/* SPDX-License-Identifier: Apache-2.0
 * array.h: functions that write their results to memory, each result one operation: (n, in, out), (x, *sin, *cos). */
#ifndef VPREC_LIBM_ARRAY_H
#define VPREC_LIBM_ARRAY_H

#include "clone/gate.h"

/* array.S: where the gate of such a function leads selected callers, the gate in r11. It has the function do its
 * work, and what it wrote rounded; what it returns in rax, rdx, xmm0 and xmm1 stays. Operands on the stack are not
 * handed on. */
void vprec_libm_array(void);

/* For it: rounds what the gate's function wrote, by the arguments that it was given. */
void vprec_libm_array_round(const vprec_gate *gate, const uint64_t arguments[VPREC_ROUTINE_ARGUMENTS]);

#endif
