/* SPDX-License-Identifier: Apache-2.0
 * number.c: in a program without relocations a number of its data is an address in the middle of an instruction, from
 * which on code can be read that computes. */
#include <stdint.h>
#include <stdio.h>

uint64_t number_work(uint64_t n);
extern volatile uint64_t number_innocent;
__asm__(".text\n"
        ".globl number_work\n"
        "number_work:\n"
        "    push %rbx\n"
        "    mov %rdi, %rbx\n"
        "number_long:\n"
        "    movabs $0x1122334455667788, %rdx\n"
        "    lea (%rdi, %rdx), %rax\n"
        "    cvtsi2ss %rbx, %xmm0\n"
        "    addss %xmm0, %xmm0\n"
        "    pop %rbx\n"
        "    ret\n"
        ".data\n"
        ".balign 8\n"
        ".globl number_innocent\n"
        "number_innocent: .quad number_long + 4\n"
        ".text\n");

int main(void)
{
    for (uint64_t k = 0; k < 80; k++)
        printf("%lx\n", number_work(k) + 0 * number_innocent);
    return 0;
}
