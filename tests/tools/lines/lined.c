/* SPDX-License-Identifier: Apache-2.0
 * lined.c: functions that calculate, refused and left exact ones among them, and say on which line they begin, or
 * calculate. Links nothing of vprec's. */
#include <stdio.h>

#define FUNCTION __attribute__((noipa))
static int product_at, rounded_at, long_at;

FUNCTION static float product(float x, float y) { product_at = __LINE__; return x * y; }

FUNCTION static int rounded(float x)
{
    rounded_at = __LINE__ + 1;
    volatile float grid = x + 0x1.8p23f;
    return (int)(grid - 0x1.8p23f);
}

FUNCTION static long double product_long(long double x, long double y)
{
    long_at = __LINE__ + 1;
    return x * y;
}

int main(int argc, char **argv)
{
    (void)argv;
    const float x = product((float)argc, 3);
    const long double z = product_long(x, 3);
    const int n = rounded(x);
    printf("product %d\nrounded %d\nproduct_long %d\n", product_at, rounded_at, long_at);
    return !(x > 0 && z > 0 && n > 0);
}
