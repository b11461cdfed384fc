/* SPDX-License-Identifier: Apache-2.0
 * trap.c: see trap.h. */
#include "trap.h"
#include "runtime/sys.h"
#include "sets.h"
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* glibc's own name: `sigaction` is wrapped in signals.c. */
int __sigaction(int, const struct sigaction *, struct sigaction *);

static _Atomic uint64_t *trap_count;
static struct sigaction program; /* its own action for SIGTRAP */

static void die(void)
{
    struct sigaction fatal = {.sa_handler = SIG_DFL};
    __sigaction(SIGTRAP, &fatal, NULL);
    /* pending until this handler returns */
    vprec_sys(SYS_tgkill, vprec_sys_getpid(), vprec_sys_gettid(), SIGTRAP, 0, 0, 0);
}

/* The program's breakpoint, or a signal that was sent. */
static void deliver(int number, siginfo_t *info, ucontext_t *uc)
{
    struct sigaction action = program;
    if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && info->si_code > 0)) {
        die();
        return;
    }
    if (action.sa_handler == SIG_IGN)
        return;
    if (action.sa_flags & (int)SA_RESETHAND)
        program.sa_handler = SIG_DFL;
    uint64_t mask, more;
    __builtin_memcpy(&mask, &uc->uc_sigmask, sizeof mask);
    __builtin_memcpy(&more, &action.sa_mask, sizeof more);
    mask = (mask | more) & ~(UINT64_C(1) << (SIGTRAP - 1)); /* the handler may meet traps of ours */
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0, 0);
    vprec_signal_call(action.sa_sigaction, number, info, uc);
}

static void on_trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    uint64_t at = (uint64_t)uc->uc_mcontext.gregs[REG_RIP] - 1;
    bool breakpoint = info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT;
    const vprec_image *image = breakpoint ? vprec_image_of(at) : NULL;
    uint64_t to = image ? vprec_image_find(image, at) : 0;
    if (!to) {
        deliver(number, info, uc);
        return;
    }
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
    vprec_image_enter(image, to);
    if (trap_count)
        atomic_fetch_add_explicit(trap_count, 1, memory_order_relaxed);
}

void vprec_trap_action(const struct sigaction *action, struct sigaction *old)
{
    struct sigaction before = program;
    if (action)
        program = *action;
    if (old)
        *old = before;
}

void vprec_trap_install(_Atomic uint64_t *traps)
{
    trap_count = traps;
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART, .sa_sigaction = on_trap};
    *vprec_set_bits(&action.sa_mask) = ~UINT64_C(0);
    __sigaction(SIGTRAP, &action, &program);
    vprec_signal_install();
    uint64_t only = UINT64_C(1) << (SIGTRAP - 1); /* an inherited mask may hold it */
    vprec_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&only, 0, sizeof only, 0, 0);
}
