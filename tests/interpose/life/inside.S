/* SPDX-License-Identifier: Apache-2.0
 * inside.S: functions that begin on a page without arithmetic and end on one that has some, and in which a thread may
 * stay for long behind the first byte. float f(a, b) is a*b+a; rax is what the caller of `inside_call` has as its
 * fourth argument. */
    .text

    .macro inside name, stays:vararg
    .balign 0x20000, 0xCC
    .skip 4096 - 32, 0xCC
    .globl \name
    .type \name, @function
\name:
    nop
    \stays
    movaps %xmm0, %xmm2
    jmp 1f
    .balign 4096, 0xCC
1:  mulss %xmm1, %xmm0
    addss %xmm2, %xmm0
    ret
    .size \name, . - \name
    .endm

    inside inside_asleep, syscall
    inside inside_busy, rep lodsb
    inside inside_often, nop

    .balign 0x20000, 0xCC
    .globl inside_call
    .type inside_call, @function
inside_call:
    movq %rcx, %rax
    movq %rdx, %rcx
    jmp *%r8
    .size inside_call, . - inside_call

    .section .note.GNU-stack, "", @progbits
