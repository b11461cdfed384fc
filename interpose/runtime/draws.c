/* SPDX-License-Identifier: Apache-2.0
 * draws.c: owns the threads' keys: hands them on when processes start, and to who
 * starts threads (life/threads.c); and the source that all share. Rounds nothing. */
#include "draws.h"
#include "source.h"
#include <pthread.h>
#include <string.h>

_Thread_local vprec_thread vprec_noise_here;
const uint64_t vprec_noise_step = VPREC_NOISE_VECTOR * VPREC_SOURCE_W;

static bool on; /* some type's mode is a random one */
static vprec_source shared; /* of the seed: all threads' and processes' */
static uint64_t rank_here;

int32_t vprec_noise_offset(void)
{
    return (int32_t)((char *)&vprec_noise_here - (char *)__builtin_thread_pointer());
}

void vprec_noise_start_thread(uint64_t key)
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
        vprec_noise_start_thread(0);
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

bool vprec_noise_hand_on(uint64_t *key)
{
    if (on)
        *key = child_key();
    return on;
}

static _Thread_local uint64_t fork_key __attribute__((tls_model("initial-exec"))); /* several threads may fork at once */

static void before_fork(void)
{
    fork_key = child_key();
}

static void in_child(void)
{
    vprec_noise_start_thread(fork_key);
}

static void begin(uint64_t seed)
{
    vprec_source_init(&shared, vprec_key_child(seed, UINT64_MAX)); /* no program has this rank */
    vprec_noise_start_thread(vprec_key_child(seed, rank_here));
}

void vprec_noise_change(uint64_t seed)
{
    const uint64_t children = vprec_noise_here.children;
    begin(seed);
    vprec_noise_here.children = children;
}

void vprec_noise_start(uint64_t seed, uint64_t rank)
{
    on = true;
    rank_here = rank;
    begin(seed);
    pthread_atfork(before_fork, NULL, in_child);
}
