/* SPDX-License-Identifier: Apache-2.0
 * direction.c: see direction.h. With AVX-512 hardly any instruction that rounds looks at MXCSR. Other inline code must,
 * and does where the program has the means to set it. Reads the dynamic symbols of loaded objects in memory. */
#include "direction.h"
#include "find/imports.h"
#include "find/select.h"
#include "runtime/version.h"
#include <string.h>

void (*vprec_direction_news)(void);

static bool sets_direction(const char *name)
{
    static const char *const setters[] = {"fesetround", "fesetenv", "feupdateenv", "fesetmode"};
    for (size_t i = 0; i < sizeof setters / sizeof *setters && name[0] == 'f'; i++)
        if (!strcmp(name, setters[i]))
            return true;
    return false;
}

static bool calls(const struct link_map *map)
{
    return !vprec_select_is_system(map->l_name) && /* libstdc++ sets to nearest, and back */
           vprec_imports_any(map, sets_direction);
}

static bool settled;

static void settle(bool minds, enum vprec_isa isa)
{
    const vprec_arith *arith = &vprec_arith_current;
    bool news = minds && !arith->minds_mxcsr;
    if (settled && !news)
        return;
    minds |= arith->minds_mxcsr;
    vprec_version_direction(minds, vprec_version_mixed() && (isa == VPREC_ISA_AVX512 || minds));
    if (settled && vprec_direction_news)
        vprec_direction_news();
    settled = true;
}

void vprec_direction_ask(uint64_t bias, enum vprec_isa isa)
{
    bool called = vprec_arith_current.minds_mxcsr;
    for (const struct link_map *map = _r_debug.r_map; map && !called; map = map->l_next)
        called = (!settled || map->l_addr == bias) && calls(map);
    settle(called, isa);
}

void vprec_direction_met(enum vprec_isa isa)
{
    settle(true, isa);
}
