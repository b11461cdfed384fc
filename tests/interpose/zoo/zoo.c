/* SPDX-License-Identifier: Apache-2.0
 * zoo.c: calls one assembly routine many times, prints the result's bits. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

double zoo(double x, long n);

int main(void)
{
    double y = zoo(0.3, 100000);
    uint64_t bits;
    memcpy(&bits, &y, sizeof bits);
    printf("%016llx\n", (unsigned long long)bits);
    return 0;
}
