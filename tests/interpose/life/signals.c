/* SPDX-License-Identifier: Apache-2.0
 * signals.c: what a program can see of itself from its handlers, and of its
 * handlers through sigaction and its kin. */
#include "life.h"
#include <execinfo.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile float sink;
static volatile int inner_seen, outer_seen, last_seen, calls, away, working;
static const float *volatile nowhere = (const float *)16;
static jmp_buf back;

#define NAMED __attribute__((noinline, noclone, used, visibility("default")))

/* The program's functions on the stack, in order. */
static void look(void)
{
    void *frames[32];
    int n = backtrace(frames, 32);
    int inner = -1, outer = -1, last = -1;

    for (int i = 0; i < n; i++) {
        Dl_info info;
        if (!dladdr(frames[i], &info) || !info.dli_sname)
            continue;
        if (!strcmp(info.dli_sname, "inner"))
            inner = i;
        else if (!strcmp(info.dli_sname, "outer"))
            outer = i;
        else if (!strcmp(info.dli_sname, "stacks"))
            last = i;
    }
    inner_seen += inner > 0;
    outer_seen += inner > 0 && outer == inner + 1;
    last_seen += outer > 0 && last == outer + 1;
    calls++;
}

NAMED float inner(float x, const float *p)
{
    for (int i = 0; i < 400; i++) {
        x = MUL(x, 1.0001f);
        x = DIV(ADD(x, *p), 1.25f);
    }
    return x;
}

NAMED float outer(float x, const float *p)
{
    float y = inner(x, p);

    return ADD(MUL(y, y), x);
}

static void on_profile(int sig, siginfo_t *info, void *context)
{
    uintptr_t rip = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    extern const char __executable_start[], etext[];

    (void)sig;
    (void)info;
    if (!working)
        return;
    away += rip < (uintptr_t)__executable_start || rip >= (uintptr_t)etext;
    look();
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    look();
    longjmp(back, 1);
}

NAMED void stacks(int flags)
{
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | flags};
    struct sigaction profile = {.sa_sigaction = on_profile, .sa_flags = SA_SIGINFO | SA_RESTART | flags};
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    float one = 1.0f;

    calls = inner_seen = outer_seen = last_seen = 0;
    need(!sigaction(SIGSEGV, &fault, NULL), "sigaction");
    for (volatile int i = 0; i < 5; i++)
        if (!setjmp(back))
            sink = outer(1.5f, nowhere);
    printf("faults: %d, seen %d %d %d\n", calls, inner_seen, outer_seen, last_seen);

    calls = inner_seen = outer_seen = last_seen = 0;
    need(!sigaction(SIGPROF, &profile, NULL), "sigaction");
    need(!setitimer(ITIMER_PROF, &often, NULL), "setitimer");
    while (calls < 60) {
        working = 1;
        sink = outer(1.5f, &one);
        working = 0;
    }
    need(!setitimer(ITIMER_PROF, &never, NULL), "setitimer");
    /* it may arrive in outer itself, but mostly does not */
    printf("timer: elsewhere %d, inner mostly %d, then outer %d, then this %d\n", away, inner_seen > 40,
           outer_seen == inner_seen, last_seen > 40);
}

/* x / *p, where the handler steps over the division. */
float skip_divide(float x, const float *p);
extern const char skip_at[], skip_to[];
__asm__(".text\n"
        ".type skip_divide, @function\n"
        "skip_divide: addss %xmm0, %xmm0\n"
        "skip_at: divss (%rdi), %xmm0\n"
        "skip_to: mulss %xmm0, %xmm0\n"
        "    subss %xmm0, %xmm0\n"
        "    ret\n"
        ".size skip_divide, . - skip_divide\n"
        /* its own breakpoint between two operations */
        ".type breakpoint, @function\n"
        "breakpoint: addss %xmm0, %xmm0\n"
        "break_at: int3\n"
        "    addss %xmm0, %xmm0\n"
        "    ret\n"
        ".size breakpoint, . - breakpoint\n");
float breakpoint(float x);
extern const char break_at[];

static void on_skip(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)sig;
    (void)info;
    calls += r[REG_RIP] == (greg_t)(uintptr_t)skip_at;
    r[REG_RIP] = (greg_t)(uintptr_t)skip_to;
}

static void on_break(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)sig;
    (void)info;
    calls += r[REG_RIP] == (greg_t)(uintptr_t)break_at + 1;
}

static void skips(void)
{
    struct sigaction skip = {.sa_sigaction = on_skip, .sa_flags = SA_SIGINFO};
    struct sigaction trap = {.sa_sigaction = on_break, .sa_flags = SA_SIGINFO};

    calls = 0;
    need(!sigaction(SIGSEGV, &skip, NULL), "sigaction");
    for (int i = 0; i < 3; i++)
        printf("float %08x\n", (unsigned)skip_divide(2.0f, nowhere));
    printf("skipped: %d\n", calls);
    calls = 0;
    need(!sigaction(SIGTRAP, &trap, NULL), "sigaction");
    for (int i = 0; i < 3; i++)
        printf("quadrupled: %d\n", (int)breakpoint(2.0f));
    printf("breakpoints: %d\n", calls);
}

static void plain(int sig)
{
    chain c = chain_of(93, 30);

    chain_print(&c);
    calls += sig;
}

static void detailed(int sig, siginfo_t *info, void *context)
{
    (void)context;
    calls += sig == info->si_signo;
}

static void show(const char *what, int number)
{
    struct sigaction a;

    need(!sigaction(number, NULL, &a), "sigaction");
    printf("%s: %s, flags %x, SIGTRAP masked %d, SIGSEGV masked %d, SIGHUP masked %d\n",
           what,
           a.sa_handler == SIG_DFL ? "default" : a.sa_handler == SIG_IGN ? "ignored" : a.sa_handler == plain ? "plain" :
           a.sa_sigaction == detailed ? "detailed" : "unknown", (unsigned)a.sa_flags & ~0x4000000u,
           sigismember(&a.sa_mask, SIGTRAP), sigismember(&a.sa_mask, SIGSEGV), sigismember(&a.sa_mask, SIGHUP));
}

static const char *name(sighandler_t h)
{
    return h == SIG_DFL ? "default" : h == SIG_IGN ? "ignored" : h == plain ? "plain" :
           (uintptr_t)h == (uintptr_t)detailed ? "detailed" : h == SIG_ERR ? "error" :
           h == SIG_HOLD ? "held" : "unknown";
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void actions(int number)
{
    struct sigaction a = {.sa_sigaction = detailed, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
    pid_t child;

    printf("signal %d\n", number);
    show("at first", number);
    sigemptyset(&a.sa_mask);
    sigaddset(&a.sa_mask, SIGTRAP);
    sigaddset(&a.sa_mask, SIGSEGV);
    need(!sigaction(number, &a, &old), "sigaction");
    printf("was %s\n", name(old.sa_handler));
    show("detailed", number);
    printf("signal: %s\n", name(signal(number, plain)));
    show("plain", number);
    raise(number);
    need(!siginterrupt(number, 1), "siginterrupt");
    show("interrupting", number);
    printf("signal: %s\n", name(signal(number, plain)));
    show("again", number);
    need(!siginterrupt(number, 0), "siginterrupt");
    printf("sysv_signal: %s\n", name(sysv_signal(number, plain)));
    show("once", number);
    raise(number);
    show("after once", number);
    printf("sigset: %s\n", name(sigset(number, plain)));
    if (number != SIGTRAP && number != SIGSEGV) { /* which are never blocked */
        printf("sigset: %s\n", name(sigset(number, SIG_HOLD)));
        printf("sigset: %s\n", name(sigset(number, plain)));
    }
    show("set", number);
    fflush(stdout);
    if (!(child = vfork())) { /* what it does to its handlers is its own affair */
        a.sa_handler = SIG_DFL;
        a.sa_flags = 0;
        sigaction(number, &a, &old);
        a.sa_sigaction = detailed;
        sigaction(number, &a, NULL);
        _exit(old.sa_handler == plain ? 7 : 8);
    }
    int status;
    waitpid(child, &status, 0);
    printf("vfork: %d\n", WEXITSTATUS(status));
    show("after vfork", number);
    raise(number);
    if (!(child = fork())) {
        a.sa_flags = SA_SIGINFO;
        a.sa_sigaction = detailed;
        sigaction(number, &a, &old);
        calls = 0;
        raise(number);
        show("in a child", number);
        fflush(stdout);
        _exit(old.sa_handler == plain && calls == 1 ? 7 : 8);
    }
    waitpid(child, &status, 0);
    printf("fork: %d\n", WEXITSTATUS(status));
    show("after fork", number);
    printf("errors: %d %s %s\n", sigaction(SIGKILL, &a, NULL), name(signal(0, plain)), name(signal(65, plain)));
    printf("signal: %s\n", name(signal(number, SIG_IGN)));
    raise(number);
    show("ignored", number);
    printf("signal: %s\n", name(signal(number, SIG_DFL)));
    show("default", number);
}

int main(int argc, char **argv)
{
    static char alternate[1 << 16];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    void *warm[4];
    chain c = chain_of(92, 60);

    (void)argv;
    chain_print(&c);
    backtrace(warm, 4); /* loads the unwinder */
    if (argc > 1) {
        need(!sigaltstack(&stack, NULL), "sigaltstack");
        stacks(SA_ONSTACK);
        return 0;
    }
    stacks(0);
    skips();
    actions(SIGUSR1);
    actions(SIGTRAP);
    actions(SIGSEGV);
    return 0;
}
