/* SPDX-License-Identifier: Apache-2.0
 * guest.h: a signal's context as the original program would have it, and back.
 * Knows nothing of who handles the signal. */
#ifndef VPREC_LIFE_GUEST_H
#define VPREC_LIFE_GUEST_H

#include "clone/where.h"
#include "x86/emulate/emulate.h"
#include <signal.h>
#include <ucontext.h>

/* Contexts inside of clones, or of what they call, that handlers are to return to. One that is left by longjmp counts
 * for ever. */
extern _Atomic uint32_t vprec_guests_inside;

/* What vprec_guest_back needs. */
typedef struct vprec_guest {
    ucontext_t *uc;
    uint64_t rip, rsp;             /* the true ones */
    uint64_t shown_rip, shown_rsp;
    uint64_t flags;                /* true, if the spills hold the program's */
    vprec_cpu *cpu;                /* in the emulator: its state of the program */
    bool vectors;                  /* those of it have changed places with the context too */
    unsigned pushed;               /* at the emulator's door: words on the stack at rsp that have */
    vprec_place place;             /* in a clone */
    unsigned called;               /* vprec_version_called */
    const vprec_site *site;        /* in the emulator, or at its door: what it does */
    const struct vprec_image *image; /* of what is shown in the middle of what is counted together (clone/cross.h) */
    bool past, again; /* beyond the start of the instruction's code; it is executed from its start again */
} vprec_guest;

/* Changes the context in place: rip, rsp, and registers that a clone or the
 * emulator has put elsewhere. `info`: si_addr is translated. */
void vprec_guest_show(vprec_guest *guest, int number, siginfo_t *info, ucontext_t *uc);

/* After the program's handler. Left rip and rsp as they were shown: the true
 * context is put back, with the registers that the handler changed. Otherwise
 * the program goes on where the handler says, in the clone if there is one.
 * The mask and the alternate stack are the caller's. */
void vprec_guest_back(vprec_guest *guest);

#endif
