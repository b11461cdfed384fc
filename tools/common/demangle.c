/* SPDX-License-Identifier: Apache-2.0
 * demangle.c: see demangle.h. */
#include "demangle.h"
#include "say.h"
#include <libiberty/demangle.h>

char *vprec_demangled(const char *symbol, bool parameters)
{
    int options = DMGL_ANSI | (parameters ? DMGL_PARAMS : 0);
    char *name = symbol[0] == '_' ? rust_demangle(symbol, options) : NULL;
    if (!name && symbol[0] == '_' && symbol[1] == 'Z')
        name = cplus_demangle_v3(symbol, options);
    return name ? name : vprec_text("%s", symbol);
}
