/* SPDX-License-Identifier: Apache-2.0
 * enter.S: the way from a clone into the emulator and back, the emulator's
 * loads from the program's memory, and instructions with a run-time immediate.
 * Protocol in enter.h. */

/* The stack in vprec_enter, from the clone's own rsp downward:
 *
 *   clone rsp  +296   <- original rsp
 *              +168   red zone of the clone (128 bytes)
 *              +160   address of the vprec_site
 *              +152   return address into the clone       CFA = +160
 *              +144   flags (pushfq)
 *              +136   vprec_cpu.xsave
 *              +128   vprec_cpu.rflags
 *   rbp ->     +0     vprec_cpu.gpr[16]
 *   rsp ->            XSAVE area, aligned to 64 */
#define CPU_RFLAGS 128
#define CPU_XSAVE 136
#define FLAGS 144
#define SITE 160
#define ORIGINAL_RSP 296
#define XSAVE_SIZE 0        /* offsets in vprec_xsave_layout */
#define XSAVE_COMPONENTS 24
#define XSAVE_HEADER 512

    .text
    .p2align 4
    .globl vprec_enter
    .hidden vprec_enter, vprec_enter_c, vprec_xsave, vprec_enter_frame
    .type vprec_enter, @function
    /* Borders for a signal that arrives inside: see enter.h. */
    .macro border name
    .globl vprec_enter_\name
    .hidden vprec_enter_\name
vprec_enter_\name:
    .endm
vprec_enter:
    .cfi_startproc
    pushfq
    .cfi_adjust_cfa_offset 8
    leaq -FLAGS(%rsp), %rsp
    .cfi_adjust_cfa_offset FLAGS
    border based
    movq %rax, 0(%rsp)
    border rax_kept
    movq %rcx, 8(%rsp)
    movq %rdx, 16(%rsp)
    movq %rbx, 24(%rsp)
    .cfi_rel_offset rbx, 24
    leaq ORIGINAL_RSP(%rsp), %rax
    movq %rax, 32(%rsp)
    movq %rbp, 40(%rsp)
    .cfi_rel_offset rbp, 40
    movq %rsi, 48(%rsp)
    movq %rdi, 56(%rsp)
    movq %r8, 64(%rsp)
    movq %r9, 72(%rsp)
    movq %r10, 80(%rsp)
    movq %r11, 88(%rsp)
    movq %r12, 96(%rsp)
    .cfi_rel_offset r12, 96
    movq %r13, 104(%rsp)
    .cfi_rel_offset r13, 104
    movq %r14, 112(%rsp)
    .cfi_rel_offset r14, 112
    movq %r15, 120(%rsp)
    .cfi_rel_offset r15, 120
    movq FLAGS(%rsp), %rax
    movq %rax, CPU_RFLAGS(%rsp)
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    border framed
    cld

    movl XSAVE_SIZE + vprec_xsave(%rip), %eax
    subq %rax, %rsp
    andq $-64, %rsp
    movq %rsp, CPU_XSAVE(%rbp)
    xorl %eax, %eax
    movq %rax, XSAVE_HEADER + 0(%rsp)
    movq %rax, XSAVE_HEADER + 8(%rsp)
    movq %rax, XSAVE_HEADER + 16(%rsp)
    movq %rax, XSAVE_HEADER + 24(%rsp)
    movq %rax, XSAVE_HEADER + 32(%rsp)
    movq %rax, XSAVE_HEADER + 40(%rsp)
    movq %rax, XSAVE_HEADER + 48(%rsp)
    movq %rax, XSAVE_HEADER + 56(%rsp)
    movl XSAVE_COMPONENTS + vprec_xsave(%rip), %eax
    xorl %edx, %edx
    xsave64 (%rsp)
    border saved
    testb $4, %al
    jz 1f
    vzeroupper              /* the C code is SSE: no penalty for dirty upper halves */
1:  ldmxcsr default_mxcsr(%rip)
    movq SITE(%rbp), %rdi
    movq %rbp, %rsi
    movq vprec_enter_frame@gottpoff(%rip), %rax
    movq %rbp, %fs:(%rax)
    call vprec_enter_c
    movq vprec_enter_frame@gottpoff(%rip), %rax
    movq $0, %fs:(%rax)

    movl XSAVE_COMPONENTS + vprec_xsave(%rip), %eax
    xorl %edx, %edx
    xrstor64 (%rsp)
    border restored
    movq %rbp, %rsp
    .cfi_def_cfa_register rsp
    border unframed
    movq 0(%rsp), %rax
    movq 8(%rsp), %rcx
    movq 16(%rsp), %rdx
    movq 24(%rsp), %rbx
    .cfi_restore rbx
    movq 40(%rsp), %rbp
    .cfi_restore rbp
    movq 48(%rsp), %rsi
    movq 56(%rsp), %rdi
    movq 64(%rsp), %r8
    movq 72(%rsp), %r9
    movq 80(%rsp), %r10
    movq 88(%rsp), %r11
    movq 96(%rsp), %r12
    .cfi_restore r12
    movq 104(%rsp), %r13
    .cfi_restore r13
    movq 112(%rsp), %r14
    .cfi_restore r14
    movq 120(%rsp), %r15
    .cfi_restore r15
    leaq FLAGS(%rsp), %rsp
    .cfi_adjust_cfa_offset -FLAGS
    border unbased
    popfq
    .cfi_adjust_cfa_offset -8
    border done
    ret
    .cfi_endproc
    border end
    .size vprec_enter, . - vprec_enter

/* void vprec_load(to, from, bytes, cpu, site): an element of 2, 4 or 8 bytes is
 * read by one load. rcx and r8 stay what they are: see enter.h. */
    .p2align 4
    .globl vprec_load, vprec_load_end
    .hidden vprec_load, vprec_load_end
    .type vprec_load, @function
vprec_load:
    .cfi_startproc
1:  cmpq $8, %rdx
    jb 2f
    movq (%rsi), %rax
    movq %rax, (%rdi)
    addq $8, %rsi
    addq $8, %rdi
    subq $8, %rdx
    jnz 1b
    ret
2:  testb $4, %dl
    jz 3f
    movl (%rsi), %eax
    movl %eax, (%rdi)
    addq $4, %rsi
    addq $4, %rdi
3:  testb $2, %dl
    jz 4f
    movzwl (%rsi), %eax
    movw %ax, (%rdi)
4:  ret
    .cfi_endproc
vprec_load_end:
    .size vprec_load, . - vprec_load

/* double vprec_NAME(double x, uint32_t imm): INSN with the immediate `imm`
 * (0..255) on the low element, under the MXCSR of the moment. Each of the 256
 * cases is 16 bytes. */
    .altmacro
    .macro immediate_case insn, imm
    .p2align 4
    \insn $\imm, %xmm0, %xmm0, %xmm0
    ret
    .endm
    .macro immediate_function name, insn
    .p2align 4
    .globl \name
    .hidden \name
    .type \name, @function
\name:
    .cfi_startproc
    leaq 1f(%rip), %rax
    movl %edi, %edi
    shlq $4, %rdi
    addq %rdi, %rax
    notrack jmp *%rax
    .p2align 4
1:
    .set i, 0
    .rept 256
    immediate_case \insn, %i
    .set i, i + 1
    .endr
    .cfi_endproc
    .size \name, . - \name
    .endm

    immediate_function vprec_reduce_f32, vreducess
    immediate_function vprec_reduce_f64, vreducesd

    .section .rodata
    .p2align 2
default_mxcsr:
    .long 0x1f80

    .section .note.GNU-stack, "", @progbits
