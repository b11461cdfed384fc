/* SPDX-License-Identifier: Apache-2.0
 * draws.c: owns the threads' keys: hands them on when threads and processes
 * start; and the source that all share. Rounds nothing. */
#include "draws.h"
#include "next.h"
#include "source.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

_Thread_local vprec_thread vprec_noise_here;
const uint64_t vprec_noise_step = VPREC_NOISE_VECTOR * VPREC_SOURCE_W;

static bool on; /* some type's mode is a random one */
static vprec_source shared; /* of the seed: all threads' and processes' */

int32_t vprec_noise_offset(void)
{
    return (int32_t)((char *)&vprec_noise_here - (char *)__builtin_thread_pointer());
}

static void start_thread(uint64_t key)
{
    vprec_thread *n = &vprec_noise_here;
    n->key = key;
    n->children = 0;
    vprec_source_init(&n->source, key);
    const vprec_wide *start = &n->source.start;
    for (int i = 0; i < 4; i++) { /* one vector back: code steps first, then uses */
        n->counter[2 * i] = start->low + (uint64_t)(4 * i) * VPREC_SOURCE_W - vprec_noise_step;
        n->counter[2 * i + 1] = start->high + (uint64_t)(4 * i) * VPREC_SOURCE_W - vprec_noise_step;
    }
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 8; i += 2) {
            n->keys[k][i] = n->source.keys[k].low;
            n->keys[k][i + 1] = n->source.keys[k].high;
        }
    n->on = true;
}

/* The inverse of VPREC_SOURCE_W modulo 2^64, by Newton's iteration. */
static uint64_t inverse(void)
{
    uint64_t x = VPREC_SOURCE_W;
    for (int i = 0; i < 5; i++)
        x *= 2 - VPREC_SOURCE_W * x;
    return x;
}

void vprec_noise_words(uint32_t words[VPREC_NOISE_VECTOR])
{
    vprec_thread *n = &vprec_noise_here;
    if (!n->on) /* a thread that the C library started for itself */
        start_thread(0);
    for (int i = 0; i < 8; i++)
        n->counter[i] += vprec_noise_step;
    uint64_t index = (n->counter[0] - n->source.start.low) * inverse();
    vprec_source_words(&n->source, index, VPREC_NOISE_VECTOR, 0, words);
}

/* Indices in blocks of 16 words, the draw taking the key's top bits: no two keys share a word. */
void vprec_noise_words_of(uint64_t key, uint32_t words[VPREC_NOISE_VECTOR])
{
    vprec_source_words(&shared, key * VPREC_NOISE_VECTOR, VPREC_NOISE_VECTOR, (unsigned)(key >> 60), words);
}

static uint64_t child_key(void)
{
    vprec_thread *n = &vprec_noise_here;
    return vprec_key_child(n->key, n->children++);
}

static _Thread_local uint64_t fork_key __attribute__((tls_model("initial-exec"))); /* several threads may fork at once */

static void before_fork(void)
{
    fork_key = child_key();
}

static void in_child(void)
{
    start_thread(fork_key);
}

void vprec_noise_start(uint64_t seed, uint64_t rank)
{
    on = true;
    vprec_source_init(&shared, vprec_key_child(seed, UINT64_MAX)); /* no program has this rank */
    start_thread(vprec_key_child(seed, rank));
    pthread_atfork(before_fork, NULL, in_child);
}

/* What a new thread does first. */
typedef struct birth {
    void *(*run)(void *);
    int (*run_c11)(void *);
    void *argument;
    uint64_t key;
} birth;

static void *live(void *data)
{
    birth b = *(birth *)data;
    free(data);
    start_thread(b.key);
    return b.run(b.argument);
}

static int live_c11(void *data)
{
    birth b = *(birth *)data;
    free(data);
    start_thread(b.key);
    return b.run_c11(b.argument);
}

#define WRAPPED(EACH) EACH(pthread_create) EACH(thrd_create)
VPREC_NEXT_TABLE(WRAPPED)

__attribute__((visibility("default"))) int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                                          void *(*run)(void *), void *argument)
{
    birth *b = on ? malloc(sizeof *b) : NULL;
    if (!b) /* without memory the thread shares the key of the nameless ones */
        return NEXT(pthread_create)(thread, attributes, run, argument);
    *b = (birth){.run = run, .argument = argument, .key = child_key()};
    int status = NEXT(pthread_create)(thread, attributes, live, b);
    if (status)
        free(b);
    return status;
}

__attribute__((visibility("default"))) int thrd_create(thrd_t *thread, thrd_start_t run, void *argument)
{
    birth *b = on ? malloc(sizeof *b) : NULL;
    if (!b)
        return NEXT(thrd_create)(thread, run, argument);
    *b = (birth){.run_c11 = run, .argument = argument, .key = child_key()};
    int status = NEXT(thrd_create)(thread, live_c11, b);
    if (status != thrd_success)
        free(b);
    return status;
}
