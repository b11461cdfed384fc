/* SPDX-License-Identifier: Apache-2.0
 * imports.c: see imports.h. */
#include "imports.h"
#include <elf.h>
#include <stddef.h>

static const ElfW(Dyn) *entry_of(const struct link_map *map, int64_t tag)
{
    for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++)
        if (d->d_tag == tag)
            return d;
    return NULL;
}

/* The loader makes addresses absolute, but not those of the vDSO. */
const void *vprec_imports_table(const struct link_map *map, int64_t tag)
{
    const ElfW(Dyn) *d = entry_of(map, tag);
    if (!d)
        return NULL;
    return (const void *)(d->d_un.d_ptr < map->l_addr ? d->d_un.d_ptr + map->l_addr : d->d_un.d_ptr);
}

static uint64_t number_of(const struct link_map *map, int64_t tag)
{
    const ElfW(Dyn) *d = entry_of(map, tag);
    return d ? d->d_un.d_val : 0;
}

/* By relocations: in the table of symbols imported ones lie before those that the hash table has, but for those whose
 * address is taken, and of an object that exports nothing no table says how many symbols there are. */
bool vprec_imports_any(const struct link_map *map, bool (*asked)(const char *name))
{
    static const int64_t tags[][3] = {{DT_RELA, DT_RELASZ, DT_RELACOUNT}, {DT_JMPREL, DT_PLTRELSZ, DT_NULL}};
    const ElfW(Sym) *symbols = vprec_imports_table(map, DT_SYMTAB);
    const char *strings = vprec_imports_table(map, DT_STRTAB);
    for (int i = 0; i < 2 && symbols && strings; i++) {
        const ElfW(Rela) *relocations = vprec_imports_table(map, tags[i][0]);
        uint64_t n = relocations ? number_of(map, tags[i][1]) / sizeof *relocations : 0;
        for (uint64_t r = number_of(map, tags[i][2]); r < n; r++) {
            const ElfW(Sym) *s = &symbols[ELF64_R_SYM(relocations[r].r_info)];
            if (s->st_name && s->st_shndx == SHN_UNDEF && asked(strings + s->st_name))
                return true;
        }
    }
    return false;
}
