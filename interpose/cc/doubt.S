/* SPDX-License-Identifier: Apache-2.0
 * doubt.S: results that masks cannot tell (site.h), where the processor has AVX-512: by short operands, by two
 * directions, or of the runtime. zmm0 has the native result and gets the rounded one, zmm1 to zmm3 have the operands,
 * rdi the record, esi the operation's code. Only rax, zmm30, zmm31, k6, k7, r10, r11
 * and the flags are lost.
 *
 *   vprec_cc_doubt_WHAT_LANES: sum (of two operands; differences), product (quotients), root, fused; and ps or pd with
 *   the register's bits, ss, sd. The same steps as the pass writes for other processors: instrument.c. */

#define F32_KEEP 8
#define F32_LOW 12
#define F32_LIMIT 16
#define F32_SHORT 64
#define F32_LESS 68
#define F32_SHIFT 72
#define F32_EVEN 76
#define F64_KEEP 40
#define F64_LOW 48
#define F64_LIMIT 56
#define F64_SHORT 80
#define F64_LESS 88
#define F64_SHIFT 96
#define F64_EVEN 104

    .section .rodata
    .p2align 3
magnitude_q: .quad 0x7fffffffffffffff
exponent_q:  .quad 0x7ff0000000000000
magnitude_d: .long 0x7fffffff
exponent_d:  .long 0x7f800000
    .text

/* `t`: d or q, `r`: x, y or z, `all`: {1to16}, `one`: 1 for the lowest lane alone, `ps`: the suffix of its fma. */
.macro DOUBT what, lanes, t, r, all, one, ps, keep, low, limit, short, less, shift, even
    .p2align 4
    .globl vprec_cc_doubt_\what\()_\lanes
    .type vprec_cc_doubt_\what\()_\lanes, @function
vprec_cc_doubt_\what\()_\lanes:
    .cfi_startproc
    vpand\t magnitude_\t(%rip)\all, %\r\()mm0, %\r\()mm30
    vpsub\t \low(%rdi)\all, %\r\()mm30, %\r\()mm30
    vpcmpu\t $5, \limit(%rdi)\all, %\r\()mm30, %k6 /* not less */
.ifnc \what, fused
.ifc \what, root
    vptestm\t \short(%rdi)\all, %\r\()mm1, %k7
.else
    vpor\t %\r\()mm2, %\r\()mm1, %\r\()mm30
    vptestm\t \short(%rdi)\all, %\r\()mm30, %k7
.endif
    korw %k7, %k6, %k6
.ifnc \what, sum /* what is tiny has been rounded; zero is clear */
    vpand\t exponent_\t(%rip)\all, %\r\()mm0, %\r\()mm30
    vptestnm\t %\r\()mm30, %\r\()mm30, %k7
    vpadd\t %\r\()mm0, %\r\()mm0, %\r\()mm30
    vptestm\t %\r\()mm30, %\r\()mm30, %k7{%k7}
    korw %k7, %k6, %k6
.endif
.endif
.if \one
    kmovw %k6, %eax
    testl $1, %eax
.else
    kortestw %k6, %k6
.endif
    jnz 2f
.ifnc \what, fused
    vmov\t \shift(%rdi), %xmm30
    vpsrl\t %xmm30, %\r\()mm0, %\r\()mm31
    vpand\t \even(%rdi)\all, %\r\()mm31, %\r\()mm31
    vpadd\t \less(%rdi)\all, %\r\()mm31, %\r\()mm31
    vpadd\t %\r\()mm0, %\r\()mm31, %\r\()mm31
.else
    vmovaps %\r\()mm1, %\r\()mm30
    vmovaps %\r\()mm1, %\r\()mm31
    vfmadd213\ps {rd-sae}, %\r\()mm3, %\r\()mm2, %\r\()mm30
    vfmadd213\ps {ru-sae}, %\r\()mm3, %\r\()mm2, %\r\()mm31
    vpxor\t %\r\()mm31, %\r\()mm30, %\r\()mm0 /* neighbours differ in the last bit: something is left */
    vpminu\t %\r\()mm31, %\r\()mm30, %\r\()mm30 /* both have one sign */
    vmov\t \shift(%rdi), %xmm31
    vpsrl\t %xmm31, %\r\()mm30, %\r\()mm31
    vpternlog\t $0xa8, \even(%rdi)\all, %\r\()mm0, %\r\()mm31 /* (5 | 0) & even */
    vpadd\t \less(%rdi)\all, %\r\()mm31, %\r\()mm31
    vpadd\t %\r\()mm30, %\r\()mm31, %\r\()mm31
.endif
    vpand\t \keep(%rdi)\all, %\r\()mm31, %\r\()mm0
    ret
2:  jmp ask_\r
    .cfi_endproc
    .size vprec_cc_doubt_\what\()_\lanes, . - vprec_cc_doubt_\what\()_\lanes
.endm

/* The runtime's answer, for one of the above; it looks at as many lanes and operands as the code says. */
.macro ASK r
    .type ask_\r, @function
ask_\r:
    .cfi_startproc
    movq (%rsp), %rax /* where the compiled code goes on */
    pushq %rdx
    .cfi_adjust_cfa_offset 8
    pushq %rcx
    .cfi_adjust_cfa_offset 8
    pushq %r8
    .cfi_adjust_cfa_offset 8
    pushq %r9
    .cfi_adjust_cfa_offset 8
    subq $264, %rsp
    .cfi_adjust_cfa_offset 264
    vmovups %\r\()mm0, (%rsp)
    vmovups %\r\()mm1, 64(%rsp)
    vmovups %\r\()mm2, 128(%rsp)
    vmovups %\r\()mm3, 192(%rsp)
    movq %rsp, %rdx
    leaq 64(%rsp), %rcx
    leaq 128(%rsp), %r8
    leaq 192(%rsp), %r9
    call vprec_cc_slow_own
    vmovups (%rsp), %\r\()mm0
    addq $264, %rsp
    .cfi_adjust_cfa_offset -264
    popq %r9
    .cfi_adjust_cfa_offset -8
    popq %r8
    .cfi_adjust_cfa_offset -8
    popq %rcx
    .cfi_adjust_cfa_offset -8
    popq %rdx
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size ask_\r, . - ask_\r
.endm
    ASK x
    ASK y
    ASK z

.macro F32 what, lanes, r, all, one, ps
    DOUBT \what, \lanes, d, \r, \all, \one, \ps, F32_KEEP, F32_LOW, F32_LIMIT, F32_SHORT, F32_LESS, F32_SHIFT, F32_EVEN
.endm
.macro F64 what, lanes, r, all, one, ps
    DOUBT \what, \lanes, q, \r, \all, \one, \ps, F64_KEEP, F64_LOW, F64_LIMIT, F64_SHORT, F64_LESS, F64_SHIFT, F64_EVEN
.endm
    .irp what, sum, product, root
    F32 \what, ss, x, {1to4}, 1
    F32 \what, ps128, x, {1to4}, 0
    F32 \what, ps256, y, {1to8}, 0
    F32 \what, ps512, z, {1to16}, 0
    F64 \what, sd, x, {1to2}, 1
    F64 \what, pd128, x, {1to2}, 0
    F64 \what, pd256, y, {1to4}, 0
    F64 \what, pd512, z, {1to8}, 0
    .endr
    /* Only these have directions of their own. */
    F32 fused, ss, x, {1to4}, 1, ss
    F32 fused, ps512, z, {1to16}, 0, ps
    F64 fused, sd, x, {1to2}, 1, sd
    F64 fused, pd512, z, {1to8}, 0, pd
    .section .note.GNU-stack, "", @progbits
