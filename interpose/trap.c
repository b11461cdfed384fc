/* SPDX-License-Identifier: Apache-2.0
 * trap.c: see trap.h. */
#include "trap.h"
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* glibc's own name: `sigaction` is wrapped in signals.c. */
int __sigaction(int, const struct sigaction *, struct sigaction *);

enum { IMAGES = 4096 };
static const vprec_image *_Atomic images[IMAGES];
static atomic_size_t image_count;
static _Atomic uint64_t *trap_count;
static bool installed;
static struct sigaction program; /* its own action for SIGTRAP */

bool vprec_image_add(const vprec_image *image)
{
    for (size_t i = 0; i < IMAGES; i++) {
        if (atomic_load(&images[i]))
            continue;
        atomic_store(&images[i], image);
        if (i >= atomic_load(&image_count))
            atomic_store(&image_count, i + 1);
        return true;
    }
    return false;
}

void vprec_image_drop(const vprec_image *image)
{
    for (size_t i = 0; i < atomic_load(&image_count); i++)
        if (atomic_load(&images[i]) == image)
            atomic_store(&images[i], NULL);
}

bool vprec_image_covers(uint64_t address)
{
    for (size_t i = 0; i < atomic_load_explicit(&image_count, memory_order_acquire); i++) {
        const vprec_image *image = atomic_load_explicit(&images[i], memory_order_acquire);
        if (image && address - image->lo < image->hi - image->lo)
            return true;
    }
    return false;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    uint64_t at = (uint64_t)uc->uc_mcontext.gregs[REG_RIP] - 1;
    for (size_t i = 0; i < atomic_load_explicit(&image_count, memory_order_acquire); i++) {
        const vprec_image *image = atomic_load_explicit(&images[i], memory_order_acquire);
        if (!image || at < image->lo || at >= image->hi)
            continue;
        uint64_t to = vprec_image_find(image, at);
        if (to) {
            uc->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
            if (trap_count)
                atomic_fetch_add_explicit(trap_count, 1, memory_order_relaxed);
            return;
        }
    }
    /* the program's own breakpoint */
    if (program.sa_flags & SA_SIGINFO && program.sa_sigaction) {
        program.sa_sigaction(number, info, context);
    } else if (program.sa_handler == SIG_DFL) {
        struct sigaction fatal = {.sa_handler = SIG_DFL};
        __sigaction(SIGTRAP, &fatal, NULL);
        syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGTRAP); /* pending until this handler returns */
    } else if (program.sa_handler != SIG_IGN) {
        program.sa_handler(number);
    }
}

bool vprec_trap_action(const struct sigaction *action, struct sigaction *old)
{
    if (!installed)
        return false;
    struct sigaction before = program;
    if (action)
        program = *action;
    if (old)
        *old = before;
    return true;
}

void vprec_trap_install(_Atomic uint64_t *traps)
{
    trap_count = traps;
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART, .sa_sigaction = on_trap};
    sigfillset(&action.sa_mask);
    __sigaction(SIGTRAP, &action, &program);
    installed = true;
    uint64_t only = UINT64_C(1) << (SIGTRAP - 1); /* an inherited mask may hold it */
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &only, NULL, sizeof only);
}
