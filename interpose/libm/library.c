/* SPDX-License-Identifier: Apache-2.0
 * library.c: see library.h. */
#include "library.h"
#include "find/imports.h"
#include "runtime/memory.h"
#include <elf.h>
#include <string.h>

/* Its extent, by the program headers that the first page holds. */
static void read_segments(vprec_library *l)
{
    const ElfW(Ehdr) *eh = (const void *)l->bias;
    const ElfW(Phdr) *ph = (const void *)(l->bias + eh->e_phoff);
    l->lo = UINT64_MAX;
    for (int i = 0; i < eh->e_phnum; i++) {
        uint64_t start = l->bias + ph[i].p_vaddr, end = vprec_page_end(start + ph[i].p_memsz);
        if (ph[i].p_type == PT_GNU_EH_FRAME)
            l->unwind = (const uint8_t *)start;
        if (ph[i].p_type != PT_LOAD)
            continue;
        l->lo = start < l->lo ? start : l->lo;
        l->hi = end > l->hi ? end : l->hi;
        if (ph[i].p_flags & PF_X) {
            l->code = start;
            l->code_end = end;
        }
    }
}

bool vprec_library_read(vprec_library *l, const struct link_map *map)
{
    *l = (vprec_library){
        .bias = map->l_addr,
        .init = (uint64_t)vprec_imports_table(map, DT_INIT),
        .symbols = vprec_imports_table(map, DT_SYMTAB),
        .strings = vprec_imports_table(map, DT_STRTAB),
        .versions = vprec_imports_table(map, DT_VERSYM),
        .hash = vprec_imports_table(map, DT_GNU_HASH),
    };
    if (!l->symbols || !l->strings || !l->versions || !l->hash || !l->hash[0])
        return false;
    read_segments(l);
    return true;
}

/* Of the GNU hash table: number of buckets, of the first symbol in it, of 64-bit words of its filter, the filter's
 * shift; the filter; the buckets, each the first symbol of a chain; for each symbol its hash, where the lowest bit is
 * the chain's end. */
enum { BUCKETS, FIRST, WORDS, SHIFT, FILTER };

uint32_t vprec_library_find(const vprec_library *l, const char *name, uint32_t from)
{
    uint32_t hash = 5381;
    for (const char *c = name; *c; c++)
        hash = hash * 33 + (uint8_t)*c;
    const uint32_t *head = l->hash, words = head[WORDS];
    const uint32_t *bucket = head + FILTER + 2 * (size_t)words, *chain = bucket + head[BUCKETS];
    uint64_t filter, bits = UINT64_C(1) << hash % 64 | UINT64_C(1) << (hash >> head[SHIFT]) % 64;
    memcpy(&filter, head + FILTER + 2 * (size_t)(hash / 64 % words), sizeof filter);
    if ((filter & bits) != bits)
        return 0;
    uint32_t i = from ? from : bucket[hash % head[BUCKETS]];
    if (i < head[FIRST] || (from && chain[i - head[FIRST]] & 1))
        return 0;
    for (i += from != 0;; i++) {
        uint32_t h = chain[i - head[FIRST]];
        int type = ELF64_ST_TYPE(l->symbols[i].st_info);
        if ((h | 1) == (hash | 1) && (type == STT_FUNC || type == STT_GNU_IFUNC) &&
            !strcmp(l->strings + l->symbols[i].st_name, name))
            return i;
        if (h & 1)
            return 0;
    }
}

bool vprec_library_is_default(const vprec_library *l, uint32_t symbol)
{
    return !(l->versions[symbol] >> 15);
}

uint64_t vprec_library_address(const vprec_library *l, uint32_t symbol)
{
    const ElfW(Sym) *s = &l->symbols[symbol];
    if (s->st_shndx == SHN_UNDEF)
        return 0;
    uint64_t address = l->bias + s->st_value;
    if (ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC)
        address = ((uint64_t(*)(void))address)();
    return address >= l->code && address < l->code_end ? address : 0;
}

/* Before the next function that the unwinder's sorted table lists. (The size of an IFUNC's symbol is its resolver's.) */
uint64_t vprec_library_end(const vprec_library *l, uint64_t address)
{
    enum { SEARCHABLE = 0x3B, COUNT = 3 }; /* DW_EH_PE_datarel | sdata4; udata4 */
    const uint8_t *head = l->unwind;
    if (!head || head[0] != 1 || head[2] != COUNT || head[3] != SEARCHABLE)
        return address;
    uint32_t low = 0, high;
    memcpy(&high, head + 8, 4);
    uint32_t n = high;
    int32_t start;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        memcpy(&start, head + 12 + 8 * (size_t)mid, 4);
        if ((uint64_t)head + (uint64_t)(int64_t)start <= address)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == n)
        return l->code_end;
    memcpy(&start, head + 12 + 8 * (size_t)low, 4);
    return (uint64_t)head + (uint64_t)(int64_t)start;
}
