/* SPDX-License-Identifier: Apache-2.0
 * scopes.c: the hooks of vprec_scope.h for Python, which has no frame on the stack that a jump would leave: its with
 * statement ends a scope however the block is left. */
#include "vprec.h"
#include "vprec_scope.h"

VPREC_API uint32_t vprec_python_begin(const char *name);
VPREC_API int vprec_python_knows(const char *name, const char *spec);
VPREC_API void vprec_python_end(uint32_t depth);
VPREC_API int vprec_python_probes(void);
VPREC_API void vprec_python_probe(const char *name, const void *data, size_t n, int is_double);

/* Of vprec-run's preload library; NULL: there is none, or one that is older. */
extern int vprec_scope_knows(const char *name, const char *spec) __attribute__((weak));

/* Whether the scope has that format, where it is to have any. */
int vprec_python_knows(const char *name, const char *spec)
{
    return vprec_scope_knows ? vprec_scope_knows(name, spec) : !vprec_scope_hooks_2.probe;
}

/* How many scopes were open before, for vprec_python_end(). */
uint32_t vprec_python_begin(const char *name)
{
    return vprec_scope_hooks_2.begin ? vprec_scope_hooks_2.begin(name, NULL) : 0;
}

void vprec_python_end(uint32_t depth)
{
    vprec_scope_end_to(depth);
}

/* Whether anybody looks: what is to be shown may have to be copied first. */
int vprec_python_probes(void)
{
    return vprec_scope_hooks_2.probe != NULL;
}

void vprec_python_probe(const char *name, const void *data, size_t n, int is_double)
{
    if (vprec_scope_hooks_2.probe)
        vprec_scope_hooks_2.probe(name, data, n, is_double);
}
