/* SPDX-License-Identifier: Apache-2.0
 * imf.c: a library by the name of Intel's libimf, with libm's names: each is 3 * x, by a version for the processor that
 * no symbol names, whose steps would lose all of it if they were rounded. */
#include <stddef.h>

#define NOIPA __attribute__((noipa))

#define VERSION(name, T, far)                                                                                         \
    NOIPA static T name##_version(T x)                                                                                \
    {                                                                                                                 \
        T beyond = x + (far);                                                                                         \
        __asm__("" : "+x"(beyond));                                                                                   \
        return (beyond - (far)) * 3;                                                                                  \
    }                                                                                                                 \
    static T (*name##_chosen)(T) __attribute__((used)) = name##_version;                                              \
    __asm__(".globl " #name "\n.type " #name ", @function\n" #name ":\n" #name "_here:\n"                             \
            "\tendbr64\n\tlea " #name "_chosen(%rip), %rax\n\tmov (%rax), %rdx\n\tjmp *%rdx\n"                        \
            ".size " #name ", . - " #name "\n");
VERSION(expf, float, 0x1p12f)
VERSION(log2, double, 0x1p30)

/* As Intel's own calls, which skip endbr64. */
__asm__(".globl exp2f\n.type exp2f, @function\nexp2f:\n\tendbr64\n"
        "\tsub $8, %rsp\n\tcall expf_here + 4\n\tadd $8, %rsp\n\tret\n"
        ".size exp2f, . - exp2f\n");

NOIPA void sincosf(float x, float *sine, float *cosine)
{
    *sine = expf_version(x);
    *cosine = *sine - x;
}
