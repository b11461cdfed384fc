/* SPDX-License-Identifier: Apache-2.0
 * jumps.c: setjmp and longjmp across frames that compute, out of a signal
 * handler too. */
#include "life.h"
#include <setjmp.h>
#include <signal.h>

static jmp_buf back;
static sigjmp_buf back_from_signal;
static chain work;

/* `value` is never 0, which the compiler does not know. */
static __attribute__((noinline)) int descend(int depth, int value)
{
    chain_run(&work, 7);
    if (depth == 0 && value)
        longjmp(back, value);
    if (depth == 0)
        return 0;
    descend(depth - 1, value);
    chain_run(&work, 1000);
    return depth;
}

static void handler(int sig)
{
    (void)sig;
    chain_run(&work, 13);
    siglongjmp(back_from_signal, 1);
}

int main(void)
{
    volatile int round = 0;
    int value;

    work = chain_start(31);
    value = setjmp(back);
    chain_run(&work, 5);
    printf("arrived with %d\n", value);
    chain_print(&work);
    if (round++ < 4)
        descend(round * 3, round);

    signal(SIGUSR1, handler);
    for (volatile int k = 0; k < 3; k++) {
        if (!sigsetjmp(back_from_signal, 1)) {
            chain_run(&work, 11);
            raise(SIGUSR1);
            chain_run(&work, 1000);
        }
        chain_print(&work);
    }
    return 0;
}
