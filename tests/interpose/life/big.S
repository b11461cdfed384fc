/* SPDX-License-Identifier: Apache-2.0
 * big.S: a library that takes long to work on: many small functions. */
    .text
    .macro function n
    .p2align 4
    .type big_\n, @function
big_\n:
    addss %xmm1, %xmm0
    mulss %xmm1, %xmm0
    ret
    .size big_\n, . - big_\n
    .endm
    .altmacro
    .set i, 0
    .rept 10000
    function %i
    .set i, i + 1
    .endr
    .section .note.GNU-stack, "", @progbits
