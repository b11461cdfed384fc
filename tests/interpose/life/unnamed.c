/* SPDX-License-Identifier: Apache-2.0
 * unnamed.c: code of no function, without unwind data, of which that which does not compute is executed first; beside it
 * a function that has a name and does not compute. */
#include "life.h"
#include <stdint.h>
#include <string.h>

__asm__(".text\n"
        ".p2align 12\n"
        "1:  movl %edi, %eax\n"
        "    addl $3, %eax\n"
        "    ret\n"
        ".p2align 5\n"
        "2:  mulss %xmm1, %xmm0\n"
        "    addss %xmm1, %xmm0\n"
        "    ret\n"
        ".p2align 5\n"
        ".type named, @function\n"
        "named: leal 5(%rdi), %eax\n"
        "    ret\n"
        ".size named, . - named\n"
        ".p2align 5\n"
        "3:  addss %xmm1, %xmm0\n"
        "    ret\n"
        ".p2align 12\n"
        ".data\n"
        ".p2align 3\n"
        "first: .quad 1b\n"
        "others: .quad 0, 2b - 1b, 3b - 1b\n" /* nothing points there */
        ".text\n");
extern const uint64_t first, others[3];
int named(int x);

static const void *entry(int k)
{
    return (const void *)(first + others[k]);
}

int main(void)
{
    static const char *const names[] = {"", "trap_first", "trap_second"};

    for (uint32_t i = 0; i < 9; i++) {
        printf("%d %d\n", ((int (*)(int))entry(0))((int)i), named((int)i));
        for (int k = 1; k < 3; k++) {
            uint32_t s = (i + 1) * 2654435761u, bits[3] = {0x3f800000 | s >> 9, 0x40000000 | (s * 1664525u) >> 9, 0};
            float a, b, r;

            memcpy(&a, &bits[0], 4), memcpy(&b, &bits[1], 4);
            r = ((float (*)(float, float))entry(k))(a, b);
            memcpy(&bits[2], &r, 4);
            printf("%s %08x %08x %08x\n", names[k], bits[0], bits[1], bits[2]);
        }
    }
    return 0;
}
