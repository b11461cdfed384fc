/* SPDX-License-Identifier: Apache-2.0
 * harden.h: what a program does to forbid itself what translating it takes. Only tells whoever translates, in time. */
#ifndef VPREC_LIFE_HARDEN_H
#define VPREC_LIFE_HARDEN_H

#include <stdbool.h>

enum vprec_hardening {
    VPREC_HARDENING_NONE,
    VPREC_HARDENING_EXECUTE = 1, /* PR_SET_MDWE: what has no X never gets it */
    VPREC_HARDENING_CALLS = 2,   /* seccomp and its like: system calls may be refused, or kill */
    VPREC_HARDENING_SEAL = 4     /* mseal: of some memory the protection stays as it is */
};

/* Called before the program's own system call, of any thread, with what it forbids; NULL: nobody is. After it nothing
 * may be needed any more that is forbidden. Async-signal-safe. */
extern void (*vprec_harden_begins)(enum vprec_hardening what);

/* To be told of each system call that might be one of these, before it is made, whoever makes it: its number and
 * first argument. */
void vprec_harden_call(long number, long first);

/* What this process, or one that it was forked from, has forbidden itself so far, OR-ed. */
enum vprec_hardening vprec_harden_done(void);

#endif
