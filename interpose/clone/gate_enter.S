/* SPDX-License-Identifier: Apache-2.0
 * gate_enter.S: from a gate's stub (the gate in r11) to the function or its rounded twin: keeps all that a call may
 * have its operands in. */
    .text
    .globl vprec_gate_enter
    .hidden vprec_gate_enter
    .type vprec_gate_enter, @function
    .p2align 4
vprec_gate_enter:
    .cfi_startproc
    .irp reg, rcx, rdx, rsi, rdi, r8, r9, r10
    push %\reg
    .cfi_adjust_cfa_offset 8
    .endr
    mov %r11, %rdi
    lea 56(%rsp), %rsi
    mov %rax, %rdx
    call vprec_gate_choose
    .irp reg, r10, r9, r8, rdi, rsi, rdx, rcx
    pop %\reg
    .cfi_adjust_cfa_offset -8
    .endr
    jmp *%rax
    .cfi_endproc
    .size vprec_gate_enter, . - vprec_gate_enter

    .section .note.GNU-stack, "", @progbits
