/* SPDX-License-Identifier: Apache-2.0
 * itt.c: see itt.h. */
#include "itt.h"
#include "runtime/share.h"
#include "scopes.h"

#define PUBLIC __attribute__((visibility("default")))

/* Tasks of the calling thread that are open, as many as are kept, and how many scopes were open before each. */
enum { KEPT = 64 };
static _Thread_local uint32_t before[KEPT] __attribute__((tls_model("initial-exec")));
static _Thread_local uint32_t tasks __attribute__((tls_model("initial-exec")));

bool vprec_itt_wanted(void)
{
    return vprec_scope_asked("itt:", VPREC_LAYERS_ITT);
}

/* For the collector. */
PUBLIC void vprec_task_begin(const char *name);
PUBLIC void vprec_task_begin(const char *name)
{
    if (tasks < KEPT)
        before[tasks] = vprec_scope_open(vprec_scope_named("itt", name, ""));
    tasks++;
}

PUBLIC void vprec_task_end(void);
PUBLIC void vprec_task_end(void)
{
    if (tasks && --tasks < KEPT)
        vprec_scope_close(before[tasks]);
}
