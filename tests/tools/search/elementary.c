/* SPDX-License-Identifier: Apache-2.0
 * elementary.c: a function, wave, that vprec-run is told is one operation of its caller, line. */
#include <stdio.h>

static volatile float start = 1.5F;

__attribute__((noinline)) float wave(float x);
__attribute__((noinline)) float line(float x);

float wave(float x)
{
    return x * 1.25F + 0.25F;
}

float line(float x)
{
    return x * 1.5F + wave(x);
}

int main(void)
{
    float sum = 0;
    for (int i = 0; i < 100; i++)
        sum += line(start);
    printf("%.3g\n", sum);
    return 0;
}
