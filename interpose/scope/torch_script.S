/* SPDX-License-Identifier: Apache-2.0
 * torch_script.S: torch.py as text, a zero behind it. */

    .section .rodata
    .globl vprec_torch_script
    .hidden vprec_torch_script
    .type vprec_torch_script, @object
vprec_torch_script:
    .incbin VPREC_TORCH_SCRIPT
    .byte 0
    .size vprec_torch_script, . - vprec_torch_script

    .section .note.GNU-stack, "", @progbits
