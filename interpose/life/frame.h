/* SPDX-License-Identifier: Apache-2.0
 * frame.h: the kernel's signal frame, moved from vprec's signal stack to where
 * the program's handler would have it. Knows no handlers and no masks. */
#ifndef VPREC_LIFE_FRAME_H
#define VPREC_LIFE_FRAME_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

typedef struct vprec_frame {
    siginfo_t *info;
    ucontext_t *uc;
    uint64_t rsp; /* holds the address that the handler returns to */
} vprec_frame;

/* Copies the frame of a handler that was called with `info` and `uc` below `top`. `restorer`: what the handler returns
 * to. False: it does not fit above `low`. */
bool vprec_frame_copy(vprec_frame *to, const siginfo_t *info, const ucontext_t *uc, uint64_t top, uint64_t low,
                      uint64_t restorer);

/* The handler that was called with `uc` goes, when it returns, to `function` with these arguments, as if the kernel had
 * called that on the other frame, under `mask`. */
typedef void vprec_frame_function(int number, siginfo_t *info, void *context, uint64_t data);
void vprec_frame_call(ucontext_t *uc, const vprec_frame *frame, vprec_frame_function *function, int number,
                      uint64_t data, uint64_t mask);

#endif
