/* SPDX-License-Identifier: Apache-2.0
 * direction.c: looks for the functions that set a rounding direction among
 * what loaded objects import. Reads their dynamic symbols in memory. */
#include "direction.h"
#include "find/select.h"
#include <link.h>
#include <stdint.h>
#include <string.h>

static const ElfW(Dyn) *entry_of(const struct link_map *map, int64_t tag)
{
    for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++)
        if (d->d_tag == tag)
            return d;
    return NULL;
}

/* The loader makes addresses absolute, but not those of the vDSO. */
static const void *table_of(const struct link_map *map, int64_t tag)
{
    const ElfW(Dyn) *d = entry_of(map, tag);
    if (!d)
        return NULL;
    return (const void *)(d->d_un.d_ptr < map->l_addr ? d->d_un.d_ptr + map->l_addr : d->d_un.d_ptr);
}

/* Symbols among which all imported ones are: they come before those of the GNU hash table. */
static uint32_t imports_of(const struct link_map *map)
{
    const uint32_t *gnu = table_of(map, DT_GNU_HASH), *plain = table_of(map, DT_HASH);
    return gnu ? gnu[1] : plain ? plain[1] : 0;
}

static bool sets_direction(const char *name)
{
    static const char *const setters[] = {"fesetround", "fesetenv", "feupdateenv", "fesetmode"};
    for (size_t i = 0; i < sizeof setters / sizeof *setters; i++)
        if (!strcmp(name, setters[i]))
            return true;
    return false;
}

bool vprec_direction_is_called(void)
{
    for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
        const ElfW(Sym) *symbols = table_of(map, DT_SYMTAB);
        const char *strings = table_of(map, DT_STRTAB);
        bool theirs = !vprec_select_is_system(map->l_name); /* libstdc++ sets to nearest, and back */
        uint32_t n = theirs && symbols && strings ? imports_of(map) : 0;
        for (uint32_t i = 0; i < n; i++)
            if (symbols[i].st_shndx == SHN_UNDEF && sets_direction(strings + symbols[i].st_name))
                return true;
    }
    return false;
}
