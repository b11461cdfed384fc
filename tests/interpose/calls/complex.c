/* SPDX-License-Identifier: Apache-2.0
 * complex.c: what compilers call for complex arithmetic and powers: from libgcc_s, or linked in. Prints name and
 * bits. */
#include "show.h"
#include <complex.h>

float complex __mulsc3(float, float, float, float); /* NOLINT(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static volatile float a = 1.1f, b = 3.3f, c = 2.7f, d = -1.3f;
static volatile int five = 5;

#define OWN __attribute__((noipa)) static
#define FUNCTIONS(who)                                                                                                \
    OWN float complex who##_quotient(float complex z, float complex w)                                                \
    {                                                                                                                 \
        return z / w;                                                                                                 \
    }                                                                                                                 \
    OWN float complex who##_product(void)                                                                             \
    {                                                                                                                 \
        float complex z = __mulsc3(a, b, c, d);                                                                       \
        __asm__ volatile("" ::: "memory");                                                                            \
        return z;                                                                                                     \
    }                                                                                                                 \
    OWN float who##_power(void)                                                                                       \
    {                                                                                                                 \
        float y = __builtin_powif(a, five);                                                                           \
        __asm__ volatile("" : "+x"(y));                                                                               \
        return y;                                                                                                     \
    }                                                                                                                 \
    OWN double who##_power64(void)                                                                                    \
    {                                                                                                                 \
        double y = __builtin_powi(1.1, five);                                                                         \
        __asm__ volatile("" : "+x"(y));                                                                               \
        return y;                                                                                                     \
    }                                                                                                                 \
    OWN void who(void)                                                                                                \
    {                                                                                                                 \
        float complex q = who##_quotient(CMPLXF(a, b), CMPLXF(c, d)), p = who##_product();                            \
        show(#who " quotient.re", crealf(q));                                                                         \
        show(#who " quotient.im", cimagf(q));                                                                         \
        show(#who " product.re", crealf(p));                                                                          \
        show(#who " product.im", cimagf(p));                                                                          \
        show(#who " power", who##_power());                                                                           \
        show64(#who " power64", who##_power64());                                                                     \
    }
FUNCTIONS(ff)
FUNCTIONS(gg)

int main(void)
{
    ff();
    gg();
    return 0;
}
