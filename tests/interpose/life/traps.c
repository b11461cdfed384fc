/* SPDX-License-Identifier: Apache-2.0
 * traps.c: calls the shapes of traps.S and prints operands and results. */
#include "traps.h"
#include "shape.h"

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
    static const shape shapes[] = {
#define ENTRY(name) {#name, name},
        SHAPES(ENTRY)
    };

    for (uint32_t k = 0; k < 4 * sizeof shapes / sizeof *shapes; k++)
        shape_print(&shapes[k / 4], seed * 64 + k);
}
