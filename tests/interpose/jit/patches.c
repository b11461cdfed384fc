/* SPDX-License-Identifier: Apache-2.0
 * patches.c: operations that are reached for the first time while eight threads run the function in which they stand:
 * in generated code, and in the program's own text. A word in memory says how far the threads go; it grows while they
 * run, so that what was translated or trapped beside them is patched under their feet. */
#include "kernels.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 8, STEPS = 24 };

static uint8_t *code;
static atomic_uint reached, passes;
static enum operation operation[STEPS];

/* Of the program's text: case i multiplies or adds, and is its own code. */
#define STEP(i)                                                                                                        \
    case i:                                                                                                            \
        __asm__ volatile(".if " #i " & 1\n mulss %1, %0\n .else\n addss %1, %0\n .endif" : "+x"(a) : "x"(b));          \
        break;

static __attribute__((noinline)) float step(unsigned i, float a, float b)
{
    switch (i) {
        STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8) STEP(9) STEP(10) STEP(11) STEP(12)
        STEP(13) STEP(14) STEP(15) STEP(16) STEP(17) STEP(18) STEP(19) STEP(20) STEP(21) STEP(22) STEP(23)
    }
    return a;
}

/* One function of STEPS pieces; rdx is the piece:
 *     movss xmm0, [rdi]; then STEPS times: cmp edx, i; jne next; OPss xmm0, [rdi + 64]; next: ...
 *     movss [rsi], xmm0; ret */
static void build(struct record *record)
{
    static const uint8_t load[] = {0xf3, 0x0f, 0x10, 0x07}, store[] = {0xf3, 0x0f, 0x11, 0x06, 0xc3},
                         opcodes[] = {0x58, 0x5c, 0x59, 0x5e};
    uint8_t *p = code;

    memcpy(p, load, sizeof load);
    p += sizeof load;
    for (int i = 0; i < STEPS; i++) {
        const uint8_t piece[] = {0x83, 0xfa, (uint8_t)i, 0x75, 8, 0xf3, 0x0f, 0, 0x87, 64, 0, 0, 0};

        operation[i] = (enum operation)draw(record, SQRT);
        memcpy(p, piece, sizeof piece);
        p[7] = opcodes[operation[i]];
        p += sizeof piece;
    }
    memcpy(p, store, sizeof store);
}

static void one(struct record *record, unsigned i, int keep)
{
    struct kind generated = {operation[i], SSE_SCALAR, 0}, text = {i & 1 ? MUL : ADD, SSE_SCALAR, 0};
    float a, b;

    operands(record, generated);
    ((kernel)(uintptr_t)code)(record->in, record->out, i);
    if (keep)
        results(record, generated);
    operands(record, text);
    memcpy(&a, record->in, sizeof a);
    memcpy(&b, record->in + 64, sizeof b);
    a = step(i, a, b);
    memcpy(record->out, &a, sizeof a);
    if (keep)
        results(record, text);
}

/* Every thread runs what is reached, over and over, and keeps the first result of each step, so that the number of
 * lines does not depend on the schedule. */
static void *work(void *data)
{
    struct record *record = data;
    unsigned done = 0;

    while (done < STEPS) {
        unsigned now = atomic_load(&reached);

        for (; done < now; done++)
            one(record, done, 1);
        for (unsigned i = 0; i < now; i++) {
            uint64_t random = record->random;

            one(record, i, 0);
            record->random = random;
        }
        if (atomic_fetch_add(&passes, 1) % 8 == 7)
            sched_yield(); /* there may be fewer processors than threads */
    }
    return NULL;
}

static void patch(int writable)
{
    pthread_t threads[THREADS];
    struct record *records[THREADS], *own = record_new(1000);

    code = map(NULL, PAGE, PROT_READ | PROT_WRITE | (writable ? PROT_EXEC : 0), -1);
    build(own);
    if (!writable)
        protect(code, PAGE, PROT_READ | PROT_EXEC);
    atomic_store(&reached, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        records[i] = record_new(i);
        need(!pthread_create(&threads[i], NULL, work, records[i]), "pthread_create");
    }
    for (unsigned i = 2; i <= STEPS; i++) {
        unsigned now = atomic_load(&passes);

        while (atomic_load(&passes) < now + THREADS / 2)
            sched_yield();
        atomic_store(&reached, i);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        need(!pthread_join(threads[i], NULL), "pthread_join");
        record_print(records[i]);
    }
    record_print(own);
}

int main(int argc, char **argv)
{
    start(argc, argv);
    patch(0);
    patch(1);
    return 0;
}
