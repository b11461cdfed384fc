/* SPDX-License-Identifier: Apache-2.0
 * children.S: what the C library's execve calls in place of the system call, between its other instructions: the result
 * in rax, and the flags of its comparison with -4095. The stack is aligned. */
    .text
    .globl vprec_children_entry
    .hidden vprec_children_entry, vprec_children_called
    .type vprec_children_entry, @function
vprec_children_entry:
    .cfi_startproc
    call vprec_children_called
    cmpq $-4095, %rax
    ret
    .cfi_endproc
    .size vprec_children_entry, . - vprec_children_entry

    .section .note.GNU-stack, "", @progbits
