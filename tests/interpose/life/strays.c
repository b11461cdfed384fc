/* SPDX-License-Identifier: Apache-2.0
 * strays.c: code that nobody has decoded jumps into the middle of what was translated before it ran, and of what is
 * translated when it has run. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SHAPES(_)                                                                                                      \
    _(trap_stray_late) _(trap_stray_to_late)                                                                           \
    _(trap_stray_return) /* its leaf's page runs from then on */ _(trap_stray_to_return)                               \
    _(trap_stray_early) _(trap_stray_to_early)                                                                         \
    _(trap_stray_conditional) _(trap_stray_to_conditional)                                                             \
    _(trap_stray_called) _(trap_stray_to_called)                                                                       \
    _(trap_stray_next) _(trap_stray_to_next)

#define DECLARE(name) float name(float a, float b);
SHAPES(DECLARE)

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
