/* SPDX-License-Identifier: Apache-2.0
 * gate.h: a function that goes two ways by its caller: a call by selected code is rounded, any other runs the function
 * as it was.
 *
 *   caller: call f ---> f: jmp stub ---> stub: mov r11, gate; jmp vprec_gate_enter
 *                                                                |  selected: rounded
 *                                           native: f's first    <--+
 *                                           instructions, moved; jmp f + n
 *
 * Every register but rax and r11 reaches both ways as the caller left it, and the stack too. */
#ifndef VPREC_CLONE_GATE_H
#define VPREC_CLONE_GATE_H

#include "runtime/routine.h"
#include "x86/emit.h"
#include <stdatomic.h>

typedef struct vprec_gate {
    uint64_t function;       /* where it starts */
    const void *native;      /* behaves as it did */
    const void *rounded;     /* set by who adds the gate; NULL: it is not to be patched */
    _Atomic uint64_t *calls; /* counts the calls that are rounded; NULL: nobody does */
    atomic_bool *called;     /* set by the first of them, which then counts in `functions`; NULL: nobody asks */
    _Atomic uint32_t *functions;
    const void *stub;
    uint8_t at;              /* where in the function its jump stands: behind endbr64, which direct calls may skip */
    bool ours;               /* `rounded` is a function of this library: it is called on a stack of its own */
    vprec_routine routine;   /* where its results are, and */
    const void *inside;      /* the clone, where `rounded` was set before: for it to call */
    bool asks;               /* `rounded` is for threads whose version rounds routine.type */
} vprec_gate;

/* The gates of one object, in memory within its reach. */
typedef struct vprec_gates {
    uint8_t *arena;
    size_t count, room, bytes;
    size_t places; /* of gate.c's table by address */
} vprec_gates;

enum { VPREC_GATE_ENTRY = 5 }; /* the jump at a function's entry */

/* Room for `room` gates of the code in [lo, hi). False: none in reach. */
bool vprec_gates_reserve(vprec_gates *gates, uint64_t lo, uint64_t hi, size_t room);
/* The gate of the function in [start, end), made if need be; end == start where its size is not known. Its jump is to
 * stand `at` bytes from the start, and its bytes lie `shadow` from there. NULL: its first instructions cannot be moved,
 * or no room. */
vprec_gate *vprec_gate_add(vprec_gates *gates, uint64_t start, uint64_t end, unsigned at, uint64_t shadow);
vprec_gate *vprec_gate_at(const vprec_gates *gates, size_t i);
/* Makes them executable, for good. False: that is not permitted; they are gone. */
bool vprec_gates_seal(vprec_gates *gates);
/* Leads the functions to the sealed gates that have `rounded`. False: their code cannot be written. */
bool vprec_gates_open(const vprec_gates *gates);
void vprec_gates_free(vprec_gates *gates);
/* Overwrites code that no thread is in. False: it cannot be written. */
bool vprec_gate_write(uint64_t at, const uint8_t *bytes, unsigned n);

/* A selected function's last deed is a jump to what may have a gate: marked, since the return address is somebody
 * else's; `given`: 1 + the version that the function has in all scopes, 0: none. Before the jump, in 13 bytes; changes
 * rax and the flags, which a call may. */
void vprec_gate_mark(vprec_code *code, unsigned given);

#define VPREC_GATE_MARK UINT64_C(0x8D1F6E0B53C2A794)

/* gate_enter.S: where a stub leads. */
void vprec_gate_enter(void);
/* For it: where a call goes on. `stack`: where its return address lies; `mark`: VPREC_GATE_MARK + given ^ stack of a
 * marked tail call. With general registers only. */
const void *vprec_gate_choose(const vprec_gate *gate, const uint64_t *stack, uint64_t mark);

#endif
