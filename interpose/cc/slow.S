/* SPDX-License-Identifier: Apache-2.0
 * slow.S: how compiled code asks the runtime: rdi the site, esi the code of the operation, rdx the result, rcx r8 r9 its
 * operands, rax the code that asks. Only r10, r11 and the flags are lost: it goes on as if nothing had been called. */

#define ASKED_FROM 64 /* the seventh argument, and what keeps the others aligned */
#define ALL_VECTORS 2112 /* zmm0 to zmm31, k0 to k7 */

    .text
    .p2align 4
    .globl vprec_cc_slow, vprec_cc_slow_own
    .hidden vprec_cc_slow_own
    .hidden vprec_cc_evaluate
    .type vprec_cc_slow, @function
vprec_cc_slow:
vprec_cc_slow_own: /* for doubt.S */
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %r8
    pushq %r9
    pushq %rax
    subq $(ASKED_FROM + ALL_VECTORS), %rsp
    andq $-64, %rsp
    movl registers(%rip), %eax
    testl %eax, %eax
    jz 6f
1:  cmpl $2, %eax
    jb 4f
    ja 3f
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovups %ymm\n, (ASKED_FROM + 32 * \n)(%rsp)
    .endr
    vzeroupper
    movq -56(%rbp), %rax
    movq %rax, (%rsp)
    call vprec_cc_evaluate
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovups (ASKED_FROM + 32 * \n)(%rsp), %ymm\n
    .endr
    jmp 5f
3:  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    vmovups %zmm\n, (ASKED_FROM + 64 * \n)(%rsp)
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    kmovq %k\n, (ASKED_FROM + 2048 + 8 * \n)(%rsp)
    .endr
    vzeroupper
    movq -56(%rbp), %rax
    movq %rax, (%rsp)
    call vprec_cc_evaluate
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    vmovups (ASKED_FROM + 64 * \n)(%rsp), %zmm\n
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    kmovq (ASKED_FROM + 2048 + 8 * \n)(%rsp), %k\n
    .endr
    jmp 5f
4:  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movups %xmm\n, (ASKED_FROM + 16 * \n)(%rsp)
    .endr
    movq -56(%rbp), %rax
    movq %rax, (%rsp)
    call vprec_cc_evaluate
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movups (ASKED_FROM + 16 * \n)(%rsp), %xmm\n
    .endr
5:  movq -56(%rbp), %rax
    movq -8(%rbp), %rdi
    movq -16(%rbp), %rsi
    movq -24(%rbp), %rdx
    movq -32(%rbp), %rcx
    movq -40(%rbp), %r8
    movq -48(%rbp), %r9
    leave
    .cfi_remember_state
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_restore_state

    /* For the first time: which registers there are. 1: SSE alone, 2: AVX, 3: AVX-512 with masks of 64 bits. */
6:  movq %rbx, %r10
    movl $1, %eax
    xorl %ecx, %ecx
    cpuid
    movl $1, %r11d
    andl $0x18000000, %ecx /* OSXSAVE, AVX */
    cmpl $0x18000000, %ecx
    jne 7f
    xorl %ecx, %ecx
    xgetbv
    movl %eax, %r9d
    andl $6, %eax
    cmpl $6, %eax
    jne 7f
    movl $2, %r11d
    andl $0xe6, %r9d
    cmpl $0xe6, %r9d
    jne 7f
    movl $7, %eax
    xorl %ecx, %ecx
    cpuid
    andl $0x40010000, %ebx /* AVX-512 BW, F */
    cmpl $0x40010000, %ebx
    jne 7f
    movl $3, %r11d
7:  movq %r10, %rbx
    movl %r11d, registers(%rip)
    movl %r11d, %eax
    movq -8(%rbp), %rdi
    movq -16(%rbp), %rsi
    movq -24(%rbp), %rdx
    movq -32(%rbp), %rcx
    movq -40(%rbp), %r8
    movq -48(%rbp), %r9
    jmp 1b
    .cfi_endproc
    .size vprec_cc_slow, . - vprec_cc_slow

    .local registers
    .comm registers, 4, 4
    .section .note.GNU-stack, "", @progbits
