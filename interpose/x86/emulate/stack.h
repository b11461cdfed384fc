/* SPDX-License-Identifier: Apache-2.0
 * stack.h: the stacks that vprec's own code runs on: a goroutine or a coroutine
 * has a few hundred bytes to spare, a thread perhaps 16 KiB; and where a thread's
 * things lie that a signal handler must find.
 *
 * Each thread has slots in a ring. Who comes to work in a slot makes the next one the top before, and its own slot
 * the top again behind: a signal handler that interrupts takes the next. One that leaves by longjmp leaves the ring
 * turned by a slot, which does no harm.
 *
 *   guard page | signal stack | slot 0 | slot 1 | ... | vprec_stacks, the view
 *
 * and at the upper end of each slot, its `top`, downward: */
#ifndef VPREC_X86_EMULATE_STACK_H
#define VPREC_X86_EMULATE_STACK_H

#define VPREC_SLOT_RSP 8     /* the program's rsp */
#define VPREC_SLOT_NEXT 16   /* the next slot's top */
#define VPREC_SLOT_STACK 24  /* the thread's vprec_stacks */
#define VPREC_SLOT_STAGE 40  /* of the vprec_cpu: how far the emulator has come, or: */
#define VPREC_SLOT_CALL 3    /* it is no vprec_cpu, but a gate's call (gate_enter.S) */
#define VPREC_SLOT_CPU 192   /* the vprec_cpu of vprec_enter, aligned to 64 */

#ifndef __ASSEMBLER__
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The signal stack is the thread's alternate one by the kernel's account, for frames of 3 to 11 KiB and what handles
 * our signals; life/view.h has the one that the program believes in. */
enum { VPREC_STACK_SLOTS = 8, VPREC_STACK_SLOT = 32 << 10, VPREC_STACK_SIGNAL = 32 << 10, VPREC_STACK_VIEW = 3840 };

typedef struct vprec_stacks {
    uint64_t top; /* of the slot to work in. The first member: see enter.S */
    uint64_t low; /* of the slots; they end at this struct. Below them the signal stack */
    _Atomic uint64_t owner; /* process << 32 | thread; thread 0: nobody's */
    struct vprec_stacks *others;
    struct vprec_view *view; /* life/view.h; VPREC_STACK_VIEW bytes, zeros at first */
    uint64_t meter, lineage;  /* runtime/meter.h's of the thread, 0: none yet; and of which process it is */
    _Atomic uint64_t pointer; /* %fs's base of the thread that they are reserved for or lent by; 0 */
} vprec_stacks;

/* The thread's, once it has one. */
extern _Thread_local vprec_stacks *vprec_stack_here __attribute__((visibility("hidden"), tls_model("initial-exec")));

/* The calling thread's, made if need be. NULL without memory. Takes over what an ended thread has left. For signal
 * handlers too, and for threads that are not the C library's; leaves vector registers alone. */
vprec_stacks *vprec_stack_make(void);

/* The calling thread's, or NULL if it has none yet. */
vprec_stacks *vprec_stack_find(void);

/* For a thread that is about to be made: it takes it when it starts, or it is given back. NULL without memory. What
 * the thread gets is another one if a signal was quicker. */
vprec_stacks *vprec_stack_reserve(void);
vprec_stacks *vprec_stack_take(vprec_stacks *reserved);
void vprec_stack_give_back(vprec_stacks *reserved);

/* The same where a system call makes the thread, which will have `pointer` in %fs: it takes it when it first asks. */
vprec_stacks *vprec_stack_await(uint64_t pointer);

/* A thread is about to be made that has its maker's thread pointer, and runs beside it: from now on threads find what is
 * theirs by their numbers. */
void vprec_stack_part(void);

/* The calling thread is about to vfork: the child, which is another process' thread, works on its stacks. */
void vprec_stack_lend(void);

/* In a child of fork: the calling thread's belong to this process now. */
void vprec_stack_forked(void);

/* All there are, linked by `others`: of this process, of threads that have ended, of processes that forked this one. */
vprec_stacks *vprec_stack_all(void);

/* The top of the slot of the calling thread that `rsp` lies in, 0 if in none. */
uint64_t vprec_stack_slot(uint64_t rsp);

/* Calls `function` on the stack that ends at `top`. An exception may pass. */
void vprec_stack_call(void (*function)(void *), void *data, uint64_t top);
#else
/* The thread's vprec_stacks; on to `none` where it has none yet, is no thread of the C library's, or may have another's
 * thread pointer. */
    .hidden vprec_stack_apart
    .macro thread_stacks reg, none
    cmpb $0, vprec_stack_apart(%rip)
    jne \none
    movq %fs:0, %\reg
    cmpq %fs:16, %\reg
    jne \none
    testq %\reg, %\reg
    jz \none
    movq vprec_stack_here@gottpoff(%rip), %\reg
    movq %fs:(%\reg), %\reg
    testq %\reg, %\reg
    jz \none
    .endm
#endif

#endif
