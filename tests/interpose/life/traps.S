/* SPDX-License-Identifier: Apache-2.0
 * traps.S: shapes of code that compilers seldom make. Arguments and result as
 * in float f(float a, float b). */
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

/* Two entries four bytes apart: a*b+b, and from the second entry a+b. */
begin trap_first
    mulss %xmm1, %xmm0
    .globl trap_second
    .type trap_second, @function
trap_second:
    addss %xmm1, %xmm0
    ret
end trap_first
    .size trap_second, . - trap_second

/* A loop back to the instruction after a four-byte one, to the very next byte:
 * ((a*b)+b)+b+b */
begin trap_tight
    mov $3, %ecx
    mulss %xmm1, %xmm0
1:  addss %xmm1, %xmm0
    dec %ecx
    jnz 1b
    ret
end trap_tight

/* Jumps into the middle of trap_host and comes out of it: (a-b)*b+a(kept) */
begin trap_guest
    movaps %xmm0, %xmm2
    subss %xmm1, %xmm0
    jmp trap_middle
end trap_guest

/* Its own entry divides: (a/b)*b+a */
begin trap_host
    movaps %xmm0, %xmm2
    divss %xmm1, %xmm0
    .globl trap_middle
    .hidden trap_middle
trap_middle:
    mulss %xmm1, %xmm0
    addss %xmm2, %xmm0
    ret
end trap_host

/* A return point that is a single ret, which another entry follows at once. */
begin trap_wrap
    sub $8, %rsp
    addss %xmm0, %xmm0
    call trap_inner
    add $8, %rsp
    mulss %xmm1, %xmm0
    ret
end trap_wrap
    .type trap_inner, @function
trap_inner:
    call trap_leaf
    ret
    .type trap_leaf, @function
trap_leaf:
    subss %xmm1, %xmm0
    ret
    .size trap_inner, trap_leaf - trap_inner
    .size trap_leaf, . - trap_leaf

/* Flags live across arithmetic: adds where b's bits are even, else subtracts. */
begin trap_flags
    movd %xmm1, %eax
    test $1, %eax
    mulss %xmm1, %xmm0
    jz 1f
    subss %xmm1, %xmm0
    ret
1:  addss %xmm1, %xmm0
    ret
end trap_flags

/* The red zone holds values while the arithmetic runs: a*b+a-b */
begin trap_red_zone
    movss %xmm0, -4(%rsp)
    movss %xmm1, -128(%rsp)
    mulss -128(%rsp), %xmm0
    addss -4(%rsp), %xmm0
    subss -128(%rsp), %xmm0
    ret
end trap_red_zone

/* An indirect jump through a table of absolute addresses: by b's lowest two
 * bits a+b, a-b, a*b, a/b. */
begin trap_table
    movd %xmm1, %eax
    and $3, %eax
    lea table(%rip), %rdx
    jmp *(%rdx,%rax,8)
1:  addss %xmm1, %xmm0
    ret
2:  subss %xmm1, %xmm0
    ret
3:  mulss %xmm1, %xmm0
    ret
4:  divss %xmm1, %xmm0
    ret
end trap_table
    .section .data.rel.ro, "aw"
    .balign 8
table:
    .quad 1b, 2b, 3b, 4b

    .text
/* A function whose every register is in use by its caller's convention:
 * rbp is no frame pointer, the stack pointer is not aligned. */
begin trap_unaligned
    push %rbp
    push %rax
    push %rcx
    lea -3(%rsp), %rsp
    divss %xmm1, %xmm0
    addss %xmm1, %xmm0
    lea 3(%rsp), %rsp
    pop %rcx
    pop %rax
    pop %rbp
    ret
end trap_unaligned

/* A retpoline-like return: pushes a target and returns to it: (a+b)*b */
begin trap_push_return
    addss %xmm1, %xmm0
    lea 1f(%rip), %rax
    push %rax
    ret
    int3
1:  mulss %xmm1, %xmm0
    ret
end trap_push_return

    .section .note.GNU-stack, "", @progbits
