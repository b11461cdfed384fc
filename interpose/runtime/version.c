/* SPDX-License-Identifier: Apache-2.0
 * version.c: see version.h. The tables are reserved whole: what is not used takes no memory. */
#include "version.h"
#include "ranges.h"
#include "sys.h"
#include <sys/auxv.h>
#include <sys/mman.h>

unsigned vprec_versions = 1, vprec_version_main;
vprec_arith vprec_version_arith[VPREC_VERSIONS_MAX];
vprec_wire_recipe *vprec_version_recipe;
bool vprec_version_gives;
_Thread_local unsigned vprec_version_called;
uint8_t *vprec_version_tables;
_Atomic uint64_t vprec_version_led;
_Atomic uint32_t *vprec_version_ambiguous;

static vprec_vec slots = {.size = sizeof(vprec_stretch)}; /* that are free: numbers + 1 */

static vprec_arith base_of(const vprec_wire_config *config)
{
    return (vprec_arith){
        .use = {config->use[0], config->use[1]},
        .format = {config->format[0], config->format[1]},
        .mode = (vprec_mode)config->mode,
        .bits = {(uint8_t)config->bits[0], (uint8_t)config->bits[1]},
        .noise = {config->noise[0], config->noise[1]},
        .silent = config->silent,
        .round = config->round,
        .ops = config->ops,
        .fast = config->fast,
        .rounds_shifters = config->rounds_shifters,
        .keyed = config->keyed,
        .counting = config->count,
    };
}

static void set_version(vprec_arith *arith, const vprec_wire_version *version)
{
    for (int t = 0; t < VPREC_TYPES; t++) {
        arith->use[t] = version->use[t];
        arith->format[t] = version->format[t];
        arith->bits[t] = (uint8_t)version->bits[t];
        arith->noise[t] = version->noise[t];
        if (version->use[t] > vprec_arith_current.use[t])
            vprec_arith_current.use[t] = version->use[t];
    }
    arith->mode = (vprec_mode)version->mode;
    arith->silent = version->silent;
}

enum vprec_reason vprec_version_begin(const vprec_wire_config *config, vprec_wire_recipe *recipe)
{
    const unsigned versions = recipe ? recipe->versions : 1;
    vprec_arith_current = base_of(config);
    vprec_version_recipe = recipe;
    if (versions < 2)
        return VPREC_REASON_NONE;
    if (!vprec_gs_able() || vprec_gs())
        return VPREC_REASON_GS;
    if (!vprec_ranges_give(&slots, 1, 1 + VPREC_VERSION_SLOTS))
        return VPREC_REASON_NO_MEMORY;
    void *tables = vprec_sys_mmap(NULL, (versions + 1) * (size_t)VPREC_VERSION_BYTES, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (tables == MAP_FAILED)
        return VPREC_REASON_NO_MEMORY;
    for (unsigned v = 0; v < versions; v++) {
        vprec_version_arith[v] = base_of(config);
        set_version(&vprec_version_arith[v], &recipe->version[v]);
    }
    for (uint32_t i = 0; i < recipe->lines; i++)
        vprec_version_gives |= recipe->line[i].line == VPREC_LINE_CODE || recipe->line[i].line == VPREC_LINE_OBJECT;
    vprec_version_main = recipe->within;
    vprec_versions = versions;
    vprec_version_tables = tables;
    vprec_version_lead(0);
    vprec_version_choose(0);
    return VPREC_REASON_NONE;
}

bool vprec_version_change(const vprec_wire_config *config, vprec_wire_recipe *recipe)
{
    const vprec_arith all = vprec_arith_current;
    if (!recipe || recipe->versions != vprec_versions || recipe->within != vprec_version_main)
        return false;
    vprec_arith_current = base_of(config);
    for (unsigned v = 0; v < vprec_versions; v++) { /* the first one is what it was */
        vprec_version_arith[v] = base_of(config);
        set_version(&vprec_version_arith[v], &recipe->version[v]);
    }
    vprec_version_direction(all.minds_mxcsr, all.keeps_direction);
    vprec_version_recipe = recipe;
    bool same = true;
    for (int t = 0; t < VPREC_TYPES; t++)
        same &= vprec_arith_current.use[t] == all.use[t];
    return same;
}

bool vprec_version_mixed(void)
{
    bool formatted = false, native = false;
    for (unsigned v = 0; v < vprec_versions; v++)
        for (int t = 0; t < VPREC_TYPES; t++) {
            formatted |= vprec_arith_of(v)->use[t] == VPREC_USE_FORMAT;
            native |= vprec_arith_of(v)->use[t] != VPREC_USE_FORMAT;
        }
    return formatted && native;
}

void vprec_version_direction(bool minds, bool keeps)
{
    for (unsigned v = 0; v <= VPREC_VERSIONS_MAX; v++) {
        vprec_arith *arith = v < VPREC_VERSIONS_MAX ? &vprec_version_arith[v] : &vprec_arith_current;
        arith->minds_mxcsr = minds;
        arith->keeps_direction = keeps;
    }
}

size_t vprec_version_take(size_t count)
{
    uint64_t first = count ? vprec_ranges_take(&slots, 1, 1 + VPREC_VERSION_SLOTS, count) : 1;
    return first ? first - 1 : VPREC_VERSION_SLOTS;
}

void vprec_version_give(size_t first, size_t count)
{
    if (count)
        vprec_ranges_give(&slots, 1 + first, 1 + first + count);
}

static void set(uint64_t table, size_t slot, uint64_t to)
{
    __atomic_store_n((uint64_t *)table + slot, to, __ATOMIC_RELEASE);
}

void vprec_version_set(unsigned version, size_t slot, uint64_t clone)
{
    set(vprec_version_table(version, false), slot, clone);
}

void vprec_version_set_check(size_t slot, uint64_t check)
{
    for (unsigned v = 0; v <= vprec_versions; v++)
        set(vprec_version_table(v, true), slot, check);
}
