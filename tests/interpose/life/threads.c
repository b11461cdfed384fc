/* SPDX-License-Identifier: Apache-2.0
 * threads.c: threads that compute side by side, and threads that start threads. */
#include "life.h"
#include <pthread.h>

enum { THREADS = 8, ROUNDS = 20 };

static pthread_barrier_t barrier;
static chain results[THREADS][ROUNDS], nested[THREADS];

static void *leaf(void *data)
{
    chain *c = data;

    chain_run(c, 200);
    return NULL;
}

static void *work(void *data)
{
    uint32_t self = (uint32_t)(uintptr_t)data;
    pthread_t child;

    pthread_barrier_wait(&barrier);
    for (uint32_t k = 0; k < ROUNDS; k++)
        results[self][k] = chain_of(100 * self + k, 50 + k);
    nested[self] = chain_start(7000 + self);
    chain_run(&nested[self], 100);
    need(!pthread_create(&child, NULL, leaf, &nested[self]), "pthread_create");
    pthread_join(child, NULL);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (uintptr_t k = 0; k < THREADS; k++)
        need(!pthread_create(&threads[k], NULL, work, (void *)k), "pthread_create");
    for (int k = 0; k < THREADS; k++)
        pthread_join(threads[k], NULL);
    for (int k = 0; k < THREADS; k++) {
        for (int j = 0; j < ROUNDS; j++)
            chain_print(&results[k][j]);
        chain_print(&nested[k]);
    }
    return 0;
}
