/* SPDX-License-Identifier: Apache-2.0
 * named.c: see named.h. Programs look the library up in the environment (INTEL_JIT_PROFILER64), when they generate code
 * for the first time: they find it there, though it is in no environment. It hands the names on to vprec_code_named. So
 * it does with tasks (INTEL_LIBITTNOTIFY64), where scopes of that kind are asked for. */
#include "named.h"
#include "lock.h"
#include "runtime/memory.h"
#include "runtime/names.h"
#include "runtime/next.h"
#include "runtime/sys.h"
#include "scope/itt.h"
#include "scope/scopes.h"
#include <link.h>
#include <stdlib.h>
#include <string.h>

#define COLLECTOR "INTEL_LIBITTNOTIFY64"
#define PUBLIC __attribute__((visibility("default")))

#define EACH(_) _(getenv)
VPREC_NEXT_TABLE(EACH)

static char library[4096]; /* its path; "" : nobody gets it */
static bool collects;      /* it takes tasks, too, for scopes */

typedef struct piece {
    uint64_t start, end;
    const char *name;
} piece;
static vprec_vec pieces = {.size = sizeof(piece)}; /* under the lock; sorted, disjoint */
static vprec_heap names;                           /* those of records that were made stay in them */

/* Beside this library. */
void vprec_named_begin(void)
{
    static const char name[] = "libvprec_profiler.so";
    const char *own = "";
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
        own = map->l_ld == _DYNAMIC ? map->l_name : own;
    size_t length = (size_t)(vprec_name_base(own) - own);
    if (!length || length + sizeof name > sizeof library)
        return;
    memcpy(library, own, length);
    memcpy(library + length, name, sizeof name);
    if (vprec_sys(SYS_access, (long)library, 4, 0, 0, 0, 0)) /* R_OK */
        *library = 0;
    collects = *library && vprec_scope_wanted() && vprec_itt_wanted();
}

const char *vprec_named_at(uint64_t address)
{
    size_t behind = VPREC_UP_TO(pieces, piece, start, address);
    const piece *p = behind ? &VPREC_AT(pieces, piece, behind - 1) : NULL;
    return p && address < p->end ? p->name : NULL;
}

static void add(void *data)
{
    const piece *new = data;
    piece *all = pieces.data;
    size_t kept = 0;
    for (size_t i = 0; i < pieces.count; i++)
        if (all[i].end <= new->start || all[i].start >= new->end) /* else other code is there now */
            all[kept++] = all[i];
    pieces.count = kept;
    size_t bytes = strlen(new->name) + 1;
    char *copy = vprec_heap_take(&names, bytes);
    piece *p = copy ? vprec_vec_insert(&pieces, VPREC_BELOW(pieces, piece, start, new->start)) : NULL;
    if (p)
        *p = (piece){new->start, new->end, memcpy(copy, new->name, bytes)};
}

/* For that library. */
PUBLIC void vprec_code_named(const char *name, uint64_t address, uint64_t bytes);
PUBLIC void vprec_code_named(const char *name, uint64_t address, uint64_t bytes)
{
    piece p = {address, address + bytes, name};
    if (*library && bytes && p.end > p.start)
        vprec_lock_run(add, &p);
}

/* For that library: the collector that the environment names, which comes first. */
PUBLIC const char *vprec_task_collector(void);
PUBLIC const char *vprec_task_collector(void)
{
    return NEXT(getenv)(COLLECTOR);
}

static char *or_ours(char *value, const char *name)
{
    if (collects && !strcmp(name, COLLECTOR))
        return library;
    return !value && *library && !strcmp(name, "INTEL_JIT_PROFILER64") ? library : value;
}

PUBLIC char *getenv(const char *name)
{
    return or_ours(NEXT(getenv)(name), name);
}
