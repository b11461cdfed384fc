/* SPDX-License-Identifier: Apache-2.0
 * bias_test.c: runtime/bias.h: a number that its owner counts up without an atomic instruction, until other threads
 * take the passage away in the midst of that. None of what they count may be lost. */
#include "runtime/bias.h"
#include "runtime/spin.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { OTHERS = 2, ROUNDS = 1000, OWN = 20000, THEIRS = 200 };

static vprec_bias bias;
static vprec_spin spin;
static volatile uint64_t number; /* no atomic one: what guards it is tested */
static atomic_bool begun;
static uint64_t through, taken; /* how often the owner needed no lock; rounds in which it lost its passage */

static void count(const void *who, uint64_t *passed)
{
    if (vprec_bias_enter(&bias, who)) {
        number = number + 1;
        vprec_bias_leave(&bias);
        *passed += 1;
        return;
    }
    vprec_spin_lock(&spin);
    vprec_bias_settle(&bias, who);
    number = number + 1;
    vprec_spin_unlock(&spin);
}

static void *take_away(void *delay)
{
    uint64_t passed = 0;
    while (!atomic_load(&begun))
        continue;
    for (volatile long i = 0; i < (long)(uintptr_t)delay; i++)
        continue;
    for (int i = 0; i < THEIRS; i++)
        count(&passed, &passed);
    if (passed) {
        fprintf(stderr, "a second thread went through without the lock\n");
        exit(1);
    }
    return NULL;
}

int main(void)
{
    uint64_t before = 0;
    vprec_bias first = {0};
    vprec_bias_settle(&first, &first);
    if (first.lost) { /* this kernel has no such barrier */
        fprintf(stderr, "no membarrier()\n");
        return 77;
    }
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t other[OTHERS];
        const uint64_t expected = OWN + OTHERS * THEIRS;
        number = 0;
        bias = (vprec_bias){0};
        atomic_store(&begun, false);
        count(&bias, &through); /* the first one, which has it from now on */
        for (int i = 0; i < OTHERS; i++) {
            const uintptr_t delay = (uintptr_t)(round * OTHERS + i) * 7919 % OWN;
            if (pthread_create(&other[i], NULL, take_away, (void *)delay))
                return 77;
        }
        atomic_store(&begun, true);
        before = through;
        for (int i = 1; i < OWN; i++)
            count(&bias, &through);
        taken += through - before < OWN - 1;
        for (int i = 0; i < OTHERS; i++)
            pthread_join(other[i], NULL);
        if (number != expected) {
            fprintf(stderr, "round %d: counted %" PRIu64 ", not %" PRIu64 "\n", round, (uint64_t)number, expected);
            return 1;
        }
    }
    vprec_bias gone = {0};
    vprec_bias_settle(&gone, &bias);
    vprec_bias_settle(&gone, &spin);
    vprec_bias_settle(&gone, &bias);
    if (vprec_bias_enter(&gone, &bias) || vprec_bias_enter(&gone, &spin)) {
        fprintf(stderr, "who has lost the passage has it again\n");
        return 1;
    }
    printf("%d rounds, %" PRIu64 " times without the lock; taken away in the midst in %" PRIu64 "\n", ROUNDS, through,
           taken);
    return through && taken ? 0 : 1;
}
