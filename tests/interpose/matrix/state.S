/* SPDX-License-Identifier: Apache-2.0
 * state.S: loads every register from a matrix_state, runs one instruction,
 * stores everything back. The build defines STYLE (0 SSE, 1 AVX, 2 AVX-512),
 * LIBRARY (the name of the matrix_library) and CASES (generate.py's output:
 * one CASE line per instruction, and COUNT). All state lives in the function
 * itself, so that no register is free or dead at the instruction. */

#define MASKS 2048
#define GPRS 2112
#define RFLAGS 2240
#define MXCSR 2248
#define WINDOW 2256

    .bss
    .balign 64
current: .skip 8
stack:   .skip 8
keep:    .skip 8
    .data
    .balign 64
operand: .skip 4096
default_mxcsr: .long 0x1f80

    .altmacro
    .macro each_vector what, last
    .set n, 0
    .rept \last
        \what %n
        .set n, n + 1
    .endr
    .endm

    .macro load_vector n
#if STYLE == 0
    movups 64*\n(%rdi), %xmm\n
#elif STYLE == 1
    vmovups 64*\n(%rdi), %ymm\n
#else
    vmovups 64*\n(%rdi), %zmm\n
#endif
    .endm

    .macro store_vector n
#if STYLE == 0
    movups %xmm\n, 64*\n(%rax)
#elif STYLE == 1
    vmovups %ymm\n, 64*\n(%rax)
#else
    vmovups %zmm\n, 64*\n(%rax)
#endif
    .endm

    .macro load_mask n
    kmovq MASKS+8*\n(%rdi), %k\n
    .endm

    .macro store_mask n
    kmovq %k\n, MASKS+8*\n(%rax)
    .endm

    .macro window_in n
    movups WINDOW+16*\n(%rdi), %xmm0
    movups %xmm0, 16*\n-128(%rsp)
    .endm

    .macro window_out n
    movups 16*\n-128(%rsp), %xmm0
    movups %xmm0, WINDOW+16*\n(%rax)
    .endm

    .macro enter
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rdi, current(%rip)
    mov %rsp, stack(%rip)
    sub $512, %rsp
    and $-64, %rsp
    pushq RFLAGS(%rdi)
    popfq
    each_vector window_in, 16
#if STYLE == 2
    each_vector load_vector, 32
    each_vector load_mask, 8
#else
    each_vector load_vector, 16
#endif
    ldmxcsr MXCSR(%rdi)
    mov GPRS+0(%rdi), %rax
    mov GPRS+8(%rdi), %rcx
    mov GPRS+16(%rdi), %rdx
    mov GPRS+24(%rdi), %rbx
    mov GPRS+40(%rdi), %rbp
    mov GPRS+48(%rdi), %rsi
    mov GPRS+64(%rdi), %r8
    mov GPRS+72(%rdi), %r9
    mov GPRS+80(%rdi), %r10
    mov GPRS+88(%rdi), %r11
    mov GPRS+96(%rdi), %r12
    mov GPRS+104(%rdi), %r13
    mov GPRS+112(%rdi), %r14
    mov GPRS+120(%rdi), %r15
    mov GPRS+56(%rdi), %rdi
    .endm

    .macro leave_
    mov %rax, keep(%rip)
    mov current(%rip), %rax
    mov %rcx, GPRS+8(%rax)
    mov keep(%rip), %rcx
    mov %rcx, GPRS+0(%rax)
    mov %rdx, GPRS+16(%rax)
    mov %rbx, GPRS+24(%rax)
    mov %rsp, GPRS+32(%rax)
    mov %rbp, GPRS+40(%rax)
    mov %rsi, GPRS+48(%rax)
    mov %rdi, GPRS+56(%rax)
    mov %r8, GPRS+64(%rax)
    mov %r9, GPRS+72(%rax)
    mov %r10, GPRS+80(%rax)
    mov %r11, GPRS+88(%rax)
    mov %r12, GPRS+96(%rax)
    mov %r13, GPRS+104(%rax)
    mov %r14, GPRS+112(%rax)
    mov %r15, GPRS+120(%rax)
#if STYLE == 2
    each_vector store_vector, 32
    each_vector store_mask, 8
#else
    each_vector store_vector, 16
#endif
    each_vector window_out, 16
    pushfq
    popq RFLAGS(%rax)
    cld
    stmxcsr MXCSR(%rax)
    ldmxcsr default_mxcsr(%rip)
    mov stack(%rip), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
#if STYLE > 0
    vzeroupper
#endif
    ret
    .endm

#define CASE(number, ...)                     \
    .balign 16;                               \
    .type case_##number, @function;           \
    case_##number: enter;                     \
    __VA_ARGS__;                              \
    leave_;                                   \
    .size case_##number, . - case_##number

    .text
#include CASES

    .section .data.rel.ro, "aw"
    .balign 8
functions:
    .set n, 0
    .macro address n
    .quad case_\n
    .endm
    .rept COUNT
        address %n
        .set n, n + 1
    .endr
    .globl LIBRARY
    .type LIBRARY, @object
LIBRARY:
    .quad functions, operand
    .size LIBRARY, 16

    .section .note.GNU-stack, "", @progbits
