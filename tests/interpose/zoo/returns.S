/* SPDX-License-Identifier: Apache-2.0
 * returns.S: an interpreter as PHP's: handlers found by addresses in a table. Most of them call what does their work
 * and go on to the next, `call; jmp *(next)`, one behind the other: where the call returns to there is no room for a
 * jump, and none nearby. */
    .text
    .globl zoo
    .type zoo, @function
zoo:
    pushq %r15
    pushq %rbx
    movq %rdi, %rbx
    movsd three(%rip), %xmm1
again:
    leaq program - 8(%rip), %r15
    addq $8, %r15
    jmp *(%r15)
    .rept 24
    call other
    jmp *(%r15)
    .endr
call_add:
    call add
    jmp *(%r15)
call_step:
    call step
    jmp *(%r15)
call_divide:
    call divide
    jmp *(%r15)
    .rept 24
    call other
    jmp *(%r15)
    .endr
root:
    sqrtsd %xmm0, %xmm0
    addq $8, %r15
    jmp *(%r15)
loop:
    decq %rbx
    jnz again
    popq %rbx
    popq %r15
    ret
    .size zoo, . - zoo

    .type add, @function
add:
    addsd %xmm1, %xmm0
    addq $8, %r15
    ret
    .size add, . - add
    .type divide, @function
divide:
    divsd %xmm1, %xmm0
    addq $8, %r15
    ret
    .size divide, . - divide
    .type step, @function
step:
    addq $8, %r15
    ret
    .size step, . - step
    .type other, @function
other:
    addq $16, %r15
    ret
    .size other, . - other

    .section .rodata
    .p2align 3
three:
    .double 3.1
    .section .data.rel.ro, "aw"
    .p2align 3
program:
    .quad call_add, call_step, root, call_divide, call_add, call_step, loop
    .section .note.GNU-stack, "", @progbits
