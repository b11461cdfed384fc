/* SPDX-License-Identifier: Apache-2.0
 * syscalls.c: see syscalls.h. What the kernel would refuse it refuses: pointers
 * of the program's are tried by calls that touch them and do nothing else. */
#include "syscalls.h"
#include "children.h"
#include "generated.h"
#include "harden.h"
#include "meters.h"
#include "runtime/record.h"
#include "runtime/sys.h"
#include "runtime/version.h"
#include "trap.h"
#include "view.h"
#include "waits.h"
#include "x86/emulate/enter.h"
#include <asm/prctl.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <stddef.h>
#include <sys/syscall.h>

enum { SET = 8 }; /* bytes of the kernel's mask */
enum { CLONE3 = 435, EPOLL_PWAIT2 = 441, MSEAL = 462 };

static long issue(const vprec_syscall_frame *f)
{
    const uint64_t *a = f->argument;
    return vprec_sys((long)f->number, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
}

static bool done(vprec_syscall_frame *f, long result)
{
    f->result = (uint64_t)result;
    return true;
}

/* Whether 8 bytes can be read: the kernel reads the set before it looks at the first argument. */
static bool readable(uint64_t at)
{
    return vprec_sys(SYS_rt_sigprocmask, INT32_MAX, (long)at, 0, SET, 0, 0) == -EINVAL;
}

/* Whether they can be written: the mask is. */
static bool writable(uint64_t at)
{
    return !vprec_sys(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)at, SET, 0, 0);
}

/* At both ends, and no longer than a page. */
static bool all(bool (*are)(uint64_t), uint64_t at, size_t bytes)
{
    return are(at) && are(at + bytes - 8);
}

/* What the program hands over at `from`. False: it cannot be read. */
static bool get(void *to, uint64_t from, size_t bytes)
{
    if (!all(readable, from, bytes))
        return false;
    memcpy(to, (const void *)from, bytes);
    return true;
}

/* The call is made; where it went well the program gets what was before, at `to`, if it asks. */
static bool done_with(vprec_syscall_frame *f, long result, uint64_t to, const void *before, size_t bytes)
{
    if (result || !to)
        return done(f, result);
    if (!all(writable, to, bytes))
        return done(f, -EFAULT);
    memcpy((void *)to, before, bytes);
    return done(f, 0);
}

static uint64_t ours_of(uint64_t set)
{
    return *(const uint64_t *)set & VPREC_SET_OURS;
}

static bool procmask(vprec_syscall_frame *f)
{
    uint64_t set = f->argument[1], old = f->argument[2], ours = 0;
    int how = (int)f->argument[0];
    vprec_view *view = vprec_view_here();
    if (f->argument[3] != SET || !view)
        return false;
    bool overlap = set && old && set - old + 7 < 15;
    if (overlap && readable(set)) /* what the result takes the place of */
        ours = ours_of(set);
    long result = issue(f);
    if (result)
        return done(f, result);
    if (set && !overlap)
        ours = ours_of(set);
    uint64_t before = atomic_load(&view->blocked), really = VPREC_SET_OURS;
    if (ours && how != SIG_UNBLOCK)
        vprec_sys(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&really, 0, SET, 0, 0);
    if (old)
        *(uint64_t *)old |= before;
    if (set)
        vprec_view_block(view, how == SIG_BLOCK     ? before | ours
                               : how == SIG_UNBLOCK ? before & ~ours
                                                    : ours);
    return done(f, 0);
}

static bool action(vprec_syscall_frame *f)
{
    uint64_t new = f->argument[1], old = f->argument[2];
    vprec_action to, before;
    if (f->argument[3] != SET)
        return false;
    if (new && !get(&to, new, sizeof to))
        return done(f, -EFAULT);
    long result = vprec_signal_action((int)f->argument[0], new ? &to : NULL, &before);
    return done_with(f, result, old, &before, sizeof before);
}

static bool alternate(vprec_syscall_frame *f)
{
    vprec_view *view = vprec_view_here();
    uint64_t stack = f->argument[0], old = f->argument[1];
    stack_t to, before;
    if (!view || !vprec_view_complete())
        return false;
    if (stack && !get(&to, stack, sizeof to))
        return done(f, -EFAULT);
    int result = vprec_view_alternate(view, stack ? &to : NULL, &before, f->rsp);
    return done_with(f, result, old, &before, sizeof before);
}

static bool pending(vprec_syscall_frame *f)
{
    vprec_view *view = vprec_view_here();
    if (!view || f->argument[1] != SET)
        return false;
    long result = issue(f);
    if (!result)
        *(uint64_t *)f->argument[0] |= vprec_view_pending(view) & atomic_load(&view->blocked);
    return done(f, result);
}

/* A wait under the mask that is argument number `k`, its size behind it; or, `boxed`, both are in memory. */
static bool wait_under(vprec_syscall_frame *f, int k, bool boxed)
{
    struct {
        uint64_t set, size;
    } box = {f->argument[k], boxed ? 0 : f->argument[k + 1]};
    vprec_syscall_frame with = *f;
    vprec_wait wait;
    if (boxed) {
        if (!box.set || !all(readable, box.set, sizeof box))
            return false;
        __builtin_memcpy(&box, (const void *)box.set, sizeof box);
    }
    if (!box.set || box.size != SET || !readable(box.set))
        return false;
    uint64_t set = *(const uint64_t *)box.set & ~VPREC_SET_OURS, ours = ours_of(box.set);
    bool changes = vprec_wait_begin(&wait, ours);
    if (!changes && !ours)
        return false;
    box.set = (uint64_t)&set;
    with.argument[k] = boxed ? (uint64_t)&box : box.set;
    long result = issue(&with);
    if (changes)
        vprec_wait_end(&wait);
    return done(f, result);
}

static long call_raw(void *data, siginfo_t *info)
{
    vprec_syscall_frame with = *(const vprec_syscall_frame *)data;
    with.argument[1] = (uint64_t)info;
    return issue(&with);
}

static bool wait_for(vprec_syscall_frame *f)
{
    vprec_view *view = vprec_view_here();
    siginfo_t info;
    if (!view || f->argument[3] != SET || !readable(f->argument[0]) || !ours_of(f->argument[0]))
        return false;
    long result = vprec_wait_for(view, ours_of(f->argument[0]), &info, call_raw, f);
    if (result > 0 && f->argument[1]) {
        if (!all(writable, f->argument[1], sizeof info))
            return done(f, -EFAULT);
        *(siginfo_t *)f->argument[1] = info;
    }
    return done(f, result);
}

/* By a handler itself, or by code that makes frames: what ours do not pass through. */
static bool return_from(vprec_syscall_frame *f)
{
    vprec_view *view = vprec_view_here();
    if (!view || !vprec_view_complete() || !all(readable, f->rsp, 304))
        return false;
    ucontext_t *uc = (ucontext_t *)f->rsp;
    stack_t ours = vprec_view_kernel_stack(view);
    uint64_t *mask = vprec_set_bits(&uc->uc_sigmask);
    if (uc->uc_stack.ss_sp == ours.ss_sp && !(*mask & VPREC_SET_OURS))
        return false; /* it did */
    uint64_t blocked = *mask & VPREC_SET_OURS;
    *mask &= ~VPREC_SET_OURS;
    vprec_view_restore_stack(view, &uc->uc_stack, (uint64_t)uc->uc_mcontext.gregs[REG_RSP]);
    uc->uc_stack = ours;
    vprec_view_block(view, blocked);
    return false;
}

/* A process or a thread is made. In a thread of its own thread pointer (Go's) the view is its maker's; a child of vfork
 * works with its parent's. */
static bool make(vprec_syscall_frame *f)
{
    const struct {
        uint64_t flags, pidfd, child, parent, signal, stack, size, pointer;
    } *with = (const void *)f->argument[0];
    uint64_t flags = f->argument[0], pointer = f->argument[4];
    if (f->number == SYS_vfork || f->number == SYS_fork)
        flags = f->number == SYS_vfork ? CLONE_VM | CLONE_VFORK : 0;
    if (f->number == CLONE3) {
        if (f->argument[1] < sizeof *with || !all(readable, (uint64_t)with, sizeof *with))
            return false;
        flags = with->flags, pointer = with->pointer;
    }
    vprec_view *view = vprec_view_here();
    if (~flags & (CLONE_VM | CLONE_VFORK))
        vprec_meters_leave();
    if (!view || !(flags & CLONE_VM))
        return false;
    if (flags & CLONE_VFORK) {
        vprec_stack_lend();
    } else if (flags & CLONE_SETTLS && pointer) {
        vprec_stacks *s = vprec_stack_await(pointer);
        if (s)
            atomic_store(&s->view->blocked, atomic_load(&view->blocked));
    } else {
        vprec_stack_part();
    }
    return false;
}

static bool execute(vprec_syscall_frame *f)
{
    const uint64_t *a = f->argument;
    bool at = f->number == SYS_execveat;
    return done(f, vprec_children_exec(at ? (int)a[0] : AT_FDCWD, (const char *)a[at], (char *const *)a[at + 1],
                                       (char *const *)a[at + 2], at ? (int)a[4] : 0));
}

/* What forbids things; the program's own instruction does it. */
static bool harden(vprec_syscall_frame *f)
{
    vprec_harden_call((long)f->number, (long)f->argument[0]);
    return false;
}

/* Clones leave by the GS base, with several formats: nobody else may have it. */
static bool set_register(vprec_syscall_frame *f)
{
    static atomic_bool told;
    if (f->argument[0] != ARCH_SET_GS || !vprec_version_tables)
        return false;
    if (!atomic_exchange(&told, true))
        vprec_record_warning("the program was refused the GS register (arch_prctl), which --scope and --within use");
    return done(f, -EPERM);
}

/* Memory is mapped, or its protection changes. */
static bool memory(vprec_syscall_frame *f)
{
    long result;
    return vprec_generated_call((long)f->number, f->argument, f->from, &result) && done(f, result);
}

/* What the kernel writes where the program says. */
static bool fill(vprec_syscall_frame *f)
{
    const uint64_t *a = f->argument;
    if (f->number != SYS_readv && f->number != SYS_preadv)
        vprec_generated_fill(a[1], a[2]);
    else if (a[2] && readable(a[1]) && readable(a[1] + (a[2] - 1) * sizeof(struct iovec)))
        vprec_generated_fill_all((const struct iovec *)a[1], a[2]);
    return false;
}

static bool suspend(vprec_syscall_frame *f)
{
    return wait_under(f, 0, false);
}

static bool fourth(vprec_syscall_frame *f)
{
    return wait_under(f, 3, false);
}

static bool fifth(vprec_syscall_frame *f)
{
    return wait_under(f, 4, false);
}

static bool sixth(vprec_syscall_frame *f)
{
    return wait_under(f, 5, true);
}

typedef bool handled(vprec_syscall_frame *f);

static handled *handler_of(uint64_t number)
{
    switch (number) {
    case SYS_rt_sigaction:
        return action;
    case SYS_rt_sigprocmask:
        return procmask;
    case SYS_rt_sigreturn:
        return return_from;
    case SYS_rt_sigpending:
        return pending;
    case SYS_rt_sigtimedwait:
        return wait_for;
    case SYS_rt_sigsuspend:
        return suspend;
    case SYS_sigaltstack:
        return alternate;
    case SYS_ppoll:
        return fourth;
    case SYS_epoll_pwait:
    case EPOLL_PWAIT2:
        return fifth;
    case SYS_pselect6:
    case SYS_io_pgetevents:
        return sixth;
    case SYS_clone:
    case SYS_fork:
    case SYS_vfork:
    case CLONE3:
        return make;
    case SYS_execve:
    case SYS_execveat:
        return execute;
    case SYS_mmap:
    case SYS_mprotect:
    case SYS_pkey_mprotect:
    case SYS_munmap:
    case SYS_mremap:
        return memory;
    case SYS_read:
    case SYS_pread64:
    case SYS_readv:
    case SYS_preadv:
    case SYS_recvfrom:
        return fill;
    case SYS_prctl:
    case SYS_seccomp:
    case MSEAL:
        return harden;
    case SYS_arch_prctl:
        return set_register;
    default:
        return NULL;
    }
}

/* An exec, and what hardens the process, also where nothing is instrumented. */
bool vprec_syscall_concerns(uint64_t number)
{
    handled *function = handler_of(number);
    return function && (vprec_view_active() || function == execute || function == harden);
}

bool vprec_syscall(vprec_syscall_frame *frame)
{
    return vprec_syscall_concerns(frame->number) && handler_of(frame->number)(frame);
}

/* A signal that arrives here finds the program before the instruction, or behind it once the result is known. */
static void from_clone(const vprec_site *site, vprec_cpu *cpu)
{
    enum { RAX, RCX, RDX, RSP = 4, RSI = 6, RDI, R8, R9, R10, R11 };
    uint64_t *r = cpu->gpr;
    vprec_syscall_frame f = {r[RAX], {r[RDI], r[RSI], r[RDX], r[R10], r[R8], r[R9]}, 0, r[RSP], site->address};
    r[RCX] = site->by_original ? VPREC_CALL_ORIGINAL : VPREC_CALL_HERE;
    if (!vprec_syscall(&f))
        return;
    cpu->result = &f.result; /* cppcheck-suppress autoVariables ; read at stage RESULT only, which ends below */
    atomic_signal_fence(memory_order_seq_cst);
    *(volatile uint64_t *)&cpu->stage = VPREC_EMULATE_RESULT;
    atomic_signal_fence(memory_order_seq_cst);
    vprec_emulate_commit(site, cpu);
    atomic_signal_fence(memory_order_seq_cst);
    *(volatile uint64_t *)&cpu->stage = VPREC_EMULATE_DONE;
}

enum { NUMBERS = 512 };

void vprec_syscall_begin(void)
{
    vprec_enter_syscall = from_clone;
    for (uint64_t number = 0; number < NUMBERS; number++)
        vprec_enter_calls[number % sizeof vprec_enter_calls] |= handler_of(number) && handler_of(number) != fill;
}

void vprec_syscall_fills(void)
{
    for (uint64_t number = 0; number < NUMBERS; number++)
        vprec_enter_calls[number % sizeof vprec_enter_calls] |= handler_of(number) == fill;
}

void vprec_syscall_judged(void)
{
    memset(vprec_enter_calls, 1, sizeof vprec_enter_calls);
}
