/* SPDX-License-Identifier: Apache-2.0
 * results.c: code as Go's compiler makes it, with the note of Go's linker: values are given back in all sixteen vector
 * registers, and the last is zero whenever a function is entered or left. */
#include "life.h"
#include <stdint.h>

__asm__(".section .note.go.buildid, \"a\", @note\n"
        "    .long 4, 4, 4\n"
        "    .asciz \"Go\\0\"\n"
        "    .long 0x21706772\n"
        ".text\n"
        /* every register is written, and dead at the arithmetic but for what it is given back with */
        ".type multiply, @function\n"
        "multiply:\n"
        "    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
        "    xorps %xmm\\n, %xmm\\n\n"
        "    .endr\n"
        "    mulss %xmm1, %xmm0\n"
        "    addss %xmm1, %xmm0\n"
        "    ret\n"
        ".size multiply, . - multiply\n"
        ".globl others\n"
        ".type others, @function\n"
        "others:\n" /* what is not zero in xmm8 to xmm15 afterwards */
        "    call multiply\n"
        "    .irp n, 8, 9, 10, 11, 12, 13, 14\n"
        "    orps %xmm\\n, %xmm15\n"
        "    .endr\n"
        "    movups %xmm15, (%rdi)\n"
        "    ret\n"
        ".size others, . - others\n");
float others(uint64_t *left, float x, float y);

int main(void)
{
    volatile float x = 1.1f;
    uint64_t left[2];

    for (int i = 0; i < 3; i++) {
        others(left, x, 0.3f);
        printf("left %d\n", (left[0] | left[1]) != 0);
    }
    chain c = chain_of(1, 10);
    chain_print(&c);
    return 0;
}
