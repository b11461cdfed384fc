/* SPDX-License-Identifier: Apache-2.0
 * resolver.c: an IFUNC resolver computes what the program prints. With PLAIN it
 * computes nothing. */
#include "life.h"

static chain made;

static void print(void)
{
    chain_print(&made);
}

static void (*resolve(void))(void)
{
#ifndef PLAIN
    made = chain_of(3, 40);
#endif
    return print;
}

void show(void) __attribute__((ifunc("resolve")));

int main(void)
{
#ifdef PLAIN
    made = chain_of(3, 40);
#endif
    show();
    return 0;
}
