/* SPDX-License-Identifier: Apache-2.0
 * patch.c: leads the functions of libm and libmvec, and those that the C
 * library has of its own, to their replacements, and keeps callable originals.
 * What the replacements compute is libm.c's; who is rounded, callers.c's. */
#include "patch.h"
#include "clone/gate.h"
#include "libm.h"
#include "runtime/memory.h"
#include "runtime/record.h"
#include <elf.h>
#include <link.h>
#include <string.h>

/* By a hash of their names: where `entry` is none, the slot is free. */
enum { NAMES = 2048 };
static const vprec_libm_entry *by_name[NAMES];

static const vprec_libm_entry **slot_of(const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const char *s = name; *s; s++)
        h = (h ^ (uint8_t)*s) * 16777619u;
    const vprec_libm_entry **slot = &by_name[h % NAMES];
    while (*slot && strcmp((*slot)->name, name))
        slot = slot == &by_name[NAMES - 1] ? by_name : slot + 1;
    return slot;
}

bool vprec_libm_is_rounded(const char *name)
{
    return *slot_of(name);
}

/* A function that a library has, and its gate; NULL: it cannot have one. */
typedef struct function {
    const vprec_libm_entry *entry;
    uint64_t address;
    vprec_gate *gate;
} function;

/* One library while it is patched. */
typedef struct library {
    const char *name, *path;
    uint64_t bias, lo, hi;
    const ElfW(Sym) *symbols;
    const char *strings;
    const uint16_t *versions;
    size_t symbol_count;
    uint64_t code, code_end; /* its executable segment */
    const uint8_t *unwind;   /* .eh_frame_hdr, NULL none */
    vprec_vec functions;     /* function */
    vprec_gates gates;
} library;

/* The dynamic symbols of a loaded library, and how many there are: the GNU hash
 * table's chains end with the last one. */
static bool read_symbols(library *l, const struct link_map *map)
{
    const uint32_t *hash = NULL;
    for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
        const void *p = (const void *)d->d_un.d_ptr; /* relocated by the loader */
        switch (d->d_tag) {
        case DT_SYMTAB: l->symbols = p; break;
        case DT_STRTAB: l->strings = p; break;
        case DT_VERSYM: l->versions = p; break;
        case DT_GNU_HASH: hash = p; break;
        default: break;
        }
    }
    if (!l->symbols || !l->strings || !l->versions || !hash)
        return false;
    uint32_t buckets = hash[0], first = hash[1], bloom = hash[2], last = 0;
    const uint32_t *bucket = hash + 4 + 2 * bloom, *chain = bucket + buckets;
    for (uint32_t i = 0; i < buckets; i++)
        last = bucket[i] > last ? bucket[i] : last;
    if (last < first)
        return false;
    while (!(chain[last - first] & 1))
        last++;
    l->symbol_count = last + 1;
    return true;
}

/* Its extent, by the program headers that the first page holds. */
static void read_segments(library *l)
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

/* Where the function at `address` ends: before the next one that the unwinder's sorted table lists. (The size of an
 * IFUNC's symbol is its resolver's.) */
static uint64_t end_of(const library *l, uint64_t address)
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

static struct link_map *loaded(const char *name)
{
    for (struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
        const char *slash = strrchr(map->l_name, '/');
        if (!strcmp(slash ? slash + 1 : map->l_name, name))
            return map;
    }
    return NULL;
}

/* The function that a dynamic symbol stands for, the IFUNC resolved; `entry` NULL: none that is to be replaced. */
static function function_of(const library *l, const ElfW(Sym) *s)
{
    int type = ELF64_ST_TYPE(s->st_info);
    if (!s->st_shndx || (type != STT_FUNC && type != STT_GNU_IFUNC))
        return (function){0};
    function f = {.entry = *slot_of(l->strings + s->st_name), .address = l->bias + s->st_value};
    if (f.entry && type == STT_GNU_IFUNC)
        f.address = ((uint64_t (*)(void))f.address)();
    if (f.address < l->code || f.address >= l->code_end)
        f.entry = NULL;
    return f;
}

/* Makes the gates of all that the library has; of default versions the originals that replacements call too, if they
 * are this library's to give. False: no memory. */
static bool make_gates(library *l, bool originals)
{
    l->functions = VPREC_VEC(function);
    vprec_vec others = VPREC_VEC(function);
    bool able = true;
    for (size_t i = 1; i < l->symbol_count && able; i++) {
        const function f = function_of(l, &l->symbols[i]);
        if (!f.entry)
            continue;
        function *to = vprec_vec_add(l->versions[i] >> 15 ? &others : &l->functions, 1);
        able = to;
        if (to)
            *to = f;
    }
    function *rest = able ? vprec_vec_add(&l->functions, others.count) : NULL;
    able = rest && vprec_gates_reserve(&l->gates, l->lo, l->hi, l->functions.count);
    if (able && others.count)
        memcpy(rest, others.data, others.count * sizeof *rest);
    vprec_vec_free(&others);
    for (size_t i = 0; i < l->functions.count && able; i++) { /* default versions come first */
        function *f = &VPREC_AT(l->functions, function, i);
        f->gate = vprec_gate_add(&l->gates, f->address, end_of(l, f->address));
        if (f->gate && originals && !*f->entry->original)
            *f->entry->original = (void *)(uint64_t)f->gate->native;
    }
    return able;
}

/* Gives the gates their replacements. */
static void lead(library *l, vprec_process_record *process)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    static atomic_bool called[NAMES];
    for (size_t i = 0; i < l->functions.count; i++) {
        const function *f = &VPREC_AT(l->functions, function, i);
        const vprec_libm_entry *entry = f->entry;
        if (config->use[entry->type] != VPREC_USE_FORMAT)
            continue;
        if (!f->gate || !*entry->original || (entry->wide && !*entry->wide)) {
            vprec_record_native(VPREC_REASON_LIBM_ENTRY, l->path, entry->name);
            continue;
        }
        f->gate->rounded = entry->replacement;
        f->gate->ours = strcmp(entry->name, VPREC_LIBM_ON_STACK) != 0;
        f->gate->called = &called[slot_of(entry->name) - by_name];
        f->gate->functions = &process->libm_called[entry->type];
        f->gate->calls = config->count ? &process->libm_calls[entry->type] : NULL;
    }
    vprec_vec_free(&l->functions);
}

/* How many functions lead to their replacements. */
static uint32_t patch(library *l, vprec_process_record *process)
{
    lead(l, process);
    uint32_t functions = 0;
    for (size_t i = 0; i < l->gates.count; i++)
        functions += vprec_gate_at(&l->gates, i)->rounded != NULL;
    enum vprec_reason why = VPREC_REASON_NONE;
    if (!vprec_gates_seal(&l->gates))
        why = VPREC_REASON_NOT_EXECUTABLE;
    else if (!vprec_gates_open(&l->gates))
        why = VPREC_REASON_NOT_WRITABLE;
    if (!why)
        return functions;
    vprec_record_native(why, l->path, NULL);
    return 0;
}

static void enter_names(const vprec_libm_entry *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *slot_of(table[i].name) = &table[i];
}

void vprec_instrument_libm(vprec_process_record *process)
{
    enum { LIBM, LIBMVEC, LIBC, LIBRARIES };
    static library libraries[LIBRARIES] = {{.name = "libm.so.6"}, {.name = "libmvec.so.1"}, {.name = VPREC_LIBM_LIBC}};
    const vprec_wire_config *config = &vprec_wire_shared->config;
    if (config->use[VPREC_F32] != VPREC_USE_FORMAT && config->use[VPREC_F64] != VPREC_USE_FORMAT)
        return;
    size_t n, vectors;
    const vprec_libm_entry *table = vprec_libm_table(&n), *vector_table = vprec_libmvec_table(&vectors);
    enter_names(table, n);
    enter_names(vector_table, vectors);
    bool able[LIBRARIES];
    for (int i = 0; i < LIBRARIES; i++) { /* every original, before the first function is led away */
        library *l = &libraries[i];
        const struct link_map *map = loaded(l->name);
        able[i] = map && read_symbols(l, map);
        if (!able[i]) {
            if (map || i == LIBM)
                vprec_record_native(VPREC_REASON_LIBM_UNREADABLE, map ? map->l_name : l->name, NULL);
            continue;
        }
        l->path = map->l_name;
        l->bias = map->l_addr;
        read_segments(l);
        able[i] = make_gates(l, i != LIBC);
        if (!able[i])
            vprec_record_native(VPREC_REASON_NO_REACH, l->path, NULL);
    }
    uint32_t functions = 0;
    for (int i = 0; i < LIBRARIES; i++)
        functions += able[i] ? patch(&libraries[i], process) : 0;
    atomic_store(&process->libm_functions, functions);
}
