/* SPDX-License-Identifier: Apache-2.0
 * views.c: a program that blocks SIGSEGV and SIGTRAP, which vprec never does: what
 * it sees of its mask, of what is pending, of waits, in handlers and behind them. */
#include "life.h"
#include "traps.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static volatile int calls, again;
static sigjmp_buf back;
static jmp_buf plain_back;
static ucontext_t context_back;
static char *page;

static void show(const char *what)
{
    sigset_t mask, pending;

    need(!sigprocmask(SIG_BLOCK, NULL, &mask), "sigprocmask");
    need(!sigpending(&pending), "sigpending");
    printf("%s: blocked", what);
    for (int i = 1; i < 32; i++)
        if (sigismember(&mask, i))
            printf(" %d", i);
    printf(", pending");
    for (int i = 1; i < 32; i++)
        if (sigismember(&pending, i))
            printf(" %d", i);
    printf(", calls %d\n", calls);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    calls++;
    printf("signal %d, code %d, interrupted under SEGV %d TRAP %d USR1 %d\n", number, info->si_code,
           sigismember(&uc->uc_sigmask, SIGSEGV), sigismember(&uc->uc_sigmask, SIGTRAP),
           sigismember(&uc->uc_sigmask, SIGUSR1));
    show("in a handler");
    traps_run();
}

static void set_masked(int number, void (*handler)(int, siginfo_t *, void *), int flags, int masked)
{
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

    sigemptyset(&a.sa_mask);
    if (masked)
        sigaddset(&a.sa_mask, masked);
    need(!sigaction(number, &a, NULL), "sigaction");
}

static sigset_t both(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGTRAP);
    return set;
}

static void basics(void)
{
    sigset_t set = both(), all, old;

    sigfillset(&all);
    set_masked(SIGSEGV, on_signal, 0, 0);
    set_masked(SIGTRAP, on_signal, SA_NODEFER, SIGSEGV);
    show("at first");
    need(!sigprocmask(SIG_BLOCK, &set, &old), "sigprocmask");
    printf("was %d\n", sigismember(&old, SIGTRAP));
    raise(SIGTRAP);
    raise(SIGTRAP);
    kill(getpid(), SIGSEGV);
    show("sent");
    traps_run();
    sigdelset(&set, SIGSEGV);
    sigset_t *volatile same = &set;
    need(!sigprocmask(SIG_UNBLOCK, &set, same), "sigprocmask");
    printf("was %d %d\n", sigismember(&set, SIGTRAP), sigismember(&set, SIGSEGV));
    show("one of them");
    need(!sigprocmask(SIG_SETMASK, &old, NULL), "sigprocmask");
    show("as at first");
    printf("sigblock %x\n", (unsigned)sigblock(1 << (SIGTRAP - 1) | 1 << (SIGHUP - 1)));
    printf("sigsetmask %x\n", (unsigned)sigsetmask(0));
    sighold(SIGTRAP);
    show("held");
    raise(SIGTRAP);
    sigrelse(SIGTRAP);
    show("released");
    printf("sigset %d\n", sigset(SIGTRAP, SIG_HOLD) == SIG_ERR);
    show("set to hold");
    sigrelse(SIGTRAP);
    set_masked(SIGTRAP, on_signal, SA_NODEFER, SIGSEGV);
    need(!pthread_sigmask(SIG_SETMASK, &all, NULL), "pthread_sigmask");
    show("all");
    traps_run();
    printf("errors %d %d\n", sigprocmask(99, &set, NULL), pthread_sigmask(99, &set, NULL));
    need(!pthread_sigmask(SIG_SETMASK, &old, NULL), "pthread_sigmask");
    raise(SIGSEGV);
    raise(SIGTRAP);
    /* two at once */
    set = both();
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGSEGV);
    raise(SIGTRAP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    /* ignored, but blocked when they come */
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGTRAP, SIG_IGN);
    raise(SIGTRAP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    show("ignored");
    set_masked(SIGTRAP, on_signal, 0, 0);
}

static void on_leave(int number)
{
    sigset_t set = both();

    calls++;
    if (again == 1)
        sigprocmask(SIG_BLOCK, &set, NULL);
    if (again == 2)
        setcontext(&context_back);
    if (again == 3)
        sigprocmask(SIG_UNBLOCK, &set, NULL), longjmp(plain_back, 1);
    if (again == 4)
        longjmp(plain_back, 1);
    siglongjmp(back, number);
}

static void touch(void)
{
    need(!mprotect(page, 4096, PROT_NONE), "mprotect");
    *(volatile char *)page = 1;
}

/* Leaves the handler in each way, again and again: a fault under a mask that blocks it would kill. */
static void leaves(void)
{
    sigset_t set = both();
    volatile int round;

    for (int masked = 0; masked < 2; masked++) {
        if (masked) {
            sigdelset(&set, SIGSEGV);
            sigprocmask(SIG_BLOCK, &set, NULL);
        }
        signal(SIGSEGV, on_leave);
        for (again = 0; again < 4; again++) {
            if (again == 3 && masked)
                continue;
            round = 0;
            if (again == 2) {
                getcontext(&context_back);
                if (round++ < 3)
                    touch();
            } else if (again == 3) {
                setjmp(plain_back);
                if (round++ < 3)
                    touch();
            } else {
                sigsetjmp(back, 1);
                if (round++ < 3)
                    touch();
            }
            printf("way %d, masked %d: ", again, masked);
            show("left");
        }
    }
    need(!sigprocmask(SIG_SETMASK, &(sigset_t){0}, NULL), "sigprocmask");
    fflush(stdout);
    pid_t child;
    int status;
    if (!(child = fork())) {
        again = 4;
        setjmp(plain_back);
        show("left without the mask");
        fflush(stdout);
        touch(); /* the second time it kills */
    }
    waitpid(child, &status, 0);
    printf("it ends by %d\n", status & 127);
}

static ucontext_t main_context, other_context;

static void run_other(void)
{
    show("in a context");
    traps_run();
    swapcontext(&other_context, &main_context);
    show("in a context again");
    traps_run();
}

static void contexts(void)
{
    static char stack[1 << 16];
    sigset_t set = both();

    need(!getcontext(&other_context), "getcontext");
    other_context.uc_stack.ss_sp = stack;
    other_context.uc_stack.ss_size = sizeof stack;
    other_context.uc_link = &main_context;
    sigfillset(&other_context.uc_sigmask);
    makecontext(&other_context, run_other, 0);
    swapcontext(&main_context, &other_context);
    show("back");
    sigprocmask(SIG_BLOCK, &set, NULL);
    swapcontext(&main_context, &other_context);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    show("back again");
}

static void on_block(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGTRAP);
    sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGUSR2);
    raise(SIGTRAP);
}

static void waits(void)
{
    sigset_t set = both(), none;
    siginfo_t info = {0};
    struct timespec soon = {0, 20000000}, late = {20, 0};
    int number = 0;
    pid_t child, self = getpid();

    sigemptyset(&none);
    set_masked(SIGSEGV, on_signal, 0, 0);
    set_masked(SIGTRAP, on_signal, 0, 0);
    set_masked(SIGUSR1, on_block, 0, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    printf("nothing: %d %d\n", sigtimedwait(&set, &info, &soon), errno == EAGAIN);
    raise(SIGTRAP);
    kill(self, SIGSEGV);
    number = sigtimedwait(&set, &info, &soon);
    printf("sigtimedwait: %d, signal %d, code %d, sender %d\n", number, info.si_signo, info.si_code, info.si_pid == self);
    number = sigwaitinfo(&set, &info);
    printf("sigwaitinfo: %d, signal %d, code %d\n", number, info.si_signo, info.si_code);
    raise(SIGTRAP);
    printf("sigwait: %d ", sigwait(&set, &number));
    printf("%d\n", number);
    show("taken");
    for (int i = 0; i < 4; i++) { /* sent while it waits */
        fflush(stdout);
        if (!(child = fork())) {
            usleep(50000);
            if (i == 3) {
                set_masked(SIGUSR1, on_signal, 0, 0);
                kill(self, SIGUSR1); /* a handler in between */
                usleep(50000);
            }
            kill(self, i & 1 ? SIGTRAP : SIGSEGV);
            _exit(0);
        }
        set_masked(SIGUSR1, on_signal, 0, 0);
        if (i == 0)
            printf("sigwaitinfo: %d\n", sigwaitinfo(&set, &info));
        else if (i == 1)
            printf("sigsuspend: %d %d\n", sigsuspend(&none), errno == EINTR);
        else if (i == 2)
            printf("ppoll: %d %d\n", ppoll(NULL, 0, &late, &none), errno == EINTR);
        else
            printf("sigwait: %d\n", sigwait(&set, &number));
        waitpid(child, NULL, 0);
        show("after a wait");
        traps_run();
    }
    raise(SIGSEGV);
    printf("pending for sigsuspend: %d\n", sigsuspend(&none));
    show("then");
    raise(SIGTRAP);
    printf("pending for pselect: %d\n", pselect(0, NULL, NULL, NULL, &late, &none));
    show("then");
    raise(SIGTRAP);
    printf("pending for sigpause: %d\n", sigpause(SIGTRAP));
    show("then");
    sigprocmask(SIG_SETMASK, &none, NULL);
    set_masked(SIGUSR1, on_block, 0, SIGTRAP);
    raise(SIGUSR1);
    show("blocked by a handler's context");
    sigprocmask(SIG_SETMASK, &none, NULL);
    show("let in");
}

static pthread_barrier_t ready;

static void *waiter(void *data)
{
    sigset_t set = both();
    siginfo_t info;

    (void)data;
    show("a thread");
    pthread_barrier_wait(&ready);
    printf("a thread gets %d\n", sigwaitinfo(&set, &info));
    printf("a thread gets %d\n", sigwaitinfo(&set, &info));
    traps_run();
    return NULL;
}

static void *taker(void *data)
{
    sigset_t none;

    (void)data;
    show("a thread by its attributes");
    calls = 0;
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&ready);
    sigemptyset(&none);
    while (!calls)
        usleep(1000);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    while (calls < 2)
        usleep(1000);
    show("a thread in the end");
    return NULL;
}

static void threads(void)
{
    sigset_t set = both(), all, none, seen;
    pthread_t thread;
    pthread_attr_t attr;

    sigemptyset(&none);
    sigfillset(&all);
    need(!pthread_barrier_init(&ready, NULL, 2), "pthread_barrier_init");
    sigprocmask(SIG_BLOCK, &set, NULL);
    need(!pthread_create(&thread, NULL, waiter, NULL), "pthread_create");
    pthread_barrier_wait(&ready);
    kill(getpid(), SIGSEGV); /* for whoever waits, now or soon */
    usleep(20000);
    pthread_kill(thread, SIGTRAP);
    pthread_join(thread, NULL);
    show("joined");

    set_masked(SIGSEGV, on_signal, 0, 0);
    set_masked(SIGTRAP, on_signal, 0, 0);
    need(!pthread_attr_init(&attr), "pthread_attr_init");
    sigdelset(&all, SIGSEGV);
    need(!pthread_attr_setsigmask_np(&attr, &all) && !pthread_attr_getsigmask_np(&attr, &seen), "attributes");
    printf("attributes: %d %d %d\n", sigismember(&seen, SIGSEGV), sigismember(&seen, SIGTRAP), sigismember(&seen, SIGHUP));
    need(!pthread_create(&thread, &attr, taker, NULL), "pthread_create");
    pthread_barrier_wait(&ready);
    pthread_kill(thread, SIGTRAP); /* it blocks that one */
    kill(getpid(), SIGSEGV);       /* and takes this, which the others block */
    pthread_barrier_wait(&ready);
    pthread_join(thread, NULL);
    show("joined");
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void children(void)
{
    sigset_t set = both();
    int status;
    pid_t child;

    set_masked(SIGSEGV, on_signal, 0, 0);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGSEGV);
    raise(SIGTRAP);
    fflush(stdout);
    if (!(child = fork())) {
        show("a child"); /* has the mask, and nothing pending */
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        show("a child unblocks");
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    printf("child: %d\n", status);
    fflush(stdout);
    if (!(child = fork())) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        touch(); /* while it is blocked */
        _exit(0);
    }
    waitpid(child, &status, 0);
    printf("child: %d\n", status & 127);
    set_masked(SIGTRAP, on_signal, 0, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    show("parent");
}

int main(void)
{
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(page != MAP_FAILED, "mmap");
    setvbuf(stdout, NULL, _IOLBF, 0);
    traps_print(71);
    basics();
    leaves();
    contexts();
    waits();
    threads();
    children();
    traps_print(72);
    return 0;
}
