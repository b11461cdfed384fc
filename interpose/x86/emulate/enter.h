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
#ifndef VPREC_X86_EMULATE_ENTER_H
#define VPREC_X86_EMULATE_ENTER_H

#include "emulate.h"

void vprec_enter(void);

/* With --count: the counters of a site's function (site->counter) for results of `type`, or NULL. NULL itself: not
 * counting. Called for every site that runs, in signal handlers too. */
extern vprec_counts *(*vprec_counters)(uint32_t counter, vprec_type type);

/* The executions of a VPREC_OP_REFUSED site, by site->counter; and of a site with an addend, by site->executed. */
extern _Atomic uint64_t **vprec_executed_counts;

/* A site of VPREC_OP_SYSCALL: by the low byte of its number, whether a system call comes by at all; and what is asked
 * then, with the registers as the instruction finds them. rcx says behind it what is to be done: VPREC_CALL_MADE, the
 * result is in rax; or the instruction is to be executed, where the clone has it, or the original. */
enum { VPREC_CALL_MADE, VPREC_CALL_HERE, VPREC_CALL_ORIGINAL };
extern uint8_t vprec_enter_calls[256];
extern void (*vprec_enter_syscall)(const vprec_site *site, vprec_cpu *cpu);

/* A site of VPREC_OP_SCOPE, with the registers as at its address. */
extern void (*vprec_enter_scope)(const vprec_site *site, vprec_cpu *cpu);

/* A site of VPREC_OP_HOP: whether control goes on elsewhere. Then [rsp - VPREC_BELOW_RETURN] says where, rsp being the
 * cpu's by then, which with [rsp - VPREC_BELOW_SITE] is the program's state there. Else nothing has changed. Vector
 * registers are not saved meanwhile: cpu->xsave is NULL. */
extern bool (*vprec_enter_hop)(const vprec_site *site, vprec_cpu *cpu);

/* Whether the same bytes stand at both places, of which the second may not be readable: then they do not. Who handles a
 * fault in [vprec_same, vprec_same_not), where vprec_try_copy lies, too, goes on at the latter. */
bool vprec_same(const void *a, const void *b, uint64_t bytes);
extern const char vprec_same_not[];

/* Copies what may not be readable; false: it is not, or not all of it. On a thread's slots only, not in a handler. */
bool vprec_try_copy(void *to, const void *from, uint64_t bytes);

/* Called by vprec_enter; also for a trap handler that has the state at hand. */
void vprec_enter_c(const vprec_site *site, vprec_cpu *cpu);

/* The one place where the emulator reads the program's memory. A fault whose
 * rip lies in [vprec_load, vprec_load_end) is the original instruction's own:
 * rcx then holds the vprec_cpu (the registers as that instruction saw them) and
 * r8 the vprec_site. */
void vprec_load(void *to, const void *from, uint64_t bytes, const vprec_cpu *cpu, const vprec_site *site);
extern const char vprec_load_end[];

/* Where vprec_enter has pushed 1 to 4 words below its return address (the flags, rax, rcx, rdx); its address in rbp and
 * all of the program's registers in the vprec_cpu; the XSAVE area written; read back; the 4 words again, and the other
 * registers theirs; 3 to 1 words; none. The same from `hopping` on for what goes on elsewhere: all registers in the
 * vprec_cpu; 4 words again, and so on.
 * Behind `making` the same 4 words, but 8 more from `lowered` to `raised`. */
extern const char vprec_enter_pushed1[], vprec_enter_pushed2[], vprec_enter_pushed3[], vprec_enter_pushed4[],
    vprec_enter_framed[], vprec_enter_saved[], vprec_enter_restored[], vprec_enter_unframed[], vprec_enter_popped3[],
    vprec_enter_popped2[], vprec_enter_popped1[], vprec_enter_done[], vprec_enter_hopping[],
    vprec_enter_hopped[], vprec_enter_hopped3[], vprec_enter_hopped2[], vprec_enter_hopped1[], vprec_enter_gone[],
    vprec_enter_making[], vprec_enter_lowered[],
    vprec_enter_raised[], vprec_enter_end[];

/* On the program's stack, below the original rsp. */
enum { VPREC_BELOW_SITE = 136, VPREC_BELOW_RETURN = 144, VPREC_BELOW_ALL = 192 };

#endif
