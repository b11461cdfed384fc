/* SPDX-License-Identifier: Apache-2.0
 * lock.c: see lock.h. The owner's thread number lies on a page that a fork clears, since its child does not have that
 * thread, and that a vfork shares, since its child waits for the same work. */
#include "lock.h"
#include "runtime/memory.h"
#include "runtime/sys.h"
#include "x86/emulate/stack.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum { STACK = 1 << 17 }; /* little: it counts where a program's data is limited (RLIMIT_DATA) */

static _Atomic int32_t *owner; /* thread, 0 nobody */
static _Atomic int32_t busy;   /* as that, on a page that a fork copies */
static char *stack;

void vprec_lock_open(void)
{
    if (owner)
        return;
    _Atomic int32_t *page = vprec_pages(4096);
    if (page)
        vprec_sys_madvise((void *)page, 4096, MADV_WIPEONFORK);
    static _Atomic int32_t nowhere;
    owner = page ? page : &nowhere;
    stack = vprec_pages(STACK);
}

static enum vprec_lock take(void)
{
    enum { PATIENCE = 64 };
    const struct timespec pause = {0, 50000};
    int32_t self = vprec_sys_gettid();
    for (unsigned tries = 0;; tries++) {
        int32_t who = 0;
        if (atomic_compare_exchange_strong(owner, &who, self)) {
            if (!atomic_load(&busy)) {
                atomic_store(&busy, self);
                return VPREC_LOCK_DONE;
            }
            atomic_store(owner, 0);
            return VPREC_LOCK_BROKEN;
        }
        if (who == self)
            return VPREC_LOCK_INSIDE;
        if (tries < PATIENCE)
            vprec_sys(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
        else
            vprec_sys(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
    }
}

static void give(void)
{
    atomic_store(&busy, 0);
    atomic_store(owner, 0);
}

static uint64_t set_mask(uint64_t mask)
{
    uint64_t before = 0;
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, (long)&before, sizeof mask, 0, 0);
    return before;
}

static bool following;

enum vprec_lock vprec_lock_run(void (*work)(void *), void *data)
{
    const bool blocks = following; /* the first time nothing of ours can interrupt, and the mask is looked at */
    uint64_t mask = blocks ? set_mask(~UINT64_C(0)) : 0;
    enum vprec_lock lock = take();
    if (lock == VPREC_LOCK_DONE) {
        if (stack)
            vprec_stack_call(work, data, (uint64_t)(stack + STACK));
        else
            work(data);
        give();
    }
    if (blocks)
        set_mask(mask);
    return lock;
}

/* A child must not find the work half done. */
static uint64_t forking_mask;
static bool locked_to_fork;

static void before_fork(void)
{
    uint64_t mask = set_mask(~UINT64_C(0));
    if (take() == VPREC_LOCK_DONE) {
        locked_to_fork = true;
        forking_mask = mask;
    } else {
        set_mask(mask);
    }
}

static void after_fork(void)
{
    if (!locked_to_fork)
        return;
    uint64_t mask = forking_mask;
    locked_to_fork = false;
    give();
    set_mask(mask);
}

void vprec_lock_follow_forks(void)
{
    following = true;
    pthread_atfork(before_fork, after_fork, after_fork);
}
