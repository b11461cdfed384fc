/* SPDX-License-Identifier: Apache-2.0
 * pieces.c: the program's memory is in as many pieces as the kernel allows when code of its own is first executed, and
 * when some of it is on pages that run already. */
#include "life.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Functions on pages of their own, each with arithmetic. */
#define APART(name)                                                                                                    \
    __asm__(".text\n.balign 4096, 0xCC\n.type " #name ", @function\n" #name ": mulss %xmm1, %xmm0\naddss %xmm1, %xmm0\nret\n" \
            ".size " #name ", . - " #name "\n.type " #name "_too, @function\n" #name "_too: subss %xmm1, %xmm0\nret\n"    \
            ".size " #name "_too, . - " #name "_too\n.balign 4096, 0xCC\n");                                            \
    float name(float a, float b) __asm__(#name);                                                                       \
    float name##_too(float a, float b) __asm__(#name "_too");
APART(trap_piece_before)
APART(trap_piece_one)
APART(trap_piece_two)
APART(trap_piece_three)

static void call(const char *name, float (*function)(float, float), uint32_t seed)
{
    uint32_t bits[3] = {0x3f800000 | (seed * 2654435761u) >> 9, 0x40000000 | (seed * 1664525u) >> 9, 0};
    float a, b, r;

    memcpy(&a, &bits[0], 4), memcpy(&b, &bits[1], 4);
    r = function(a, b);
    memcpy(&bits[2], &r, 4);
    printf("%s %08x %08x %08x\n", name, bits[0], bits[1], bits[2]);
}
#define CALL(name, seed) call(#name, name, seed)

int main(void)
{
    static char room[1 << 16];
    enum { MOST = 1 << 20 };
    long page = sysconf(_SC_PAGESIZE), count = 0;
    setvbuf(stdout, room, _IOFBF, sizeof room);
    CALL(trap_piece_before, 1);
    char *all = mmap(NULL, (size_t)MOST * (size_t)page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    need(all != MAP_FAILED, "mmap");
    while (count < MOST && !mprotect(all + count * page, (size_t)page, PROT_READ))
        count += 2;
    need(count < MOST && errno == ENOMEM, "as many pieces as there may be");
    CALL(trap_piece_one, 2);
    CALL(trap_piece_before_too, 3);
    CALL(trap_piece_one_too, 4);
    munmap(all, 64 * (size_t)page); /* some may be had again */
    CALL(trap_piece_two, 5);
    CALL(trap_piece_two_too, 6);
    munmap(all, (size_t)MOST * (size_t)page);
    CALL(trap_piece_three, 7);
    CALL(trap_piece_three_too, 8);
    return 0;
}
