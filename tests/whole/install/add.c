/* SPDX-License-Identifier: Apache-2.0
 * add.c: adds 0.1f ten thousand times: 999.903, in bfloat16 32. */
#include <stdio.h>

int main(void)
{
    volatile float tenth = 0.1f;
    float sum = 0;
    for (int i = 0; i < 10000; i++)
        sum += tenth;
    printf("%g\n", sum);
    return 0;
}
