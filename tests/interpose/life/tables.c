/* SPDX-License-Identifier: Apache-2.0
 * tables.c: computed goto, indirect calls, a callback from libc, a function
 * pointer that travels through memory, all between arithmetic. */
#include "life.h"

/* A threaded interpreter; the program is in `code`, ends with 3. */
static __attribute__((noinline)) void interpret(chain *c, const uint8_t *code)
{
    static const void *const labels[] = {&&one, &&two, &&five, &&stop};

    goto *labels[*code++];
one:
    chain_run(c, 1);
    goto *labels[*code++];
two:
    chain_run(c, 2);
    goto *labels[*code++];
five:
    chain_run(c, 5);
    goto *labels[*code++];
stop:
    return;
}

/* A switch whose cases compute in place, so that the jump table is the function's own. */
static __attribute__((noinline)) float in_place(float x, float a, uint32_t which)
{
    switch (which % 9) {
    case 0: return x + a;
    case 1: return x - a;
    case 2: return x * a;
    case 3: return x / a;
    case 4: return a - x;
    case 5: return a / x;
    case 6: return x * a + a;
    case 7: return (x - a) / a;
    default: return __builtin_sqrtf(a);
    }
}

static float (*volatile chosen)(float, float, uint32_t) = in_place;

static int compare(const void *a, const void *b)
{
    const chain *l = a, *r = b;
    float gap = l->x - r->x;

    return gap < 0 ? -1 : gap > 0;
}

int main(void)
{
    uint8_t code[301];
    chain c = chain_start(61), many[40];
    uint32_t state = 5, bits;
    int unsorted = 0;
    float x = 1.25f;

    for (int k = 0; k < 300; k++)
        code[k] = (uint8_t)((state = state * 1664525u + 1013904223u) >> 24) % 3;
    code[300] = 3;
    interpret(&c, code);
    chain_print(&c);

    for (uint32_t k = 0; k < 2000; k++)
        x = chosen(x, 1.5f, k * 7 + k / 9);
    memcpy(&bits, &x, sizeof x);
    printf("float %08x\n", bits);

    for (uint32_t k = 0; k < 40; k++)
        many[k] = chain_of(6200 + k, 30);
    qsort(many, 40, sizeof *many, compare);
    for (int k = 1; k < 40; k++)
        unsorted += compare(&many[k - 1], &many[k]) > 0;
    printf("out of order: %d\n", unsorted);
    for (uint32_t k = 0; k < 40; k++) {
        c = chain_of(6200 + k, 30);
        chain_print(&c);
    }
    return 0;
}
