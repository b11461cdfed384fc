/* SPDX-License-Identifier: Apache-2.0
 * calls.S: a kernel as MLAS's, of which no symbol and no unwind information tells, calls a function on a page that runs
 * already: a trap stands at its start as long as another thread may be behind it. */
    .text
    .globl zoo
    .type zoo, @function
zoo:
    pushq %rbx
    movq %rdi, %rbx
    movsd three(%rip), %xmm1
    divsd %xmm1, %xmm0
    call *kernel_at(%rip)
    popq %rbx
    ret
    .size zoo, . - zoo

    .type part, @function
part:
    addsd %xmm1, %xmm0
more:
    sqrtsd %xmm0, %xmm0
    decl %ecx
    jnz more
    ret
    .size part, . - part

    .p2align 12
    nop
kernel:
    movl $2, %ecx
    call part
    addsd %xmm1, %xmm0
    mulsd %xmm1, %xmm0
    decq %rbx
    jnz kernel
    ret

    .section .rodata
    .p2align 3
three:
    .double 3.1
    .section .data.rel.ro, "aw"
    .p2align 3
kernel_at:
    .quad kernel
    .section .note.GNU-stack, "", @progbits
