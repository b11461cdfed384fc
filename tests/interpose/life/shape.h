/* SPDX-License-Identifier: Apache-2.0
 * shape.h: calls a function of one of the .S files with operands that follow from a number, and prints them and the
 * result as reference.c reads them. */
#ifndef VPREC_TEST_SHAPE_H
#define VPREC_TEST_SHAPE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct shape {
    const char *name;
    float (*call)(float, float);
} shape;

static inline void shape_print(const shape *of, uint32_t number)
{
    uint32_t s = number * 2654435761u, bits[3];
    float a, b, r;

    bits[0] = 0x3f800000 | s >> 9;
    bits[1] = 0x40000000 | (s * 1664525u) >> 9;
    memcpy(&a, &bits[0], 4), memcpy(&b, &bits[1], 4);
    r = of->call(a, b);
    memcpy(&bits[2], &r, 4);
    printf("%s %08x %08x %08x\n", of->name, bits[0], bits[1], bits[2]);
}

#endif
