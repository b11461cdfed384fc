/* SPDX-License-Identifier: Apache-2.0
 * ifunc.c: functions that the loader picks by processor (IFUNC): a resolver
 * runs before any constructor, the pick may use AVX. */
#include "life.h"

static float plain(const float *x, int n, float a)
{
    for (int k = 0; k < n; k++)
        a = a / 1.25f + x[k];
    return a;
}

__attribute__((target("avx2"))) static float wide(const float *x, int n, float a)
{
    for (int k = 0; k < n; k++)
        a = a / 1.25f + x[k];
    return a;
}

typedef float sum(const float *x, int n, float a);

static sum *resolve(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") ? wide : plain;
}

sum picked __attribute__((ifunc("resolve")));

int main(void)
{
    static float x[64];
    chain c = chain_start(71);
    float direct, by_ifunc;
    uint32_t bits;

    for (int k = 0; k < 64; k++)
        x[k] = chain_operand(&c);
    direct = plain(x, 64, 1.0f);
    by_ifunc = picked(x, 64, 1.0f);
    memcpy(&bits, &by_ifunc, sizeof bits);
    printf("float %08x\n", bits);
    printf("same: %d\n", !memcmp(&direct, &by_ifunc, sizeof direct));
    c = chain_of(72, 100);
    chain_print(&c);
    return 0;
}
