/* SPDX-License-Identifier: Apache-2.0
 * ways.c: computes a little in threads, processes and signal handlers that come about in many ways, and counts by
 * itself, in integers, what it computes. Writes for each function and operation how many of them. Links nothing of
 * vprec's. Usage: ways WAY */
#include <asm/prctl.h>
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
    _Atomic uint64_t chain, leaf, flags, masked, jumps, halfway, late, notified;
} *done; /* shared with children */

static int wide;

#define FUNCTION __attribute__((noipa))

FUNCTION static float chain(float x, int n)
{
    for (int i = 0; i < n; i++)
        x = x * 0.75f + 0.125f;
    return x;
}

FUNCTION static double leaf(double x)
{
    return x * x + 1;
}

/* The flags of the comparison are needed behind the addition, and before it those of the one before. */
FUNCTION static int flags(float x, int64_t n)
{
    int above, equal;
    __asm__ volatile("cmpq $5, %3\n\tmulss %2, %2\n\tseta %b0\n\taddss %2, %2\n\tsete %b1"
                     : "=&q"(above), "=&q"(equal), "+x"(x)
                     : "r"(n)
                     : "cc");
    return (above & 1) | (equal & 1) << 1;
}

FUNCTION __attribute__((target("avx512f"))) static void masked(float *to, unsigned mask)
{
    __m512 x = _mm512_loadu_ps(to);
    _mm512_storeu_ps(to, _mm512_mask_add_ps(x, (__mmask16)mask, x, x));
}

FUNCTION static float jumps(float x, unsigned which)
{
    static const void *const to[] = {&&one, &&two, &&three, &&four};
    goto *to[which % 4];
one:
    x = x + 1;
two:
    x = x + 2;
three:
    x = x + 3;
four:
    return x + 4;
}

/* First executed in a child. */
FUNCTION static float late(float x)
{
    return x / 3;
}

/* Faults between the second operation and the third. */
FUNCTION static void halfway(const float *bad)
{
    float x = 3;
    __asm__ volatile("mulss %0, %0\n\taddss %0, %0\n\tmovss (%1), %%xmm9\n\tsubss %0, %0" : "+x"(x) : "r"(bad) : "xmm9");
}

/* May be interrupted anywhere by itself, so what it has computed is added when it is through. */
static void work(int times)
{
    float numbers[16] = {1, 2, 3};
    for (int i = 0; i < times; i++) {
        if (chain(1, 100) > 2 || leaf(2) != 5 || flags(1, 5) != 2 || flags(1, 6) != 1 || flags(1, 4) != 0 ||
            jumps(0, (unsigned)i) < 4)
            abort();
        atomic_fetch_add(&done->chain, 100);
        atomic_fetch_add(&done->leaf, 1);
        atomic_fetch_add(&done->flags, 3);
        atomic_fetch_add(&done->jumps, 4 - (unsigned)i % 4);
        if (!wide)
            continue;
        unsigned mask = (unsigned)i * 40503u >> 3 & 0xFFFF;
        masked(numbers, mask);
        atomic_fetch_add(&done->masked, (unsigned)__builtin_popcount(mask));
    }
}

enum { TIMES = 300 };

static void *thread(void *data)
{
    (void)data;
    work(TIMES);
    return NULL;
}

static _Atomic int handled;

static void on_alarm(int number)
{
    (void)number;
    work(1);
    atomic_fetch_add(&handled, 1);
}

static void interrupted(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; handled < 200 && i < 100000; i++)
        work(10);
    setitimer(ITIMER_REAL, &never, NULL);
}

static sigjmp_buf back;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(back, 1);
}

static void fault(int times)
{
    volatile int i = 0;
    void *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (i = 0; i < times; i++) {
        atomic_fetch_add(&done->halfway, 1);
        if (!sigsetjmp(back, 1))
            halfway(bad);
    }
}

static void caught(void)
{
    struct sigaction action = {.sa_handler = on_fault};
    sigaction(SIGSEGV, &action, NULL);
    fault(50);
}

static void child(void)
{
    for (int i = 0; i < 7; i++)
        if (late(3) < 0.99f)
            abort();
    atomic_fetch_add(&done->late, 7);
    work(TIMES);
    pthread_t t;
    if (!pthread_create(&t, NULL, thread, NULL))
        pthread_join(t, NULL);
    _exit(0);
}

static int cloned(void *data)
{
    (void)data;
    child();
    return 0;
}

static void processes(void)
{
    static char stack[2][1 << 18] __attribute__((aligned(64)));
    work(1); /* before each: who has counted since the last one must not hand its counters on */
    if (!fork())
        child();
    work(1);
    if (!_Fork())
        child();
    work(1);
    if (!syscall(SYS_fork))
        child();
    work(1);
    clone(cloned, stack[0] + sizeof stack[0], SIGCHLD, NULL);
    work(1);
    clone(cloned, stack[1] + sizeof stack[1], SIGCHLD | CLONE_VFORK, NULL);
    pid_t lent = vfork();
    if (!lent) {
        work(5);
        _exit(0);
    }
    work(TIMES);
    while (wait(NULL) > 0)
        continue;
}

static void notify(union sigval value)
{
    (void)value;
    work(TIMES);
    atomic_fetch_add(&done->notified, 1);
}

static void notified(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify};
    timer_t timer;
    work(1);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &(struct itimerspec){{0, 2000000}, {0, 1000000}}, NULL);
    while (done->notified < 5)
        work(10);
    timer_delete(timer);
    usleep(300000); /* what had begun */
}

static void threads(int at_once, int rounds)
{
    pthread_t t[16];
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < at_once; i++)
            pthread_create(&t[i], NULL, thread, NULL);
        work(TIMES);
        for (int i = 0; i < at_once; i++)
            pthread_join(t[i], NULL);
    }
}

/* The program's own use of gs: what it finds there is what it has put there. */
static int own_gs(void)
{
    static uint64_t own[2] = {42, 43};
    uint64_t found;
    work(1);
    syscall(SYS_arch_prctl, ARCH_SET_GS, own);
    work(3);
    __asm__ volatile("movq %%gs:8, %0" : "=r"(found));
    return found == 43 ? 0 : 3;
}

static void tell(void)
{
    printf("chain mul %lu\nchain add %lu\nleaf mul %lu\nleaf add %lu\nflags mul %lu\nflags add %lu\njumps add %lu\n"
           "masked add %lu\nhalfway mul %lu\nhalfway add %lu\nlate div %lu\n",
           done->chain, done->chain, done->leaf, done->leaf, done->flags, done->flags, done->jumps, done->masked,
           done->halfway, done->halfway, done->late);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    int status = 0;
    wide = __builtin_cpu_supports("avx512f");
    done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (done == MAP_FAILED)
        return 2;
    if (!strcmp(way, "threads"))
        threads(8, 3);
    else if (!strcmp(way, "many"))
        threads(1, 100);
    else if (!strcmp(way, "signals"))
        interrupted();
    else if (!strcmp(way, "faults"))
        caught();
    else if (!strcmp(way, "processes"))
        processes();
    else if (!strcmp(way, "notified"))
        notified();
    else if (!strcmp(way, "gs"))
        status = own_gs();
    else if (!strcmp(way, "crash"))
        atomic_store(&done->halfway, 1);
    else
        return 2;
    tell();
    if (!strcmp(way, "crash"))
        halfway(NULL);
    return status;
}
