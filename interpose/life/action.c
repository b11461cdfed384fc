/* SPDX-License-Identifier: Apache-2.0
 * action.c: see action.h. */
#include "action.h"

vprec_action vprec_action_read(vprec_action_store *store, uint32_t *seen)
{
    uint32_t now = atomic_load(&store->now);
    if (seen)
        *seen = now;
    return store->turns[now % VPREC_ACTION_TURNS];
}

vprec_action vprec_action_write(vprec_action_store *store, const vprec_action *action)
{
    enum { EXPOSE_TAGBITS = 0x800 }; /* SA_EXPOSE_TAGBITS */
    const uint64_t known = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |
                           (uint32_t)SA_RESETHAND | EXPOSE_TAGBITS | VPREC_SA_RESTORER;
    const uint64_t never = UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1);
    uint32_t mine = atomic_fetch_add(&store->next, 1) + 1;
    vprec_action *to = &store->turns[mine % VPREC_ACTION_TURNS];
    *to = *action;
    to->flags &= known;
    to->mask &= ~never;
    uint32_t before = atomic_exchange(&store->now, mine);
    return store->turns[before % VPREC_ACTION_TURNS];
}

void vprec_action_reset(vprec_action_store *store, uint32_t seen)
{
    uint32_t mine = atomic_fetch_add(&store->next, 1) + 1;
    vprec_action *to = &store->turns[mine % VPREC_ACTION_TURNS];
    *to = store->turns[seen % VPREC_ACTION_TURNS];
    to->handler = 0; /* the kernel keeps the rest */
    atomic_compare_exchange_strong(&store->now, &seen, mine);
}

vprec_action vprec_action_from_libc(const struct sigaction *action, uint64_t restorer)
{
    vprec_action a = {.handler = (uint64_t)action->sa_sigaction, .restorer = restorer};
    a.flags = (uint32_t)action->sa_flags | VPREC_SA_RESTORER;
    __builtin_memcpy(&a.mask, &action->sa_mask, sizeof a.mask);
    return a;
}

void vprec_action_to_libc(struct sigaction *to, const vprec_action *action)
{
    __builtin_memset(&to->sa_mask, 0, sizeof to->sa_mask);
    to->sa_handler = (sighandler_t)action->handler;
    to->sa_flags = (int)(uint32_t)action->flags;
    to->sa_restorer = (void (*)(void))action->restorer;
    __builtin_memcpy(&to->sa_mask, &action->mask, sizeof action->mask);
}
