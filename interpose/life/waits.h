/* SPDX-License-Identifier: Apache-2.0
 * waits.h: a wait under another mask, and one for signals, whoever makes the
 * system call for it. */
#ifndef VPREC_LIFE_WAITS_H
#define VPREC_LIFE_WAITS_H

#include "view.h"

/* A wait under a mask, of which the kernel gets what is not ours. */
typedef struct vprec_wait {
    vprec_view *view;
    bool blocked;
} vprec_wait;

/* The mask holds `ours` of ours. False: nothing is to be done but to leave them out. Otherwise the wait may begin, and
 * vprec_wait_end comes behind it, however it ends. */
bool vprec_wait_begin(vprec_wait *wait, uint64_t ours);
void vprec_wait_end(void *wait);

/* Waits for a signal of `set`, among them ours: `call` does, with `data`, as rt_sigtimedwait does; it may be left for
 * good, with vprec_wait_for_end(view) called. Gives what it gives. */
typedef long vprec_wait_call(void *data, siginfo_t *info);
long vprec_wait_for(vprec_view *view, uint64_t ours, siginfo_t *info, vprec_wait_call *call, void *data);
void vprec_wait_for_end(void *view);

#endif
