/* SPDX-License-Identifier: Apache-2.0
 * host.c: see host.h. Linked into the preload library alone. */
#include "host.h"
#include "runtime/profile.h"
#include "runtime/share.h"
#include "runtime/source_lines.h"
#include "runtime/version.h"
#include "x86/emulate/enter.h"

static bool scoped(void)
{
    bool any = false;
    for (uint32_t i = 0; vprec_versions > 1 && i < vprec_version_recipe->lines && !any; i++)
        any = vprec_version_recipe->line[i].line <= VPREC_LINE_WITHIN;
    return any;
}

static const vprec_arith *here(const vprec_arith *own)
{
    return own && vprec_version_takes(vprec_version_here(false)) ? own : vprec_arith_here();
}

static const vprec_arith *line(const char *file, uint32_t number)
{
    const uint32_t lines = vprec_version_recipe ? vprec_version_recipe->lines : 0;
    const vprec_arith *arith = NULL;
    for (uint32_t i = 0; i < lines; i++) {
        vprec_wire_scope *s = &vprec_version_recipe->line[i];
        vprec_source_lines wanted;
        if (s->line == VPREC_LINE_SITE && vprec_source_lines_of(strchr(s->glob, ':') + 1, &wanted) &&
            vprec_source_lines_have(&wanted, file, number)) {
            atomic_fetch_add_explicit(&s->hits, 1, memory_order_relaxed);
            arith = vprec_arith_of(s->version); /* the last one holds */
        }
    }
    return arith;
}

static uint64_t seed(void)
{
    return vprec_wire_shared ? vprec_wire_shared->config.seed : VPREC_SEED_DEFAULT;
}

uint32_t (*vprec_cc_counter)(const vprec_cc_site *site, const void *code);

static uint32_t counter(const vprec_cc_site *site, const void *code)
{
    return vprec_cc_counter ? vprec_cc_counter(site, code) : 0;
}

static vprec_counts *counts(uint32_t number, vprec_type type)
{
    return vprec_counters ? vprec_counters(number, type) : NULL;
}

static _Atomic uint64_t *firsts(void)
{
    return vprec_firsts;
}

__attribute__((visibility("default"))) const vprec_cc_host vprec_cc_host_here __asm__(VPREC_CC_HOST) = {
    sizeof(vprec_arith), &vprec_arith_current, scoped, here, line, seed,
    counter, counts, firsts};
