/* SPDX-License-Identifier: Apache-2.0
 * gate_enter.S: from a gate's stub (the gate in r11) to the function or its rounded twin: keeps all that a call may
 * have its operands in. A twin of ours, which takes all of its operands in registers, runs in the thread's slot
 * (stack.h): it needs more stack than the function. */
#include "x86/emulate/stack.h"
#define GATE_ROUNDED 16 /* in vprec_gate */
#define GATE_OURS 57
    .text
    .globl vprec_gate_enter
    .hidden vprec_gate_enter, vprec_gate_choose, vprec_stack_here, vprec_stack_make
    .type vprec_gate_enter, @function
    .p2align 4
vprec_gate_enter:
    .cfi_startproc
    .irp reg, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rax
    push %\reg
    .cfi_adjust_cfa_offset 8
    .endr
    mov %r11, %rdi
    lea 72(%rsp), %rsi
    mov %rax, %rdx
    call vprec_gate_choose
    lea 8(%rsp), %rsp
    .cfi_adjust_cfa_offset -8
    .irp reg, r11, r10, r9, r8, rdi, rsi, rdx, rcx
    pop %\reg
    .cfi_adjust_cfa_offset -8
    .endr
    cmpb $0, GATE_OURS(%r11)
    je 1f
    cmp GATE_ROUNDED(%r11), %rax
    je 2f
1:  jmp *%rax

2:  thread_stacks r10, 4f
3:  .cfi_remember_state
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    movq (%r10), %r11
    movq %rsp, -VPREC_SLOT_RSP(%r11)
    movq $VPREC_SLOT_CALL, -VPREC_SLOT_STAGE(%r11)
    pushq -VPREC_SLOT_NEXT(%r11)
    popq (%r10)
    leaq -VPREC_SLOT_CPU(%r11), %rsp
    call *%rax
    leaq VPREC_SLOT_CPU(%rsp), %r11
    movq -VPREC_SLOT_STACK(%r11), %r10
    movq %rbp, %rsp
    popq %rbp
    movq %r11, (%r10)
    .cfi_restore_state
    ret

4:  .irp reg, rcx, rdx, rsi, rdi, r8, r9, rax
    push %\reg
    .cfi_adjust_cfa_offset 8
    .endr
    cld
    call vprec_stack_make
    mov %rax, %r10
    .irp reg, rax, r9, r8, rdi, rsi, rdx, rcx
    pop %\reg
    .cfi_adjust_cfa_offset -8
    .endr
    testq %r10, %r10
    jnz 3b
    jmp *%rax                   /* no memory: on the program's own stack after all */
    .cfi_endproc
    .size vprec_gate_enter, . - vprec_gate_enter

    .section .note.GNU-stack, "", @progbits
