/* SPDX-License-Identifier: Apache-2.0
 * late.c: a library that calls libm and libmvec from its constructor, and prints name and bits of each result. Of
 * libm's functions some are IFUNCs. */
#include "show.h"
#include <fenv.h>
#include <math.h>

typedef float vector __attribute__((vector_size(16)));
vector _ZGVbN4v_tanhf(vector); /* NOLINT(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static volatile float argument = 0.3f;

__attribute__((constructor)) static void work(void)
{
    show("tanh", tanhf(argument));
    show("exp", expf(argument));
    show("sin", sinf(argument));
    float sine, cosine;
    sincosf(argument, &sine, &cosine);
    show("cos", cosine);
    vector v = {argument, argument, argument, argument};
    show("vector_tanh", _ZGVbN4v_tanhf(v)[3]);
    int failed = fesetround(FE_UPWARD);
    show("direction", failed || fegetround() != FE_UPWARD);
    fesetround(FE_TONEAREST);
}
