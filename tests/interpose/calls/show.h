/* SPDX-License-Identifier: Apache-2.0
 * show.h: prints the name of a result, and its bits: a conversion to decimal would be rounded. */
#ifndef VPREC_TEST_SHOW_H
#define VPREC_TEST_SHOW_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static inline void show_bits(const char *name, const void *number, size_t bytes)
{
    uint64_t bits = 0;
    memcpy(&bits, number, bytes);
    printf("%s %0*llx\n", name, (int)bytes * 2, (unsigned long long)bits);
}
#define SHOW(name, x) show_bits(name, &(x), sizeof(x))

/* A function of its own, which tests select by name. */
__attribute__((noipa, unused)) static void show(const char *name, float x)
{
    SHOW(name, x);
}

__attribute__((noipa, unused)) static void show64(const char *name, double x)
{
    SHOW(name, x);
}

#endif
