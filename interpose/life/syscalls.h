/* SPDX-License-Identifier: Apache-2.0
 * syscalls.h: the system calls that translated code makes by itself, without
 * the C library (Go's runtime, sandboxes, crash reporters): what they say of
 * signals goes by what the program believes, as in the wrappers. */
#ifndef VPREC_LIFE_SYSCALLS_H
#define VPREC_LIFE_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct vprec_syscall_frame {
    uint64_t number;
    uint64_t argument[6]; /* rdi, rsi, rdx, r10, r8, r9 */
    uint64_t result;
    uint64_t rsp; /* the program's at the instruction */
    uint64_t from; /* where that is, or what calls the C library's syscall */
} vprec_syscall_frame;

/* Whether vprec_syscall has anything to do with that number: to be asked first, and cheap. */
bool vprec_syscall_concerns(uint64_t number);

/* Before a `syscall` instruction; who has it called before every one says so: vprec_view_sees_all. True: the call is made,
 * `result` is what rax is to be; rcx and r11 are lost as ever. False: the instruction is to be executed, where the
 * program has it, with the number and the arguments as they are now (they are, as yet, never changed).
 *
 * The caller has saved all registers, vectors included, and calls on a stack of vprec's own with 8 KiB to spare, under
 * the program's mask: a wait may take long, a signal's handler may run meanwhile and may leave it for good. For any
 * thread, also of none of the C library's. */
bool vprec_syscall(vprec_syscall_frame *frame);

/* The clones' system calls come here. What is none of ours they make themselves, which is quickest; but from `judged` on
 * by the original instruction, wherever that stands as it was (vprec_site's by_original): the kernel may be asked to
 * judge system calls by where they come from (seccomp, Syscall User Dispatch), or to show it (SIGSYS). */
void vprec_syscall_begin(void);
void vprec_syscall_judged(void);
/* From now on those too that have the kernel write to the program's memory. */
void vprec_syscall_fills(void);

#endif
