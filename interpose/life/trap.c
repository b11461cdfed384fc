/* SPDX-License-Identifier: Apache-2.0
 * trap.c: see trap.h. */
#include "trap.h"
#include "clone/cross.h"
#include "guest.h"
#include "meters.h"
#include "precise.h"
#include "harden.h"
#include "runtime/sets.h"
#include "runtime/sys.h"
#include "view.h"
#include "x86/emulate/enter.h"
#include "x86/emulate/stack.h"
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

/* glibc's own name: `sigaction` is wrapped in signals.c. */
int __sigaction(int, const struct sigaction *, struct sigaction *);

bool (*vprec_trap_fetch)(ucontext_t *uc, uint64_t address);
bool (*vprec_trap_written)(uint64_t address);
uint64_t (*vprec_trap_pending)(uint64_t at);
void (*vprec_trap_called)(uint64_t at, uint64_t back, uint64_t to);
void (*vprec_trap_waits)(uint64_t at);

static _Atomic uint64_t *trap_count;
static vprec_action_store of_trap, of_fault; /* the program's own actions */
uint64_t vprec_trap_restorer;

static vprec_action_store *store_of(int number)
{
    return number == SIGTRAP ? &of_trap : &of_fault;
}

void vprec_trap_die(int number, siginfo_t *info, ucontext_t *uc)
{
    const vprec_action fatal = {0};
    vprec_guest guest;
    vprec_guest_show(&guest, number, info, uc); /* a core file shows that */
    vprec_set_remove(&uc->uc_sigmask, number);
    vprec_sys(SYS_rt_sigaction, number, (long)&fatal, 0, sizeof fatal.mask, 0, 0);
    /* pending until this handler returns, and then before the program's next instruction */
    long pid = vprec_sys_getpid(), tid = vprec_sys_gettid();
    if (vprec_harden_done() & VPREC_HARDENING_CALLS ||
        vprec_sys(SYS_rt_tgsigqueueinfo, pid, tid, number, (long)info, 0, 0))
        vprec_sys(SYS_tgkill, pid, tid, number, 0, 0, 0);
}

/* The program's breakpoint or fault, or a signal that was sent. */
static void deliver(int number, siginfo_t *info, ucontext_t *uc)
{
    uint32_t seen;
    vprec_view *view = vprec_view_here();
    const vprec_action action = vprec_action_read(store_of(number), &seen);
    bool happened = info->si_code > 0; /* and is not put off */
    bool blocked = view && atomic_load(&view->blocked) >> (number - 1) & 1;
    if (view && vprec_view_is_word(info) && !vprec_view_look(view, number, info, !blocked))
        return;
    if (blocked && !happened)
        vprec_view_keep(view, number, info);
    else if (blocked || action.handler == (uint64_t)SIG_DFL || (action.handler == (uint64_t)SIG_IGN && happened))
        vprec_trap_die(number, info, uc);
    else if (vprec_action_is_handler(&action)) {
        if (action.flags & (uint32_t)SA_RESETHAND)
            vprec_action_reset(store_of(number), seen);
        vprec_signal_deliver(&action, number, info, uc);
    }
}

typedef struct question {
    ucontext_t *uc; /* of a fetch; NULL: a trap */
    uint64_t address, answer;
    uint64_t back; /* where the call that has met a trap returns to; 0: it is no call */
    bool waits;    /* jumps wait around the trap */
    bool written;  /* it is a write */
} question;

static void put(void *data)
{
    question *q = data;
    if (q->waits)
        vprec_trap_waits(q->address);
    else if (q->written)
        q->answer = vprec_trap_written(q->address);
    else if (q->back)
        vprec_trap_called(q->address, q->back, q->answer);
    else
        q->answer = q->uc ? vprec_trap_fetch(q->uc, q->address) : vprec_trap_pending(q->address);
}

/* In the slot that is the next to work in: nothing interrupts. */
static uint64_t ask(question q)
{
    vprec_stacks *s = vprec_stack_find();
    if (!s)
        s = vprec_stack_make();
    if (s)
        vprec_stack_call(put, &q, s->top - VPREC_SLOT_CPU);
    else
        put(&q);
    return q.answer;
}

/* The return address of the call that seems to have come to `at` just now, 0: there is none such. It is one on the
 * stack whose call, in an image's reach, names `at`. */
static uint64_t back_of_call(const ucontext_t *uc, uint64_t at)
{
    uint64_t rsp = (uint64_t)uc->uc_mcontext.gregs[REG_RSP], back = 0;
    uint8_t call[5];
    int32_t rel;
    if (!vprec_sys_peek(rsp, &back, sizeof back) || !vprec_sys_peek(back - sizeof call, call, sizeof call) ||
        call[0] != 0xE8)
        return 0;
    __builtin_memcpy(&rel, call + 1, sizeof rel);
    return back + (uint64_t)(int64_t)rel == at ? back : 0;
}

/* Whether to look again if a jump can stand where a trap waits. */
static bool is_time(void)
{
    enum { OFTEN = 64 };
    static _Atomic uint32_t met;
    uint32_t n = atomic_fetch_add_explicit(&met, 1, memory_order_relaxed) + 1;
    return vprec_trap_waits && (n < OFTEN ? !(n & (n - 1)) : !(n % OFTEN));
}

static bool redirect(const siginfo_t *info, ucontext_t *uc)
{
    enum { PROTECTION = 13 }; /* what hlt causes */
    if (info->si_code != SI_KERNEL || uc->uc_mcontext.gregs[REG_TRAPNO] != PROTECTION)
        return false;
    uint64_t at = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    const vprec_image *image = vprec_image_of(at);
    uint64_t to = image ? vprec_image_find(image, at) : 0;
    uint64_t back = to && vprec_trap_called ? back_of_call(uc, at) : 0;
    if (to)
        vprec_image_enter(image, to);
    else if (vprec_trap_pending)
        to = ask((question){.address = at});
    if (back)
        ask((question){.address = at, .answer = to, .back = back});
    if (to && image && image->waiting && is_time())
        ask((question){.address = at, .waits = true});
    if (!to)
        return false;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
    if (trap_count)
        atomic_fetch_add_explicit(trap_count, 1, memory_order_relaxed);
    return true;
}

static bool fetch(const siginfo_t *info, ucontext_t *uc)
{
    enum { WRITTEN = 2, FETCHED = 16 }; /* in a page fault's error code */
    if (info->si_code == SEGV_ACCERR && uc->uc_mcontext.gregs[REG_ERR] & WRITTEN && vprec_trap_written)
        return ask((question){.address = (uint64_t)info->si_addr, .written = true});
    return vprec_trap_fetch && (info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR) &&
           uc->uc_mcontext.gregs[REG_ERR] & FETCHED && ask((question){.uc = uc, .address = (uint64_t)info->si_addr});
}

/* To a clone, or on. */
static bool is_led(const siginfo_t *info, ucontext_t *uc)
{
    uint64_t from = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    if (!fetch(info, uc) && !redirect(info, uc))
        return false;
    vprec_meters_follow();
    const vprec_image *image = vprec_image_of_clone((uint64_t)uc->uc_mcontext.gregs[REG_RIP]);
    if (image)
        vprec_runs_cross(image, from, false, true);
    return true;
}

/* What is compared with code that may be taken away meanwhile is not the same then. */
static bool end_comparison(ucontext_t *uc)
{
    greg_t *rip = &uc->uc_mcontext.gregs[REG_RIP];
    if ((uint64_t)*rip < (uint64_t)vprec_same || (uint64_t)*rip >= (uint64_t)vprec_same_not)
        return false;
    *rip = (greg_t)vprec_same_not;
    return true;
}

static void on_ours(int number, siginfo_t *info, void *context)
{
    vprec_view *view = vprec_view_here();
    if (view) /* a thread that comes by for the first time, or has set another stack behind our back */
        vprec_view_arm_frame(view, context);
    if (number == SIGSEGV &&
        (end_comparison(context) || vprec_meters_fault(info, context) || is_led(info, context)))
        return;
    int again;
    siginfo_t kept;
    if (view && number == SIGTRAP && info->si_code == TRAP_TRACE && vprec_precise_stepped(view, context, &again, &kept)) {
        if (again)
            vprec_signal_again(again, &kept, context);
        return;
    }
    if (view)
        vprec_precise_give_up(view, context);
    deliver(number, info, context);
}

/* System calls that a signal interrupts are restarted as the program wants it. */
static void install(int number, const vprec_action *program, struct sigaction *before)
{
    bool breaks = vprec_action_is_handler(program) && !(program->flags & SA_RESTART);
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | (breaks ? 0 : SA_RESTART), .sa_sigaction = on_ours};
    *vprec_set_bits(&action.sa_mask) = ~UINT64_C(0);
    __sigaction(number, &action, before);
}

void vprec_trap_action(int number, const vprec_action *action, vprec_action *old)
{
    vprec_action_store *store = store_of(number);
    vprec_action before = action ? vprec_action_write(store, action) : vprec_action_read(store, NULL);
    if (action)
        install(number, action, NULL);
    if (action && action->handler == (uint64_t)SIG_IGN)
        vprec_view_forget(number);
    if (old)
        *old = before;
}

void vprec_trap_ignore(int number, bool is)
{
    const struct sigaction ignored = {.sa_handler = SIG_IGN};
    const vprec_action program = vprec_action_read(store_of(number), NULL);
    if (is)
        __sigaction(number, &ignored, NULL);
    else
        install(number, &program, NULL);
}

static void take_over(int number)
{
    struct sigaction before, ours;
    install(number, &(vprec_action){0}, &before);
    __sigaction(number, NULL, &ours);
    vprec_trap_restorer = (uint64_t)ours.sa_restorer;
    vprec_action inherited = vprec_action_from_libc(&before, (uint64_t)before.sa_restorer);
    inherited.flags = (uint32_t)before.sa_flags;
    vprec_action_write(store_of(number), &inherited);
}

void vprec_trap_install(_Atomic uint64_t *traps)
{
    trap_count = traps;
    take_over(SIGTRAP);
    take_over(SIGSEGV);
    vprec_signal_install();
    const uint64_t ours = VPREC_SET_OURS;
    uint64_t inherited = 0;
    vprec_sys(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&inherited, sizeof ours, 0, 0);
    vprec_view_start(inherited & ours); /* one that came with the process is pending still */
    vprec_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&ours, 0, sizeof ours, 0, 0);
}
