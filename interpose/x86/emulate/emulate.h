/* SPDX-License-Identifier: Apache-2.0
 * emulate.h: executes one floating-point instruction in C, each operation
 * rounded once. Slow, complete: whatever the emitters do not inline comes here. */
#ifndef VPREC_X86_EMULATE_H
#define VPREC_X86_EMULATE_H

#include "runtime/arith.h"
#include "x86/site.h"

/* The processor's state as enter.S saves it. */
typedef struct vprec_cpu {
    uint64_t gpr[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15; rsp as the original instruction saw it */
    uint64_t rflags;
    uint8_t *xsave;   /* standard-format XSAVE area (components of XCR0 & 0xE6; MXCSR at 24) */
    const void *result; /* at VPREC_EMULATE_RESULT: what goes into the destination */
    uint64_t stage;     /* how far vprec_emulate has come: a vprec_emulate_stage */
} vprec_cpu;

/* A signal that ends the emulation finds the program before the instruction or behind it, never in the middle. */
enum vprec_emulate_stage { VPREC_EMULATE_NOTHING, VPREC_EMULATE_RESULT, VPREC_EMULATE_DONE };

/* Offsets of the state components in the XSAVE area, 0 where the processor has none. */
typedef struct vprec_xsave_layout {
    uint32_t size;
    uint32_t ymm_high, opmask, zmm_high, zmm16; /* components 2, 5, 6, 7 */
    uint64_t components;                        /* XCR0 & 0xE6 */
} vprec_xsave_layout;

extern vprec_xsave_layout vprec_xsave;
void vprec_xsave_detect(void);

/* Executes `site` on `cpu`: reads operands (memory ones once, masked-off lanes
 * not at all), writes the destination's bytes exactly as the instruction does,
 * lanes masked off and upper lanes included. `counts` (of the result's type, may be
 * NULL) receives --count's statistics. Uses no libc and no FP environment:
 * MXCSR's FTZ and DAZ are honoured, its rounding direction is not (except where
 * the type is native), flags are not raised. */
/* The address of the site's memory operand. */
uint64_t vprec_emulate_address(const vprec_site *site, const vprec_cpu *cpu);

/* Of a site with an addend: whether any lane is left exact. */
bool vprec_emulate_exact(const vprec_site *site, const vprec_cpu *cpu);

void vprec_emulate(const vprec_site *site, vprec_cpu *cpu, const vprec_arith *arith, vprec_counts *counts);

/* At VPREC_EMULATE_RESULT: writes the destination, once more if need be. */
void vprec_emulate_commit(const vprec_site *site, vprec_cpu *cpu);

/* enter.S: executes an instruction that raises the first of the exceptions `raised` (MXCSR's flags), under `mxcsr`. It
 * does not mask that one: SIGFPE from within [vprec_raise, vprec_raise_end), and nothing of the program has changed. */
void vprec_raise(uint32_t mxcsr, uint32_t raised);
extern const char vprec_raise_end[];

#endif
