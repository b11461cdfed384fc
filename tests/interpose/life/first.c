/* SPDX-License-Identifier: Apache-2.0
 * first.c: prints what first_library.c has computed. */
#include "life.h"

chain first_made(void);

int main(void)
{
    chain c = first_made();

    chain_print(&c);
    chain_run(&c, 10);
    chain_print(&c);
    return 0;
}
