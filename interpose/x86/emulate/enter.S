/* SPDX-License-Identifier: Apache-2.0
 * enter.S: the way from a clone into the emulator and back, the emulator's
 * loads from the program's memory, and instructions with a run-time immediate.
 * Protocol in enter.h. */

#include "stack.h"

/* On the program's stack, from the clone's own rsp downward: little, for it may have no more.
 *
 *   clone rsp  +176   <- original rsp
 *              +48    red zone of the clone (128 bytes)
 *              +40    address of the vprec_site
 *              +32    return address into the clone       CFA = +40
 *              +24    flags
 *              +16    rax
 *              +8     rcx
 *   rsp ->     +0     rdx
 *
 * In the thread's slot, from its top downward:
 *
 *              -32    what stack.h says
 *   rbp ->     -192   vprec_cpu
 *   rsp ->            XSAVE area, aligned to 64 */
#define CPU_RSP 32
#define CPU_RFLAGS 128
#define CPU_XSAVE 136
#define CPU_STAGE 152
#define ORIGINAL_RSP 176
#define SITE -136            /* from the original rsp */
#define SITE_OP 10           /* in a vprec_site */
#define OP_HOP 18
#define BELOW_ALL 136        /* from where the stub returns to, to the original rsp */
#define XSAVE_SIZE 0         /* offsets in vprec_xsave_layout */
#define XSAVE_COMPONENTS 24
#define XSAVE_HEADER 512

    .text
    .p2align 4
    .globl vprec_enter
    .hidden vprec_enter, vprec_enter_c, vprec_enter_hop
    .hidden vprec_xsave, vprec_stack_here, vprec_stack_make, vprec_stack_none
    .type vprec_enter, @function
    /* Borders for a signal that arrives inside: see enter.h. */
    .macro border name
    .globl vprec_enter_\name
    .hidden vprec_enter_\name
vprec_enter_\name:
    .endm
    /* The caller's register lies at `offset` from rbp. */
    .macro kept_at_rbp register, offset
    .cfi_escape 0x10, \register, 3, 0x76, 0x80 | (\offset & 127), \offset >> 7
    .endm
    /* From the vprec_cpu: all but the words that are popped, and rcx, which is the slot's top. */
    .macro registers_back
    leaq VPREC_SLOT_CPU(%rbp), %rcx
    movq CPU_RSP(%rbp), %rax
    leaq -ORIGINAL_RSP(%rax), %rsp
    movq 16(%rbp), %rax
    movq %rax, 0(%rsp)
    movq 8(%rbp), %rax
    movq %rax, 8(%rsp)
    movq 0(%rbp), %rax
    movq %rax, 16(%rsp)
    movq CPU_RFLAGS(%rbp), %rax
    movq %rax, 24(%rsp)
    movq 24(%rbp), %rbx
    movq 48(%rbp), %rsi
    movq 56(%rbp), %rdi
    movq 64(%rbp), %r8
    movq 72(%rbp), %r9
    movq 80(%rbp), %r10
    movq 88(%rbp), %r11
    movq 96(%rbp), %r12
    movq 104(%rbp), %r13
    movq 112(%rbp), %r14
    movq 120(%rbp), %r15
    movq 40(%rbp), %rbp
    .endm
    /* The slot is free again; then the four words. */
    .macro words_back name
    movq -VPREC_SLOT_STACK(%rcx), %rax
    movq %rcx, (%rax)           /* nothing is read from the slot any more */
    popq %rdx
    .cfi_adjust_cfa_offset -8
    border \name\()3
    popq %rcx
    .cfi_adjust_cfa_offset -8
    border \name\()2
    popq %rax
    .cfi_adjust_cfa_offset -8
    border \name\()1
    popfq
    .cfi_adjust_cfa_offset -8
    .endm
vprec_enter:
    .cfi_startproc
    pushfq
    .cfi_adjust_cfa_offset 8
    border pushed1
    pushq %rax
    .cfi_adjust_cfa_offset 8
    border pushed2
    pushq %rcx
    .cfi_adjust_cfa_offset 8
    border pushed3
    pushq %rdx
    .cfi_adjust_cfa_offset 8
    border pushed4
    .cfi_remember_state
    thread_stacks rax, 8f
2:  movq (%rax), %rcx
    movq -VPREC_SLOT_NEXT(%rcx), %rdx
    movq %rdx, (%rax)           /* the top, for who interrupts */
3:  leaq -VPREC_SLOT_CPU(%rcx), %rax
    leaq ORIGINAL_RSP(%rsp), %rdx
    movq %rdx, CPU_RSP(%rax)
    movq %rdx, -VPREC_SLOT_RSP(%rcx)
    movq 0(%rsp), %rdx
    movq %rdx, 16(%rax)
    movq 8(%rsp), %rdx
    movq %rdx, 8(%rax)
    movq 16(%rsp), %rdx
    movq %rdx, 0(%rax)
    movq 24(%rsp), %rdx
    movq %rdx, CPU_RFLAGS(%rax)
    movq $0, CPU_STAGE(%rax)
    movq %rbx, 24(%rax)
    movq %rbp, 40(%rax)
    movq %rsi, 48(%rax)
    movq %rdi, 56(%rax)
    movq %r8, 64(%rax)
    movq %r9, 72(%rax)
    movq %r10, 80(%rax)
    movq %r11, 88(%rax)
    movq %r12, 96(%rax)
    movq %r13, 104(%rax)
    movq %r14, 112(%rax)
    movq %r15, 120(%rax)
    movq %rax, %rbp
    /* CFA: the original rsp - 136 */
    .cfi_escape 0x0f, 7, 0x76, CPU_RSP, 0x06, 0x0b, 0x78, 0xff, 0x22
    kept_at_rbp 3, 24
    kept_at_rbp 6, 40
    kept_at_rbp 12, 96
    kept_at_rbp 13, 104
    kept_at_rbp 14, 112
    kept_at_rbp 15, 120
    border framed
    movq %rax, %rsp
    cld
    movq CPU_RSP(%rax), %rdi
    movq SITE(%rdi), %rdi
    cmpb $OP_HOP, SITE_OP(%rdi)
    jne 5f
    andq $-16, %rsp
    movq $0, CPU_XSAVE(%rbp)
    movq %rbp, %rsi
    call *vprec_enter_hop(%rip)
    testb %al, %al
    jz 6f
    jmp vprec_enter_hopping

5:  movl XSAVE_SIZE + vprec_xsave(%rip), %eax
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
    movq CPU_RSP(%rbp), %rdi
    movq SITE(%rdi), %rdi
    movq %rbp, %rsi
    call vprec_enter_c

    movl XSAVE_COMPONENTS + vprec_xsave(%rip), %eax
    xorl %edx, %edx
    xrstor64 (%rsp)
    border restored
6:  registers_back
    .cfi_restore_state
    .cfi_remember_state
    border unframed
    words_back popped
    border done
    ret
    .cfi_restore_state

    border hopping              /* its address has taken the place of that into the clone */
    registers_back
    .cfi_remember_state
    border hopped
    words_back hopped
    border gone
    ret $BELOW_ALL
    .cfi_restore_state

    border making               /* the thread's first time */
8:  leaq -64(%rsp), %rsp
    .cfi_adjust_cfa_offset 64
    border lowered
    movq %rsi, 0(%rsp)
    movq %rdi, 8(%rsp)
    movq %r8, 16(%rsp)
    movq %r9, 24(%rsp)
    movq %r10, 32(%rsp)
    movq %r11, 40(%rsp)
    movq %rbp, 48(%rsp)
    cld
    movq %rsp, %rbp
    andq $-16, %rsp
    call vprec_stack_make
    movq %rbp, %rsp
    movq 0(%rsp), %rsi
    movq 8(%rsp), %rdi
    movq 16(%rsp), %r8
    movq 24(%rsp), %r9
    movq 32(%rsp), %r10
    movq 40(%rsp), %r11
    movq 48(%rsp), %rbp
    leaq 64(%rsp), %rsp
    .cfi_adjust_cfa_offset -64
    border raised
    testq %rax, %rax
    jnz 2b
    leaq -64(%rsp), %rcx        /* no memory: on the program's own stack after all */
    andq $-64, %rcx
    leaq vprec_stack_none(%rip), %rax
    movq %rax, -VPREC_SLOT_STACK(%rcx)
    jmp 3b
    .cfi_endproc
    border end
    .size vprec_enter, . - vprec_enter

/* void vprec_stack_call(void (*function)(void *), void *data, uint64_t top) */
    .p2align 4
    .globl vprec_stack_call
    .hidden vprec_stack_call
    .type vprec_stack_call, @function
vprec_stack_call:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbp, 0
    movq %rsp, %rbp
    .cfi_def_cfa_register rbp
    movq %rdx, %rsp
    andq $-16, %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    movq %rbp, %rsp
    popq %rbp
    .cfi_def_cfa rsp, 8
    .cfi_restore rbp
    ret
    .cfi_endproc
    .size vprec_stack_call, . - vprec_stack_call

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

/* bool vprec_same(a, b, bytes) */
    .p2align 4
    .globl vprec_same, vprec_same_not
    .hidden vprec_same, vprec_same_not
    .type vprec_same, @function
vprec_same:
    .cfi_startproc
1:  subq $8, %rdx
    jb 2f
    movq (%rdi), %rax
    cmpq (%rsi), %rax
    jne vprec_same_not
    addq $8, %rdi
    addq $8, %rsi
    jmp 1b
2:  addq $8, %rdx
3:  jz 4f
    movb (%rdi), %al
    cmpb (%rsi), %al
    jne vprec_same_not
    incq %rdi
    incq %rsi
    decq %rdx
    jmp 3b
4:  movl $1, %eax
    ret
    .size vprec_same, . - vprec_same

/* bool vprec_try_copy(to, from, bytes) */
    .p2align 4
    .globl vprec_try_copy
    .hidden vprec_try_copy
    .type vprec_try_copy, @function
vprec_try_copy:
    testq %rdx, %rdx
    jz 4b
    movb (%rsi), %al
    movb %al, (%rdi)
    incq %rdi
    incq %rsi
    decq %rdx
    jmp vprec_try_copy
vprec_same_not:
    xorl %eax, %eax
    ret
    .cfi_endproc
    .size vprec_try_copy, . - vprec_try_copy

/* void vprec_raise(uint32_t mxcsr, uint32_t raised) */
    .p2align 4
    .globl vprec_raise, vprec_raise_end
    .hidden vprec_raise, vprec_raise_end
    .type vprec_raise, @function
vprec_raise:
    .cfi_startproc
    movl %edi, -4(%rsp)
    ldmxcsr -4(%rsp)
    movss one(%rip), %xmm0
    xorps %xmm1, %xmm1
    testb $1, %sil
    jnz 1f
    testb $2, %sil
    jnz 2f
    testb $4, %sil
    jnz 4f
    testb $8, %sil
    jnz 8f
    testb $16, %sil
    jnz 6f
    divss three(%rip), %xmm0    /* inexact */
    ret
1:  divss %xmm1, %xmm1          /* invalid */
    ret
2:  addss denormal(%rip), %xmm0
    ret
4:  divss %xmm1, %xmm0          /* by zero */
    ret
8:  movss largest(%rip), %xmm0
    mulss %xmm0, %xmm0          /* overflow */
    ret
6:  movss smallest(%rip), %xmm0
    mulss %xmm0, %xmm0          /* underflow */
    ret
    .cfi_endproc
vprec_raise_end:
    .size vprec_raise, . - vprec_raise

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
one:
    .float 1
three:
    .float 3
denormal:
    .long 1
largest:
    .long 0x7f7fffff
smallest:
    .long 0x00800000

    .section .note.GNU-stack, "", @progbits
