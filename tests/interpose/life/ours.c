/* SPDX-License-Identifier: Apache-2.0
 * ours.c: a program that uses SIGSEGV and SIGTRAP itself, in each way that it
 * can be met by them: what it sees is what it sees natively. */
#include "life.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int calls;
static char *page;
static sigjmp_buf back;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    calls++;
    printf("handler: signal %d, code %d\n", number, info->si_code);
}

/* A real one goes away once the page is there. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    greg_t error = ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR];

    calls++;
    printf("handler: signal %d, code %d, address %td, write %d\n", number, info->si_code, (char *)info->si_addr - page,
           (int)(error >> 1 & 1));
    need(!mprotect(page, 4096, PROT_READ | PROT_WRITE), "mprotect");
}

static void on_leave(int number)
{
    (void)number;
    calls++;
    siglongjmp(back, 1);
}

static void touch(void)
{
    need(!mprotect(page, 4096, PROT_NONE), "mprotect");
    *(volatile char *)(page + 40) = 1;
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

/* A real one of `number`. */
static void meet(int number)
{
    (number == SIGTRAP ? breakpoint : touch)();
}

static void set(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

    need(!sigaction(number, &a, NULL), "sigaction");
}

/* How a child ends that does `what`. */
static void ends(const char *name, void (*what)(int), int number)
{
    struct rlimit none = {0, 0};
    int status;
    pid_t child;

    fflush(stdout);
    if (!(child = fork())) {
        setrlimit(RLIMIT_CORE, &none);
        what(number);
        printf("%s: goes on\n", name);
        fflush(stdout);
        _exit(calls);
    }
    need(waitpid(child, &status, 0) == child, "waitpid");
    if (WIFSIGNALED(status))
        printf("%s: signal %d\n", name, WTERMSIG(status));
    else
        printf("%s: status %d\n", name, WEXITSTATUS(status));
}

static void real_default(int number)
{
    meet(number);
}

static void sent_default(int number)
{
    raise(number);
}

static void real_ignored(int number)
{
    signal(number, SIG_IGN);
    meet(number);
}

static void sent_ignored(int number)
{
    signal(number, SIG_IGN);
    raise(number);
    kill(getpid(), number);
}

static void once(int number)
{
    set(number, on_signal, (int)SA_RESETHAND);
    raise(number);
    raise(number);
}

static void real_once(int number)
{
    set(number, number == SIGTRAP ? on_signal : on_fault, (int)SA_RESETHAND);
    meet(number);
    meet(number);
}

static void back_to_default(int number)
{
    set(number, on_signal, 0);
    raise(number);
    signal(number, SIG_DFL);
    meet(number);
}

/* A function at an address that is none, and one in a page without X. */
static void calls_nothing(int number)
{
    void (*volatile nothing)(void) = (void (*)(void))(uintptr_t)64;

    (void)number;
    nothing();
}

static void calls_data(int number)
{
    void (*volatile data)(void);

    (void)number;
    memset(page, 0xC3, 4096);
    memcpy((void *)&data, &page, sizeof data);
    data();
}

static void leaves(int number)
{
    struct sigaction a = {.sa_handler = on_leave};

    need(!sigaction(number, &a, NULL), "sigaction");
    for (volatile int i = 0; i < 3; i++)
        if (!sigsetjmp(back, 1))
            meet(number);
    printf("left %d times\n", calls);
}

static void sent(int number)
{
    union sigval value = {.sival_int = 5};

    set(number, on_signal, 0);
    raise(number);
    kill(getpid(), number);
    sigqueue(getpid(), number, value);
}

static void real(int number)
{
    set(number, number == SIGTRAP ? on_signal : on_fault, 0);
    meet(number);
    meet(number);
}

/* Whether a system call goes on behind a handler: the child sends while the parent reads. */
static void interrupts(int number)
{
    int ends_of[2], flags[] = {0, SA_RESTART};
    char c = 0;

    for (int i = 0; i < 2; i++) {
        pid_t self = getpid(), child;
        need(!pipe(ends_of), "pipe");
        set(number, on_signal, flags[i]);
        fflush(stdout);
        if (!(child = fork())) {
            usleep(100000);
            kill(self, number);
            usleep(100000);
            _exit(write(ends_of[1], "x", 1) != 1);
        }
        ssize_t n = read(ends_of[0], &c, 1);
        printf("read while a signal comes: %d\n", (int)n);
        waitpid(child, NULL, 0);
        close(ends_of[0]);
        close(ends_of[1]);
    }
}

static void as_set(int number)
{
    struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER}, old;

    need(!sigaction(number, NULL, &old), "sigaction");
    printf("at first: %d, flags %x, restorer %d\n", old.sa_handler == SIG_DFL, (unsigned)old.sa_flags,
           old.sa_restorer != NULL);
    sigfillset(&a.sa_mask);
    need(!sigaction(number, &a, NULL), "sigaction");
    need(!sigaction(number, NULL, &old), "sigaction");
    printf("set: %d, flags %x, restorer %d, masks", old.sa_sigaction == on_signal, (unsigned)old.sa_flags,
           old.sa_restorer != NULL);
    for (int i = 1; i < NSIG; i++)
        printf(" %d", sigismember(&old.sa_mask, i));
    printf("\n");
}

int main(void)
{
    static const struct {
        const char *name;
        void (*what)(int);
    } all[] = {{"real, default", real_default}, {"sent, default", sent_default}, {"real, ignored", real_ignored},
               {"sent, ignored", sent_ignored}, {"once", once},   {"real, once", real_once},
               {"back to default", back_to_default}, {"leaves", leaves}, {"sent", sent}, {"real", real},
               {"interrupts", interrupts},      {"as set", as_set}};
    static const int numbers[] = {SIGSEGV, SIGTRAP};
    chain c = chain_of(94, 100);

    chain_print(&c);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(page != MAP_FAILED, "mmap");
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            printf("signal %d, ", numbers[k]);
            ends(all[i].name, all[i].what, numbers[k]);
        }
    ends("calls nothing", calls_nothing, 0);
    ends("calls data", calls_data, 0);
    set(SIGSEGV, on_signal, (int)SA_RESETHAND);
    ends("calls data with a handler", calls_data, 0);
    return 0;
}
