/* SPDX-License-Identifier: Apache-2.0
 * scale.c: what the C library itself has of libm, in a program without libm. Prints name and bits. */
#include "show.h"
#include <math.h>

static volatile float x = 1.1f, y = 37.3f;
static volatile double u = 1.1, v = 37.3;
static volatile int three = 3;

int main(void)
{
    int n;
    float whole;
    double whole64;
    show("ldexpf", ldexpf(x, three));
    show("scalbnf", scalbnf(x, three));
    show("frexpf", frexpf(y, &n));
    show("modff", modff(y, &whole));
    show("modff.whole", whole);
    show64("ldexp", ldexp(u, three));
    show64("scalbn", scalbn(u, three));
    show64("frexp", frexp(v, &n));
    show64("modf", modf(v, &whole64));
    show64("modf.whole", whole64);
    return 0;
}
