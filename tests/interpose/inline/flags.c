/* SPDX-License-Identifier: Apache-2.0
 * flags.c: flags that are set before an operation and read behind it, in ways by which control comes to the reader: what
 * the operation's code does with them must not show. Exit status 0: all were kept. Run it under vprec-run. */
#include <stdint.h>
#include <stdio.h>

#define PRODUCT "mulss %[x], %[y]\n\t"
#define CASE(name, code)                                                                                              \
    static int name(float x, float y, uint64_t n)                                                                     \
    {                                                                                                                  \
        uint64_t r = 0;                                                                                                \
        __asm__ volatile(code : [r] "+r"(r), [y] "+x"(y), [n] "+r"(n) : [x] "x"(x) : "cc", "rcx");                          \
        return (int)r;                                                                                                 \
    }

CASE(next, "cmp $5, %[n]\n\t" PRODUCT "sete %b[r]")
CASE(carry_over_dec, "cmp $6, %[n]\n\t" PRODUCT "dec %[n]\n\tadc $0, %[r]") /* dec leaves carry alone */
CASE(zero_of_dec, "cmp $6, %[n]\n\tdec %[n]\n\t" PRODUCT "setz %b[r]\n\tadc $0, %[r]")
CASE(over_a_jump, "cmp $5, %[n]\n\t" PRODUCT "jmp 1f\n2:\n\tsetg %b[r]\n\tjmp 3f\n1:\n\tjmp 2b\n3:")
CASE(at_a_target, "cmp $5, %[n]\n\t" PRODUCT "ja 1f\n\tinc %[r]\n1:\n\tja 2f\n\tinc %[r]\n2:")
CASE(around_a_loop, "xor %%ecx, %%ecx\n\tmov $3, %k[n]\n\tstc\n1:\n\t" PRODUCT
                    "adc $0, %[r]\n\tlea -1(%[n]), %[n]\n\tmov %[n], %%rcx\n\tstc\n\tjrcxz 2f\n\tjmp 1b\n2:")
CASE(of_pushf, "cmp $5, %[n]\n\t" PRODUCT "lea -128(%%rsp), %%rsp\n\tpushf\n\tpop %[r]\n\tlea 128(%%rsp), %%rsp\n\t"
                "and $0x40, %[r]\n\tshr $6, %[r]")
CASE(parity, "ucomiss %[y], %[y]\n\t" PRODUCT "setnp %b[r]")

int main(void)
{
    static const struct {
        const char *name;
        int (*run)(float, float, uint64_t);
        uint64_t n;
        int want;
    } cases[] = {
        {"next", next, 5, 1},           {"next", next, 4, 0},
        {"carry over dec", carry_over_dec, 5, 1}, {"carry over dec", carry_over_dec, 7, 0},
        {"zero of dec", zero_of_dec, 1, 2}, {"zero of dec", zero_of_dec, 9, 0},
        {"over a jump", over_a_jump, 9, 1}, {"over a jump", over_a_jump, 3, 0},
        {"at a target", at_a_target, 3, 2}, {"at a target", at_a_target, 9, 0},
        {"around a loop", around_a_loop, 0, 3},
        {"of pushf", of_pushf, 5, 1},   {"of pushf", of_pushf, 6, 0},
        {"parity", parity, 0, 1},
    };
    int failures = 0;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        for (unsigned j = 0; j < 300; j++) { /* some products are ties */
            int got = cases[i].run(1 + (float)j / 64, 1 + (float)(j % 67) / 64, cases[i].n);
            if (got != cases[i].want && ++failures < 20)
                printf("%s, %lu: %d, not %d\n", cases[i].name, (unsigned long)cases[i].n, got, cases[i].want);
        }
    return failures != 0;
}
