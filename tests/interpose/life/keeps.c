/* SPDX-License-Identifier: Apache-2.0
 * keeps.c: callees are translated before those of their callers turn up that keep registers across the call. Natively
 * 77: the processor has no AVX-512. */
#include "shape.h"

#define SHAPES(_)                                                                                                      \
    _(trap_keep_nothing) _(trap_keep_one) _(trap_keep_nothing) _(trap_keep_through) _(trap_keep_masks)                 \
    _(trap_keep_pending) _(trap_keep_beside) _(trap_keep_nothing) _(trap_keep_adds)

float trap_keep_nothing(float a, float b), trap_keep_one(float a, float b), trap_keep_through(float a, float b),
    trap_keep_masks(float a, float b), trap_keep_pending(float a, float b), trap_keep_beside(float a, float b),
    trap_keep_adds(float a, float b);

int main(void)
{
    static const shape shapes[] = {
#define ENTRY(name) {#name, name},
        SHAPES(ENTRY)
    };
    enum { COUNT = sizeof shapes / sizeof *shapes };

    if (!__builtin_cpu_supports("avx512f"))
        return 77;
    for (uint32_t k = 0; k < 4 * COUNT; k++)
        shape_print(&shapes[k % COUNT], k);
    return 0;
}
