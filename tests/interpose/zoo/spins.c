/* SPDX-License-Identifier: Apache-2.0
 * spins.c: while another thread computes and never sleeps, of which the kernel does not tell where it stands, a function
 * is translated: its jump waits until that thread has certainly gone on, not for ever. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

double zoo(double x), late(double x, double y);

static volatile int spinning, done;

static void *spin(void *unused)
{
    spinning = 1;
    while (!done)
        ;
    return unused;
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void)
{
    enum { OFTEN = 200000 };
    double (*volatile call)(double, double) = late;
    pthread_t thread;
    clockid_t clock;
    double y = zoo(0.3);

    if (pthread_create(&thread, NULL, spin, NULL) || pthread_getcpuclockid(thread, &clock))
        return 1;
    while (!spinning)
        ;
    for (double end = seconds(clock) + 1; seconds(clock) < end;) { /* of its own time, not of the world's */
        struct timespec pause = {0, 1000000};
        call(y, 3.1);
        nanosleep(&pause, NULL);
    }
    for (int i = 0; i < OFTEN; i++)
        y = call(y, 3.1);
    done = 1;
    pthread_join(thread, NULL);
    uint64_t bits;
    memcpy(&bits, &y, sizeof bits);
    printf("%016llx\n", (unsigned long long)bits);
    return 0;
}
