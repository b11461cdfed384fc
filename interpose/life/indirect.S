/* SPDX-License-Identifier: Apache-2.0
 * indirect.S: the C library's function syscall: the numbers that syscalls.c has something to do with go to indirect.c,
 * all others on to the next definition, with registers and stack as they came: it may be a clone that returns on another
 * stack. */
    .text
    .globl syscall
    .hidden vprec_syscall_concerns, vprec_indirect_call
    .type syscall, @function
syscall:
    .cfi_startproc
    endbr64
    .irp reg, r9, r8, rcx, rdx, rsi, rdi
    pushq %\reg
    .cfi_adjust_cfa_offset 8
    .endr
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call vprec_syscall_concerns
    testb %al, %al
    jz 1f
    leaq 8(%rsp), %rdi
    call vprec_indirect_call
    testb %al, %al
    jz 1f
    movq 8(%rsp), %rax
    .cfi_remember_state
    addq $56, %rsp
    .cfi_adjust_cfa_offset -56
    ret
    .cfi_restore_state
1:  addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    .irp reg, rdi, rsi, rdx, rcx, r8, r9
    popq %\reg
    .cfi_adjust_cfa_offset -8
    .endr
    jmp *vprec_indirect_next(%rip)
    .cfi_endproc
    .size syscall, . - syscall

/* As the C library has it, until the next definition has been looked up. */
    .globl vprec_indirect_direct
    .hidden vprec_indirect_direct, vprec_indirect_next, vprec_indirect_failed
    .type vprec_indirect_direct, @function
vprec_indirect_direct:
    .cfi_startproc
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, %r10
    movq %r9, %r8
    movq 8(%rsp), %r9
    syscall
    cmpq $-4095, %rax
    jae 1f
    ret
1:  movq %rax, %rdi
    jmp vprec_indirect_failed
    .cfi_endproc
    .size vprec_indirect_direct, . - vprec_indirect_direct

    .section .note.GNU-stack, "", @progbits
