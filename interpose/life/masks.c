/* SPDX-License-Identifier: Apache-2.0
 * masks.c: our signals stay deliverable whatever the program blocks: the functions
 * that change a thread's mask are wrapped, our signals never enter the kernel's,
 * and what the program reads is what it believes. Waits are waits.c's, handlers and
 * their masks signals.c's. */
#include "masks.h"
#include "runtime/next.h"
#include "view.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#define PUBLIC __attribute__((visibility("default")))

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* programs still call them */

#define EACH(_)                                                                                                        \
    _(sigprocmask) _(pthread_sigmask) _(sigpending) _(pthread_attr_setsigmask_np) _(pthread_attr_getsigmask_np)        \
    _(sigblock) _(sigsetmask) _(sighold) _(sigrelse)

VPREC_NEXT_TABLE(EACH)

enum { NOTED = 0x7670c0de, LAST = 15 };
_Static_assert(sizeof(sigset_t) == 8 * (LAST + 1), "the C library's");

void vprec_masks_note(sigset_t *set, uint64_t blocked)
{
    vprec_set_bits(set)[LAST] = (uint64_t)NOTED << 32 | blocked;
}

uint64_t vprec_masks_noted(const sigset_t *set)
{
    uint64_t word = ((const uint64_t *)(const void *)set)[LAST];
    return word >> 32 == NOTED ? word & VPREC_SET_OURS : 0;
}

typedef int changes(int how, const sigset_t *set, sigset_t *old);

/* `set` and `old` may be one. */
static int change(changes *function, int how, const sigset_t *set, sigset_t *old)
{
    if (!vprec_view_active())
        return function(how, set, old);
    sigset_t copy;
    uint64_t bits = 0;
    if (set) {
        copy = *set;
        bits = *vprec_set_bits(&copy) & VPREC_SET_OURS;
        vprec_set_remove_ours(&copy);
    }
    int result = function(how, set ? &copy : NULL, old);
    vprec_view *view = result ? NULL : vprec_view_here();
    if (!view)
        return result;
    uint64_t before = atomic_load(&view->blocked);
    if (old)
        *vprec_set_bits(old) |= before;
    if (set)
        vprec_view_block(view, how == SIG_BLOCK     ? before | bits
                               : how == SIG_UNBLOCK ? before & ~bits
                                                    : bits);
    return result;
}

PUBLIC int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return change(NEXT(sigprocmask), how, set, old);
}

PUBLIC int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    return change(NEXT(pthread_sigmask), how, set, old);
}

PUBLIC int sigpending(sigset_t *set)
{
    int result = NEXT(sigpending)(set);
    vprec_view *view = result ? NULL : vprec_view_here();
    if (view)
        *vprec_set_bits(set) |= vprec_view_pending(view) & atomic_load(&view->blocked);
    return result;
}

PUBLIC int pthread_attr_setsigmask_np(pthread_attr_t *attr, const sigset_t *set)
{
    if (!set || !vprec_view_active())
        return NEXT(pthread_attr_setsigmask_np)(attr, set);
    sigset_t copy = *set;
    vprec_masks_note(&copy, *vprec_set_bits(&copy) & VPREC_SET_OURS);
    vprec_set_remove_ours(&copy);
    return NEXT(pthread_attr_setsigmask_np)(attr, &copy);
}

PUBLIC int pthread_attr_getsigmask_np(const pthread_attr_t *attr, sigset_t *set)
{
    int result = NEXT(pthread_attr_getsigmask_np)(attr, set);
    if (result || !vprec_view_active())
        return result;
    uint64_t *words = vprec_set_bits(set);
    words[0] |= vprec_masks_noted(set);
    words[LAST] = words[LAST - 1];
    return result;
}

void vprec_masks_of_attr(const pthread_attr_t *attr, uint64_t *blocked)
{
    sigset_t set;
    if (NEXT(pthread_attr_getsigmask_np) && !NEXT(pthread_attr_getsigmask_np)(attr, &set))
        *blocked = vprec_masks_noted(&set);
}

static int change_bits(int how, int mask)
{
    sigset_t set, old;
    sigemptyset(&set);
    *vprec_set_bits(&set) = (uint32_t)mask;
    return change(NEXT(sigprocmask), how, &set, &old) ? -1 : (int)(uint32_t)*vprec_set_bits(&old);
}

PUBLIC int sigblock(int mask)
{
    return vprec_view_active() ? change_bits(SIG_BLOCK, mask) : NEXT(sigblock)(mask);
}

PUBLIC int sigsetmask(int mask)
{
    return vprec_view_active() ? change_bits(SIG_SETMASK, mask) : NEXT(sigsetmask)(mask);
}

static int change_one(int how, int number)
{
    sigset_t set;
    sigemptyset(&set);
    vprec_set_add(&set, number);
    return change(NEXT(sigprocmask), how, &set, NULL);
}

PUBLIC int sighold(int number)
{
    return vprec_view_active() && vprec_set_is_ours(number) ? change_one(SIG_BLOCK, number) : NEXT(sighold)(number);
}

PUBLIC int sigrelse(int number)
{
    return vprec_view_active() && vprec_set_is_ours(number) ? change_one(SIG_UNBLOCK, number) : NEXT(sigrelse)(number);
}
