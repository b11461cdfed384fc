/* SPDX-License-Identifier: Apache-2.0
 * preset.c: a library by the name of PyTorch's, with names of its functions in parts of symbols; with LOADS, the program
 * that calls them, and those of a further object by path. Prints the name and bits of sums. */
#include "show.h"
#include <dlfcn.h>

#define NOIPA __attribute__((noipa))

#ifndef LOADS
NOIPA float sum_plain(float x)
{
    return x + 0.3f;
}
NOIPA float _ZN2at6native13arange_kernelEf(float x)
{
    return x + 0.3f;
}
NOIPA float _ZN2at6native4loopINS_16CPUGeneratorImplEEEff(float x)
{
    return x + 0.3f;
}
#else
extern float sum_plain(float x);
extern float _ZN2at6native13arange_kernelEf(float x);
extern float _ZN2at6native4loopINS_16CPUGeneratorImplEEEff(float x);

int main(int argc, char **argv)
{
    float x;
    __asm__("mov $0x3dcccccd, %%eax\n\tmovd %%eax, %0" : "=x"(x) : : "eax"); /* 0.1 */
    show("plain", sum_plain(x));
    show("arange", _ZN2at6native13arange_kernelEf(x));
    show("random", _ZN2at6native4loopINS_16CPUGeneratorImplEEEff(x));
    void *object = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
    float (*opened)(float) = object ? (float (*)(float))dlsym(object, "sum_plain") : NULL;
    if (argc > 1)
        show("opened", opened ? opened(x) : 0);
    return 0;
}
#endif
