/* SPDX-License-Identifier: Apache-2.0
 * precise.h: a handler of the program that interrupts a clone sees the original program between two instructions. Most
 * return to where they were called; but some have the program come back by itself to what they saw (Go's, which make
 * a goroutine call a function of theirs): in the original, with its registers. So a signal that comes in the middle of
 * an instruction's clone, or where the original is overwritten, waits until the thread has come further, step by step. */
#ifndef VPREC_LIFE_PRECISE_H
#define VPREC_LIFE_PRECISE_H

#include "view.h"

/* A signal has come for which the program has a handler. True: it waits; nothing is to be done. */
bool vprec_precise_waits(vprec_view *view, int number, const siginfo_t *info, ucontext_t *uc);

/* A trap after one step. True: it was ours. `*number`: the signal that is to be delivered now, with `*info`; 0: none. */
bool vprec_precise_stepped(vprec_view *view, ucontext_t *uc, int *number, siginfo_t *info);

/* Something else happens to the thread: what waits comes again behind it. */
void vprec_precise_give_up(vprec_view *view, ucontext_t *uc);

#endif
