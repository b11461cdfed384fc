/* SPDX-License-Identifier: Apache-2.0
 * view.h: what a thread of the program believes of its signals where the kernel
 * knows otherwise: which of ours (runtime/sets.h) it blocks, which are pending
 * meanwhile, and its alternate stack: the kernel's is a stack of vprec's. Wraps
 * nothing; masks.c, waits.c and threads.c do. */
#ifndef VPREC_LIFE_VIEW_H
#define VPREC_LIFE_VIEW_H

#include "runtime/sets.h"
#include "x86/emulate/stack.h"
#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>

enum { VPREC_SS_AUTODISARM = (int)(1u << 31) }; /* SS_AUTODISARM */

typedef struct vprec_view {
    _Atomic uint64_t blocked;   /* of ours */
    _Atomic uint64_t saved;     /* while `suspended`: what a handler shows and goes back to, as for the kernel's mask */
    _Atomic bool suspended;
    _Atomic uint64_t waiting;   /* of ours, by sigwait and its kin: the kernel may keep these */
    _Atomic uint64_t pending;   /* of ours, sent to the thread while it blocked them */
    siginfo_t info[2];          /* of these */
    uint32_t process;           /* whose they are: a child of fork has none */
    stack_t stack;              /* the alternate one */
    void *(*start)(void *);     /* of a thread that has not started */
    void *argument;
    uint64_t key;               /* for its noise (runtime/draws.h), if `keyed` */
    bool keyed;
    bool follows;               /* see scope/scopes.h */
    int postponed;              /* a signal that waits (precise.h); 0 none */
    siginfo_t postponed_info;
    uint64_t postponed_mask;    /* the kernel's, without it */
    unsigned steps;
    bool stepped;               /* saved flags may have the trap flag */
    bool lent;                  /* a child of vfork has changed what follows a copy of here */
    uint64_t lent_blocked;
    stack_t lent_stack;
    uint64_t spawn_blocked, spawn_ignored; /* while `spawns`: of ours, what the child has */
    bool spawns;                /* it is in posix_spawn */
    _Atomic unsigned turn;      /* of `next` */
    ucontext_t next[3];         /* contexts that setcontext goes to, without ours in the mask */
} vprec_view;
_Static_assert(sizeof(vprec_view) <= VPREC_STACK_VIEW, "stack.h");

/* Whether the signals are ours in this process. */
bool vprec_view_active(void);
/* The calling thread's, made if need be; NULL without memory, and before the signals are ours. */
vprec_view *vprec_view_here(void);
/* From now on; the calling thread's is made. `blocked`: of ours, by the mask that the process came with. */
void vprec_view_start(uint64_t blocked);

/* In a child of fork, which has one thread: its signals are its own. */
void vprec_view_forked(void);

/* Whether the program's own system calls come by vprec_syscall (syscalls.h): it is translated. Set early, or never. */
extern bool vprec_view_sees_all;
/* Whether what the program believes is known. Not of a Go program that is not translated, and changes masks and
 * alternate stacks unseen: it is left the kernel's (it has a stack of 32 KiB in every thread, and its goroutines get no
 * frames), and is taken not to block ours. */
bool vprec_view_complete(void);

/* The kernel's alternate stack is ours from now on; the view keeps the one that was there. In a handler it
 * is done by the frame that the handler returns by. */
void vprec_view_arm(vprec_view *view);
void vprec_view_arm_frame(vprec_view *view, ucontext_t *uc);
/* What the kernel is to have. */
stack_t vprec_view_kernel_stack(const vprec_view *view);
/* Whether `rsp` lies in it. */
bool vprec_view_on_kernel_stack(const vprec_view *view, uint64_t rsp);

/* sigaltstack by the program, which stands at `rsp`: 0 or -errno. */
int vprec_view_alternate(vprec_view *view, const stack_t *stack, stack_t *old, uint64_t rsp);
/* Whether the program's alternate stack is there and in use at `rsp`. */
bool vprec_view_on_stack(const vprec_view *view, uint64_t rsp);
/* A handler returns to `rsp`, and its frame says `stack`. */
void vprec_view_restore_stack(vprec_view *view, const stack_t *stack, uint64_t rsp);

/* What the program blocks of ours is `blocked` from now on; what that lets in arrives, as soon as the kernel's mask lets
 * it. */
void vprec_view_block(vprec_view *view, uint64_t blocked);

/* A signal of ours was sent, and the thread blocks it: it is pending; if it is for the process, another thread that waits
 * for it or does not block it gets word. */
void vprec_view_keep(vprec_view *view, int number, const siginfo_t *info);
/* Such word has come. The signal is taken, if it is still there, or goes to somebody else: false. */
bool vprec_view_is_word(const siginfo_t *info);
bool vprec_view_look(vprec_view *view, int number, siginfo_t *info, bool takes);
/* Of ours, what is pending for the thread or for the process. */
uint64_t vprec_view_pending(vprec_view *view);
/* Takes one of `wanted` that is pending: its number, or 0. */
int vprec_view_take(vprec_view *view, uint64_t wanted, siginfo_t *info);
/* The process ignores it from now on: it is pending for nobody. */
void vprec_view_forget(int number);
/* What is pending of `signals`, which the kernel's mask blocks now, is in the kernel's hands: an exec is next. Not in a
 * child of vfork. */
void vprec_view_hand_over(vprec_view *view, uint64_t signals);

#endif
