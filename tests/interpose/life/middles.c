/* SPDX-License-Identifier: Apache-2.0
 * middles.c: the shapes of traps.S, many times. */
#include "traps.h"

int main(void)
{
    for (uint32_t seed = 1; seed < 6; seed++)
        traps_print(seed);
    return 0;
}
