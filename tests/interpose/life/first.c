/* SPDX-License-Identifier: Apache-2.0
 * first.c: prints what first_library.c has computed. With COPIED it has a copy of the loader's __libc_stack_end, which
 * is empty until the program itself is relocated, last of all (node is such a program). */
#include "life.h"

chain first_made(void);

#ifdef COPIED
extern void *__libc_stack_end;
#endif

int main(void)
{
    chain c = first_made();
#ifdef COPIED
    if (!__libc_stack_end)
        return 1;
#endif

    chain_print(&c);
    chain_run(&c, 10);
    chain_print(&c);
    return 0;
}
