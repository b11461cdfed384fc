/* SPDX-License-Identifier: Apache-2.0
 * x87.c: a program with one x87 multiplication, which vprec does not round; the audit must name it. */
#include <stdio.h>

int main(void)
{
    long double x = 3, y = 1.0L / 3, product;
    __asm__ volatile("fmulp" : "=t"(product) : "0"(x), "u"(y) : "st(1)");
    printf("%d\n", product > 0.5L);
    return 0;
}
