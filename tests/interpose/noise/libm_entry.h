/* SPDX-License-Identifier: Apache-2.0
 * libm_entry.h: what the tests of libm's replacements need to call them: each by its function's name. Included once by each of them. */
#ifndef VPREC_TESTS_LIBM_ENTRY_H
#define VPREC_TESTS_LIBM_ENTRY_H

#include "libm/libm.h"
#include <string.h>

static void *find(const char *name)
{
    size_t n;
    const vprec_libm_entry *table = vprec_libm_table(&n);
    while (n && strcmp(table[n - 1].name, name))
        n--;
    return table[n - 1].replacement;
}

#endif
