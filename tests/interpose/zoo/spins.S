/* SPDX-License-Identifier: Apache-2.0
 * spins.S: a function on a page that runs already, called by pointer: its jump covers two instructions, and
 * something leads behind them: so it may be that a thread stands between the two. */
    .text
    .p2align 12
    .globl zoo, late
    .type zoo, @function
zoo:
    addsd %xmm0, %xmm0
    ret
    .size zoo, . - zoo

    .p2align 4
    .type late, @function
late:
    addsd %xmm1, %xmm0
    sqrtsd %xmm0, %xmm0
    movl $2, %ecx
1:  addsd %xmm1, %xmm0
    decl %ecx
    .byte 0x0f, 0x85 /* jnz, a long one */
    .long 1b - (. + 4)
    ret
    .size late, . - late
    .p2align 12
    .section .note.GNU-stack, "", @progbits
