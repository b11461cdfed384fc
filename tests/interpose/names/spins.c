/* SPDX-License-Identifier: Apache-2.0
 * spins.c: computes until it is killed; says its process id first, and lets anybody trace it. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

volatile int names_going = 1;
volatile float names_x[16] = {1, 2, 3};

__attribute__((noipa)) void names_touch(float *x)
{
    names_x[0] = x[0];
}

/* Saves registers and has an array, so that only its unwind information tells what called it. */
__attribute__((noipa)) float names_gelu(int n, float a, int b, int c)
{
    float sum = 0, table[40];
    for (int i = 0; i < 40; i++)
        table[i] = (float)i;
    names_touch(table);
    while (names_going)
        for (int i = 0; i < n; i++)
            sum += names_x[i % 16] * table[(i * b + c) % 40];
    names_touch(table);
    return sum + a;
}

__attribute__((noipa)) float names_layer(int n)
{
    return names_gelu(n, 1, 3, 4) * 2;
}

int main(void)
{
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    printf("%d\n", (int)getpid());
    fflush(stdout);
    return names_layer(100) > 0;
}
