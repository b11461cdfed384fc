/* SPDX-License-Identifier: Apache-2.0
 * indirect.S: the C library's function syscall: the few numbers that indirect.c is for go there, all others on to the
 * next definition, with registers and stack as they came: it may be a clone that returns on another stack. */
    .text
    .globl syscall
    .type syscall, @function
syscall:
    .cfi_startproc
    cmpq $59, %rdi          /* execve */
    je 1f
    cmpq $322, %rdi         /* execveat */
    je 1f
    cmpq $157, %rdi         /* prctl */
    je 1f
    cmpq $317, %rdi         /* seccomp */
    je 1f
    cmpq $462, %rdi         /* mseal */
    je 1f
    jmp *vprec_indirect_next(%rip)
1:  jmp vprec_indirect_call
    .cfi_endproc
    .size syscall, . - syscall

/* As the C library has it, until the next definition has been looked up. */
    .globl vprec_indirect_direct
    .hidden vprec_indirect_direct, vprec_indirect_next, vprec_indirect_call, vprec_indirect_failed
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
