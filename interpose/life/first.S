/* SPDX-License-Identifier: Apache-2.0
 * first.S: has the loader call vprec_start_first while it relocates: before any
 * constructor, that of a library that is linked with -z initfirst too, and before
 * the program's own IFUNC resolvers.
 *
 * A resolver of our own for a function that nobody calls. The reference is weak, and no other name for the definition:
 * a loader that knows no IFUNC (musl's) finds nothing and goes on. It goes by way of the procedure linkage table, whose
 * relocations come last: this library's references to data are done by then. */
    .text
    .globl vprec_first_resolver
    .type vprec_first_resolver, @gnu_indirect_function
    .symver vprec_first_resolver, vprec_first@VPREC, remove
    .hidden vprec_start_first
vprec_first_resolver:
    .cfi_startproc
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    call vprec_start_first
    leaq vprec_first_nothing(%rip), %rax
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
vprec_first_nothing:
    ret
    .size vprec_first_resolver, . - vprec_first_resolver

    .weak vprec_first
    jmp vprec_first@PLT     /* never reached */

    .section .note.GNU-stack, "", @progbits
