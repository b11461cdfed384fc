/* SPDX-License-Identifier: Apache-2.0
 * signals.c: SIGTRAP stays deliverable whatever the program does with signals.
 * The functions that change masks and handlers are wrapped: SIGTRAP never
 * enters a mask, and a program's own action for it is kept by trap.c. */
#include "trap.h"
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define PUBLIC __attribute__((visibility("default")))

/* The next definition after ours of the calling function's name. */
#define NEXT(name) \
    ({ \
        static __typeof__(&name) next; \
        if (!next) \
            next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
        next; \
    })

int __sigaction(int, const struct sigaction *, struct sigaction *);

/* `*copy` becomes `set` without SIGTRAP; NULL stays NULL. */
static const sigset_t *without_trap(const sigset_t *set, sigset_t *copy)
{
    if (!set || !sigismember(set, SIGTRAP))
        return set;
    *copy = *set;
    sigdelset(copy, SIGTRAP);
    return copy;
}

PUBLIC int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (number == SIGTRAP && vprec_trap_action(action, old))
        return 0;
    struct sigaction copy;
    if (action && sigismember(&action->sa_mask, SIGTRAP)) {
        copy = *action;
        sigdelset(&copy.sa_mask, SIGTRAP);
        action = &copy;
    }
    return __sigaction(number, action, old);
}

PUBLIC sighandler_t signal(int number, sighandler_t handler)
{
    if (number == SIGTRAP) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
        if (vprec_trap_action(&action, &old))
            return old.sa_handler;
    }
    return NEXT(signal)(number, handler);
}

PUBLIC int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t copy;
    return NEXT(sigprocmask)(how, how == SIG_UNBLOCK ? set : without_trap(set, &copy), old);
}

PUBLIC int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t copy;
    return NEXT(pthread_sigmask)(how, how == SIG_UNBLOCK ? set : without_trap(set, &copy), old);
}

PUBLIC int sigsuspend(const sigset_t *set)
{
    sigset_t copy;
    return NEXT(sigsuspend)(without_trap(set, &copy));
}

PUBLIC int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(ppoll)(fds, n, timeout, without_trap(set, &copy));
}

PUBLIC int pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(pselect)(n, r, w, e, timeout, without_trap(set, &copy));
}

PUBLIC int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(epoll_pwait)(fd, events, n, timeout, without_trap(set, &copy));
}

PUBLIC int pthread_attr_setsigmask_np(pthread_attr_t *attr, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(pthread_attr_setsigmask_np)(attr, without_trap(set, &copy));
}
