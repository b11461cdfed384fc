/* SPDX-License-Identifier: Apache-2.0
 * view.c: see view.h. Called in signal handlers, and by threads that are not
 * the C library's: no locks, no thread-local variables, no C library. */
#include "view.h"
#include "harden.h"
#include "meters.h"
#include "runtime/memory.h"
#include "runtime/sys.h"
#include "self.h"
#include <errno.h>
#include <pthread.h>

/* Signals of ours that are pending for the process, on a page that a child of fork finds empty. */
enum state { EMPTY, CHANGING, FULL };
typedef struct kept {
    _Atomic int state;
    siginfo_t info;
} kept;
typedef struct process {
    kept kept[2];
    _Atomic uint32_t id;
} process;
static kept *of_process; /* [2], of a `process`; NULL: the signals are not ours */
static process without_page;

static int number_of(int k)
{
    return k ? SIGSEGV : SIGTRAP;
}

static uint64_t bit_of(int number)
{
    return UINT64_C(1) << (number - 1);
}

bool vprec_view_active(void)
{
    return of_process;
}

bool vprec_view_sees_all;
static bool is_go; /* the program */

bool vprec_view_complete(void)
{
    return vprec_view_sees_all || !is_go;
}

static uint32_t owner_of(const vprec_view *view)
{
    const vprec_stacks *s = (const vprec_stacks *)vprec_page_start((uint64_t)view);
    return (uint32_t)(atomic_load(&s->owner) >> 32);
}

/* Before a change by the child of a vfork, whose memory is its parent's: the parent finds what it had. */
static void keep_for_parent(vprec_view *view)
{
    uint32_t self = (uint32_t)vprec_sys_getpid();
    if (view->lent || self == owner_of(view) || atomic_load(&((process *)of_process)->id) != owner_of(view))
        return;
    view->lent_blocked = atomic_load(&view->blocked);
    view->lent_stack = view->stack;
    view->lent = true;
}

static void take_back(vprec_view *view)
{
    if ((uint32_t)vprec_sys_getpid() != owner_of(view))
        return;
    view->lent = false;
    view->stack = view->lent_stack;
    atomic_store(&view->blocked, view->lent_blocked);
}

vprec_view *vprec_view_here(void)
{
    if (!of_process)
        return NULL;
    vprec_stacks *s = vprec_stack_find();
    if (!s)
        s = vprec_stack_make();
    if (s && s->view->lent)
        take_back(s->view);
    return s ? s->view : NULL;
}

static void note_process(void)
{
    atomic_store(&((process *)of_process)->id, (uint32_t)vprec_sys_getpid());
}

void vprec_view_forked(void)
{
    vprec_stack_forked();
    vprec_meters_start();
    note_process();
}

void vprec_view_start(uint64_t blocked)
{
    void *page = vprec_sys_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED)
        vprec_sys_madvise(page, 4096, MADV_WIPEONFORK);
    is_go = vprec_self_is_go();
    of_process = page == MAP_FAILED ? without_page.kept : page;
    note_process();
    vprec_view *view = vprec_view_here();
    if (!view)
        return;
    vprec_view_block(view, blocked);
    vprec_view_arm(view);
    pthread_atfork(NULL, NULL, vprec_view_forked);
}

static uint64_t kernel_low(const vprec_view *view)
{
    return vprec_page_start((uint64_t)view) - VPREC_STACK_SLOTS * VPREC_STACK_SLOT - VPREC_STACK_SIGNAL;
}

stack_t vprec_view_kernel_stack(const vprec_view *view)
{
    return (stack_t){.ss_sp = (void *)kernel_low(view), .ss_size = VPREC_STACK_SIGNAL};
}

bool vprec_view_on_kernel_stack(const vprec_view *view, uint64_t rsp)
{
    return rsp - kernel_low(view) < VPREC_STACK_SIGNAL;
}

static long set_kernel_stack(const stack_t *stack, stack_t *old)
{
    return vprec_sys(SYS_sigaltstack, (long)stack, (long)old, 0, 0, 0, 0);
}

void vprec_view_arm(vprec_view *view)
{
    stack_t ours = vprec_view_kernel_stack(view), old = {0};
    bool refused = vprec_harden_done() & VPREC_HARDENING_CALLS; /* perhaps; a handler's frame can do it, too */
    if (vprec_view_complete() && !refused && !set_kernel_stack(&ours, &old) && old.ss_sp != ours.ss_sp) {
        old.ss_flags &= VPREC_SS_AUTODISARM;
        view->stack = old;
    }
}

void vprec_view_arm_frame(vprec_view *view, ucontext_t *uc)
{
    stack_t ours = vprec_view_kernel_stack(view);
    if (uc->uc_stack.ss_sp == ours.ss_sp || !vprec_view_complete())
        return;
    view->stack = uc->uc_stack;
    uc->uc_stack = ours;
}

static bool within(const stack_t *stack, uint64_t rsp)
{
    uint64_t low = (uint64_t)stack->ss_sp;
    return stack->ss_size && rsp > low && rsp - low <= stack->ss_size;
}

bool vprec_view_on_stack(const vprec_view *view, uint64_t rsp)
{
    return !(view->stack.ss_flags & VPREC_SS_AUTODISARM) && within(&view->stack, rsp);
}

/* The kernel says whether it would take it. */
static int judge(const vprec_view *view, const stack_t *stack)
{
    const uint64_t all = ~UINT64_C(0);
    stack_t ours = vprec_view_kernel_stack(view);
    uint64_t before;
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all, 0, 0);
    long result = set_kernel_stack(stack, NULL);
    set_kernel_stack(&ours, NULL);
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before, 0, 0);
    return (int)result;
}

int vprec_view_alternate(vprec_view *view, const stack_t *stack, stack_t *old, uint64_t rsp)
{
    stack_t before = view->stack;
    bool on = vprec_view_on_stack(view, rsp);
    if (stack) {
        if (on)
            return -EPERM;
        int result = judge(view, stack);
        if (result)
            return result;
        stack_t to = {.ss_sp = stack->ss_sp, .ss_flags = stack->ss_flags, .ss_size = stack->ss_size};
        if ((to.ss_flags & ~VPREC_SS_AUTODISARM) == SS_DISABLE)
            to.ss_sp = NULL, to.ss_size = 0;
        keep_for_parent(view);
        view->stack = to;
    }
    if (old) {
        *old = before;
        old->ss_flags = (before.ss_size ? on ? SS_ONSTACK : 0 : SS_DISABLE) | (before.ss_flags & VPREC_SS_AUTODISARM);
    }
    return 0;
}

void vprec_view_restore_stack(vprec_view *view, const stack_t *stack, uint64_t rsp)
{
    const stack_t *now = &view->stack;
    if (stack->ss_sp != now->ss_sp || stack->ss_flags != now->ss_flags || stack->ss_size != now->ss_size)
        vprec_view_alternate(view, stack, NULL, rsp); /* in vain, perhaps: nor does the kernel say so */
}

static long send(uint64_t owner, int number, const siginfo_t *info)
{
    return vprec_sys(SYS_rt_tgsigqueueinfo, (long)(owner >> 32), (long)(uint32_t)owner, number, (long)info, 0, 0);
}

static void to_kernel(vprec_view *view, uint64_t signals)
{
    uint64_t owner = (uint64_t)vprec_sys_getpid() << 32 | (uint32_t)vprec_sys_gettid();
    siginfo_t info;
    for (int number; (number = vprec_view_take(view, signals, &info));)
        send(owner, number, &info);
}

void vprec_view_block(vprec_view *view, uint64_t blocked)
{
    const uint64_t ours = VPREC_SET_OURS;
    if (!vprec_view_complete())
        blocked = 0;
    keep_for_parent(view);
    atomic_store(&view->blocked, blocked);
    if (!(vprec_view_pending(view) & ~blocked))
        return;
    /* in the kernel's hands, and out of them in its order */
    uint64_t before;
    vprec_sys(SYS_rt_sigprocmask, SIG_BLOCK, (long)&ours, (long)&before, sizeof ours, 0, 0);
    to_kernel(view, ~blocked);
    vprec_sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before, 0, 0);
}

static bool keep(kept *k, const siginfo_t *info)
{
    int state = EMPTY;
    if (!atomic_compare_exchange_strong(&k->state, &state, CHANGING))
        return false; /* one is enough, as for the kernel */
    k->info = *info;
    atomic_store(&k->state, FULL);
    return true;
}

static bool take(kept *k, siginfo_t *info)
{
    int state = FULL;
    if (!atomic_compare_exchange_strong(&k->state, &state, CHANGING))
        return false;
    *info = k->info;
    atomic_store(&k->state, EMPTY);
    return true;
}

/* Another thread looks for what is kept for the process: one that waits for it before all others, else one that does not
 * block it. The kernel lets nobody send another thread what has come from the kernel or from elsewhere: it gets word. */
static void pass_on(const vprec_view *view, int number)
{
    uint32_t process = (uint32_t)vprec_sys_getpid();
    const siginfo_t word = {.si_signo = number, .si_code = SI_QUEUE, .si_value = {.sival_ptr = of_process}};
    for (int only_waiting = 1; only_waiting >= 0; only_waiting--)
        for (vprec_stacks *s = vprec_stack_all(); s; s = s->others) {
            uint64_t owner = atomic_load(&s->owner);
            const vprec_view *v = s->view;
            uint64_t takes = only_waiting ? atomic_load(&v->waiting) : ~atomic_load(&v->blocked);
            if (v != view && owner >> 32 == process && (uint32_t)owner && (uint32_t)owner != UINT32_MAX &&
                takes & bit_of(number) && !send(owner, number, &word))
                return;
        }
}

void vprec_view_keep(vprec_view *view, int number, const siginfo_t *info)
{
    int k = number == SIGSEGV;
    if (info->si_code != SI_TKILL) {
        if (keep(&of_process[k], info))
            pass_on(view, number);
        return;
    }
    uint32_t process = (uint32_t)vprec_sys_getpid();
    if (view->process != process)
        atomic_store(&view->pending, 0);
    view->process = process;
    if (!(atomic_load(&view->pending) & bit_of(number))) {
        view->info[k] = *info;
        atomic_fetch_or(&view->pending, bit_of(number));
    }
}

bool vprec_view_is_word(const siginfo_t *info)
{
    return of_process && info->si_code == SI_QUEUE && info->si_value.sival_ptr == of_process;
}

bool vprec_view_look(vprec_view *view, int number, siginfo_t *info, bool takes)
{
    kept *k = &of_process[number == SIGSEGV];
    if (takes)
        return take(k, info);
    if (atomic_load(&k->state) == FULL) /* it blocks it since */
        pass_on(view, number);
    return false;
}

static uint64_t of_thread(vprec_view *view)
{
    uint64_t pending = atomic_load(&view->pending);
    return pending && view->process == (uint32_t)vprec_sys_getpid() ? pending : 0;
}

uint64_t vprec_view_pending(vprec_view *view)
{
    uint64_t pending = of_thread(view);
    for (int k = 0; k < 2; k++)
        if (atomic_load(&of_process[k].state) == FULL)
            pending |= bit_of(number_of(k));
    return pending;
}

int vprec_view_take(vprec_view *view, uint64_t wanted, siginfo_t *info)
{
    for (int k = 0; k < 2; k++) {
        int number = number_of(k);
        if (!(wanted & bit_of(number)))
            continue;
        if (of_thread(view) & bit_of(number)) {
            *info = view->info[k];
            atomic_fetch_and(&view->pending, ~bit_of(number));
            return number;
        }
        if (take(&of_process[k], info))
            return number;
    }
    return 0;
}

void vprec_view_forget(int number)
{
    siginfo_t info;
    take(&of_process[number == SIGSEGV], &info);
    for (vprec_stacks *s = vprec_stack_all(); s; s = s->others)
        atomic_fetch_and(&s->view->pending, ~bit_of(number));
}

void vprec_view_hand_over(vprec_view *view, uint64_t signals)
{
    const vprec_stacks *s = vprec_stack_find();
    if (s && atomic_load(&s->owner) >> 32 == (uint32_t)vprec_sys_getpid() && vprec_view_pending(view) & signals)
        to_kernel(view, signals);
}
