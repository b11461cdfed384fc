/* SPDX-License-Identifier: Apache-2.0
 * code.c: functions whose code is to have formats of its own. Each line has its name, and the bits of what it computed:
 * "main" is an elementary function that main calls. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#define APART __attribute__((noipa))

static const float a[8] = {1, 1.25f, 1.5f, 1.75f, 2, 2.5f, 3, 3.5f};

APART float dot(void)
{
    float sum = 0;
    for (int i = 0; i < 50; i++)
        sum += a[i % 8] * a[i * 3 % 7];
    return sum;
}

APART float exponential(float x) /* has no other arithmetic */
{
    return expf(x);
}

static void show(const char *name, float x)
{
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    printf("%s %08x\n", name, bits);
}

int main(void)
{
    volatile float x = 1.3f;
    show("dot", dot());
    show("exponential", exponential(x));
    show("main", expf(x));
    return 0;
}
