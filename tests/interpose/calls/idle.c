/* SPDX-License-Identifier: Apache-2.0
 * idle.c: a library that brings libm and calls nothing of it that is rounded. */
#include <math.h>

float idle_round(float x);
float idle_round(float x)
{
    return floorf(x);
}
