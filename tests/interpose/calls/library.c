/* SPDX-License-Identifier: Apache-2.0
 * library.c: functions that call libm and have no floating-point instruction of their own; their names begin with
 * PREFIX. */
#include <math.h>

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
#define FUNCTION(name) __attribute__((noipa)) NAMED(PREFIX, name)

float FUNCTION(_call)(float x)
{
    float y = tanhf(x);
    __asm__ volatile("" : "+x"(y));
    return y;
}

float FUNCTION(_tail)(float x)
{
    return tanhf(x);
}

float FUNCTION(_perhaps)(float x, int n)
{
    return n > 3 ? tanhf(x) : x;
}

float FUNCTION(_scale)(float x)
{
    return ldexpf(x, 3);
}
