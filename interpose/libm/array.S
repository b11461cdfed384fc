/* SPDX-License-Identifier: Apache-2.0
 * array.S: a function that writes its results to memory, between the gate and its caller: see array.h. */
#define GATE_INSIDE 72 /* in vprec_gate */
    .text
    .globl vprec_libm_array
    .hidden vprec_libm_array, vprec_libm_array_round
    .type vprec_libm_array, @function
    .p2align 4
vprec_libm_array:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    pushq %r11
    subq $8, %rsp
    .irp reg, r9, r8, rcx, rdx, rsi, rdi
    pushq %\reg
    .endr
    call *GATE_INSIDE(%r11)
    movq -8(%rbp), %rdi
    movq %rsp, %rsi
    pushq %rax
    pushq %rdx
    subq $32, %rsp
    movups %xmm0, (%rsp)
    movups %xmm1, 16(%rsp)
    cld
    call vprec_libm_array_round
    movups (%rsp), %xmm0
    movups 16(%rsp), %xmm1
    addq $32, %rsp
    popq %rdx
    popq %rax
    leave
    .cfi_def_cfa rsp, 8
    ret
    .cfi_endproc
    .size vprec_libm_array, . - vprec_libm_array

    .section .note.GNU-stack, "", @progbits
