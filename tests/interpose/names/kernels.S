/* SPDX-License-Identifier: Apache-2.0
 * kernels.S: functions that nothing names: no symbol, no unwind data, as hand-written kernels of stripped libraries are.
 * They lie side by side; a table of pointers leads to them. Each takes a float and returns one. */
    .text
    .p2align 6
.Lnothing:                      /* has nothing to round, and is called first */
    lea 1(%rdi), %rax
    ret
    .p2align 4
.Ladd:                          /* x + x */
    addss %xmm0, %xmm0
    ret
    .p2align 4
.Lmultiply:                     /* x * x */
    mulss %xmm0, %xmm0
    ret
    .p2align 4
.Linner:                        /* of the next one: x + x */
    addss %xmm0, %xmm0
    ret
.Lcalls:                        /* (x + x) * (x + x) */
    sub $8, %rsp
    call .Linner
    add $8, %rsp
    mulss %xmm0, %xmm0
    ret
    .p2align 4
.Lloop:                         /* x + x + x + x; the loop lies in front of the entry */
    addss %xmm1, %xmm0
    dec %ecx
    jnz .Lloop
    ret
    .p2align 4
.Lloops:
    movaps %xmm0, %xmm1
    mov $3, %ecx
    jmp .Lloop
    .byte 0xCC
    .p2align 4
    .section .data.rel.ro, "aw", @progbits
    .globl names_kernels
    .type names_kernels, @object
    .p2align 3
names_kernels:
    .quad .Lnothing, .Ladd, .Lmultiply, .Lcalls, .Lloops, .Linner
    .size names_kernels, . - names_kernels
    .section .note.GNU-stack, "", @progbits
