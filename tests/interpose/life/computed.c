/* SPDX-License-Identifier: Apache-2.0
 * computed.c: code of no function that nothing leads to but an address that is calculated: handlers of an interpreter,
 * 16 bytes each. They lie on one page with what calls them, by a register, and with the PLT. */
#include "shape.h"

extern const char computed_handlers[];
__asm__(".text\n"
        ".balign 16\n"
        "computed_handlers:\n"
        "    addss %xmm1, %xmm0\n"
        "    ret\n"
        ".balign 16\n"
        "    mulss %xmm1, %xmm0\n"
        "    ret\n"
        ".balign 16\n"
        "    addss %xmm1, %xmm0\n"
        "    mulss %xmm1, %xmm0\n"
        "    ret\n"
        ".balign 16\n");

int main(void)
{
    static const char *const names[] = {"trap_computed_add", "trap_computed_mul", "trap_computed_both"};
    for (uint32_t k = 0; k < 48; k++) {
        shape of = {.name = names[k % 3]};
        const char *at = computed_handlers + 16 * (k % 3);
        memcpy(&of.call, &at, sizeof of.call);
        shape_print(&of, k);
    }
    return 0;
}
