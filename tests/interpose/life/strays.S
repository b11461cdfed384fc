/* SPDX-License-Identifier: Apache-2.0
 * strays.S: functions that calculate, and functions on pages of their own which do not, so that nobody decodes them,
 * and which jump or call into the others' middle: behind a first instruction of three bytes, where a jump of five
 * would lie. Arguments and result as in float f(float a, float b). */
    .text

#include "apart.inc"

    /* a*b+a; from its middle on a*b+(xmm2) */
    .macro host name
begin trap_\name
    movaps %xmm0, %xmm2
    .globl \name\()_middle
    .hidden \name\()_middle
\name\()_middle:
    mulss %xmm1, %xmm0
    addss %xmm2, %xmm0
    ret
end trap_\name
    .endm

    apart
    host stray_late
    .balign 4096, 0xCC
    host stray_early
    .balign 4096, 0xCC
    host stray_conditional
    .balign 4096, 0xCC
    host stray_called
    .balign 4096, 0xCC

/* One of no arithmetic, next to it, that ends in a short jump over its border. */
begin trap_stray_to_next
    movaps %xmm0, %xmm2
    movaps %xmm1, %xmm0
    jmp stray_next_middle
end trap_stray_to_next
    host stray_next
    .balign 4096, 0xCC

/* A return point: (a*b)+b; from behind its first instruction a+b. */
begin trap_stray_return
    mulss %xmm1, %xmm0
    call stray_leaf
    movaps %xmm1, %xmm2
    .globl stray_return_middle
    .hidden stray_return_middle
stray_return_middle:
    addss %xmm2, %xmm0
    ret
end trap_stray_return

    /* b*b+a, by the middle of `to`, which `leads` leads to */
    .macro guest name, leads:vararg
begin trap_\name
    movaps %xmm0, %xmm2
    movaps %xmm1, %xmm0
    \leads
end trap_\name
    .endm

    apart
    guest stray_to_late, jmp stray_late_middle
    apart
    .type stray_leaf, @function
stray_leaf:
    ret
    .size stray_leaf, . - stray_leaf
    guest stray_to_early, jmp stray_early_middle
    apart
begin trap_stray_to_conditional
    movaps %xmm0, %xmm2
    movaps %xmm1, %xmm0
    test %rsp, %rsp
    jnz stray_conditional_middle
    ud2
end trap_stray_to_conditional
    apart
begin trap_stray_to_called
    movaps %xmm0, %xmm2
    movaps %xmm1, %xmm0
    push %rax
    call stray_called_middle
    pop %rax
    ret
end trap_stray_to_called
    apart
begin trap_stray_to_return /* a+b */
    movaps %xmm1, %xmm2
    jmp stray_return_middle
end trap_stray_to_return
    apart
    nop

    .section .note.GNU-stack, "", @progbits
