/* SPDX-License-Identifier: Apache-2.0
 * tabled.c: a jump table leads into the middle of another function, which ran before: no jump may be left over it. */
#include <stdio.h>

__asm__(".text\n"
        ".p2align 12\n"
        ".type tabled, @function\n"
        "tabled: leaq table(%rip), %rax\n"
        "    addsd %xmm0, %xmm0\n"
        "    movslq (%rax,%rdi,4), %rcx\n"
        "    addq %rax, %rcx\n"
        "    jmp *%rcx\n"
        "1:  mulsd %xmm0, %xmm0\n"
        "    ret\n"
        ".size tabled, . - tabled\n"
        ".p2align 12\n" /* they run at different times */
        ".type part, @function\n"
        "part: xorl %eax, %eax\n"
        "2:  addsd %xmm0, %xmm0\n"
        "    sqrtsd %xmm0, %xmm0\n"
        "    ret\n"
        ".size part, . - part\n"
        ".p2align 12\n"
        ".section .rodata\n"
        ".p2align 2\n"
        "table: .long 1b - table, 2b - table\n"
        ".text\n");
double tabled(double x, long way), part(double x);

int main(void)
{
    for (int i = 0; i < 3; i++) {
        printf("%a\n", part(1.3 + i));
        if (i)
            printf("%a\n%a\n", tabled(1.7 + i, 0), tabled(1.9 + i, 1));
    }
    return 0;
}
