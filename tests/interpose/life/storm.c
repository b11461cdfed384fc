/* SPDX-License-Identifier: Apache-2.0
 * storm.c: several threads compute, meet traps, fault and repair or leave, switch
 * contexts and raise signals of their own, while timers interrupt them and others
 * send to them; handlers run on alternate stacks and compute too. */
#include "life.h"
#include "traps.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 250 };

static _Thread_local sigjmp_buf back;
static _Thread_local volatile int leaves;
static _Thread_local char *page;
static _Atomic int ticks, faults, sent, wrong, running;
static uint32_t expected;

static void compute(void)
{
    chain c = chain_of(17, 60);

    if (chain_bits(&c) != expected)
        wrong++;
}

static void on_tick(int number)
{
    (void)number;
    compute();
    ticks++;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    if (info->si_code <= 0) {
        sent++;
        return;
    }
    faults++;
    compute();
    if ((char *)info->si_addr != page)
        wrong++;
    if (mprotect(page, 4096, PROT_READ | PROT_WRITE))
        wrong++;
    if (leaves)
        siglongjmp(back, 1);
}

static void on_sent(int number)
{
    (void)number;
    compute();
    sent++;
}

typedef struct contexts {
    ucontext_t here, there;
    char stack[4096];
} contexts;

static _Thread_local contexts *mine;

static void elsewhere(void)
{
    for (;;) {
        traps_run();
        swapcontext(&mine->there, &mine->here);
    }
}

static void *work(void *data)
{
    volatile int n = 0;
    stack_t stack = {.ss_size = 1 << 15};
    contexts *c = calloc(1, sizeof *c);
    sigset_t both;

    (void)data;
    stack.ss_sp = malloc(stack.ss_size);
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(c && stack.ss_sp && page != MAP_FAILED && !sigaltstack(&stack, NULL), "setting up");
    mine = c;
    getcontext(&c->there);
    c->there.uc_stack.ss_sp = c->stack;
    c->there.uc_stack.ss_size = sizeof c->stack;
    makecontext(&c->there, elsewhere, 0);
    sigemptyset(&both);
    sigaddset(&both, SIGSEGV);
    sigaddset(&both, SIGTRAP);
    for (n = 0; n < ROUNDS; n++) {
        compute();
        leaves = n & 1;
        mprotect(page, 4096, PROT_NONE);
        if (!sigsetjmp(back, 1))
            *(volatile char *)page = 1;
        traps_run();
        raise(SIGTRAP);
        __asm__ volatile("int3");
        pthread_sigmask(SIG_BLOCK, &both, NULL);
        raise(SIGTRAP);
        compute();
        traps_run();
        pthread_sigmask(SIG_UNBLOCK, &both, NULL);
    }
    sigset_t timer;
    sigemptyset(&timer);
    sigaddset(&timer, SIGPROF); /* whose frames would not fit there */
    sigaddset(&timer, SIGSEGV);
    sigaddset(&timer, SIGTRAP);
    pthread_sigmask(SIG_BLOCK, &timer, NULL);
    for (n = 0; n < 50; n++)
        swapcontext(&c->here, &c->there);
    running--;
    return NULL;
}

int main(void)
{
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct sigaction tick = {.sa_handler = on_tick, .sa_flags = SA_ONSTACK | SA_RESTART};
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_SIGINFO | SA_RESTART};
    struct sigaction trap = {.sa_handler = on_sent, .sa_flags = SA_RESTART};
    pthread_t threads[THREADS];
    chain c = chain_of(17, 60);

    expected = chain_bits(&c);
    chain_print(&c);
    sigfillset(&trap.sa_mask);
    need(!sigaction(SIGPROF, &tick, NULL) && !sigaction(SIGSEGV, &fault, NULL) && !sigaction(SIGTRAP, &trap, NULL),
         "sigaction");
    running = THREADS;
    need(!setitimer(ITIMER_PROF, &often, NULL), "setitimer");
    for (int i = 0; i < THREADS; i++)
        need(!pthread_create(&threads[i], NULL, work, NULL), "pthread_create");
    while (running || !ticks) {
        kill(getpid(), SIGSEGV);
        compute();
        usleep(500);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    need(!setitimer(ITIMER_PROF, &never, NULL), "setitimer");
    printf("wrong: %d, faults %d, interrupted %d, sent %d\n", wrong, faults, ticks > 0, sent >= THREADS * ROUNDS * 3);
    traps_print(18);
    return 0;
}
