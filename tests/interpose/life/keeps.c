/* SPDX-License-Identifier: Apache-2.0
 * keeps.c: callees are translated before those of their callers turn up that keep registers across the call. Natively
 * 77: the processor has no AVX-512. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SHAPES(_)                                                                                                      \
    _(trap_keep_nothing) _(trap_keep_one) _(trap_keep_nothing) _(trap_keep_through) _(trap_keep_masks)                 \
    _(trap_keep_pending) _(trap_keep_beside) _(trap_keep_nothing) _(trap_keep_adds)

float trap_keep_nothing(float a, float b), trap_keep_one(float a, float b), trap_keep_through(float a, float b),
    trap_keep_masks(float a, float b), trap_keep_pending(float a, float b), trap_keep_beside(float a, float b),
    trap_keep_adds(float a, float b);

int main(void)
{
    static const struct {
        const char *name;
        float (*call)(float, float);
    } shapes[] = {
#define ENTRY(name) {#name, name},
        SHAPES(ENTRY)
    };
    enum { COUNT = sizeof shapes / sizeof *shapes };

    if (!__builtin_cpu_supports("avx512f"))
        return 77;
    for (uint32_t k = 0; k < 4 * COUNT; k++) {
        uint32_t s = k * 2654435761u, bits[3];
        float a, b, r;

        bits[0] = 0x3f800000 | s >> 9;
        bits[1] = 0x40000000 | (s * 1664525u) >> 9;
        memcpy(&a, &bits[0], 4), memcpy(&b, &bits[1], 4);
        r = shapes[k % COUNT].call(a, b);
        memcpy(&bits[2], &r, 4);
        printf("%s %08x %08x %08x\n", shapes[k % COUNT].name, bits[0], bits[1], bits[2]);
    }
    return 0;
}
