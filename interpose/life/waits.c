/* SPDX-License-Identifier: Apache-2.0
 * waits.c: waits for signals and waits under another mask. Ours may be among the
 * signals: one that the program blocks and lets in, or waits for, must not be missed
 * between the look at what is pending and the wait, and so the kernel really
 * blocks ours in between: nothing of the program's runs then. */
#include "runtime/next.h"
#include "runtime/sys.h"
#include "view.h"
#include <errno.h>
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
int xpg_sigpause(int number) __asm__("__xpg_sigpause");

#define EACH(_)                                                                                                        \
    _(sigsuspend) _(ppoll) _(pselect) _(epoll_pwait) _(epoll_pwait2) _(sigtimedwait) _(sigwait) _(sigwaitinfo)

VPREC_NEXT_TABLE(EACH)

static void really(int how)
{
    const uint64_t ours = VPREC_SET_OURS;
    vprec_sys(SYS_rt_sigprocmask, how, (long)&ours, 0, sizeof ours, 0, 0);
}

/* A wait under `set`, which the kernel gets without ours. */
typedef struct wait {
    vprec_view *view; /* NULL: it changes nothing of it */
    const sigset_t *set;
    sigset_t copy;
    bool blocked;
} wait;

static bool begin(wait *w, const sigset_t *set)
{
    *w = (wait){.set = set};
    if (!set || !vprec_view_active())
        return false;
    w->copy = *set;
    w->set = &w->copy;
    uint64_t to = *vprec_set_bits(&w->copy) & VPREC_SET_OURS;
    vprec_set_remove_ours(&w->copy);
    vprec_view *view = vprec_view_here();
    uint64_t now = view ? atomic_load(&view->blocked) : to;
    if (now == to)
        return false;
    w->view = view;
    w->blocked = now & ~to;
    if (w->blocked)
        really(SIG_BLOCK);
    atomic_store(&view->saved, now);
    atomic_store(&view->suspended, true);
    vprec_view_block(view, to);
    return true;
}

static void end(void *data)
{
    wait *w = data;
    if (atomic_exchange(&w->view->suspended, false))
        vprec_view_block(w->view, atomic_load(&w->view->saved));
    if (w->blocked)
        really(SIG_UNBLOCK);
}

/* The calling thread may be cancelled there. */
#define WAIT_UNDER(wanted, call)                                                                                       \
    wait w;                                                                                                            \
    int result;                                                                                                        \
    if (!begin(&w, wanted))                                                                                            \
        return call;                                                                                                   \
    pthread_cleanup_push(end, &w);                                                                                     \
    result = call;                                                                                                     \
    pthread_cleanup_pop(1);                                                                                            \
    return result

PUBLIC int sigsuspend(const sigset_t *set)
{
    WAIT_UNDER(set, NEXT(sigsuspend)(w.set));
}

PUBLIC int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set)
{
    WAIT_UNDER(set, NEXT(ppoll)(fds, n, timeout, w.set));
}

int ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set, size_t size)
    __asm__("__ppoll_chk");
PUBLIC int ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set, size_t size)
{
    static __typeof__(&ppoll_chk) real;
    if (!real)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "__ppoll_chk");
    WAIT_UNDER(set, real(fds, n, timeout, w.set, size));
}

PUBLIC int pselect(int n, fd_set *r, fd_set *w_, fd_set *e, const struct timespec *timeout, const sigset_t *set)
{
    WAIT_UNDER(set, NEXT(pselect)(n, r, w_, e, timeout, w.set));
}

PUBLIC int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *set)
{
    WAIT_UNDER(set, NEXT(epoll_pwait)(fd, events, n, timeout, w.set));
}

PUBLIC int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout, const sigset_t *set)
{
    WAIT_UNDER(set, NEXT(epoll_pwait2)(fd, events, n, timeout, w.set));
}

PUBLIC int __sigpause(int signal_or_mask, int is_signal)
{
    sigset_t set;
    sigemptyset(&set);
    if (!is_signal)
        *vprec_set_bits(&set) = (uint32_t)signal_or_mask;
    else if (sigprocmask(SIG_BLOCK, NULL, &set) || sigdelset(&set, signal_or_mask))
        return -1;
    return sigsuspend(&set);
}

PUBLIC int bsd_sigpause(int mask)
{
    return __sigpause(mask, 0);
}

PUBLIC int xpg_sigpause(int number)
{
    return __sigpause(number, 1);
}

static void waited(void *data)
{
    vprec_view *view = data;
    atomic_store(&view->waiting, 0);
    really(SIG_UNBLOCK);
}

static int wait_for(vprec_view *view, const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    uint64_t wanted = *(const uint64_t *)(const void *)set & VPREC_SET_OURS;
    siginfo_t one;
    int result;
    do {
        really(SIG_BLOCK);
        atomic_store(&view->waiting, wanted);
        if ((result = vprec_view_take(view, wanted, &one))) {
            if (one.si_code == SI_TKILL) /* as the C library does */
                one.si_code = SI_USER;
            waited(view);
            break;
        }
        pthread_cleanup_push(waited, view);
        result = NEXT(sigtimedwait)(set, &one, timeout);
        pthread_cleanup_pop(1);
        /* somebody else was quicker: once more */
    } while (result > 0 && vprec_view_is_word(&one) && !vprec_view_look(view, result, &one, true));
    if (result > 0 && info)
        *info = one;
    return result;
}

static vprec_view *if_ours(const sigset_t *set)
{
    return vprec_view_active() && vprec_set_has_ours(set) ? vprec_view_here() : NULL;
}

PUBLIC int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    vprec_view *view = if_ours(set);
    return view ? wait_for(view, set, info, timeout) : NEXT(sigtimedwait)(set, info, timeout);
}

PUBLIC int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    vprec_view *view = if_ours(set);
    return view ? wait_for(view, set, info, NULL) : NEXT(sigwaitinfo)(set, info);
}

PUBLIC int sigwait(const sigset_t *set, int *number)
{
    vprec_view *view = if_ours(set);
    if (!view)
        return NEXT(sigwait)(set, number);
    int result, before = errno;
    while ((result = wait_for(view, set, NULL, NULL)) < 0 && errno == EINTR)
        ;
    int error = errno;
    errno = before;
    if (result < 0)
        return error;
    *number = result;
    return 0;
}
