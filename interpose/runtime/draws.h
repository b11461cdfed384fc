/* SPDX-License-Identifier: Apache-2.0
 * draws.h: the random words of running threads. Each thread has a key, which
 * follows from its parent's and its rank among the parent's children, and a
 * count: the words it draws are vprec_source_words() of both. So the same seed
 * gives the same bits whenever the program gives its threads the same work.
 * With --noise operands no thread's words are used: what is drawn follows from the seed and the operation. */
#ifndef VPREC_RUNTIME_DRAWS_H
#define VPREC_RUNTIME_DRAWS_H

#include "vprec.h"

/* What a thread draws from; inline code reads and writes the first three and the last by their offset from the thread
 * pointer. */
typedef struct vprec_thread {
    uint64_t counter[8]; /* four blocks of source.h, the next to be used plus -16 words */
    uint64_t keys[3][8];
    uint32_t words[16];  /* the last vector that inline code shares between two sites */
    vprec_source source;
    uint64_t key, children;
    bool on;
    uint32_t tie; /* when avx512_tie.c saw the last one */
} __attribute__((aligned(64))) vprec_thread;

extern _Thread_local vprec_thread vprec_noise_here __attribute__((tls_model("initial-exec")));

/* Constant of inline code: what one vector adds to `counter`. */
enum { VPREC_NOISE_VECTOR = 16 };
extern const uint64_t vprec_noise_step;

/* For a thread that is about to be made, a key of its own, which it starts with. False: none is needed. A thread that
 * starts without one shares that of the nameless ones. */
bool vprec_noise_hand_on(uint64_t *key);
void vprec_noise_start_thread(uint64_t key);

/* The process' first thread draws from `seed`'s child number `rank`; its children from its. */
void vprec_noise_start(uint64_t seed, uint64_t rank);

/* The same once more, in a process that starts to draw now, and has handed on keys before. */
void vprec_noise_change(uint64_t seed);

/* The thread's next 16 words. Async-signal-safe. */
void vprec_noise_words(uint32_t words[VPREC_NOISE_VECTOR]);

/* The 16 words of `key`, whoever asks; of the seed of vprec_noise_start. Async-signal-safe. */
void vprec_noise_words_of(uint64_t key, uint32_t words[VPREC_NOISE_VECTOR]);

/* Offset of member `m` of vprec_noise_here from the thread pointer: fs:[offset]. */
#define VPREC_NOISE_OFFSET(m) (vprec_noise_offset() + (int32_t)offsetof(vprec_thread, m))
int32_t vprec_noise_offset(void);

#endif
