/* SPDX-License-Identifier: Apache-2.0
 * server.c: threads that go on computing, each in blocks of as many operations, and count blocks by themselves, in
 * integers. Answers on standard output to what is said on standard input: `begun` and `ended`, how many blocks; `stop`
 * the same once all stand still; `go`. Ends with its input. */
#include "vprec_scope.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, BLOCK = 1000 };
static _Atomic uint64_t begun, ended;
static atomic_bool stopped, over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int standing;

__attribute__((noipa)) static float block(float x)
{
    for (int i = 0; i < BLOCK; i++)
        x *= 1.0009765625f;
    return x;
}

__attribute__((noipa)) static void stand(void)
{
    pthread_mutex_lock(&lock);
    standing++;
    pthread_cond_broadcast(&changed);
    while (stopped)
        pthread_cond_wait(&changed, &lock);
    standing--;
    pthread_mutex_unlock(&lock);
}

static void *work(void *kind)
{
    volatile float kept;
    vprec_scope_begin(kind);
    while (!over) {
        atomic_fetch_add(&begun, 1);
        kept = block(3e4f); /* beyond the range of five exponent bits soon */
        (void)kept;
        atomic_fetch_add(&ended, 1);
        if (stopped)
            stand();
    }
    vprec_scope_end();
    return NULL;
}

static void set(bool stop)
{
    pthread_mutex_lock(&lock);
    stopped = stop;
    pthread_cond_broadcast(&changed);
    while (stop && standing < THREADS)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

int main(void)
{
    static char names[2][8] = {"even", "odd"};
    pthread_t threads[THREADS];
    char line[16];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, names[i % 2]);
    while (fgets(line, sizeof line, stdin)) {
        const bool stop = !strcmp(line, "stop\n");
        if (stop || !strcmp(line, "go\n"))
            set(stop);
        printf("%llu\n", (unsigned long long)(!strcmp(line, "ended\n") ? ended : begun) * BLOCK);
        fflush(stdout);
    }
    over = true;
    set(false);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%llu\n", (unsigned long long)ended * BLOCK);
    return 0;
}
