/* SPDX-License-Identifier: Apache-2.0
 * decimal.h: numbers as text, for what runs before the C library is ready or in a signal handler. */
#ifndef VPREC_RUNTIME_DECIMAL_H
#define VPREC_RUNTIME_DECIMAL_H

#include <stdint.h>

/* Writes the digits of `n`, at most 20, and a NUL behind them. Returns where that is. */
static inline char *vprec_decimal(char *to, uint64_t n)
{
    char digits[20];
    int count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        *to++ = digits[--count];
    *to = 0;
    return to;
}

#endif
