/* SPDX-License-Identifier: Apache-2.0
 * races.c: threads that run one new function in the same moment: two, or eight; functions that share a page with ones
 * that run already; pages that one thread makes executable while others run their neighbours. */
#include "kernels.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { FUNCTIONS = 24, MOST = 8 };

static uint8_t *code;
static struct kind kinds[FUNCTIONS];
static atomic_uint arrived;
static unsigned count;

struct worker {
    pthread_t thread;
    struct record *record;
};

/* All leave it in the same moment, as far as the kernel lets them. */
static void meet(unsigned round)
{
    atomic_fetch_add(&arrived, 1);
    for (unsigned spins = 0; atomic_load(&arrived) < (round + 1) * count; spins++)
        if (spins % 1024 == 1023)
            sched_yield();
}

static void *work(void *data)
{
    struct worker *worker = data;

    for (unsigned i = 0; i < FUNCTIONS; i++) {
        operands(worker->record, kinds[i]);
        meet(i);
        ((kernel)(uintptr_t)(code + i * 128))(worker->record->in, worker->record->out, 1);
        results(worker->record, kinds[i]);
    }
    return NULL;
}

/* `writable`: throughout; else each page is made executable when all have met at its first function. */
static void race(unsigned threads, int writable)
{
    struct worker workers[MOST];
    struct record *record = record_new(100 + threads);

    count = threads;
    atomic_store(&arrived, 0);
    code = map(NULL, FUNCTIONS * 128, PROT_READ | PROT_WRITE | (writable ? PROT_EXEC : 0), -1);
    for (int i = 0; i < FUNCTIONS; i++) {
        kinds[i] = draw_kind(record);
        emit(code + i * 128, kinds[i]);
    }
    if (!writable)
        protect(code, FUNCTIONS * 128, PROT_READ | PROT_EXEC);
    for (unsigned i = 0; i < threads; i++) {
        workers[i].record = record_new(i);
        need(!pthread_create(&workers[i].thread, NULL, work, &workers[i]), "pthread_create");
    }
    for (unsigned i = 0; i < threads; i++) {
        need(!pthread_join(workers[i].thread, NULL), "pthread_join");
        record_print(workers[i].record);
    }
    record_print(record);
    unmap(code, FUNCTIONS * 128);
}

int main(int argc, char **argv)
{
    start(argc, argv);
    race(2, 1);
    race(2, 0);
    race(MOST, 0);
    race(MOST, 1);
    return 0;
}
