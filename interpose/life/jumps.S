/* SPDX-License-Identifier: Apache-2.0
 * jumps.S: what saves the registers of its caller, and returns to it once more:
 * after a note of jumps.c's the C library's function is jumped to. */

    .text
    .hidden vprec_jumps, vprec_jumps_look_up, vprec_jumps_note, vprec_jumps_note_context, vprec_jumps_set
    .hidden vprec_jumps_swap, vprec_jumps_make
#define SIGSETJMP 0
#define SETJMP 8
#define GETCONTEXT 16
#define SETCONTEXT 24
#define SWAPCONTEXT 32
#define MAKECONTEXT 40

    .macro function name
    .p2align 4
    .globl \name
    .type \name, @function
\name:
    .cfi_startproc
    endbr64
    .endm

    .macro finish name
    .cfi_endproc
    .size \name, . - \name
    .endm

    /* Keeps rdi and rsi. */
    .macro ask what
    pushq %rdi
    .cfi_adjust_cfa_offset 8
    pushq %rsi
    .cfi_adjust_cfa_offset 8
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call \what
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %rsi
    .cfi_adjust_cfa_offset -8
    popq %rdi
    .cfi_adjust_cfa_offset -8
    .endm

    /* Other constructors may call before ours has run. */
    .macro go_on slot
    cmpq $0, SIGSETJMP + vprec_jumps(%rip)
    jne 9f
    ask vprec_jumps_look_up
9:  jmp *\slot + vprec_jumps(%rip)
    .endm

    function __sigsetjmp
    testl %esi, %esi            /* without a mask the buffer may be a short one */
    jz 1f
    ask vprec_jumps_note
1:  go_on SIGSETJMP
    finish __sigsetjmp

    function setjmp
    ask vprec_jumps_note
    go_on SETJMP
    finish setjmp

    function getcontext
    ask vprec_jumps_note_context
    go_on GETCONTEXT
    finish getcontext

    function setcontext
    ask vprec_jumps_set
    movq %rax, %rdi
    go_on SETCONTEXT
    finish setcontext

    function swapcontext
    ask vprec_jumps_swap
    movq %rax, %rsi
    go_on SWAPCONTEXT
    finish swapcontext

    function makecontext        /* its operands are passed on, on the stack, too */
    .irp reg, rax, rdi, rsi, rdx, rcx, r8, r9
    pushq %\reg
    .cfi_adjust_cfa_offset 8
    .endr
    call vprec_jumps_make
    .irp reg, r9, r8, rcx, rdx, rsi, rdi, rax
    popq %\reg
    .cfi_adjust_cfa_offset -8
    .endr
    jmp *MAKECONTEXT + vprec_jumps(%rip)
    finish makecontext

    .section .note.GNU-stack, "", @progbits
