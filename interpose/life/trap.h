/* SPDX-License-Identifier: Apache-2.0
 * trap.h: the signals that vprec lives by: the SIGSEGV of a trap of ours
 * (VPREC_TRAP_BYTE) and of a fetch from code that has no X yet; the SIGTRAP of
 * precise.h's steps. One handler takes both; what is the program's own goes to the
 * action that the program has set. */
#ifndef VPREC_LIFE_TRAP_H
#define VPREC_LIFE_TRAP_H

#include "action.h"
#include "clone/image.h"
#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>

/* Installs the handler and unblocks the signals. `traps` counts redirections. */
void vprec_trap_install(_Atomic uint64_t *traps);

/* The program's own action for SIGTRAP or SIGSEGV, kept beside ours. */
void vprec_trap_action(int number, const vprec_action *action, vprec_action *old);

/* The kernel ignores a signal of ours, as an exec is to find it, or has our handler again. */
void vprec_trap_ignore(int number, bool is);

/* Hooks, called in the handler: every signal is blocked, the interrupted thread may hold any lock. They run in a slot of
 * the thread's own (x86/emulate/stack.h, 32 KiB, of which a hook may use 24): who needs more calls vprec_stack_call with
 * a stack of his own, which he locks. Without memory for slots they run where the signal has arrived.
 *
 * What to do with an instruction fetch that faulted at `address`. True: go on (uc may have been changed).
 * NULL: none. The program may come by for the same page in several threads, and once more after X is there. */
extern bool (*vprec_trap_fetch)(ucontext_t *uc, uint64_t address);
/* A write to `address` that is not allowed. True: it is now. NULL: none. */
extern bool (*vprec_trap_written)(uint64_t address);
/* Where a trap at `at`, of which no image knows, continues; 0: it is none of ours. Who continues in a
 * clone notes that it is entered: vprec_image_enter. */
extern uint64_t (*vprec_trap_pending)(uint64_t at);

/* A call that is to return to `back` has met a trap at `at`, where a function begins, and went on at `to`: it may go
 * there by itself from now on. */
extern void (*vprec_trap_called)(uint64_t at, uint64_t back, uint64_t to);

/* A trap at `at` was met in an image of which patches wait, now and then. */
extern void (*vprec_trap_waits)(uint64_t at);

/* What the C library has a handler return to. */
extern uint64_t vprec_trap_restorer;

/* The process dies of that signal, from where the program stands by its own account, when the handler that was called
 * with `uc` returns. */
void vprec_trap_die(int number, siginfo_t *info, ucontext_t *uc);

/* signals.c: the last thing that a handler does, whether on vprec's signal stack under a full mask or elsewhere: a
 * handler of the program is called on the original's context, where it would be natively. */
typedef void vprec_handler(int number, siginfo_t *info, void *context);
void vprec_signal_deliver(const vprec_action *action, int number, siginfo_t *info, ucontext_t *uc);
/* One that was put off is delivered by the action that the program has set for it. */
void vprec_signal_again(int number, siginfo_t *info, ucontext_t *uc);
/* rt_sigaction by the program, by whatever way: 0 or -errno. */
long vprec_signal_action(int number, const vprec_action *action, vprec_action *old);
/* From now on the program's handlers are wrapped. */
void vprec_signal_install(void);

#endif
