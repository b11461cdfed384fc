/* SPDX-License-Identifier: Apache-2.0
 * patch.c: leads the functions of libm and libmvec to their replacements
 * and keeps callable originals. What the replacements compute is libm.c's. */
#include "patch.h"
#include "clone/image.h"
#include "clone/reach.h"
#include "find/code.h"
#include "libm.h"
#include "runtime/record.h"
#include "x86/emit.h"
#include "x86/round/round.h"
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

enum { ADDRESSES = 1024, ENTRY_BYTES = 5, TRAMPOLINE_BYTES = 96 };

typedef struct patched {
    uint64_t address;
    const void *replacement;
    uint8_t moved; /* bytes of instructions that went into the trampoline */
} patched;

/* One library while it is patched. */
typedef struct library {
    const ElfW(Sym) *symbols;
    const char *strings;
    const uint16_t *versions;
    size_t symbol_count;
    vprec_object object;
    vprec_codemap map;
    vprec_code code;        /* trampolines */
    uint8_t *arena;
    size_t arena_bytes;
    patched list[ADDRESSES];
    size_t count;
} library;

/* Where calls belong to an operation already: libm, libmvec, their trampolines, vprec itself. */
static vprec_range inside[8];
static size_t inside_count;

static void add_inside(uint64_t start, uint64_t end)
{
    if (inside_count < sizeof inside / sizeof *inside)
        inside[inside_count++] = (vprec_range){start, end};
}

/* Calls by what is instrumented are rounded: a runtime that stays native keeps its exact pow(). */
static bool rounds(const void *caller)
{
    uint64_t address = (uint64_t)caller;
    for (size_t i = 0; i < inside_count; i++)
        if (address - inside[i].start < inside[i].end - inside[i].start)
            return false;
    return vprec_image_covers(address);
}

/* The instructions that the entry's jump covers, elsewhere, and a jump behind
 * them. 0: they cannot be moved. */
static uint8_t emit_trampoline(library *l, uint64_t address)
{
    uint8_t moved = 0;
    while (moved < ENTRY_BYTES) {
        vprec_insn insn;
        uint64_t at = address + moved;
        if (!vprec_insn_decode((const uint8_t *)at, 15, at, &insn))
            return 0;
        if (moved && vprec_in_code(&l->map, at) && *vprec_mark(&l->map, at) & VPREC_TARGET)
            return 0; /* a branch leads into what would be overwritten */
        switch (insn.flow) {
        case VPREC_FLOW_NEXT: vprec_round_copy(&l->code, at); break;
        case VPREC_FLOW_JMP:
            vprec_emit_branch(&l->code, -1, insn.target);
            return moved + insn.length >= ENTRY_BYTES ? moved + insn.length : 0;
        case VPREC_FLOW_JCC:
            vprec_emit_branch(&l->code, ((const uint8_t *)at)[insn.length - (insn.length >= 6 ? 5 : 2)] & 15, insn.target);
            break;
        default: return 0;
        }
        moved += insn.length;
    }
    vprec_emit_branch(&l->code, -1, address + moved);
    return moved;
}

/* The trampoline of the function at `address`, made if need be. NULL: impossible. */
static void *original_of(library *l, uint64_t address)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->list[i].address == address)
            return l->arena + i * TRAMPOLINE_BYTES;
    if (l->count == ADDRESSES)
        return NULL;
    uint8_t *at = l->arena + l->count * TRAMPOLINE_BYTES;
    l->code = (vprec_code){.at = at, .end = at + TRAMPOLINE_BYTES - 16};
    uint8_t moved = emit_trampoline(l, address);
    if (!moved || l->code.full)
        return NULL;
    l->list[l->count++] = (patched){.address = address, .moved = moved};
    return at;
}

/* All addresses of `name`, every version of it, the default one first. Not by
 * dlsym: it needs a handle, and opening one would run constructors too early. */
static size_t addresses_of(const library *l, const char *name, uint64_t *addresses, size_t room)
{
    size_t n = 0;
    for (int hidden = 0; hidden <= 1; hidden++)
        for (size_t i = 1; i < l->symbol_count; i++) {
            const ElfW(Sym) *s = &l->symbols[i];
            int type = ELF64_ST_TYPE(s->st_info);
            if (!s->st_shndx || (type != STT_FUNC && type != STT_GNU_IFUNC) || l->versions[i] >> 15 != hidden ||
                strcmp(l->strings + s->st_name, name))
                continue;
            uint64_t a = l->object.bias + s->st_value;
            if (type == STT_GNU_IFUNC)
                a = ((uint64_t (*)(void))a)();
            bool known = !vprec_in_code(&l->map, a);
            for (size_t j = 0; j < n; j++)
                known |= addresses[j] == a;
            if (!known && n < room)
                addresses[n++] = a;
        }
    return n;
}

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

static struct link_map *loaded(const char *name)
{
    for (struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
        const char *slash = strrchr(map->l_name, '/');
        if (!strcmp(slash ? slash + 1 : map->l_name, name))
            return map;
    }
    return NULL;
}

static bool open_library(library *l, const char *name)
{
    struct link_map *map = loaded(name);
    if (!map || !read_symbols(l, map) || vprec_object_read(&l->object, map->l_name, map->l_addr))
        return false;
    if (!vprec_code_read(&l->map, &l->object, 0)) {
        vprec_object_release(&l->object);
        return false;
    }
    l->arena_bytes = ADDRESSES * TRAMPOLINE_BYTES;
    l->arena = vprec_reach_reserve(l->object.lo, l->object.hi, l->arena_bytes);
    if (!l->arena || mprotect(l->arena, l->arena_bytes, PROT_READ | PROT_WRITE)) {
        vprec_code_release(&l->map);
        vprec_object_release(&l->object);
        return false;
    }
    add_inside(l->object.lo, l->object.hi);
    add_inside((uint64_t)l->arena, (uint64_t)l->arena + l->arena_bytes);
    return true;
}

static void close_library(library *l)
{
    vprec_code_release(&l->map);
    vprec_object_release(&l->object);
}

/* Fills every *original: a float function's replacement calls the double's. */
static void find_originals(library *l, const vprec_libm_entry *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t address;
        if (table[i].original && addresses_of(l, table[i].name, &address, 1))
            *table[i].original = original_of(l, address);
    }
}

/* Entry: jmp to the end of its trampoline slot, which holds jmp [replacement]. */
static uint32_t patch(library *l, const vprec_libm_entry *table, size_t n)
{
    const vprec_wire_config *config = &vprec_wire_shared->config;
    uint32_t functions = 0;
    for (size_t i = 0; i < n; i++) {
        if (config->use[table[i].type] != VPREC_USE_FORMAT || (table[i].wide && !*table[i].wide) ||
            (table[i].original && !*table[i].original))
            continue;
        uint64_t addresses[16];
        size_t versions = addresses_of(l, table[i].name, addresses, 16);
        for (size_t v = 0; v < versions; v++) {
            uint8_t *trampoline = original_of(l, addresses[v]);
            if (!trampoline) {
                vprec_record_native(VPREC_REASON_LIBM_ENTRY, l->object.path, table[i].name);
                continue;
            }
            size_t slot = (size_t)(trampoline - l->arena) / TRAMPOLINE_BYTES;
            if (!l->list[slot].replacement)
                functions++;
            l->list[slot].replacement = table[i].replacement;
        }
    }
    for (size_t i = 0; i < l->count; i++) {
        if (!l->list[i].replacement)
            continue;
        uint8_t *at = l->arena + (i + 1) * TRAMPOLINE_BYTES - 16;
        vprec_code c = {.at = at, .end = at + 16};
        vprec_emit_legacy(&c, VPREC_OPCODE(0, 0, 0, 0xFF), 4, vprec_absolute(at + 8), -1);
        memcpy(at + 8, &l->list[i].replacement, 8);
    }
    for (size_t i = 0; i < l->object.code.count; i++) {
        vprec_range r = VPREC_AT(l->object.code, vprec_range, i);
        uint64_t start = r.start & ~UINT64_C(4095), bytes = ((r.end + 4095) & ~UINT64_C(4095)) - start;
        if (mprotect((void *)start, bytes, PROT_READ | PROT_WRITE))
            continue;
        for (size_t j = 0; j < l->count; j++) {
            const patched *p = &l->list[j];
            if (!p->replacement || p->address < r.start || p->address >= r.end)
                continue;
            vprec_code c = {.at = (uint8_t *)p->address, .end = (uint8_t *)p->address + ENTRY_BYTES};
            vprec_emit_branch(&c, -1, (uint64_t)(l->arena + (j + 1) * TRAMPOLINE_BYTES - 16));
        }
        mprotect((void *)start, bytes, PROT_READ | PROT_EXEC);
    }
    mprotect(l->arena, l->arena_bytes, PROT_READ | PROT_EXEC);
    return functions;
}

void vprec_instrument_libm(vprec_process_record *process)
{
    static library scalar, vector;
    const vprec_wire_config *config = &vprec_wire_shared->config;
    if (config->use[VPREC_F32] != VPREC_USE_FORMAT && config->use[VPREC_F64] != VPREC_USE_FORMAT)
        return;
    size_t n, vectors;
    const vprec_libm_entry *table = vprec_libm_table(&n), *vector_table = vprec_libmvec_table(&vectors);
    Dl_info self;
    struct link_map *map = NULL;
    if (dladdr1((void *)vprec_instrument_libm, &self, (void **)&map, RTLD_DL_LINKMAP) && map) {
        uint64_t base = (uint64_t)self.dli_fbase; /* our own text: replacements call originals */
        add_inside(base, base + (UINT64_C(1) << 20) * 4);
    }
    vprec_libm_rounds = rounds;
    if (config->count)
        vprec_libm_calls = process->libm_calls;
    bool have_scalar = open_library(&scalar, "libm.so.6"), have_vector = open_library(&vector, "libmvec.so.1");
    if (have_scalar)
        find_originals(&scalar, table, n);
    if (have_vector)
        find_originals(&vector, vector_table, vectors);
    uint32_t functions = 0;
    if (have_scalar) {
        functions += patch(&scalar, table, n);
        close_library(&scalar);
    } else {
        vprec_record_native(VPREC_REASON_LIBM_UNREADABLE, "libm.so.6", NULL);
    }
    if (have_vector) {
        functions += patch(&vector, vector_table, vectors);
        close_library(&vector);
    }
    atomic_store(&process->libm_functions, functions);
}
