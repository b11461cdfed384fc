/* SPDX-License-Identifier: Apache-2.0
 * enter.h: how a clone reaches the emulator. Owns the protocol of that call
 * and what it looks up; the work is emulate.c's.
 *
 * A site without inline code, all of it free of flags and registers:
 *
 *     lea  rsp, [rsp-128]              ; over the red zone
 *     push imm32                       ; low half of the vprec_site's address ...
 *     mov  dword ptr [rsp+4], imm32    ; ... and the high half
 *     call stub                        ; stub: jmp [rip+x], x holds &vprec_enter
 *     lea  rsp, [rsp+136]
 *
 * vprec_enter preserves every register, the flags and MXCSR but for what the
 * site's instruction changes, and does not touch x87 or MMX state. */
#ifndef VPREC_ENTER_H
#define VPREC_ENTER_H

#include "emulate.h"

void vprec_enter(void);

/* With --count: the counters of a site's function (site->counter) for results of `type`, or NULL. NULL itself: not
 * counting. Called for every site that runs, in signal handlers too. */
extern vprec_counts *(*vprec_counters)(uint32_t counter, vprec_type type);

/* With --audit: for site->counter of a VPREC_OP_REFUSED site the executions. */
extern _Atomic uint64_t **vprec_refused_counts;

/* Called by vprec_enter; also for a trap handler that has the state at hand. */
void vprec_enter_c(const vprec_site *site, vprec_cpu *cpu);

/* The one place where the emulator reads the program's memory. A fault whose
 * rip lies in [vprec_load, vprec_load_end) is the original instruction's own:
 * rcx then holds the vprec_cpu (the registers as that instruction saw them) and
 * r8 the vprec_site. */
void vprec_load(void *to, const void *from, uint64_t bytes, const vprec_cpu *cpu, const vprec_site *site);
extern const char vprec_load_end[];

/* The thread's vprec_cpu while vprec_enter_c runs, NULL elsewhere. A signal handler's wrapper
 * sets it to NULL while the program's handler runs: that may leave by longjmp. */
extern _Thread_local vprec_cpu *vprec_enter_frame __attribute__((tls_model("initial-exec")));

/* Where vprec_enter has: the frame at rsp; rax in it; all of the vprec_cpu's
 * registers in it and its address in rbp; the XSAVE area written; read back;
 * the frame at rsp again; only the flags left there; nothing left. */
extern const char vprec_enter_based[], vprec_enter_rax_kept[], vprec_enter_framed[], vprec_enter_saved[],
    vprec_enter_restored[], vprec_enter_unframed[], vprec_enter_unbased[], vprec_enter_done[], vprec_enter_end[];

/* In the frame, from the vprec_cpu upward. */
enum {
    VPREC_FRAME_FLAGS = 144,
    VPREC_FRAME_RETURN = 152,
    VPREC_FRAME_SITE = 160,
    VPREC_FRAME_RSP = 296 /* the original's rsp itself, not a slot */
};

#endif
