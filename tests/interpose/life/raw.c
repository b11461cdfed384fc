/* SPDX-License-Identifier: Apache-2.0
 * raw.c: what a program sees that speaks of signals to the kernel by itself: once
 * it does, once vprec_syscall comes before each system call, once by the C library's
 * syscall(), which is wrapped. All say the same. Built with ALONE it only does, and
 * is a program like any other. */
#ifndef ALONE
#include "life/syscalls.h"
#include "life/trap.h"
#include "x86/emulate/emulate.h"
#endif
#include "runtime/sys.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef ALONE
static enum { DIRECT, THROUGH, BY_LIBC } way;
static _Atomic uint64_t traps;
#endif
static char *page, *gone;
static volatile int calls, leaves_by_hand;

#define CALL(n, ...) call((uint64_t[7]){n, __VA_ARGS__})
#define P(p) ((uint64_t)(p))
static long call(const uint64_t *a)
{
#ifndef ALONE
    vprec_syscall_frame f = {a[0], {a[1], a[2], a[3], a[4], a[5], a[6]}, 0, (uint64_t)__builtin_frame_address(0)};

    if (way == BY_LIBC) {
        long result = syscall((long)a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
        return result == -1 ? -errno : result;
    }
    if (way == THROUGH && vprec_syscall_concerns(a[0]) && vprec_syscall(&f))
        return (long)f.result;
#endif
    return vprec_sys((long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5], (long)a[6]);
}

typedef struct kernel_action {
    uint64_t handler, flags, restorer, mask;
} kernel_action;

void restore(void);
__asm__(".text\n.type restore, @function\nrestore: movl $15, %eax\n    syscall\n.size restore, . - restore\n");

static uint64_t bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

#define BOTH (bit(SIGSEGV) | bit(SIGTRAP))

static void show(const char *what)
{
    uint64_t mask = 0, waiting = 0;
    long r = CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, P(&mask), 8), s = CALL(SYS_rt_sigpending, P(&waiting), 8);

    printf("%s: %ld %ld, blocked %lx, pending %lx, calls %d\n", what, r, s, (long)mask, (long)waiting, calls);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    stack_t now = {0};
    char local;

    calls++;
    CALL(SYS_sigaltstack, 0, P(&now));
    printf("signal %d, code %d, on %d, was under %lx, stack of %zu, now %zu %x\n", number, info->si_code,
           &local >= page && &local < page + 32768, *(unsigned long *)&uc->uc_sigmask, uc->uc_stack.ss_size, now.ss_size,
           (unsigned)now.ss_flags);
    show("inside");
    if (leaves_by_hand) {
        fflush(stdout);
#ifndef ALONE
        vprec_syscall_frame f = {.number = SYS_rt_sigreturn, .rsp = P(uc)};
        if (way != DIRECT && vprec_syscall(&f))
            exit(5);
#endif
        __asm__ volatile("movq %0, %%rsp\n\tmovl $15, %%eax\n\tsyscall" : : "r"(uc));
    }
}

static void set(int number, uint64_t handler, uint64_t flags, uint64_t mask)
{
    kernel_action a = {handler, flags | 0x04000000 | SA_SIGINFO, P(restore), mask}, old = {1, 2, 3, 4};

    printf("action %d: %ld", number, CALL(SYS_rt_sigaction, (uint64_t)number, P(&a), P(&old), 8));
    printf(", was %d %lx %d %lx\n", old.handler == P(on_signal) ? 9 : (int)old.handler, (long)old.flags,
           old.restorer == P(restore), (long)old.mask);
}

static void send(int number)
{
    vprec_sys(SYS_tgkill, getpid(), getpid(), number, 0, 0, 0);
}

static void actions(void)
{
    kernel_action a = {P(on_signal), 0x04000000, P(restore), 0};
    static const int numbers[] = {SIGSEGV, SIGTRAP, SIGUSR1, 40, SIGKILL, 0, 65};

    for (int i = 0; i < 7; i++) {
        set(numbers[i], P(on_signal), SA_NODEFER, ~UINT64_C(0));
        set(numbers[i], P(SIG_IGN), 0xf000000000000ff, BOTH);
        set(numbers[i], P(on_signal), 0, 0);
    }
    printf("size %ld, bad %ld %ld, half bad %ld\n", CALL(SYS_rt_sigaction, SIGSEGV, P(&a), 0, 16),
           CALL(SYS_rt_sigaction, SIGSEGV, P(gone), 0, 8), CALL(SYS_rt_sigaction, SIGTRAP, 0, 16, 8),
           CALL(SYS_rt_sigaction, SIGSEGV, P(gone - 16), 0, 8));
    send(SIGSEGV);
    send(SIGTRAP);
    send(SIGUSR1);
    send(40);
    set(SIGTRAP, P(on_signal), (uint32_t)SA_RESETHAND, bit(SIGHUP));
    send(SIGTRAP);
    set(SIGTRAP, P(on_signal), 0, bit(SIGSEGV));
}

static void masks(void)
{
    uint64_t m = BOTH | bit(SIGHUP), old = 0;

    show("at first");
    printf("block: %ld", CALL(SYS_rt_sigprocmask, SIG_BLOCK, P(&m), P(&old), 8));
    printf(", was %lx\n", (long)old);
    send(SIGTRAP);
    send(SIGSEGV);
    __asm__ volatile("nop");
    show("blocked");
    printf("aliased: %ld", CALL(SYS_rt_sigprocmask, SIG_SETMASK, P(&m), P(&m), 8));
    printf(", was %lx\n", (long)m);
    m = bit(SIGTRAP);
    printf("unblock: %ld\n", CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, P(&m), 0, 8));
    show("one");
    m = 0;
    printf("set: %ld\n", CALL(SYS_rt_sigprocmask, SIG_SETMASK, P(&m), P(&old), 8));
    printf("was %lx\n", (long)old);
    m = ~UINT64_C(0);
    printf("all: %ld\n", CALL(SYS_rt_sigprocmask, SIG_SETMASK, P(&m), 0, 8));
    show("all");
    m = 0;
    CALL(SYS_rt_sigprocmask, SIG_SETMASK, P(&m), 0, 8);
    printf("errors: %ld %ld %ld %ld\n", CALL(SYS_rt_sigprocmask, 77, P(&m), 0, 8),
           CALL(SYS_rt_sigprocmask, SIG_BLOCK, P(gone), 0, 8), CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, P(gone), 8),
           CALL(SYS_rt_sigprocmask, SIG_BLOCK, P(&m), 0, 128));
    printf("errors: %ld %ld\n", CALL(SYS_rt_sigpending, P(gone), 8), CALL(SYS_rt_sigpending, P(&m), 9));
}

static void stacks(void)
{
    stack_t to = {.ss_sp = page, .ss_size = 32768}, old = {0}, small = {.ss_sp = page, .ss_size = 99};

    for (int i = 0; i < 2; i++) {
        printf("stack: %ld", CALL(SYS_sigaltstack, P(&to), P(&old)));
        printf(", was %zu %x\n", old.ss_size, (unsigned)old.ss_flags);
    }
    printf("errors: %ld %ld\n", CALL(SYS_sigaltstack, P(&small), 0), CALL(SYS_sigaltstack, P(gone), 0));
    for (leaves_by_hand = 0; leaves_by_hand < 2; leaves_by_hand++) {
        set(SIGSEGV, P(on_signal), SA_ONSTACK, 0);
        set(SIGUSR1, P(on_signal), SA_ONSTACK, bit(SIGTRAP));
        send(SIGSEGV);
        send(SIGUSR1);
        send(SIGTRAP);
        show("back");
        CALL(SYS_sigaltstack, 0, P(&old));
        printf("still %zu %x\n", old.ss_size, (unsigned)old.ss_flags);
    }
    leaves_by_hand = 0;
    to.ss_flags = SS_DISABLE;
    printf("none: %ld\n", CALL(SYS_sigaltstack, P(&to), 0));
}

static void waits(void)
{
    uint64_t both = BOTH, none = 0;
    struct timespec soon = {0, 1000000}, late = {20, 0};
    struct {
        const void *set;
        size_t size;
    } box = {&none, 8};
    struct epoll_event event;
    siginfo_t info = {0};
    int fd = epoll_create1(0);

    CALL(SYS_rt_sigprocmask, SIG_BLOCK, P(&both), 0, 8);
    send(SIGSEGV);
    printf("suspend: %ld\n", CALL(SYS_rt_sigsuspend, P(&none), 8));
    show("then");
    send(SIGTRAP);
    printf("ppoll: %ld\n", CALL(SYS_ppoll, 0, 0, P(&late), P(&none), 8));
    show("then");
    send(SIGTRAP);
    printf("pselect: %ld\n", CALL(SYS_pselect6, 0, 0, 0, 0, P(&late), P(&box)));
    send(SIGSEGV);
    printf("epoll: %ld\n", CALL(SYS_epoll_pwait, (uint64_t)fd, P(&event), 1, 20000, P(&none), 8));
    printf("quiet: %ld %ld %ld\n", CALL(SYS_ppoll, 0, 0, P(&soon), P(&both), 8),
           CALL(SYS_epoll_pwait, (uint64_t)fd, P(&event), 1, 1, P(&both), 8),
           CALL(SYS_pselect6, 0, 0, 0, 0, P(&soon), 0));
    printf("errors: %ld %ld %ld\n", CALL(SYS_ppoll, 0, 0, P(&soon), P(gone), 8),
           CALL(SYS_rt_sigsuspend, P(&none), 7), CALL(SYS_pselect6, 0, 0, 0, 0, P(&soon), P(gone)));
    printf("nothing: %ld\n", CALL(SYS_rt_sigtimedwait, P(&both), P(&info), P(&soon), 8));
    send(SIGTRAP);
    printf("timedwait: %ld", CALL(SYS_rt_sigtimedwait, P(&both), P(&info), P(&soon), 8));
    printf(", signal %d, code %d\n", info.si_signo, info.si_code);
    printf("errors: %ld\n", CALL(SYS_rt_sigtimedwait, P(gone), 0, P(&soon), 8));
    CALL(SYS_rt_sigprocmask, SIG_UNBLOCK, P(&both), 0, 8);
    close(fd);
}

static void execs(void)
{
    static const char *const args[] = {"raw", "shows", NULL};
    uint64_t m = bit(SIGSEGV) | bit(SIGHUP);
    pid_t child;

    fflush(stdout);
    if (!(child = fork())) {
        set(SIGTRAP, P(SIG_IGN), 0, 0);
        set(SIGUSR1, P(SIG_IGN), 0, 0);
        CALL(SYS_rt_sigprocmask, SIG_BLOCK, P(&m), 0, 8);
        printf("nothing there: %ld\n", CALL(SYS_execve, P("/nothing/there"), P(args), P(environ)));
        send(SIGTRAP);
        show("goes on");
        fflush(stdout);
        CALL(SYS_execve, P("/proc/self/exe"), P(args), P(environ));
        _exit(9);
    }
    int status;
    waitpid(child, &status, 0);
    printf("child: %d\n", status);
}

/* What a program finds that another has executed. */
static int inherited(void)
{
    show("inherited");
    for (int number = 1; number < 32; number++) {
        kernel_action a = {0};
        CALL(SYS_rt_sigaction, (uint64_t)number, 0, P(&a), 8);
        if (a.handler)
            printf("action %d: %d\n", number, (int)a.handler);
    }
    return fflush(stdout);
}

static int run(void)
{
    page = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    gone = page + 32768;
    mprotect(gone, 32768, PROT_NONE);
#ifndef ALONE
    if (way != DIRECT) {
        vprec_xsave_detect();
        vprec_trap_install(&traps);
    }
#endif
    actions();
    masks();
    stacks();
    waits();
    execs();
    fflush(stdout);
    return 0;
}

#ifdef ALONE
int main(int argc, char **argv)
{
    return argc > 1 && !strcmp(argv[1], "shows") ? inherited() : run();
}
#else
/* What a child prints that does it all. */
static char *output(int which, size_t *size)
{
    int ends[2], status;
    char *text = NULL;
    FILE *to = open_memstream(&text, size);
    char block[4096];
    ssize_t n;
    pid_t child;

    if (!to || pipe(ends) || (child = fork()) < 0)
        exit(2);
    if (!child) {
        dup2(ends[1], 1);
        way = which;
        _exit(run());
    }
    close(ends[1]);
    while ((n = read(ends[0], block, sizeof block)) > 0)
        fwrite(block, 1, (size_t)n, to);
    close(ends[0]);
    waitpid(child, &status, 0);
    fprintf(to, "status %x\n", (unsigned)status);
    fclose(to);
    return text;
}

int main(int argc, char **argv)
{
    size_t native_size, size;
    int bad = 0;

    if (argc > 1 && !strcmp(argv[1], "shows"))
        return inherited();
    if (argc > 1) {
        way = argv[1][0] - '0';
        return run();
    }
    char *native = output(DIRECT, &native_size);
    for (int which = THROUGH; which <= BY_LIBC; which++) {
        char *have = output(which, &size);
        for (char *n = native, *h = have; *n || *h;) {
            size_t a = strcspn(n, "\n"), b = strcspn(h, "\n");
            if (a != b || memcmp(n, h, a) != 0)
                printf("way %d: want %.*s\nhave %.*s\n", which, (int)a, n, (int)b, h), bad++;
            n += a + !!n[a], h += b + !!h[b];
        }
        free(have);
    }
    free(native);
    printf("%zu bytes, %d lines differ\n", native_size, bad);
    return bad || native_size < 2000;
}
#endif
