/* SPDX-License-Identifier: Apache-2.0
 * program.c: calls tanhf(0.3f) and ldexpf(0.3f, 3) in every way there is, and prints name and bits of each result. The
 * arguments are paths of the library, to be opened one after the other. */
#include "show.h"
#include <dlfcn.h>
#include <math.h>

typedef float vector __attribute__((vector_size(16)));
vector _ZGVbN4v_tanhf(vector); /* NOLINT(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

#define LIBRARY(prefix) \
    float prefix##_call(float), prefix##_tail(float), prefix##_perhaps(float, int), prefix##_scale(float)
LIBRARY(library);
LIBRARY(noplt);

static volatile float argument = 0.3f;
static volatile int many = 5;
static float (*volatile pointer)(float) = tanhf;

#define OWN __attribute__((noipa)) static float
OWN program_call(float x)
{
    float y = tanhf(x);
    __asm__ volatile("" : "+x"(y));
    return y;
}
OWN program_tail(float x)
{
    return tanhf(x);
}
OWN program_perhaps(float x, int n)
{
    return n > 3 ? tanhf(x) : x;
}
OWN program_pointer(float x)
{
    float y = pointer(x);
    __asm__ volatile("" : "+x"(y));
    return y;
}
OWN program_scale(float x)
{
    return ldexpf(x, 3);
}
OWN program_vector(float x)
{
    vector v = {x, x, x, x};
    v = _ZGVbN4v_tanhf(v);
    __asm__ volatile("" : "+x"(v));
    return v[2];
}
__attribute__((noipa)) static vector vector_tail(vector v)
{
    return _ZGVbN4v_tanhf(v);
}
OWN program_sum(float x)
{
    return x + 1.7f;
}

#define CALLS(who)                                                                                                    \
    show(#who "_call", who##_call(x));                                                                                \
    show(#who "_tail", who##_tail(x));                                                                                \
    show(#who "_perhaps", who##_perhaps(x, many));                                                                    \
    show(#who "_scale", who##_scale(x));

int main(int argc, char **argv)
{
    float x = argument;
    CALLS(program)
    show("program_pointer", program_pointer(x));
    show("program_vector", program_vector(x));
    show("vector_tail", vector_tail((vector){x, x, x, x})[1]);
    show("program_sum", program_sum(x));
    CALLS(library)
    CALLS(noplt)
    for (int i = 1; i < argc; i++) {
        void *library = dlopen(argv[i], RTLD_NOW);
        float (*call)(float), (*tail)(float);
        if (!library)
            return 3;
        *(void **)&call = dlsym(library, "opened_call");
        *(void **)&tail = dlsym(library, "opened_tail");
        show("opened_call", call(x));
        show("opened_tail", tail(x));
        dlclose(library);
    }
    return 0;
}
