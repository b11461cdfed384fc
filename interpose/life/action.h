/* SPDX-License-Identifier: Apache-2.0
 * action.h: what the program wants done with a signal, as the kernel keeps it
 * and as the C library says it; and a place for one that a signal handler may
 * read while any thread writes it. Installs nothing. */
#ifndef VPREC_LIFE_ACTION_H
#define VPREC_LIFE_ACTION_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* rt_sigaction's structure. */
typedef struct vprec_action {
    uint64_t handler; /* or SIG_DFL, SIG_IGN */
    uint64_t flags;
    uint64_t restorer; /* with SA_RESTORER among the flags */
    uint64_t mask;
} vprec_action;

enum { VPREC_SA_RESTORER = 0x04000000 };

/* `turns`: a reader may be interrupted for long, but not for so many writes. A child of fork finds it whole. */
enum { VPREC_ACTION_TURNS = 16 };
typedef struct vprec_action_store {
    _Atomic uint32_t now, next; /* of `turns`, counted on without end */
    vprec_action turns[VPREC_ACTION_TURNS];
} vprec_action_store;

/* `seen`, if not NULL, receives what vprec_action_reset wants. */
vprec_action vprec_action_read(vprec_action_store *store, uint32_t *seen);

/* Gives what was there before. Without SIGKILL, SIGSTOP and flags that no kernel knows, as the kernel keeps it. */
vprec_action vprec_action_write(vprec_action_store *store, const vprec_action *action);

/* SA_RESETHAND: default from now on, unless somebody has written since it was seen. */
void vprec_action_reset(vprec_action_store *store, uint32_t seen);

/* The C library's form. `restorer`: the one it gives to the kernel. */
vprec_action vprec_action_from_libc(const struct sigaction *action, uint64_t restorer);
void vprec_action_to_libc(struct sigaction *to, const vprec_action *action);

static inline bool vprec_action_is_handler(const vprec_action *action)
{
    return action->handler > 1; /* SIG_DFL, SIG_IGN */
}

#endif
