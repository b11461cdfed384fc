/* SPDX-License-Identifier: Apache-2.0
 * shapes.S: functions as careless assembly describes them: names without
 * sizes, aliases, sizes that disagree with the unwind information, functions
 * inside of others, unwind information alone or none. Nothing here is run. */
    .macro function name, size
    .globl \name
    .type \name, @function
    .size \name, \size
    .endm
    .macro fill bytes
    .rept \bytes
    nop
    .endr
    .endm

    .text
    function short_size, 8 /* the FDE covers more */
short_size:
    .cfi_startproc
    fill 64
    .cfi_endproc

    function long_size, 64 /* the FDE covers less */
long_size:
    .cfi_startproc
    fill 16
    .cfi_endproc
    fill 48

    fill 16 /* nobody's */

    function no_size, 0 /* reaches to the next one */
no_size:
    fill 40
    function no_size_either, 0
no_size_either:
    fill 8

    function no_size_framed, 0 /* its FDE tells its size: what follows is nobody's */
no_size_framed:
    .cfi_startproc
    fill 16
    .cfi_endproc
    fill 24

    function no_size_before, 0 /* reaches to the next FDE: what follows that is nobody's */
no_size_before:
    fill 8
    .cfi_startproc
    fill 8
    .cfi_endproc
    fill 24

    function outer_one, 200 /* holds a named function, a nameless one, and more of itself behind them */
outer_one:
    fill 20
    function inner, 30
inner:
    function __inner, 10
    .set __inner, inner
    fill 40
    .cfi_startproc
    fill 20
    .cfi_endproc
    fill 120

    fill 24
    .cfi_startproc /* an FDE alone, and a size that leaves its section */
    fill 24
    .cfi_endproc
    function too_long, 1000000
too_long:
    fill 4
    function last, 0
last:
    fill 12

    .section after_text, "ax", @progbits
    function elsewhere, 16
elsewhere:
    fill 16
    .data
    .quad inner + 4, elsewhere, outer_one - 8
    .section .note.GNU-stack, "", @progbits
