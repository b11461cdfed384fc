/* SPDX-License-Identifier: Apache-2.0
 * signals.c: the program's signal handlers run behind a wrapper that shows them
 * the original program (guest.c). Every function that sets a handler is wrapped.
 * What blocks signals is masks.c's; SIGTRAP and SIGSEGV are trap.c's. */
#include "frame.h"
#include "guest.h"
#include "precise.h"
#include "runtime/sets.h"
#include "runtime/sys.h"
#include "trap.h"
#include "view.h"
#include "x86/emulate/enter.h"
#include "x86/emulate/stack.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

int __sigaction(int, const struct sigaction *, struct sigaction *);

/* The program's actions by signal, where its handler runs behind ours. Those of SIGTRAP and SIGSEGV are trap.c's; default
 * and ignored ones are the kernel's. */
static vprec_action_store actions[_NSIG];
enum { FIRST_INTERNAL = 32, LAST_INTERNAL = 33 }; /* the C library's own */

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
static void call_shown(vprec_handler *handler, int number, siginfo_t *info, ucontext_t *uc)
{
    call c = {handler, number, info, uc};
    vprec_guest guest;
    vprec_guest_show(&guest, number, info, uc);
    uint64_t slot = vprec_stack_slot((uint64_t)__builtin_frame_address(0));
    if (slot)
        vprec_stack_call(call_handler, &c, *(uint64_t *)(slot - VPREC_SLOT_RSP) - VPREC_BELOW_ALL);
    else
        call_handler(&c);
    vprec_guest_back(&guest);
}

/* As the kernel calls a handler, on the frame that it returns by, which shows what the program believes. */
static void enter(int number, siginfo_t *info, void *context, uint64_t handler)
{
    ucontext_t *uc = context;
    uint64_t restorer = ((const uint64_t *)context)[-1]; /* where the kernel's frame has it */
    call_shown((vprec_handler *)handler, number, info, uc);
    uint64_t blocked = *vprec_set_bits(&uc->uc_sigmask) & VPREC_SET_OURS;
    vprec_set_remove_ours(&uc->uc_sigmask);
    vprec_view *view = vprec_view_here();
    if (!view)
        return;
    if (vprec_view_complete()) {
        vprec_view_restore_stack(view, &uc->uc_stack, (uint64_t)uc->uc_mcontext.gregs[REG_RSP]);
        uc->uc_stack = vprec_view_kernel_stack(view);
    }
    if (vprec_view_pending(view) & ~blocked && restorer == vprec_trap_restorer) { /* else it may be translated now */
        const uint64_t all = ~UINT64_C(0); /* until the handler's return */
        vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all, 0, 0);
    }
    vprec_view_block(view, blocked);
}

/* What the interrupted context shows of masks and stacks; the view becomes the handler's. */
static void show_view(vprec_view *view, const vprec_action *action, int number, ucontext_t *uc)
{
    uint64_t own = action->flags & SA_NODEFER ? 0 : UINT64_C(1) << (number - 1);
    vprec_set_remove_ours(&uc->uc_sigmask);
    if (!vprec_view_complete())
        return;
    uint64_t blocked = atomic_load(&view->blocked), shown = blocked;
    if (atomic_exchange(&view->suspended, false))
        shown = atomic_load(&view->saved);
    atomic_store(&view->blocked, (blocked | action->mask | own) & VPREC_SET_OURS);
    *vprec_set_bits(&uc->uc_sigmask) |= shown;
    uc->uc_stack = view->stack;
    if (view->stack.ss_flags & VPREC_SS_AUTODISARM)
        view->stack = (stack_t){.ss_flags = SS_DISABLE};
}

/* Where a handler's frame goes: below what the program, or vprec on its stack, has there, or on the alternate stack. */
static bool move(vprec_frame *to, const vprec_view *view, const vprec_action *action, const siginfo_t *info,
                 const ucontext_t *uc)
{
    enum { RED_ZONE = 128 };
    uint64_t rsp = (uint64_t)uc->uc_mcontext.gregs[REG_RSP], slot = vprec_stack_slot(rsp);
    uint64_t top = slot ? *(uint64_t *)(slot - VPREC_SLOT_RSP) - VPREC_BELOW_ALL : rsp - RED_ZONE, low = 0;
    const stack_t *stack = &view->stack;
    bool nested = vprec_view_on_stack(view, slot ? top : rsp);
    bool enters = action->flags & SA_ONSTACK && stack->ss_size && !nested;
    if (enters)
        top = (uint64_t)stack->ss_sp + stack->ss_size;
    if (enters || nested)
        low = (uint64_t)stack->ss_sp;
    return vprec_frame_copy(to, info, uc, top, low, action->restorer);
}

void vprec_signal_deliver(const vprec_action *action, int number, siginfo_t *info, ucontext_t *uc)
{
    vprec_view *view = vprec_view_here();
    uint64_t own = action->flags & SA_NODEFER ? 0 : UINT64_C(1) << (number - 1);
    uint64_t mask = (*vprec_set_bits(&uc->uc_sigmask) | action->mask | own) & ~VPREC_SET_OURS;
    if (view && vprec_view_on_kernel_stack(view, (uint64_t)__builtin_frame_address(0))) {
        vprec_frame frame;
        /* the kernel, too, has no other way to let it return, and none to give it a frame that does not fit */
        if (!(action->flags & VPREC_SA_RESTORER) || !move(&frame, view, action, info, uc)) {
            siginfo_t overflow = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};
            vprec_trap_die(SIGSEGV, &overflow, uc);
            return;
        }
        show_view(view, action, number, frame.uc);
        vprec_frame_call(uc, &frame, enter, number, action->handler, mask);
        return;
    }
    if (view) {
        vprec_view_arm_frame(view, uc);
        show_view(view, action, number, uc);
    }
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0, 0);
    enter(number, info, uc, action->handler);
}

void vprec_signal_again(int number, siginfo_t *info, ucontext_t *uc)
{
    const vprec_action action = vprec_action_read(&actions[number], NULL);
    vprec_signal_deliver(&action, number, info, uc);
}

/* The signal may be blocked here already, or every one is: see wrap. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    vprec_view *view = vprec_view_here();
    if (view && vprec_precise_waits(view, number, info, context))
        return;
    if (view)
        vprec_precise_give_up(view, context);
    vprec_signal_again(number, info, context);
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

/* The kernel's action as the program set it. */
static void reveal(vprec_action *old, const vprec_action *before)
{
    bool wrapped = old->handler == (uint64_t)on_signal;
    bool ran_once = !old->handler && old->flags & (uint32_t)SA_RESETHAND && vprec_action_is_handler(before);
    if (!wrapped && !ran_once && old->handler != before->handler)
        return; /* inherited */
    *old = *before;
    if (ran_once)
        old->handler = 0;
}

/* Ours in the place of a handler of the program. On the alternate stack, which is vprec's, nothing may interrupt it,
 * nor may a restorer of the program's, which is translated when it first runs. */
static void wrap(vprec_action *action)
{
    action->handler = (uint64_t)on_signal;
    action->restorer = vprec_trap_restorer;
    action->flags |= SA_SIGINFO | VPREC_SA_RESTORER;
    if (action->flags & SA_ONSTACK)
        action->mask = ~UINT64_C(0);
}

static bool is_known(int number)
{
    return owner && number >= 1 && number < _NSIG && number != SIGKILL && number != SIGSTOP;
}

long vprec_signal_action(int number, const vprec_action *action, vprec_action *old)
{
    if (!is_known(number))
        return vprec_sys(SYS_rt_sigaction, number, (long)action, (long)old, sizeof action->mask, 0, 0);
    bool ours = !borrowed();
    if (vprec_set_is_ours(number)) {
        vprec_trap_action(number, ours ? action : NULL, old);
        return 0;
    }
    vprec_action copy, before = vprec_action_read(&actions[number], NULL);
    if (action) {
        copy = *action;
        copy.mask &= ~VPREC_SET_OURS;
        if (ours) {
            before = vprec_action_write(&actions[number], action);
            if (vprec_action_is_handler(action))
                wrap(&copy);
        }
    }
    long result = vprec_sys(SYS_rt_sigaction, number, (long)(action ? &copy : NULL), (long)old, sizeof copy.mask, 0, 0);
    if (!result && old)
        reveal(old, &before);
    return result;
}

static int set_action(int number, const struct sigaction *action, struct sigaction *old)
{
    if (!is_known(number) || (number >= FIRST_INTERNAL && number <= LAST_INTERNAL))
        return __sigaction(number, action, old);
    vprec_action to, before;
    if (action)
        to = vprec_action_from_libc(action, vprec_trap_restorer);
    vprec_signal_action(number, action ? &to : NULL, &before);
    if (old)
        vprec_action_to_libc(old, &before);
    return 0;
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

PUBLIC int sigignore(int number)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    return set_action(number, &action, NULL);
}
