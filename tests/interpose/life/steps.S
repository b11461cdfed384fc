/* SPDX-License-Identifier: Apache-2.0
 * steps.S: what steps.c single-steps: void steps_run(float *memory). Every kind
 * of thing that a clone changes: arithmetic on registers and memory, scalar and
 * packed, flags live across it, calls, indirect jumps, the red zone, a stack
 * that is not aligned. General registers and xmm2..15 do not depend on results. */
    .text
    .macro begin name
    .balign 16, 0x90
    .globl \name
    .type \name, @function
\name:
    .endm
    .macro end name
    .size \name, . - \name
    .endm

begin steps_run
    push %rbx
    push %rbp
    push %r12
    xor %eax, %eax
    mov $0x1111, %eax
    mov $0x2222, %ecx
    mov $0x3333, %edx
    mov $0x4444, %ebx
    mov $0x5555, %ebp
    mov $0x6666, %esi
    mov $0x7777, %r8d
    mov $3, %r12d
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movups 64 + 16 * \n(%rdi), %xmm\n
    .endr
    movups (%rdi), %xmm0
    movups 16(%rdi), %xmm1
    pushf
    orl $0x100, (%rsp)
    popf
    nop
1:  mulss %xmm1, %xmm0
    addps 32(%rdi), %xmm0
    sub $1, %ecx
    divps %xmm1, %xmm0
    sqrtss %xmm0, %xmm0
    subss 4(%rdi), %xmm0
    cvtss2sd %xmm0, %xmm0
    cvtsd2ss %xmm0, %xmm0
    cvtsi2ss %ecx, %xmm0
    rcpps %xmm0, %xmm0
    movss %xmm1, -64(%rsp)
    addss -64(%rsp), %xmm0
    call steps_call
    push %rax
    lea -3(%rsp), %rsp
    mulss %xmm1, %xmm0
    lea 3(%rsp), %rsp
    pop %rax
    lea steps_table(%rip), %r8
    cmp $2, %r12d
    .globl steps_compared
    .hidden steps_compared
steps_compared:
    jmp *-8(%r8,%r12,8)
2:  addss %xmm1, %xmm0
    jmp 5f
3:  subss %xmm1, %xmm0
    jmp 5f
4:  mulss %xmm1, %xmm0
5:  jc 6f
    .globl steps_decided
    .hidden steps_decided
steps_decided:
    divss %xmm1, %xmm0
6:  lea 7f(%rip), %r8
    test %ecx, %ecx
    jmp *%r8
7:  xor %r8d, %r8d
    addss %xmm1, %xmm0
    dec %r12d
    .globl steps_counted
    .hidden steps_counted
steps_counted:
    jnz 1b
    .globl steps_escape
    .hidden steps_escape
steps_escape:
    pushf
    .globl steps_pushed
    .hidden steps_pushed
steps_pushed:
    andl $~0x100, (%rsp)
    popf
    nop
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movups %xmm\n, 384 + 16 * \n(%rdi)
    .endr
    pop %r12
    pop %rbp
    pop %rbx
    ret
end steps_run

/* The call in the middle of steps_guest leads into it. */
begin steps_call
    call steps_guest
    ret
end steps_call
begin steps_guest
    movaps %xmm0, %xmm1
    mulss %xmm1, %xmm0
    jmp steps_middle
end steps_guest
begin steps_host
    movaps %xmm1, %xmm0
    divss %xmm1, %xmm0
steps_middle:
    mulss %xmm1, %xmm0
    addss %xmm2, %xmm0
    movups 16(%rdi), %xmm1
    ret
end steps_host

    .section .data.rel.ro, "aw"
    .balign 8
steps_table:
    .quad 2b, 3b, 4b
    .section .note.GNU-stack, "", @progbits
