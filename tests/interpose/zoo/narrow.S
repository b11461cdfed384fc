/* SPDX-License-Identifier: Apache-2.0
 * narrow.S: code for size: nothing is aligned, and a function begins with a
 * push and a call, so that one byte is free for the way to its clone. */
    .text
    .globl zoo
    .type zoo, @function
zoo:
    pushq %rbx
    movq %rdi, %rbx
1:  call outer
    decq %rbx
    jnz 1b
    popq %rbx
    ret
    .size zoo, . - zoo
    .type inner, @function
inner:
    addsd term(%rip), %xmm0
    ret
    .size inner, . - inner
    .type outer, @function
outer:
    pushq %rax
    call inner
    mulsd factor(%rip), %xmm0
    popq %rcx
    ret
    .size outer, . - outer
    .type last, @function
last:
    ret
    .size last, . - last

    .section .rodata
    .p2align 3
term:
    .double 1.7
factor:
    .double 0.83
    .section .note.GNU-stack, "", @progbits
