/* SPDX-License-Identifier: Apache-2.0
 * stacks.c: on which stack a handler runs, and what a program sees of alternate
 * stacks, with SIGSEGV and SIGTRAP, which vprec uses itself, and with others. */
#include "life.h"
#include "traps.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { BYTES = 1 << 16, AUTODISARM = (int)(1u << 31) };

static _Thread_local char *alternate;
static _Thread_local sigjmp_buf back;
static _Thread_local int depth;
static char *page;

static const char *where(const void *p)
{
    return (const char *)p >= alternate && (const char *)p < alternate + BYTES ? "alternate" : "other";
}

static void show(const char *what)
{
    stack_t now;

    need(!sigaltstack(NULL, &now), "sigaltstack");
    printf("%s: at %s, size %zu, flags %x\n", what, now.ss_sp ? where(now.ss_sp) : "none", now.ss_size,
           (unsigned)now.ss_flags);
}

static void set(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

    need(!sigaction(number, &a, NULL), "sigaction");
}

static int alternate_is(int flags)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = BYTES, .ss_flags = flags};

    return sigaltstack(&stack, NULL);
}

static void meet(int number)
{
    if (number == SIGTRAP) {
        __asm__ volatile("int3");
    } else if (number == SIGSEGV) {
        need(!mprotect(page, 4096, PROT_NONE), "mprotect");
        *(volatile char *)page = 1;
    } else {
        raise(number);
    }
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    char local;
    stack_t none = {.ss_flags = SS_DISABLE};

    printf("signal %d on %s, info on %s, context's: %s, size %zu\n", number, where(&local), where(info),
           uc->uc_stack.ss_sp ? where(uc->uc_stack.ss_sp) : "none", uc->uc_stack.ss_size);
    show("inside");
    printf("to disable it inside: %d\n", sigaltstack(&none, NULL));
    alternate_is(0);
    if (number == SIGSEGV)
        need(!mprotect(page, 4096, PROT_READ | PROT_WRITE), "mprotect");
    if (number == SIGUSR1 && !depth++) { /* nested */
        meet(SIGSEGV);
        meet(SIGTRAP);
        depth = 0;
    }
}

static void all_kinds(int flags)
{
    static const int numbers[] = {SIGSEGV, SIGTRAP, SIGUSR1};

    for (int i = 0; i < 3; i++) {
        set(numbers[i], on_signal, flags);
        meet(numbers[i]);
        raise(numbers[i]);
    }
}

static void settings(void)
{
    stack_t wrong = {.ss_sp = alternate, .ss_size = 100}, odd = {.ss_sp = alternate, .ss_size = BYTES, .ss_flags = 77};
    stack_t none = {.ss_flags = SS_DISABLE};

    show("at first");
    all_kinds(SA_ONSTACK);
    need(!sigaltstack(&none, NULL), "sigaltstack");
    printf("too small: %d\n", sigaltstack(&wrong, NULL));
    perror("too small");
    printf("odd: %d\n", sigaltstack(&odd, NULL));
    show("after errors");
    need(!alternate_is(0), "sigaltstack");
    show("set");
    printf("with SA_ONSTACK\n");
    all_kinds(SA_ONSTACK);
    show("then");
    printf("without\n");
    all_kinds(0);
    printf("disarmed\n");
    need(!alternate_is(AUTODISARM), "sigaltstack");
    show("set");
    all_kinds(SA_ONSTACK);
    show("then");
    need(!sigaltstack(&none, NULL), "sigaltstack");
    show("disabled");
}

static void on_change(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)number;
    (void)info;
    uc->uc_stack.ss_size = BYTES / 2;
}

/* The stack runs out; the handler on the other one leaves. */
static void on_overflow(int number, siginfo_t *info, void *context)
{
    char local;

    (void)number;
    (void)info;
    (void)context;
    printf("overflow met on %s\n", where(&local));
    siglongjmp(back, 1);
}

static int deeper(volatile char *above)
{
    volatile char here[4096];

    here[0] = *above;
    return (here[0] ? 1 : deeper(here)) + here[0];
}

static void overflows(void)
{
    volatile char start = 0;

    need(!alternate_is(0), "sigaltstack");
    set(SIGSEGV, on_overflow, SA_ONSTACK);
    for (volatile int i = 0; i < 3; i++)
        if (!sigsetjmp(back, 1))
            deeper(&start);
    show("after overflows");
}

/* From a handler to another context and back. */
static ucontext_t in_handler, elsewhere;

static void on_switch(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    printf("signal %d goes elsewhere\n", number);
    swapcontext(&in_handler, &elsewhere);
    printf("signal %d is back\n", number);
    if (number == SIGSEGV)
        need(!mprotect(page, 4096, PROT_READ | PROT_WRITE), "mprotect");
}

static void run_elsewhere(void)
{
    for (;;) {
        chain c = chain_of(61, 40);
        chain_print(&c);
        traps_print(62);
        swapcontext(&elsewhere, &in_handler);
    }
}

static void switches(void)
{
    static char stack[BYTES];

    need(!getcontext(&elsewhere), "getcontext");
    elsewhere.uc_stack.ss_sp = stack;
    elsewhere.uc_stack.ss_size = sizeof stack;
    makecontext(&elsewhere, run_elsewhere, 0);
    for (int i = 0; i < 2; i++) {
        set(SIGSEGV, on_switch, i ? SA_ONSTACK : 0);
        set(SIGTRAP, on_switch, i ? SA_ONSTACK : 0);
        meet(SIGSEGV);
        meet(SIGTRAP);
    }
}

/* A small stack in the middle of memory that nobody may write to. */
enum { SMALL = 3072 };
static char room[16 << 10];
static ucontext_t caller, small;

static void run_small(void)
{
    for (int i = 0; i < 3; i++)
        traps_run();
}

static void small_stack(void)
{
    volatile size_t spoiled = 0;

    memset(room, 0x55, sizeof room);
    need(!getcontext(&small), "getcontext");
    small.uc_stack.ss_sp = room + sizeof room - SMALL;
    small.uc_stack.ss_size = SMALL;
    small.uc_link = &caller;
    makecontext(&small, run_small, 0);
    need(!swapcontext(&caller, &small), "swapcontext");
    for (size_t i = 0; i < sizeof room - SMALL; i++)
        spoiled = spoiled + (room[i] != 0x55);
    printf("below a small stack: %zu\n", spoiled);
}

static void everything(void)
{
    alternate = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(alternate != MAP_FAILED, "mmap");
    settings();
    need(!alternate_is(0), "sigaltstack");
    set(SIGUSR1, on_change, 0);
    raise(SIGUSR1);
    show("by the context");
    overflows();
    switches();
    small_stack();
}

static void *thread(void *data)
{
    everything();
    return data;
}

int main(void)
{
    pthread_t other;
    pid_t child;
    int status;

    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(page != MAP_FAILED, "mmap");
    everything();
    for (int i = 0; i < 3; i++) {
        need(!pthread_create(&other, NULL, thread, NULL), "pthread_create");
        pthread_join(other, NULL);
    }
    need(!alternate_is(0), "sigaltstack");
    fflush(stdout);
    if (!(child = fork())) {
        show("in a child");
        settings();
        overflows();
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    printf("child: %d\n", status);
    if (!(child = vfork())) {
        stack_t now;
        _exit(sigaltstack(NULL, &now) || now.ss_size != BYTES);
    }
    waitpid(child, &status, 0);
    printf("child of vfork: %d\n", status);
    return 0;
}
