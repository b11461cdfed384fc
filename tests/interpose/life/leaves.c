/* SPDX-License-Identifier: Apache-2.0
 * leaves.c: a signal handler that has the program call something where it was
 * interrupted, as Go's does to stop a goroutine: each operation is executed once. */
#include "life.h"
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

enum { CHAINS = 400, STEPS = 2000, RED_ZONE = 128 };

/* Counts, changes no register and no flag, and takes the red zone off behind it. */
void leaves_call(void);
extern volatile unsigned leaves_calls;
__asm__(".text\n.globl leaves_call\n.type leaves_call, @function\nleaves_call:\n"
        "pushfq\nincl leaves_calls(%rip)\npopfq\nret $128\n.size leaves_call, .-leaves_call\n"
        ".local leaves_calls\n.comm leaves_calls, 4, 4\n");

static void on_time(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)sig;
    (void)info;
    r[REG_RSP] -= RED_ZONE + 8;
    *(uint64_t *)r[REG_RSP] = (uint64_t)r[REG_RIP];
    r[REG_RIP] = (greg_t)leaves_call;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_time, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    static chain c[CHAINS];

    need(!sigaction(SIGALRM, &action, NULL), "sigaction");
    need(!setitimer(ITIMER_REAL, &often, NULL), "setitimer");
    for (uint32_t i = 0; i < CHAINS; i++)
        c[i] = chain_of(i, STEPS);
    while (leaves_calls < 100) /* the chains may be over soon */
        c[0] = chain_of(0, STEPS);
    need(!setitimer(ITIMER_REAL, &never, NULL), "setitimer");
    for (uint32_t i = 0; i < CHAINS; i++)
        chain_print(&c[i]);
    return 0;
}
