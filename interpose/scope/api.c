/* SPDX-License-Identifier: Apache-2.0
 * api.c: see api.h. Programs call what is here by pointers of theirs, which a note tells of. */
#include "api.h"
#include "probes.h"
#include "runtime/record.h"
#include "runtime/version.h"
#include "scopes.h"
#include "vprec_scope.h"
#include <string.h>

static uint32_t begin(const char *name, const void *frame)
{
    return vprec_scope_open_within(vprec_scope_named("api", name, ""), frame);
}

static void end(uint32_t depth)
{
    uint32_t open = vprec_scope_depth();
    vprec_scope_close(depth == VPREC_SCOPE_INNERMOST ? open - (open > 0) : depth);
}

static void probe(const char *name, const void *data, size_t n, int is_double)
{
    vprec_probe_take(name, data, n, is_double ? VPREC_F64 : VPREC_F32);
}

/* Whether vprec-run has heard, before the program began, of the format that a scope is to have, so that it has it; or
 * has been given another one, which decides; or nothing is to be rounded at all. */
int vprec_scope_knows(const char *name, const char *spec)
{
    const vprec_wire_recipe *recipe = vprec_version_recipe;
    char whole[VPREC_SCOPE_LENGTH] = "api:";
    const size_t begins = strlen(whole), length = strlen(name);
    const vprec_wire_config *config = vprec_wire_shared ? &vprec_wire_shared->config : NULL;
    bool rounds = false;
    for (int type = 0; config && type < VPREC_TYPES; type++)
        rounds |= config->use[type] == VPREC_USE_FORMAT || config->noise[type].what;
    if (!rounds || !vprec_arith_rounds(&vprec_arith_current))
        return true;
    if (begins + length >= sizeof whole)
        return false;
    memcpy(whole + begins, name, length + 1);
    bool knows = false;
    for (uint32_t i = 0; recipe && i < recipe->lines && !knows; i++) {
        const vprec_wire_scope *s = &recipe->line[i];
        knows = s->line == VPREC_LINE_SCOPE && vprec_wire_names(s->glob, whole) && (!s->own || !strcmp(s->spec, spec));
    }
    return knows;
}

void vprec_api_meet(uint64_t note)
{
    int64_t distance;
    memcpy(&distance, (const void *)note, sizeof distance);
    struct vprec_scope_hooks *hooks = (struct vprec_scope_hooks *)(note + (uint64_t)distance);
    hooks->probe = probe;
    if (!vprec_scope_wanted())
        return;
    hooks->end = end;
    hooks->begin = begin;
}
