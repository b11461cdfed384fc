/* SPDX-License-Identifier: Apache-2.0
 * ranges.c MODE: arithmetic that leaves the range of small formats, each kind in a function of its own, on numbers that
 * e4m3 holds; dot() is in ranges_part.c. Prints one number.
 *
 *   overflow    sums that become large
 *   underflow   a product that becomes small, and divides one like it
 *   nan         the root of a difference that is negative after rounding
 *   precise     sums that need more than 3 fraction bits, in the range of e4m3
 *   always      as precise, and a NaN that comes to nothing
 *   call        expf of a number too large for e4m3
 *   endless     goes on until a sum is right that is right in binary32 alone
 *   both        overflow, and a sum in the program itself
 *   crash       as nan, and aborts where that is one */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

float dot(const float *a, const float *b, int n);

static const float ramp[8] = {3, 4, 5, 6, 7, 8, 10, 12};
static const float small[8] = {0.125f, 0.25f, 0.125f, 0.375f, 0.25f, 0.125f, 0.25f, 0.5f};

__attribute__((noipa)) static float product(const float *x, int n)
{
    float p = 1;
    for (int i = 0; i < n; i++)
        p *= x[i];
    return p;
}

__attribute__((noipa)) static float ratio(float x, float y)
{
    return x / y;
}

__attribute__((noipa)) static float root(float x, float y)
{
    return sqrtf(x - y);
}

__attribute__((noipa)) static float sum(const float *x, int n)
{
    float s = 1;
    for (int i = 0; i < n; i++)
        s += x[i];
    return s;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    volatile float one = 1, six = 6;
    if (!strcmp(mode, "overflow"))
        printf("%.9g\n", dot(ramp, ramp, 8));
    else if (!strcmp(mode, "both"))
        printf("%.9g\n", dot(ramp, ramp, 8) + sum(small, 8));
    else if (!strcmp(mode, "underflow"))
        printf("%.9g\n", ratio(product(small, 8), product(small + 1, 7)));
    else if (!strcmp(mode, "precise"))
        printf("%.9g\n", sum(small, 8));
    else if (!strcmp(mode, "always"))
        printf("%.9g %d\n", sum(small, 8), isnan(root(one, six)));
    else if (!strcmp(mode, "call"))
        printf("%.9g\n", expf(six));
    else if (!strcmp(mode, "endless"))
        while (sum(small, 8) != 3)
            one += 1;
    else {
        float r = root(sum(small, 8), 2.875f); /* natively 3 - 2.875 */
        printf("%.9g\n", r);
        if (!strcmp(mode, "crash") && r != r)
            abort();
    }
    return 0;
}
