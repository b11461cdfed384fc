/* SPDX-License-Identifier: Apache-2.0
 * elementary.c: generated code calls a function of libm, which is one operation of the code that calls it: in code that
 * stays writable, in code that does not, in code that is written anew. */
#include "kernels.h"
#include <math.h>
#include <string.h>

enum { ROUNDS = 40 };

/* push rsi; movss xmm0, [rdi]; movss xmm1, [rdi + 64]; movss xmm2, [rdi + 128]; mov rax, fmaf; call rax; pop rsi;
 * movss [rsi], xmm0; ret */
static void build(uint8_t *p)
{
    static const uint8_t before[] = {0x56, 0xf3, 0x0f, 0x10, 0x07, 0xf3, 0x0f, 0x10, 0x4f, 0x40, 0xf3, 0x0f, 0x10, 0x97,
                                     0x80, 0,    0,    0,    0x48, 0xb8},
                         after[] = {0xff, 0xd0, 0x5e, 0xf3, 0x0f, 0x11, 0x06, 0xc3};
    float (*volatile target)(float, float, float) = fmaf;
    float (*function)(float, float, float) = target;

    memcpy(p, before, sizeof before);
    memcpy(p + sizeof before, &function, sizeof function);
    memcpy(p + sizeof before + sizeof function, after, sizeof after);
}

int main(int argc, char **argv)
{
    static const struct kind fused = {FMA, SSE_SCALAR, 0};

    start(argc, argv);
    struct record *record = record_new(0);
    uint8_t *writable = map(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
    uint8_t *fixed = map(NULL, PAGE, PROT_READ | PROT_WRITE, -1);
    build(fixed);
    protect(fixed, PAGE, PROT_READ | PROT_EXEC);
    for (int i = 0; i < ROUNDS; i++) {
        build(writable + i % 8 * 64);
        run(record, fused, writable + i % 8 * 64, 1);
        run(record, fused, fixed, 1);
    }
    unmap(fixed, PAGE);
    record_print(record);
    return 0;
}
