/* SPDX-License-Identifier: Apache-2.0
 * directions.c: a rounding direction set by the program. It reads back what it
 * set; arithmetic in a format goes by the run's mode; arithmetic that is left
 * native goes by the direction. */
#include "life.h"
#include <fenv.h>
#include <math.h>

static const int directions[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/* Exact in float, not in fewer bits. */
static uint32_t product(uint32_t k)
{
    volatile float a = 1.0f + (float)(k * 97 % 1024 * 2 + 1) / 2048, b = 1.0f + (float)(k * 31 % 1024 * 2 + 1) / 2048;
    volatile float r = k & 1 ? a * b : -(a * b);
    uint32_t bits;

    memcpy(&bits, (const void *)&r, sizeof bits);
    return bits;
}

int main(void)
{
    uint32_t right[64];
    fenv_t saved;
    chain c = chain_of(95, 60);

    chain_print(&c);
    for (uint32_t k = 0; k < 64; k++)
        right[k] = product(k);
    for (int d = 0; d < 4; d++) {
        int same = 0;
        need(!fesetround(directions[d]), "fesetround");
        for (uint32_t k = 0; k < 64; k++)
            same += product(k) == right[k];
        printf("direction %d: reads back %d, same results %d\n", d, fegetround() == directions[d], same);
        volatile float third = 1.0f / 3.0f, three = 3.0f;
        third = 1.0f / three;
        uint32_t bits;
        memcpy(&bits, (const void *)&third, sizeof bits);
        printf("float %08x\n", bits);
        volatile double one = 1.0, minus = -1.0, three_wide = 3.0, half = 2.5;
        volatile double up = one / three_wide, down = minus / three_wide, whole = rint(half), sine = sin(one);
        volatile float narrowed = (float)up; /* rounded: a conversion to the format */
        printf("double %a %a %a %ld %a, float again %d\n", up, down, whole, lrint(half), sine, narrowed == third);
        need(!fegetenv(&saved) && !fesetround(FE_TONEAREST) && !fesetenv(&saved), "fesetenv");
        same = 0;
        for (uint32_t k = 0; k < 64; k++)
            same += product(k) == right[k];
        femode_t mode;
        need(!fegetmode(&mode) && !fesetround(FE_TONEAREST) && !fesetmode(&mode), "fesetmode");
        for (uint32_t k = 0; k < 64; k++)
            same += product(k) == right[k];
        printf("environment restored: %d, same results %d\n", fegetround() == directions[d], same);
    }
    need(!fesetround(FE_TONEAREST), "fesetround");
    c = chain_of(96, 60);
    chain_print(&c);
    return 0;
}
