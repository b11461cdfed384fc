/* SPDX-License-Identifier: Apache-2.0
 * network.c N BITS: twelve layers as scopes, layer0 to layer11, of different numbers of operations. Each gives
 * 1 + 2^-1, layer N 1 + 2^-BITS, times 1: so it needs so many fraction bits, and the others one. Prints how many have
 * other results than natively, and "right" or "wrong". */
#include "vprec_scope.h"
#include <stdio.h>
#include <stdlib.h>

enum { LAYERS = 12 };
static volatile float one = 1;

__attribute__((noinline)) static int layer(float value, int operations)
{
    int wrong = 0;
    for (int i = 0; i < operations; i++)
        wrong |= value * one != value;
    return wrong;
}

int main(int argc, char **argv)
{
    int sensitive = argc > 2 ? atoi(argv[1]) : 0, bits = argc > 2 ? atoi(argv[2]) : 1, wrong = 0;
    for (int i = 0; i < LAYERS; i++) {
        char name[] = "layer0\0";
        snprintf(name, sizeof name, "layer%d", i);
        float value = 1.0F + 1.0F / (float)(1U << (i == sensitive ? bits : 1));
        vprec_scope_begin(name);
        wrong += layer(value, 10 * (i + 1));
        vprec_scope_end();
    }
    printf("%d layers %s\n", wrong, wrong ? "wrong" : "right");
    return 0;
}
