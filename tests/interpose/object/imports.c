/* SPDX-License-Identifier: Apache-2.0
 * imports.c: a library that imports functions and data, and exports what EXPORTED says, or nothing. */
#include <stdio.h>

#ifdef EXPORTED
void EXPORTED(void);
void EXPORTED(void)
#else
__attribute__((constructor)) static void work(void)
#endif
{
    fputs("", stdout);
    fflush(stdout);
}

static int (*volatile pointer)(const char *) __attribute__((used)) = puts; /* perhaps in the hash table, too */
