/* SPDX-License-Identifier: Apache-2.0
 * strays.c: code that nobody has decoded jumps into the middle of what was translated before it ran, and of what is
 * translated when it has run. */
#include "shape.h"

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
    static const shape shapes[] = {
#define ENTRY(name) {#name, name},
        SHAPES(ENTRY)
    };
    enum { COUNT = sizeof shapes / sizeof *shapes };

    for (uint32_t k = 0; k < 4 * COUNT; k++)
        shape_print(&shapes[k % COUNT], k);
    return 0;
}
