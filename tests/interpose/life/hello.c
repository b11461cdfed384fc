/* SPDX-License-Identifier: Apache-2.0
 * hello.c: says that it runs. */
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
