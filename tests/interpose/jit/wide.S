/* SPDX-License-Identifier: Apache-2.0
 * wide.S: much code of which neither a symbol nor unwind data tells, in slots of 64 bytes: 8,192 of them, half a
 * megabyte. By its number in sixteen a slot has
 *
 *     0-3   void(in, out, times): out = in + in[64], -, *, /; nothing leads there
 *     4-7   the same, by way of a jump table: the operation is reached by that alone
 *     8-11  the same, called from half a megabyte away
 *     12    in the second half data that read as such instructions, and end in a return
 *     13-15 filler
 *
 * In the first half 0 to 7 begin as functions with a frame pointer do. */
    .set SLOTS, 8192

    .macro operation number
    .if \number == 0
    addss 64(%rdi), %xmm0
    .elseif \number == 1
    subss 64(%rdi), %xmm0
    .elseif \number == 2
    mulss 64(%rdi), %xmm0
    .else
    divss 64(%rdi), %xmm0
    .endif
    movss %xmm0, (%rsi)
    ret
    .endm

    .section .rodata
    .p2align 2
.Ltables:
    .set slot, 0
    .altmacro
    .macro table number, kind
    .if \kind >= 4 && \kind < 8
    .long .Lcase_\number - (.Ltables + 4 * \number)
    .else
    .long 0
    .endif
    .endm
    .rept SLOTS
    table %slot, %(slot % 16)
    .set slot, slot + 1
    .endr

    .text
    .macro slot_of number, kind
    .balign 64, 0xCC
    .if \kind < 8 && \number < SLOTS / 2
    pushq %rbp
    movq %rsp, %rbp
    popq %rbp
    .endif
    .if \kind < 4
    movss (%rdi), %xmm0
    operation \kind
    .elseif \kind < 8
    movss (%rdi), %xmm0
    leaq .Ltables + 4 * \number(%rip), %rax
    movslq (%rax), %rcx
    addq %rax, %rcx
    jmp *%rcx
    int3
.Lcase_\number:
    operation (\kind - 4)
    .elseif \kind < 12
.Lcalled_\number:
    movss (%rdi), %xmm0
    operation (\kind - 8)
    .elseif \kind == 12 && \number >= SLOTS / 2
    .byte 0x6e, 0xf3, 0x0f, 0x58, 0x07, 0xf3, 0x0f, 0x59, 0xc1, 0x0f, 0x28, 0xc8, 0xf2, 0x0f, 0x5e, 0xc2, 0xc3
    .else
    .byte 0xCC
    .endif
    .endm
    .macro call_of number
    .balign 32, 0xCC
    call .Lcalled_\number
    ret
    .endm

    .globl wide_code, wide_calls, wide_end
    .type wide_begin, @function
wide_begin: /* what is in front of it and tells no size ends here */
    ret
    .size wide_begin, . - wide_begin
    .p2align 12, 0xCC
wide_code:
    .set slot, 0
    .rept SLOTS
    slot_of %slot, %(slot % 16)
    .set slot, slot + 1
    .endr
    .balign 64, 0xCC
wide_calls:
    .set slot, 0
    .rept SLOTS / 16
    call_of %(slot * 16 + 8)
    call_of %(slot * 16 + 9)
    call_of %(slot * 16 + 10)
    call_of %(slot * 16 + 11)
    .set slot, slot + 1
    .endr
    .p2align 12
wide_end:

    .section .note.GNU-stack, "", @progbits
