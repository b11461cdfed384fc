/* SPDX-License-Identifier: Apache-2.0
 * zoo.c: calls one assembly routine many times, prints the result's bits. With SPINS another thread computes all the
 * while, of which nobody can tell where it stands. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

double zoo(double x, long n);

#ifdef SPINS
static volatile int spinning, done;

static void *spin(void *unused)
{
    spinning = 1;
    while (!done)
        ;
    return unused;
}
#endif

int main(void)
{
#ifdef SPINS
    pthread_t thread;
    if (pthread_create(&thread, NULL, spin, NULL))
        return 1;
    while (!spinning)
        ;
#endif
    double y = zoo(0.3, 100000);
#ifdef SPINS
    done = 1;
    pthread_join(thread, NULL);
#endif
    uint64_t bits;
    memcpy(&bits, &y, sizeof bits);
    printf("%016llx\n", (unsigned long long)bits);
    return 0;
}
