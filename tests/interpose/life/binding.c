/* SPDX-License-Identifier: Apache-2.0
 * binding.c: a program that calls a library, built lazy, -z now and not PIE;
 * computes in its own constructor and after main. */
#include "life.h"
#include "shared.h"

static chain early;
/* In a program that is not PIE this is an absolute address in data. */
static void (*volatile call)(uint32_t, uint32_t) = shared_compute;

__attribute__((constructor)) static void construct(void) { early = chain_of(81, 70); }

static void late(void)
{
    chain_run(&early, 30);
    chain_print(&early);
}

int main(void)
{
    need(!atexit(late), "atexit");
    chain_print(&early);
    shared_print();
    for (uint32_t k = 0; k < 5; k++) {
        shared_compute(8100 + k, 20 * k);
        call(8200 + k, 30 * k);
    }
    return 0;
}
