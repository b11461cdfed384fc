/* SPDX-License-Identifier: Apache-2.0
 * asks.c: a program, and a library, that asks for formats of its scopes. */
#include "vprec_scope.h"
#include <stdio.h>
#include <string.h>

vprec_scope_format("tw[op]", "e8m4");

__attribute__((noipa)) static float third(float x)
{
    return x / 3;
}

static void show(const char *name)
{
    float x = third(1);
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    printf("%s %08x\n", name, bits);
}

void ask(void);
void ask(void)
{
    vprec_scope_format("api:one", "e8m6,mode=rtz");
    vprec_scope_format("nobody", "native");
    show("out");
    vprec_scope_begin("one");
    show("one");
    vprec_scope_end();
    vprec_scope_begin("two");
    show("two");
    vprec_scope_end();
}

#ifndef LIBRARY
int main(void)
{
    ask();
    return 0;
}
#endif
