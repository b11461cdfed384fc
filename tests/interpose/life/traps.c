/* SPDX-License-Identifier: Apache-2.0
 * traps.c: calls the shapes of traps.S and prints operands and results. */
#include "traps.h"
#include <stdio.h>
#include <string.h>

#define SHAPES(_)                                                                                            \
    _(trap_first) _(trap_second) _(trap_tight) _(trap_guest) _(trap_host) _(trap_wrap) _(trap_flags)          \
    _(trap_red_zone) _(trap_table) _(trap_unaligned) _(trap_push_return)

#define DECLARE(name) float name(float a, float b);
SHAPES(DECLARE)

void traps_run(void)
{
    static volatile float sink;
#define RUN(name) sink = name(1.5f, sink);
    SHAPES(RUN)
}

void traps_print(uint32_t seed)
{
    static const struct {
        const char *name;
        float (*call)(float, float);
    } shapes[] = {
#define ENTRY(name) {#name, name},
        SHAPES(ENTRY)
    };

    for (uint32_t k = 0; k < 4 * sizeof shapes / sizeof *shapes; k++) {
        uint32_t s = (seed * 64 + k) * 2654435761u, bits[3];
        float a, b, r;

        bits[0] = 0x3f800000 | s >> 9;
        bits[1] = 0x40000000 | (s * 1664525u) >> 9;
        memcpy(&a, &bits[0], 4), memcpy(&b, &bits[1], 4);
        r = shapes[k / 4].call(a, b);
        memcpy(&bits[2], &r, 4);
        printf("%s %08x %08x %08x\n", shapes[k / 4].name, bits[0], bits[1], bits[2]);
    }
}
