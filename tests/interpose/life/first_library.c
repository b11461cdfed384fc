/* SPDX-License-Identifier: Apache-2.0
 * first_library.c: linked with -z initfirst: its constructor runs before all others. */
#include "life.h"

static chain made;

__attribute__((constructor)) static void construct(void)
{
    made = chain_of(17, 80);
}

chain first_made(void);
chain first_made(void)
{
    return made;
}
