/* SPDX-License-Identifier: Apache-2.0
 * trampolines.c: nested functions of GNU C, whose addresses are those of code that the compiler writes to the stack,
 * which is executable for it: of the main thread, of another, and deep in a recursion; each place holds another
 * function's code later. */
#include "kernels.h"
#include <pthread.h>
#include <string.h>

enum { ROUNDS = 20 };

static __attribute__((noinline)) void twice(void (*function)(void))
{
    void (*volatile called)(void) = function;

    called();
    called();
}

static __attribute__((noinline)) void nest(struct record *record, unsigned levels)
{
    volatile uint8_t pad[16 * (levels + 1)];
    float a = 0, b = 0, c = 0;

    void load(struct kind kind)
    {
        operands(record, kind);
        memcpy(&a, record->in, sizeof a);
        memcpy(&b, record->in + 64, sizeof b);
    }
    void store(struct kind kind)
    {
        memcpy(record->out, &c, sizeof c);
        results(record, kind);
    }
    void multiply(void)
    {
        load((struct kind){MUL, SSE_SCALAR, 0});
        c = a * b;
        store((struct kind){MUL, SSE_SCALAR, 0});
    }
    void divide(void)
    {
        load((struct kind){DIV, SSE_SCALAR, 0});
        c = a / b;
        store((struct kind){DIV, SSE_SCALAR, 0});
    }

    pad[0] = 1;
    twice(draw(record, 2) ? multiply : divide);
    if (levels)
        nest(record, levels - 1);
    twice(levels % 2 ? multiply : divide);
    pad[levels] = pad[0];
}

static void *thread(void *data)
{
    for (int i = 0; i < ROUNDS; i++)
        nest(data, (unsigned)i % 5);
    return NULL;
}

int main(int argc, char **argv)
{
    struct record *record, *other;
    pthread_t beside;

    start(argc, argv);
    record = record_new(0);
    other = record_new(1);
    need(!pthread_create(&beside, NULL, thread, other), "pthread_create");
    thread(record);
    need(!pthread_join(beside, NULL), "pthread_join");
    record_print(record);
    record_print(other);
    return 0;
}
