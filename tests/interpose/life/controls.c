/* SPDX-License-Identifier: Apache-2.0
 * controls.c: code that is met when all else has run already loads MXCSR by itself. What is left native, here double,
 * goes by that; arithmetic in a format goes by the run's mode. */
#include "life.h"

/* On a page of its own. */
__asm__(".text\n.balign 4096, 0xCC\n.type load, @function\nload: ldmxcsr (%rdi)\nret\n.size load, . - load\n"
        ".balign 4096, 0xCC\n");
void load(const uint32_t *value) __asm__("load");

static uint32_t stored(void)
{
    uint32_t value;

    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

/* By another direction than to nearest the chain is not the oracle's natively. */
static __attribute__((noinline)) void show(uint32_t seed, int nearest)
{
    volatile double one = 1.0, minus = -1.0, three = 3.0, small = 0x1p-1022, half = 0.5;
    chain c = chain_of(seed, 60);

    if (nearest)
        chain_print(&c);
    else
        printf("float %08x\n", chain_bits(&c));
    printf("double %a %a %a\n", one / three, minus / three, small * half);
}

int main(void)
{
    enum { MASKED = 0x1f80, DIRECTION = 13, FTZ = 0x8000, DAZ = 0x40 };
    uint32_t value;

    show(1, 1);
    show(2, 1);
    for (uint32_t k = 0; k < 16; k++) {
        value = MASKED | (k & 3) << DIRECTION | (k & 4 ? FTZ : 0) | (k & 8 ? DAZ : 0);
        load(&value);
        show(3 + k, !(k & 3));
        printf("reads back %d\n", (stored() & 0xffc0) == value);
    }
    value = MASKED;
    load(&value);
    show(20, 1);
    return 0;
}
