/* SPDX-License-Identifier: Apache-2.0
 * callers.h: which code is selected, asked by address at run time: a call of an elementary function or of a compiler's
 * arithmetic is rounded where the function that calls is. Asked from any thread and signal handler; told by one. */
#ifndef VPREC_FIND_CALLERS_H
#define VPREC_FIND_CALLERS_H

#include "runtime/memory.h"
#include <stdbool.h>
#include <stdint.h>

/* Code of an object from `start` up to the next span's: of functions that are selected, or not. Between functions it
 * is neither: a PLT, for one. */
enum vprec_caller { VPREC_CALLER_NATIVE, VPREC_CALLER_SELECTED, VPREC_CALLER_NEITHER, VPREC_CALLER_BITS = 2 };
/* What is selected may have a version of its own in all scopes (runtime/version.h). Else 0. */
static inline enum vprec_caller vprec_caller_of(enum vprec_caller what)
{
    return what & ((1 << VPREC_CALLER_BITS) - 1);
}
static inline unsigned vprec_caller_given(enum vprec_caller what) /* 1 + the version */
{
    return (unsigned)what >> VPREC_CALLER_BITS;
}
static inline enum vprec_caller vprec_caller_gives(enum vprec_caller what, unsigned given)
{
    return (enum vprec_caller)((unsigned)what | given << VPREC_CALLER_BITS);
}
typedef struct vprec_caller_span {
    uint64_t start;
    uint64_t what; /* enum vprec_caller */
} vprec_caller_span;

/* An object with selected functions: its code (PLTs included), its PLTs (none: not known), and the whole of it. `spans`
 * (vprec_caller_span, ascending) tell its functions apart; none of them: all are selected, or it `asks` about each that
 * calls. */
typedef struct vprec_caller_object {
    uint64_t code, code_end, plt, plt_end, lo, hi;
    vprec_vec spans;
    bool asks;
} vprec_caller_object;

/* What of an object that asks is at the address. Called when an address is met for the first time, with the vector
 * registers saved: it may call libraries. VPREC_CALLER_NEITHER: that cannot be said now. */
extern enum vprec_caller (*vprec_callers_asked)(uint64_t address);

/* Takes the spans over. What no object was added for is native. False: no room. */
bool vprec_callers_add(const vprec_caller_object *object);
/* It was unloaded. */
void vprec_callers_drop(uint64_t code);

/* Who calls `called` and has it return to `back`. Where it was a jump (a tail call) `back` belongs to somebody else: then
 * the instruction before it, if it is a direct call, tells which function jumped. */
enum vprec_caller vprec_callers_of(uint64_t back, uint64_t called);

/* Whether selected code called what returns to `back`. */
bool vprec_callers_selects(uint64_t back);

#endif
