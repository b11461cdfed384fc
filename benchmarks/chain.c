/* SPDX-License-Identifier: Apache-2.0
 * chain.c: a chain of dependent scalar multiplications and additions, compiled once for SSE and once for AVX.
 *
 *   chain REPEATS */
#include "steady.h"

enum { STEPS = 2000000 };
static volatile float start = 0.5f, factor = 0.75f, term = 0.3f, result;

static void chain(void)
{
    float x = start, a = factor, b = term;
    for (int i = 0; i < STEPS; i++)
        x = x * a + b;
    result = x;
}

int main(int argc, char **argv)
{
    return argc == 2 ? steady_run(chain, atoi(argv[1])) : 2;
}
