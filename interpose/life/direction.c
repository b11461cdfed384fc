/* SPDX-License-Identifier: Apache-2.0
 * direction.c: looks for the functions that set a rounding direction among
 * what loaded objects import. Reads their dynamic symbols in memory. */
#include "direction.h"
#include "find/imports.h"
#include "find/select.h"
#include <string.h>

static bool sets_direction(const char *name)
{
    static const char *const setters[] = {"fesetround", "fesetenv", "feupdateenv", "fesetmode"};
    for (size_t i = 0; i < sizeof setters / sizeof *setters && name[0] == 'f'; i++)
        if (!strcmp(name, setters[i]))
            return true;
    return false;
}

bool vprec_direction_is_called(void)
{
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
        if (!vprec_select_is_system(map->l_name) && /* libstdc++ sets to nearest, and back */
            vprec_imports_any(map, sets_direction))
            return true;
    return false;
}
