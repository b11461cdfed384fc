/* SPDX-License-Identifier: Apache-2.0
 * handlers.c: a timer's signal handler computes while the program computes; on
 * the same stack, or with "altstack" on its own. Neither may disturb the other. */
#include "life.h"
#include <signal.h>
#include <sys/time.h>

enum { SIGNALS = 40, HANDLER_STEPS = 25 };

static volatile sig_atomic_t arrived, spoiled;
static uint32_t handler_bits;

static void handler(int sig)
{
    chain c = chain_of(42, HANDLER_STEPS);

    (void)sig;
    if (arrived == 0)
        handler_bits = chain_bits(&c);
    else if (chain_bits(&c) != handler_bits)
        spoiled++;
    arrived++;
}

int main(int argc, char **argv)
{
    struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = handler};
    static char alternate[1 << 18];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    chain first = chain_of(41, 2000), own = {.seed = 42, .length = HANDLER_STEPS};
    int wrong = 0;

    (void)argv;
    if (argc > 1) {
        need(!sigaltstack(&stack, NULL), "sigaltstack");
        action.sa_flags = SA_ONSTACK;
    }
    need(!sigaction(SIGALRM, &action, NULL), "sigaction");
    need(!setitimer(ITIMER_REAL, &often, NULL), "setitimer");
    while (arrived < SIGNALS) {
        chain again = chain_of(41, 2000);
        wrong += chain_bits(&again) != chain_bits(&first);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    chain_print(&first);
    memcpy(&own.x, &handler_bits, sizeof own.x);
    chain_print(&own);
    printf("disturbed: program %d, handler %d\n", wrong, (int)spoiled);
    return 0;
}
