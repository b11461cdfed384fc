/* SPDX-License-Identifier: Apache-2.0
 * dispatch.S: an interpreter as LuaJIT's: handlers in one routine, found by
 * 16-bit offsets that no reader of jump tables knows; one handler is also
 * reached from the code above it. */
    .text
    .macro next
    movzbl (%rsi), %eax
    incq %rsi
    movzwl (%rcx,%rax,2), %eax
    addq %rdx, %rax
    jmp *%rax
    .endm

    .globl zoo
    .type zoo, @function
zoo:
    leaq zoo(%rip), %rdx
    leaq offsets(%rip), %rcx
    movsd three(%rip), %xmm1
again:
    leaq program(%rip), %rsi
    next
add:
    addsd %xmm1, %xmm0
    next
sqrt:
    sqrtsd %xmm0, %xmm0
    next
hot:
    testq %rdi, %rdi
    js leave
divide: /* falls in, and is dispatched to */
    divsd %xmm1, %xmm0
    next
loop:
    decq %rdi
    jnz again
leave:
    ret
    .size zoo, . - zoo

    .section .rodata
    .p2align 3
three:
    .double 3.1
offsets:
    .short add - zoo, sqrt - zoo, hot - zoo, divide - zoo, loop - zoo
program:
    .byte 0, 1, 3, 0, 2, 1, 3, 4
    .section .note.GNU-stack, "", @progbits
