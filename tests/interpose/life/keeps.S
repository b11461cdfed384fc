/* SPDX-License-Identifier: Apache-2.0
 * keeps.S: callers that keep opmasks and vector registers above 15 across calls of functions that do not use them, as
 * compilers do (-fipa-ra). Arguments and result as in float f(float a, float b); not what the callee gives where a
 * register was lost. */
    .text

#include "apart.inc"

    .macro fill from, to
    .set i, \from
    .rept \to - \from + 1
    fill_one %i
    .set i, i + 1
    .endr
    .endm
    .altmacro
    .macro fill_one n
    vmovdqu32 pattern + n * 4(%rip), %zmm\n
    .endm
    .macro check_one n
    vpcmpneqd pattern + n * 4(%rip), %zmm\n, %k1
    kmovw %k1, %eax
    orl %eax, %ecx
    .endm
    .macro check from, to
    xorl %ecx, %ecx
    .set i, \from
    .rept \to - \from + 1
    check_one %i
    .set i, i + 1
    .endr
    .endm

    /* callee(a, b), with zmm\from to zmm\to kept around it */
    .macro keeps name, callee, from, to
begin trap_\name
    pushq %rbx
    fill \from, \to
    call \callee
    check \from, \to
    popq %rbx
    jecxz 1f
    movl $0x7fc00000, %eax
    movd %eax, %xmm0
1:  ret
end trap_\name
    .endm

    apart
/* a*b+a */
    .type leaf, @function
leaf:
    movaps %xmm0, %xmm2
    mulss %xmm1, %xmm0
    addss %xmm2, %xmm0
    ret
    .size leaf, . - leaf
begin trap_keep_nothing
    jmp leaf
end trap_keep_nothing
    .balign 4096, 0xCC
    /* on a page with arithmetic, not executed at first */
begin trap_keep_pending
    subss %xmm1, %xmm0
    ret
end trap_keep_pending
    keeps keep_beside, leaf, 31, 31
    apart
    keeps keep_one, leaf, 30, 30
    apart
    .type middle, @function
middle:
    pushq %rbx
    call leaf
    popq %rbx
    ret
    .size middle, . - middle
    apart
    keeps keep_through, middle, 26, 29
    apart
begin trap_keep_masks
    pushq %rbx
    .irp n, 1, 2, 3, 4, 5, 6, 7
    movl $0x1110 + \n, %eax
    kmovw %eax, %k\n
    .endr
    call leaf
    xorl %ecx, %ecx
    .irp n, 1, 2, 3, 4, 5, 6, 7
    kmovw %k\n, %eax
    subl $0x1110 + \n, %eax
    orl %eax, %ecx
    .endr
    popq %rbx
    jecxz 1f
    movl $0x7fc00000, %eax
    movd %eax, %xmm0
1:  ret
end trap_keep_masks
    apart
/* One that has arithmetic itself: (a*b)*b+(a*b), and b once more */
begin trap_keep_adds
    mulss %xmm1, %xmm0
    fill 16, 25
    call leaf
    check 16, 25
    addss %xmm1, %xmm0
    jecxz 1f
    movl $0x7fc00000, %eax
    movd %eax, %xmm0
1:  ret
end trap_keep_adds
    apart
    nop

    .section .rodata
    .balign 64
pattern:
    .set i, 0
    .rept 64
    .long 0x5eed0000 + i * 257
    .set i, i + 1
    .endr

    .section .note.GNU-stack, "", @progbits
