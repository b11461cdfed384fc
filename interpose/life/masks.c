/* SPDX-License-Identifier: Apache-2.0
 * masks.c: our signals stay deliverable whatever the program blocks: the functions
 * that change a thread's mask are wrapped, our signals never enter one. Handlers
 * and their masks are signals.c's. */
#include "runtime/next.h"
#include "runtime/sets.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define PUBLIC __attribute__((visibility("default")))

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* programs still call them */

/* The C library's header gives the name sigpause to X/Open's, which takes a signal. */
int __sigpause(int signal_or_mask, int is_signal);
int bsd_sigpause(int mask) __asm__("sigpause");

#define EACH(_)                                                                                             \
    _(sigprocmask) _(pthread_sigmask) _(sigsuspend) _(ppoll) _(pselect) _(epoll_pwait) _(epoll_pwait2)       \
    _(pthread_attr_setsigmask_np) _(__sigpause) _(sigblock) _(sigsetmask) _(sighold)

VPREC_NEXT_TABLE(EACH)

/* `*copy` becomes `set` without our signals; NULL stays NULL. */
static const sigset_t *without_ours(const sigset_t *set, sigset_t *copy)
{
    if (!set || !vprec_set_has_ours(set))
        return set;
    *copy = *set;
    vprec_set_remove_ours(copy);
    return copy;
}

static int bits_without_ours(int mask)
{
    return mask & ~(int)VPREC_SET_OURS;
}

PUBLIC int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t copy;
    return NEXT(sigprocmask)(how, how == SIG_UNBLOCK ? set : without_ours(set, &copy), old);
}

PUBLIC int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t copy;
    return NEXT(pthread_sigmask)(how, how == SIG_UNBLOCK ? set : without_ours(set, &copy), old);
}

PUBLIC int sigsuspend(const sigset_t *set)
{
    sigset_t copy;
    return NEXT(sigsuspend)(without_ours(set, &copy));
}

PUBLIC int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(ppoll)(fds, n, timeout, without_ours(set, &copy));
}

PUBLIC int pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(pselect)(n, r, w, e, timeout, without_ours(set, &copy));
}

PUBLIC int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(epoll_pwait)(fd, events, n, timeout, without_ours(set, &copy));
}

PUBLIC int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(epoll_pwait2)(fd, events, n, timeout, without_ours(set, &copy));
}

PUBLIC int pthread_attr_setsigmask_np(pthread_attr_t *attr, const sigset_t *set)
{
    sigset_t copy;
    return NEXT(pthread_attr_setsigmask_np)(attr, without_ours(set, &copy));
}

PUBLIC int __sigpause(int signal_or_mask, int is_signal)
{
    return NEXT(__sigpause)(is_signal ? signal_or_mask : bits_without_ours(signal_or_mask), is_signal);
}

PUBLIC int bsd_sigpause(int mask)
{
    return __sigpause(mask, 0);
}

PUBLIC int sigblock(int mask)
{
    return NEXT(sigblock)(bits_without_ours(mask));
}

PUBLIC int sigsetmask(int mask)
{
    return NEXT(sigsetmask)(bits_without_ours(mask));
}

PUBLIC int sighold(int number)
{
    return vprec_set_is_ours(number) ? 0 : NEXT(sighold)(number);
}
