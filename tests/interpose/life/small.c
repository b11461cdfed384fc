/* SPDX-License-Identifier: Apache-2.0
 * small.c: arithmetic, and functions of libm, where there is little stack:
 * coroutines with 1 KiB, threads with the least there is, one after the other and at once. What lies below a
 * coroutine's stack stays as it was. */
#include "life.h"
#include <math.h>
#include <pthread.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK = 1024, BELOW = 16384, PATTERN = 0x5A, ROUNDS = 5, THREADS = 40, AT_ONCE = 8 };

static ucontext_t host, routine;
static chain worked;
static volatile float root, power; /* rounded calls need more stack than the functions themselves */

static void work(void)
{
    for (;;) {
        chain_run(&worked, 10);
        root = cbrtf(root);
        power = expf(power);
        swapcontext(&routine, &host);
    }
}

static void print_float(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    printf("float %08x\n", bits);
}

static void coroutine(uint32_t seed)
{
    uint8_t *memory = aligned_alloc(4096, BELOW + STACK);
    volatile unsigned changed = 0;

    need(memory != NULL, "aligned_alloc");
    memset(memory, PATTERN, BELOW + STACK);
    worked = chain_start(seed);
    root = 5.3f;
    power = 0.3f + 0.1f * (float)seed;
    getcontext(&routine);
    routine.uc_stack.ss_sp = memory + BELOW;
    routine.uc_stack.ss_size = STACK;
    makecontext(&routine, work, 0);
    for (int i = 0; i < ROUNDS; i++)
        swapcontext(&host, &routine);
    for (unsigned i = 0; i < BELOW; i++)
        changed = changed + (memory[i] != PATTERN);
    chain_print(&worked);
    print_float(root);
    printf("%u bytes below the stack changed\n", changed);
    free(memory);
}

static void *thread(void *data)
{
    chain_run(data, 20);
    return NULL;
}

int main(void)
{
    static chain c[AT_ONCE];
    pthread_attr_t attributes;

    for (uint32_t seed = 1; seed <= 3; seed++)
        coroutine(seed);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN));
    for (uint32_t k = 0; k < THREADS; k++) {
        pthread_t id[AT_ONCE];
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            c[i] = chain_start(100 * k + i);
            need(!pthread_create(&id[i], &attributes, thread, &c[i]), "pthread_create");
        }
        for (uint32_t i = 0; i < AT_ONCE; i++) {
            pthread_join(id[i], NULL);
            chain_print(&c[i]);
        }
    }
    return 0;
}
