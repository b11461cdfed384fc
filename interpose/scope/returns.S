/* SPDX-License-Identifier: Apache-2.0
 * returns.S: where a function returns to whose return is to be noticed (returns.h).
 *
 * It is called by nobody: what stands at its return address is what called the function that has returned, and lies in
 * the table. So that exceptions, backtraces and debuggers get on, the rule for the return address is an expression that
 * looks it up. */

#define BELOW_ALL 136 /* x86/emulate/enter.h: what a site has on the stack */

    .text
    .hidden vprec_returns, vprec_enter, vprec_returned_site, vprec_returned_unwound
    .p2align 4
table:
    .long vprec_returns - table
    .fill 11, 1, 0xCC

    .globl vprec_returned
    .hidden vprec_returned
    .type vprec_returned, @function
    .cfi_startproc
    /* It has the same CFA as who called the function, by which libgcc knows the frame that catches. Of what a signal has
     * interrupted it knows it otherwise, and looks up its address as it is: it is told that of the call's last byte. */
    .cfi_signal_frame
    .cfi_personality 0x1b, vprec_returned_unwound
    .cfi_def_cfa rsp, 0
    /* DW_CFA_val_expression rip, of so many bytes, on whose stack the CFA lies: behind the frame. Numbers are those of
     * DWARF 5, 7.7.1.
     *
     *   frame = CFA - 8; t = rip - 16; table = *(t + *(uint32_t *)t); at = frame & 0xFFFF0
     *   1: if (table[at] == frame) return table[at + 8] - 1
     *      if (table[at]) { at = at + 16 & 0xFFFF0; goto 1 }
     *      return 0, where stacks end */
    .cfi_escape 0x16, 16, 54
    .cfi_escape 0x12, 0x38, 0x1c            /* dup, since libgcc picks no bottom; lit8; minus: frame */
    .cfi_escape 0x80, 0x70                  /* breg16 -16: frame t */
    .cfi_escape 0x12, 0x94, 4, 0x22, 0x06   /* dup; deref_size 4; plus; deref: frame table */
    .cfi_escape 0x14, 0x0c, 0xf0, 0xff, 0x0f, 0, 0x1a /* over; const4u; and: frame table at */
    .cfi_escape 0x14, 0x14, 0x22            /* 1: over; over; plus: frame table at place */
    .cfi_escape 0x12, 0x06                  /* dup; deref: frame table at place key */
    .cfi_escape 0x15, 4, 0x29               /* pick 4; eq */
    .cfi_escape 0x28, 17, 0                 /* bra 2 */
    .cfi_escape 0x06, 0x30, 0x29            /* deref; lit0; eq: frame table at none */
    .cfi_escape 0x28, 19, 0                 /* bra 3 */
    .cfi_escape 0x23, 16, 0x0c, 0xf0, 0xff, 0x0f, 0, 0x1a /* plus_uconst 16; const4u; and */
    .cfi_escape 0x2f, 0xe4, 0xff            /* skip 1 */
    .cfi_escape 0x23, 8, 0x06, 0x31, 0x1c   /* 2: plus_uconst 8; deref; lit1; minus */
    .cfi_escape 0x2f, 1, 0                  /* skip 1 byte */
    .cfi_escape 0x30                        /* 3: lit0 */
    nop                                     /* unwinders look in front of where a call returns to */
vprec_returned:
    .if vprec_returned - table - 16
    .error "the expression counts on it"
    .endif
    leaq -8(%rsp), %rsp
    .cfi_def_cfa_offset 8
    .cfi_offset rip, -8                     /* as if the function had been called from here */
    leaq -128(%rsp), %rsp
    .cfi_adjust_cfa_offset 128
    pushq %rax
    .cfi_adjust_cfa_offset 8
    leaq vprec_returned_site(%rip), %rax
    xchgq %rax, (%rsp)
    call vprec_enter                        /* puts back the return address */
    leaq BELOW_ALL(%rsp), %rsp
    .cfi_def_cfa_offset 8
    ret
    .cfi_endproc
    .size vprec_returned, . - vprec_returned

    .section .note.GNU-stack, "", @progbits
