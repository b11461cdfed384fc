/* SPDX-License-Identifier: Apache-2.0
 * threads.S: the first function of a thread: see threads.c. */

    .text
    .p2align 4
    .globl vprec_threads_start
    .hidden vprec_threads_start, vprec_threads_begin
    .type vprec_threads_start, @function
vprec_threads_start:
    .cfi_startproc
    endbr64
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call vprec_threads_begin
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    movq %rdx, %rdi
    jmp *%rax
    .cfi_endproc
    .size vprec_threads_start, . - vprec_threads_start

    .section .note.GNU-stack, "", @progbits
