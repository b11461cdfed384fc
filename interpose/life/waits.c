/* SPDX-License-Identifier: Apache-2.0
 * waits.c: waits for signals and waits under another mask. Ours may be among the
 * signals: one that the program blocks and lets in, or waits for, must not be missed
 * between the look at what is pending and the wait, and so the kernel really
 * blocks ours in between: nothing of the program's runs then. */
#include "waits.h"
#include "runtime/next.h"
#include "runtime/sys.h"
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

bool vprec_wait_begin(vprec_wait *wait, uint64_t ours)
{
    vprec_view *view = vprec_view_here();
    uint64_t now = view ? atomic_load(&view->blocked) : ours;
    if (now == ours)
        return false;
    *wait = (vprec_wait){view, now & ~ours};
    if (wait->blocked)
        really(SIG_BLOCK);
    atomic_store(&view->saved, now);
    atomic_store(&view->suspended, true);
    vprec_view_block(view, ours);
    return true;
}

void vprec_wait_end(void *data)
{
    const vprec_wait *wait = data;
    if (atomic_exchange(&wait->view->suspended, false))
        vprec_view_block(wait->view, atomic_load(&wait->view->saved));
    if (wait->blocked)
        really(SIG_UNBLOCK);
}

typedef struct under {
    vprec_wait wait;
    const sigset_t *set; /* without ours */
    sigset_t copy;
} under;

static bool begin(under *u, const sigset_t *set)
{
    u->set = set;
    if (!set || !vprec_view_active())
        return false;
    u->copy = *set;
    u->set = &u->copy;
    uint64_t ours = *vprec_set_bits(&u->copy) & VPREC_SET_OURS;
    vprec_set_remove_ours(&u->copy);
    return vprec_wait_begin(&u->wait, ours);
}

/* The calling thread may be cancelled there. */
#define WAIT_UNDER(set, call)                                                                                          \
    under u;                                                                                                           \
    int result;                                                                                                        \
    if (!begin(&u, set))                                                                                               \
        return call;                                                                                                   \
    pthread_cleanup_push(vprec_wait_end, &u.wait);                                                                     \
    result = call;                                                                                                     \
    pthread_cleanup_pop(1);                                                                                            \
    return result

PUBLIC int sigsuspend(const sigset_t *mask)
{
    WAIT_UNDER(mask, NEXT(sigsuspend)(u.set));
}

PUBLIC int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    WAIT_UNDER(mask, NEXT(ppoll)(fds, n, timeout, u.set));
}

int ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *set, size_t size)
    __asm__("__ppoll_chk");
PUBLIC int ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
    static __typeof__(&ppoll_chk) real;
    if (!real)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "__ppoll_chk");
    WAIT_UNDER(mask, real(fds, n, timeout, u.set, size));
}

PUBLIC int pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout, const sigset_t *mask)
{
    WAIT_UNDER(mask, NEXT(pselect)(n, r, w, e, timeout, u.set));
}

PUBLIC int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
    WAIT_UNDER(mask, NEXT(epoll_pwait)(fd, events, n, timeout, u.set));
}

PUBLIC int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout, const sigset_t *mask)
{
    WAIT_UNDER(mask, NEXT(epoll_pwait2)(fd, events, n, timeout, u.set));
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

void vprec_wait_for_end(void *data)
{
    vprec_view *view = data;
    atomic_store(&view->waiting, 0);
    really(SIG_UNBLOCK);
}

long vprec_wait_for(vprec_view *view, uint64_t ours, siginfo_t *info, vprec_wait_call *call, void *data)
{
    for (;;) {
        really(SIG_BLOCK);
        atomic_store(&view->waiting, ours);
        int taken = vprec_view_take(view, ours, info);
        long result = taken ? taken : call(data, info);
        vprec_wait_for_end(view);
        if (taken || result <= 0 || !vprec_view_is_word(info) || vprec_view_look(view, (int)result, info, true))
            return result;
        /* somebody else was quicker: once more */
    }
}

typedef struct wanted {
    const sigset_t *set;
    const struct timespec *timeout;
    vprec_view *view;
} wanted;

static long call_libc(void *data, siginfo_t *info)
{
    const wanted *w = data;
    int result;
    pthread_cleanup_push(vprec_wait_for_end, w->view);
    result = NEXT(sigtimedwait)(w->set, info, w->timeout);
    pthread_cleanup_pop(0);
    return result;
}

static int wait_for(vprec_view *view, const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    wanted w = {set, timeout, view};
    siginfo_t one;
    int result =
        (int)vprec_wait_for(view, *(const uint64_t *)(const void *)set & VPREC_SET_OURS, &one, call_libc, &w);
    if (result > 0 && one.si_code == SI_TKILL) /* as the C library does */
        one.si_code = SI_USER;
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
