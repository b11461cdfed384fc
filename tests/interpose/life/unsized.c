/* SPDX-License-Identifier: Apache-2.0
 * unsized.c: functions whose symbols tell no size, as assembly has them, and data behind them that reads as operations:
 * nobody may write there. A loop that is entered in its middle belongs to its function all the same. */
#include <stdint.h>
#include <stdio.h>

enum { DATA = 96 };

__asm__(".text\n"
        ".p2align 12\n"
        ".globl unsized, looped, sized\n"
        ".type unsized, @function\n"
        "unsized: leal 7(%rdi), %eax\n"
        "    ret\n"
        "    .rept 24\n"
        "    mulss %xmm1, %xmm0\n" /* four bytes: data of the program's */
        "    .endr\n"
        ".type looped, @function\n"
        "looped: movl $3, %eax\n"
        "    jmp 2f\n"
        "1:  mulss %xmm1, %xmm0\n"
        "2:  addss %xmm1, %xmm0\n"
        "    decl %eax\n"
        "    jg 1b\n"
        "    ret\n"
        "    .rept 24\n"
        "    divss %xmm1, %xmm0\n"
        "    .endr\n"
        ".p2align 4\n"
        ".type sized, @function\n"
        "sized: subss %xmm1, %xmm0\n"
        "    ret\n"
        ".size sized, . - sized\n"
        ".p2align 12\n");
int unsized(int x);
float looped(float a, float b), sized(float a, float b);

/* As the program computes it, by no address that the code has. */
static uint32_t sum(const volatile uint8_t *bytes)
{
    uint32_t sum = 1;
    for (int i = 0; i < DATA; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

int main(void)
{
    volatile uintptr_t first = (uintptr_t)unsized, second = (uintptr_t)sized;

    for (int i = 0; i < 3; i++) {
        float r = sized(2.5f + (float)i, 0.25f);
        printf("%d %a\n", unsized(i), (double)r);
        r = looped(1.5f, 0.5f);
        printf("%a\n", (double)r);
        printf("%08x %08x\n", (unsigned)sum((const volatile uint8_t *)first + 4),
               (unsigned)sum((const volatile uint8_t *)(second & ~(uintptr_t)15) - DATA - 16));
    }
    return 0;
}
