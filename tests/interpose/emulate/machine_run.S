/* SPDX-License-Identifier: Apache-2.0
 * machine_run.S: void machine_run(const machine *in, machine *out, const void *code) */
#define GPR 2816
#define FLAGS 2944
    .text
    .globl machine_run
    .type machine_run, @function
machine_run:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    leaq -2048(%rsp), %rsp       /* the code may look below its stack */
    pushq %rdx                   /* 8(%rsp) after the next push: code */
    pushq %rsi                   /* 0(%rsp): out */
    movq %rdi, %r15
    movl machine_components(%rip), %eax
    xorl %edx, %edx
    xrstor64 (%r15)
    pushq FLAGS(%r15)
    popfq
    movq GPR+0(%r15), %rax
    movq GPR+8(%r15), %rcx
    movq GPR+16(%r15), %rdx
    movq GPR+24(%r15), %rbx
    movq GPR+40(%r15), %rbp
    movq GPR+48(%r15), %rsi
    movq GPR+56(%r15), %rdi
    movq GPR+64(%r15), %r8
    movq GPR+72(%r15), %r9
    movq GPR+80(%r15), %r10
    movq GPR+88(%r15), %r11
    movq GPR+96(%r15), %r12
    movq GPR+104(%r15), %r13
    movq GPR+112(%r15), %r14
    movq GPR+120(%r15), %r15
    call *8(%rsp)
    pushq %rax
    movq 8(%rsp), %rax           /* out */
    movq %rcx, GPR+8(%rax)
    movq %rdx, GPR+16(%rax)
    movq %rbx, GPR+24(%rax)
    movq %rbp, GPR+40(%rax)
    movq %rsi, GPR+48(%rax)
    movq %rdi, GPR+56(%rax)
    movq %r8, GPR+64(%rax)
    movq %r9, GPR+72(%rax)
    movq %r10, GPR+80(%rax)
    movq %r11, GPR+88(%rax)
    movq %r12, GPR+96(%rax)
    movq %r13, GPR+104(%rax)
    movq %r14, GPR+112(%rax)
    movq %r15, GPR+120(%rax)
    leaq (%rsp), %rcx            /* where the code saw its return address */
    movq %rcx, GPR+32(%rax)
    popq GPR+0(%rax)
    pushfq
    popq FLAGS(%rax)
    cld
    movq %rax, %rbx
    xorl %eax, %eax
    leaq 512(%rbx), %rdi
    movl $8, %ecx
    rep stosq
    movl machine_components(%rip), %eax
    xorl %edx, %edx
    xsave64 (%rbx)
    pushq $0x1f80
    ldmxcsr (%rsp)
    leaq 8+16+2048(%rsp), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    testl $4, machine_components(%rip)
    jz 1f
    vzeroupper
1:  ret
    .size machine_run, . - machine_run
    .section .note.GNU-stack, "", @progbits
