/* SPDX-License-Identifier: Apache-2.0
 * program.c: calls the kernels of kernels.S, twice, and prints the address of each in its file, and the result's bits. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef float kernel(float);
extern kernel *const names_kernels[];

int main(void)
{
    static const char *const names[] = {"nothing", "add", "multiply", "calls", "loops"};
    Dl_info info;
    if (!dladdr((const void *)names_kernels[0], &info))
        return 1;
    for (int again = 0; again < 2; again++)
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
            kernel *volatile call = names_kernels[i];
            float x = 0x1.004p0f, result = call(x);
            unsigned bits;
            memcpy(&bits, &result, sizeof bits);
            printf("%s %zx %08x\n", names[i], (size_t)((const char *)(void *)names_kernels[i] - (char *)info.dli_fbase),
                   bits);
        }
    printf("inner %zx 0\n", (size_t)((const char *)(void *)names_kernels[5] - (char *)info.dli_fbase));
    return 0;
}
