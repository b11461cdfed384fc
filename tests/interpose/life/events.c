/* SPDX-License-Identifier: Apache-2.0
 * events.c: threads that the C library makes for a timer, a message queue, an
 * asynchronous read: they have signals blocked, and meet vprec's traps. */
#include "life.h"
#include "traps.h"
#include <aio.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static _Atomic int done;

static void show(const char *what, int value)
{
    sigset_t mask;
    stack_t stack;
    chain c = chain_of(31 + (unsigned)value, 50);

    need(!pthread_sigmask(SIG_BLOCK, NULL, &mask), "pthread_sigmask");
    need(!sigaltstack(NULL, &stack), "sigaltstack");
    printf("%s %d: SIGTRAP %d SIGSEGV %d SIGTERM %d, alternate stack %zu %x\n", what, value,
           sigismember(&mask, SIGTRAP), sigismember(&mask, SIGSEGV), sigismember(&mask, SIGTERM), stack.ss_size,
           (unsigned)stack.ss_flags);
    chain_print(&c);
    traps_print(32);
    fflush(stdout);
    done++;
}

static void on_one(union sigval value)
{
    show("one", value.sival_int);
}

static void on_other(union sigval value)
{
    show("other", value.sival_int);
}

static void wait_for(int n)
{
    for (int i = 0; i < 5000 && done < n; i++)
        usleep(1000);
    printf("done %d\n", done);
    done = 0;
}

static void timers(void)
{
    for (int i = 0; i < 4; i++) {
        struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = i & 1 ? on_other : on_one,
                                 .sigev_value = {.sival_int = i}};
        struct itimerspec soon = {.it_value = {0, 1000000}};
        timer_t timer;
        need(!timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
        need(!timer_settime(timer, 0, &soon, NULL), "timer_settime");
        wait_for(1);
        need(!timer_delete(timer), "timer_delete");
    }
}

static void queues(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_one,
                             .sigev_value = {.sival_int = 7}};
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};
    char name[32];

    snprintf(name, sizeof name, "/vprec-%d", (int)getpid());
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
    if (queue == (mqd_t)-1) { /* the machine has none: nor has it natively */
        printf("no message queues\n");
        return;
    }
    mq_unlink(name);
    need(!mq_notify(queue, &event), "mq_notify");
    need(!mq_send(queue, "x", 1, 0), "mq_send");
    wait_for(1);
    mq_close(queue);
}

static void reads(void)
{
    static char bytes[8];
    static struct aiocb block;

    block.aio_fildes = open("/dev/zero", O_RDONLY);
    block.aio_buf = bytes;
    block.aio_nbytes = sizeof bytes;
    block.aio_sigevent = (struct sigevent){.sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_other,
                                           .sigev_value = {.sival_int = 9}};
    need(!aio_read(&block), "aio_read");
    wait_for(1);
}

int main(void)
{
    timers();
    queues();
    reads();
    return 0;
}
