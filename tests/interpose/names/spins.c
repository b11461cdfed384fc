/* SPDX-License-Identifier: Apache-2.0
 * spins.c: computes until it is killed; says its process id first, and lets anybody trace it. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

volatile int names_going = 1;
volatile float names_x[16] = {1, 2, 3};

__attribute__((noipa)) float names_gelu(int n)
{
    float sum = 0;
    while (names_going)
        for (int i = 0; i < n; i++)
            sum += names_x[i % 16] * names_x[(i + 1) % 16];
    return sum;
}

__attribute__((noipa)) float names_layer(int n)
{
    return names_gelu(n) * 2;
}

int main(void)
{
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    printf("%d\n", (int)getpid());
    fflush(stdout);
    return names_layer(100) > 0;
}
