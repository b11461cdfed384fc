/* SPDX-License-Identifier: Apache-2.0
 * signals.c: the program's signal handlers run behind a wrapper that shows them
 * the original program (guest.c). Every function that sets a handler is wrapped.
 * What blocks signals is masks.c's; SIGTRAP and SIGSEGV are trap.c's. */
#include "guest.h"
#include "runtime/sets.h"
#include "runtime/sys.h"
#include "trap.h"
#include "x86/emulate/enter.h"
#include "x86/emulate/stack.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

int __sigaction(int, const struct sigaction *, struct sigaction *);

/* The program's handlers by signal, in one word each: a signal may arrive while
 * another thread changes it. Default and ignored actions are the kernel's. */
static _Atomic uint64_t handlers[_NSIG];
enum { FIRST_INTERNAL = 32, LAST_INTERNAL = 33 }; /* the C library's own */
#define TAKES_INFO (UINT64_C(1) << 63)
#define BLOCKS_TRAP (UINT64_C(1) << 62) /* its sa_mask holds SIGTRAP, */
#define BLOCKS_FAULT (UINT64_C(1) << 61) /* SIGSEGV */
#define ADDRESS (BLOCKS_FAULT - 1)

static _Atomic uint64_t interrupts; /* signals whose handlers set by signal() interrupt system calls */

/* The process that the table belongs to, on a page that fork clears and vfork
 * shares. NULL: handlers are not wrapped. */
static _Atomic pid_t *owner;

/* A child of vfork: what it writes would be its parent's. */
static bool borrowed(void)
{
    pid_t self = vprec_sys_getpid(), who = atomic_load(owner);
    if (!who)
        atomic_store(owner, self);
    return who && who != self;
}

static uint64_t word_of(const struct sigaction *action)
{
    return (uint64_t)action->sa_sigaction | (action->sa_flags & SA_SIGINFO ? TAKES_INFO : 0) |
           (vprec_set_has(&action->sa_mask, SIGTRAP) ? BLOCKS_TRAP : 0) |
           (vprec_set_has(&action->sa_mask, SIGSEGV) ? BLOCKS_FAULT : 0);
}

typedef struct call {
    vprec_handler *handler;
    int number;
    siginfo_t *info;
    void *context;
} call;

static void call_handler(void *data)
{
    const call *c = data;
    c->handler(c->number, c->info, c->context);
}

/* A signal that interrupts the emulator is delivered on the emulator's stack. The handler may want more of one, leave
 * by longjmp, or look for the thread's own: it runs where it would natively. */
void vprec_signal_call(vprec_handler *handler, int number, siginfo_t *info, void *context)
{
    call c = {handler, number, info, context};
    vprec_guest guest;
    vprec_guest_show(&guest, number, info, context);
    uint64_t slot = vprec_stack_slot((uint64_t)__builtin_frame_address(0));
    if (slot)
        vprec_stack_call(call_handler, &c, *(uint64_t *)(slot - VPREC_SLOT_RSP) - VPREC_BELOW_ALL);
    else
        call_handler(&c);
    vprec_guest_back(&guest);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    vprec_signal_call((vprec_handler *)(atomic_load(&handlers[number]) & ADDRESS), number, info, context);
}

void vprec_signal_install(void)
{
    void *page = vprec_sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    vprec_sys_madvise(page, 4096, MADV_WIPEONFORK);
    owner = page;
    atomic_store(owner, vprec_sys_getpid());
}

static bool is_handler(const struct sigaction *action)
{
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN && action->sa_handler != SIG_ERR;
}

/* The kernel's action as the program set it. */
static void reveal(struct sigaction *old, uint64_t word)
{
    bool wrapped = old->sa_sigaction == on_signal;
    if (wrapped)
        old->sa_sigaction = (vprec_handler *)(word & ADDRESS);
    else if (old->sa_handler != SIG_DFL || !(old->sa_flags & (int)SA_RESETHAND)) /* was it wrapped until it ran? */
        return;
    if (!(word & TAKES_INFO))
        old->sa_flags &= ~SA_SIGINFO;
    if (word & BLOCKS_TRAP)
        vprec_set_add(&old->sa_mask, SIGTRAP);
    if (word & BLOCKS_FAULT)
        vprec_set_add(&old->sa_mask, SIGSEGV);
}

static int set_action(int number, const struct sigaction *action, struct sigaction *old)
{
    if (!owner || number < 1 || number >= _NSIG || (number >= FIRST_INTERNAL && number <= LAST_INTERNAL) ||
        number == SIGKILL || number == SIGSTOP)
        return __sigaction(number, action, old);
    bool ours = !borrowed();
    if (vprec_set_is_ours(number)) {
        vprec_trap_action(number, ours ? action : NULL, old);
        return 0;
    }
    struct sigaction copy;
    uint64_t word = atomic_load(&handlers[number]);
    if (action) {
        copy = *action;
        vprec_set_remove_ours(&copy.sa_mask);
        if (ours && is_handler(action)) {
            copy.sa_sigaction = on_signal;
            copy.sa_flags |= SA_SIGINFO;
            word = atomic_exchange(&handlers[number], word_of(action));
        }
        action = &copy;
    }
    int result = __sigaction(number, action, old);
    if (!result && old)
        reveal(old, word);
    return result;
}

PUBLIC int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    return set_action(number, action, old);
}

/* signal() of the kinds `flags` and `mask`. */
static sighandler_t set_handler(int number, sighandler_t handler, int flags, bool block_itself)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, old;
    if (handler == SIG_ERR || number < 1 || number >= _NSIG) {
        errno = EINVAL;
        return SIG_ERR;
    }
    if (block_itself)
        vprec_set_add(&action.sa_mask, number);
    return set_action(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

static sighandler_t set_bsd(int number, sighandler_t handler)
{
    bool breaks = number >= 1 && number < _NSIG && atomic_load(&interrupts) >> (number - 1) & 1;
    return set_handler(number, handler, breaks ? 0 : SA_RESTART, true);
}

PUBLIC sighandler_t signal(int number, sighandler_t handler)
{
    return set_bsd(number, handler);
}

PUBLIC sighandler_t ssignal(int number, sighandler_t handler)
{
    return set_bsd(number, handler);
}

sighandler_t bsd_signal(int number, sighandler_t handler);
PUBLIC sighandler_t bsd_signal(int number, sighandler_t handler)
{
    return set_bsd(number, handler);
}

PUBLIC sighandler_t __sysv_signal(int number, sighandler_t handler)
{
    return set_handler(number, handler, (int)(SA_RESETHAND | SA_NODEFER), false);
}

PUBLIC sighandler_t sysv_signal(int number, sighandler_t handler)
{
    return set_handler(number, handler, (int)(SA_RESETHAND | SA_NODEFER), false);
}

PUBLIC int siginterrupt(int number, int breaks)
{
    struct sigaction action;
    if (set_action(number, NULL, &action))
        return -1;
    uint64_t bit = UINT64_C(1) << (number - 1);
    if (breaks)
        atomic_fetch_or(&interrupts, bit);
    else
        atomic_fetch_and(&interrupts, ~bit);
    action.sa_flags = breaks ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return set_action(number, &action, NULL);
}

PUBLIC sighandler_t sigset(int number, sighandler_t handler)
{
    struct sigaction action = {.sa_handler = handler}, old;
    sigset_t only, before;
    if (handler == SIG_ERR || number < 1 || number >= _NSIG) {
        errno = EINVAL;
        return SIG_ERR;
    }
    *vprec_set_bits(&only) = 0;
    vprec_set_add(&only, number);
    bool holds = handler == SIG_HOLD;
    if (set_action(number, holds ? NULL : &action, &old) ||
        sigprocmask(holds ? SIG_BLOCK : SIG_UNBLOCK, &only, &before))
        return SIG_ERR;
    return vprec_set_has(&before, number) ? SIG_HOLD : old.sa_handler;
}
