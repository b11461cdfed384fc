/* SPDX-License-Identifier: Apache-2.0
 * masks.c: computes with every signal blocked, by each way that a program has
 * to block them, through code that can only be reached by traps (traps.S). */
#include "life.h"
#include "traps.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void compute(const char *where, uint32_t seed)
{
    chain c = chain_of(seed, 150);

    printf("%s\n", where);
    chain_print(&c);
    traps_print(seed);
}

static void handler(int sig)
{
    (void)sig;
    compute("in a handler with a full sa_mask", 53);
}

static void during_wait(int sig)
{
    (void)sig;
    compute("in a handler during a wait with a full mask", 54);
}

static void *thread(void *data)
{
    sigset_t now;

    pthread_sigmask(SIG_BLOCK, NULL, &now);
    printf("inherited: SIGUSR1 %d SIGINT %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGINT));
    compute("in a thread with an inherited mask", 52);
    return data;
}

int main(void)
{
    sigset_t all, most, old, seen;
    struct sigaction action = {.sa_handler = handler};
    struct timespec soon = {0, 1000000};
    pthread_t other;

    sigfillset(&all);
    need(!sigprocmask(SIG_SETMASK, &all, &old), "sigprocmask");
    need(!sigprocmask(SIG_BLOCK, NULL, &seen), "sigprocmask");
    printf("blocked: SIGUSR1 %d SIGTERM %d\n", sigismember(&seen, SIGUSR1), sigismember(&seen, SIGTERM));
    compute("under sigprocmask", 50);
    need(!sigprocmask(SIG_SETMASK, &old, NULL), "sigprocmask");

    need(!pthread_sigmask(SIG_BLOCK, &all, NULL), "pthread_sigmask");
    compute("under pthread_sigmask", 51);
    need(!pthread_create(&other, NULL, thread, NULL), "pthread_create");
    pthread_join(other, NULL);
    need(!pthread_sigmask(SIG_SETMASK, &old, NULL), "pthread_sigmask");

    sigfillset(&action.sa_mask);
    need(!sigaction(SIGUSR1, &action, NULL), "sigaction");
    raise(SIGUSR1);

    /* A pending SIGALRM is let in by a mask that blocks everything else. */
    action.sa_handler = during_wait;
    need(!sigaction(SIGALRM, &action, NULL), "sigaction");
    sigemptyset(&most);
    sigaddset(&most, SIGALRM);
    sigprocmask(SIG_BLOCK, &most, NULL);
    sigfillset(&most);
    sigdelset(&most, SIGALRM);
    raise(SIGALRM);
    sigsuspend(&most);
    raise(SIGALRM);
    ppoll(NULL, 0, &soon, &most);
    raise(SIGALRM);
    pselect(0, NULL, NULL, NULL, &soon, &most);
    compute("at the end", 55);
    return 0;
}
