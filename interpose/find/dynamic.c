/* SPDX-License-Identifier: Apache-2.0
 * dynamic.c: what the dynamic section leads to: exported symbols,
 * relocations, constructors; and, where no relocations tell, pointers found by
 * looking at every word of the file. */
#include "elf.h"
#include <stddef.h>

/* How many symbols .dynsym has: only its hash table tells. */
static bool dynsym_count(vprec_elf *elf, uint64_t *count)
{
    const uint64_t *tag = elf->tag;
    *count = 0;
    if (tag[VPREC_ELF_GNU_HASH]) {
        uint64_t room, largest = 0, at = tag[VPREC_ELF_GNU_HASH];
        const uint8_t *hash = vprec_elf_bytes(elf, at, &room);
        if (!hash || room < 16)
            return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
        uint64_t buckets = vprec_elf_u32(hash), offset = vprec_elf_u32(hash + 4);
        uint64_t bucket = 16 + 8 * (uint64_t)vprec_elf_u32(hash + 8), chain = bucket + 4 * buckets;
        if (chain > room)
            return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
        for (uint64_t i = 0; i < buckets; i++)
            if (vprec_elf_u32(hash + bucket + 4 * i) > largest)
                largest = vprec_elf_u32(hash + bucket + 4 * i);
        *count = offset;
        if (largest < offset)
            return true; /* no symbol is defined */
        for (uint64_t i = largest - offset;; i++) {
            if (chain + 4 * i + 4 > room)
                return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
            if (vprec_elf_u32(hash + chain + 4 * i) & 1) { /* the end of the last chain */
                *count = offset + i + 1;
                return true;
            }
        }
    }
    if (tag[DT_HASH]) {
        const uint8_t *hash = vprec_elf_span(elf, tag[DT_HASH], 8);
        if (!hash)
            return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
        *count = vprec_elf_u32(hash + 4);
    }
    return true;
}

bool vprec_elf_dynsym_read(vprec_elf *elf)
{
    const uint64_t *tag = elf->tag;
    uint64_t count;
    if (elf->has_dynsym || !tag[DT_SYMTAB])
        return true;
    if (!dynsym_count(elf, &count))
        return false;
    const uint8_t *table = count ? vprec_elf_span(elf, tag[DT_SYMTAB], count * sizeof(Elf64_Sym)) : NULL;
    if (count && (!table || count >= VPREC_ELF_MANY))
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    vprec_elf_strings names = vprec_elf_strings_of(vprec_elf_span(elf, tag[DT_STRTAB], tag[DT_STRSZ]), tag[DT_STRSZ]);
    if (count && !names.size)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    elf->dynsym = (vprec_elf_symbols){table, count, names};
    elf->has_dynsym = true;
    return true;
}

/* .dynsym as relocations know it: as far as its segment reaches, whatever its hash table says. */
static vprec_elf_symbols dynsym_of_relocations(const vprec_elf *elf)
{
    const uint64_t *tag = elf->tag;
    uint64_t room = 0;
    const uint8_t *bytes = tag[DT_SYMTAB] ? vprec_elf_bytes(elf, tag[DT_SYMTAB], &room) : NULL;
    return (vprec_elf_symbols){
        bytes, room / sizeof(Elf64_Sym),
        vprec_elf_strings_of(vprec_elf_span(elf, tag[DT_STRTAB], tag[DT_STRSZ]), tag[DT_STRSZ])};
}

static bool symbol_get(const vprec_elf_symbols *table, uint64_t index, Elf64_Sym *symbol)
{
    if (index >= table->count)
        return false;
    memcpy(symbol, table->bytes + index * sizeof *symbol, sizeof *symbol);
    return true;
}

/* The value of a dynamic symbol that this object defines, 0 of another. */
static uint64_t symbol_value(const vprec_elf_symbols *table, uint64_t index)
{
    Elf64_Sym symbol;
    bool defined = symbol_get(table, index, &symbol) && symbol.st_shndx != SHN_UNDEF &&
                   ELF64_ST_TYPE(symbol.st_info) != STT_TLS;
    return defined ? symbol.st_value : 0;
}

/* A long table is left behind in pieces: `*begun` is where the one that holds the i-th entry began. */
static void leave_behind(const vprec_elf *elf, const uint8_t *table, uint64_t i, uint64_t *begun, bool last)
{
    enum { PIECE = 1 << 16 };
    if (!last && i - *begun < PIECE)
        return;
    vprec_elf_forget(elf, table + *begun * sizeof(Elf64_Rela), (i - *begun) * sizeof(Elf64_Rela));
    *begun = i;
}

static Elf64_Rela rela_at(const uint8_t *table, uint64_t index)
{
    Elf64_Rela rela;
    memcpy(&rela, table + index * sizeof rela, sizeof rela);
    return rela;
}

/* The number from which on all dynamic symbols are the object's own; UINT64_MAX: nobody tells. The hash table holds
 * them, and in programs also what other objects define and the program has a PLT entry to stand for. */
static uint64_t first_own(const vprec_elf *elf)
{
    uint64_t hash = elf->tag[VPREC_ELF_GNU_HASH];
    const uint8_t *bytes = hash && !elf->program ? vprec_elf_span(elf, hash, 16) : NULL;
    return bytes ? vprec_elf_u32(bytes + 4) : UINT64_MAX;
}

/* The GOT's words and the resolvers of one table, whose first `skip` entries are of neither kind. Large libraries have
 * ten thousands of GOT words for their own symbols, which are skipped without a look at the symbol. */
static bool imports_read(vprec_elf *elf, uint64_t address, uint64_t size, uint64_t skip)
{
    const uint8_t *table = size ? vprec_elf_span(elf, address, size) : NULL;
    if (size && !table)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    vprec_elf_symbols symbols = dynsym_of_relocations(elf);
    vprec_vec *imports = &elf->object->imports;
    uint64_t own = first_own(elf);
    uint64_t count = size / sizeof(Elf64_Rela), begun = skip;
    for (uint64_t i = skip; i < count; i++) {
        leave_behind(elf, table, i, &begun, false);
        uint64_t info = vprec_elf_u64(table + i * sizeof(Elf64_Rela) + offsetof(Elf64_Rela, r_info));
        uint64_t type = ELF64_R_TYPE(info);
        bool is_import = (type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT) && ELF64_R_SYM(info) < own;
        if (!is_import && type != R_X86_64_IRELATIVE)
            continue;
        Elf64_Rela rela = rela_at(table, i);
        uint64_t target = (uint64_t)rela.r_addend;
        if (!is_import && vprec_elf_code_at(elf, target) &&
            !vprec_elf_add(elf, &elf->object->resolvers, target + elf->object->bias))
            return false;
        Elf64_Sym symbol;
        if (!is_import || rela.r_offset >= VPREC_ADDRESS_LIMIT || !symbol_get(&symbols, ELF64_R_SYM(info), &symbol) ||
            symbol.st_shndx != SHN_UNDEF)
            continue;
        vprec_import *import = vprec_vec_add(imports, 1);
        if (!import)
            return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
        *import = (vprec_import){rela.r_offset + elf->object->bias,
                                 vprec_elf_string_at(&symbols.names, symbol.st_name)};
    }
    if (skip < count)
        leave_behind(elf, table, count, &begun, true);
    return vprec_elf_sort(imports) || vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
}

static bool rela_read(vprec_elf *elf, vprec_vec *pointers, uint64_t address, uint64_t size)
{
    const uint8_t *table = size ? vprec_elf_span(elf, address, size) : NULL;
    if (size && !table)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    vprec_elf_symbols symbols = dynsym_of_relocations(elf);
    uint64_t count = size / sizeof(Elf64_Rela), begun = 0;
    for (uint64_t i = 0; i < count; i++) {
        leave_behind(elf, table, i, &begun, false);
        Elf64_Rela rela = rela_at(table, i);
        uint64_t target = (uint64_t)rela.r_addend, symbol;
        switch (ELF64_R_TYPE(rela.r_info)) {
        case R_X86_64_RELATIVE:
        case R_X86_64_IRELATIVE: break;
        case R_X86_64_64:
        case R_X86_64_GLOB_DAT:
        case R_X86_64_JUMP_SLOT:
            symbol = symbol_value(&symbols, ELF64_R_SYM(rela.r_info));
            if (!symbol)
                continue;
            target += symbol;
            break;
        default: continue;
        }
        if (!vprec_elf_add_pointer(elf, pointers, target))
            return false;
    }
    if (count)
        leave_behind(elf, table, count, &begun, true);
    return true;
}

/* The word at the address, as the linker left it, if it is a code address. */
static bool word_add(vprec_elf *elf, vprec_vec *pointers, uint64_t address)
{
    const uint8_t *word = vprec_elf_span(elf, address, 8);
    return !word || vprec_elf_add_pointer(elf, pointers, vprec_elf_u64(word));
}

/* An even entry is an address to relocate; an odd one a bitmap for the 63 words that follow. */
static bool relr_read(vprec_elf *elf, vprec_vec *pointers)
{
    uint64_t address = elf->tag[DT_RELR], size = elf->tag[DT_RELRSZ];
    const uint8_t *table = size ? vprec_elf_span(elf, address, size) : NULL;
    if (size && !table)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    uint64_t where = 0, left = elf->size / 8; /* no word is relocated twice */
    for (uint64_t i = 0; i < size / 8; i++) {
        uint64_t entry = vprec_elf_u64(table + 8 * i), bits = 1;
        if (entry & 1)
            bits = entry >> 1;
        else
            where = entry;
        for (unsigned bit = 0; bits >> bit; bit++) {
            if (!(bits >> bit & 1))
                continue;
            if (!left--)
                return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
            if (!word_add(elf, pointers, where + 8 * bit))
                return false;
        }
        where += entry & 1 ? 8 * 63 : 8;
    }
    return true;
}

bool vprec_elf_pointers_read(vprec_elf *elf, vprec_vec *pointers)
{
    const uint64_t *tag = elf->tag;
    for (uint64_t i = 0; i < elf->dynsym.count; i++) /* of any type: hand-written assembly often leaves it out */
        if (!vprec_elf_add_pointer(elf, pointers, symbol_value(&elf->dynsym, i)))
            return false;
    if (!rela_read(elf, pointers, tag[DT_RELA], tag[DT_RELASZ]) ||
        !rela_read(elf, pointers, tag[DT_JMPREL], tag[DT_PLTRELSZ]) || !relr_read(elf, pointers) ||
        !vprec_elf_add_pointer(elf, pointers, tag[DT_INIT]) || !vprec_elf_add_pointer(elf, pointers, tag[DT_FINI]) ||
        !vprec_elf_add_pointer(elf, pointers, elf->entry))
        return false;
    const uint64_t arrays[][2] = {{tag[DT_PREINIT_ARRAY], tag[DT_PREINIT_ARRAYSZ]},
                                  {tag[DT_INIT_ARRAY], tag[DT_INIT_ARRAYSZ]},
                                  {tag[DT_FINI_ARRAY], tag[DT_FINI_ARRAYSZ]}};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t size = arrays[i][1];
        if (size && !vprec_elf_span(elf, arrays[i][0], size))
            return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
        for (uint64_t at = 0; at + 8 <= size; at += 8)
            if (!word_add(elf, pointers, arrays[i][0] + at))
                return false;
    }
    return true;
}

bool vprec_elf_dynamic_read(vprec_elf *elf, const uint64_t dynamic[2])
{
    uint64_t *tag = elf->tag;
    const uint8_t *table = dynamic[1] ? vprec_elf_span(elf, dynamic[0], dynamic[1]) : NULL;
    if (dynamic[1] && !table)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    for (uint64_t i = 0; i < dynamic[1] / sizeof(Elf64_Dyn); i++) {
        uint64_t name = vprec_elf_u64(table + 16 * i), value = vprec_elf_u64(table + 16 * i + 8);
        if (name == DT_NULL)
            break;
        if (name == DT_TEXTREL || (name == DT_FLAGS && value & DF_TEXTREL)) /* into what would have been patched */
            return vprec_elf_fail(elf, VPREC_REASON_TEXT_RELOCATIONS);
        if (name == DT_GNU_HASH)
            tag[VPREC_ELF_GNU_HASH] = value;
        else if (name == DT_RELACOUNT)
            tag[VPREC_ELF_RELACOUNT] = value;
        else if (name < VPREC_ELF_GNU_HASH)
            tag[name] = value;
    }
    const uint64_t others[][2] = {{tag[DT_RELR], tag[DT_RELRSZ]},
                                  {tag[DT_PREINIT_ARRAY], tag[DT_PREINIT_ARRAYSZ]},
                                  {tag[DT_INIT_ARRAY], tag[DT_INIT_ARRAYSZ]},
                                  {tag[DT_FINI_ARRAY], tag[DT_FINI_ARRAYSZ]}};
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i][1] && !vprec_elf_span(elf, others[i][0], others[i][1]))
            return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    /* The loader, too, takes the first DT_RELACOUNT entries for relative ones without a look. */
    return imports_read(elf, tag[DT_RELA], tag[DT_RELASZ], tag[VPREC_ELF_RELACOUNT]) &&
           imports_read(elf, tag[DT_JMPREL], tag[DT_PLTRELSZ], 0);
}

/* Without relocations any aligned word may be a pointer, in executable
 * segments too: old linkers put constants there, assembly its jump tables. */
bool vprec_elf_words_read(vprec_elf *elf, vprec_vec *pointers)
{
    vprec_object *object = elf->object;
    uint64_t low = UINT64_MAX, high = 0;
    if (object->code.count) {
        low = VPREC_AT(object->code, vprec_extent, 0).start;
        high = VPREC_AT(object->code, vprec_extent, object->code.count - 1).end;
        low -= object->bias, high -= object->bias;
    }
    for (unsigned i = 0; i < elf->segments; i++) {
        const vprec_elf_segment *s = &elf->segment[i];
        for (uint64_t at = -s->address & 7; at + 8 <= s->file_size; at += 8) {
            uint64_t word = vprec_elf_u64(elf->file + s->offset + at);
            if (word >= low && word < high && !vprec_elf_add_pointer(elf, pointers, word))
                return false;
        }
    }
    return true;
}
