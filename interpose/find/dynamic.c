/* SPDX-License-Identifier: Apache-2.0
 * dynamic.c: what the dynamic section leads to: exported symbols,
 * relocations, constructors; and, where no relocations tell, pointers found by
 * looking at every word of the file. */
#include "elf.h"

/* The entries of PT_DYNAMIC by tag; the one large tag that matters goes to the last slot. */
enum { DYNAMIC_TAGS = 39, DYNAMIC_GNU_HASH = 38 };

/* How many symbols .dynsym has: only its hash table tells. */
static bool dynsym_count(vprec_elf *elf, const uint64_t *tag, uint64_t *count)
{
    *count = 0;
    if (tag[DYNAMIC_GNU_HASH]) {
        uint64_t room, largest = 0, at = tag[DYNAMIC_GNU_HASH];
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

/* The value of a dynamic symbol that this object defines, 0 of another. */
static uint64_t dynsym_value(const vprec_elf *elf, const uint64_t *tag, uint64_t index)
{
    const uint8_t *bytes = vprec_elf_span(elf, tag[DT_SYMTAB] + index * sizeof(Elf64_Sym), sizeof(Elf64_Sym));
    if (!tag[DT_SYMTAB] || !bytes)
        return 0;
    Elf64_Sym symbol;
    memcpy(&symbol, bytes, sizeof symbol);
    bool defined = symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol.st_info) != STT_TLS;
    return defined ? symbol.st_value : 0;
}

static bool dynsym_read(vprec_elf *elf, const uint64_t *tag)
{
    uint64_t count;
    if (!tag[DT_SYMTAB])
        return true;
    if (!dynsym_count(elf, tag, &count))
        return false;
    const uint8_t *table = count ? vprec_elf_span(elf, tag[DT_SYMTAB], count * sizeof(Elf64_Sym)) : NULL;
    if (count && !table)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    vprec_elf_strings names = vprec_elf_strings_of(vprec_elf_span(elf, tag[DT_STRTAB], tag[DT_STRSZ]), tag[DT_STRSZ]);
    if (count && !names.size)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    for (uint64_t i = 0; i < count; i++) /* of any type: hand-written assembly often leaves it out */
        if (!vprec_elf_add_pointer(elf, dynsym_value(elf, tag, i)))
            return false;
    return vprec_elf_add_functions(elf, table, count, &names);
}

static bool import_add(vprec_elf *elf, const uint64_t *tag, const vprec_elf_strings *names, const Elf64_Rela *rela)
{
    uint64_t at = tag[DT_SYMTAB] + ELF64_R_SYM(rela->r_info) * sizeof(Elf64_Sym);
    const uint8_t *bytes = tag[DT_SYMTAB] ? vprec_elf_span(elf, at, sizeof(Elf64_Sym)) : NULL;
    if (!bytes || rela->r_offset >= VPREC_ADDRESS_LIMIT)
        return true;
    Elf64_Sym symbol;
    memcpy(&symbol, bytes, sizeof symbol);
    vprec_import *import = vprec_vec_add(&elf->object->imports, 1);
    if (!import)
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    *import = (vprec_import){rela->r_offset, vprec_elf_string_at(names, symbol.st_name)};
    return true;
}

static bool rela_read(vprec_elf *elf, const uint64_t *tag, uint64_t address, uint64_t size)
{
    const uint8_t *table = size ? vprec_elf_span(elf, address, size) : NULL;
    if (size && !table)
        return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
    vprec_elf_strings names = vprec_elf_strings_of(vprec_elf_span(elf, tag[DT_STRTAB], tag[DT_STRSZ]), tag[DT_STRSZ]);
    for (uint64_t i = 0; i < size / sizeof(Elf64_Rela); i++) {
        Elf64_Rela rela;
        memcpy(&rela, table + i * sizeof rela, sizeof rela);
        uint64_t target = (uint64_t)rela.r_addend, symbol, type = ELF64_R_TYPE(rela.r_info);
        if ((type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT) && !import_add(elf, tag, &names, &rela))
            return false;
        switch (type) {
        case R_X86_64_RELATIVE: break;
        case R_X86_64_IRELATIVE:
            if (vprec_elf_code_at(elf, target) && !vprec_elf_add(elf, &elf->object->resolvers, target))
                return false;
            break;
        case R_X86_64_64:
        case R_X86_64_GLOB_DAT:
        case R_X86_64_JUMP_SLOT:
            symbol = dynsym_value(elf, tag, ELF64_R_SYM(rela.r_info));
            if (!symbol)
                continue;
            target += symbol;
            break;
        default: continue;
        }
        if (!vprec_elf_add_pointer(elf, target))
            return false;
    }
    return true;
}

/* The word at the address, as the linker left it, if it is a code address. */
static bool word_add(vprec_elf *elf, uint64_t address)
{
    const uint8_t *word = vprec_elf_span(elf, address, 8);
    return !word || vprec_elf_add_pointer(elf, vprec_elf_u64(word));
}

/* An even entry is an address to relocate; an odd one a bitmap for the 63 words that follow. */
static bool relr_read(vprec_elf *elf, uint64_t address, uint64_t size)
{
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
            if (!word_add(elf, where + 8 * bit))
                return false;
        }
        where += entry & 1 ? 8 * 63 : 8;
    }
    return true;
}

bool vprec_elf_dynamic_read(vprec_elf *elf, const uint64_t dynamic[2])
{
    uint64_t tag[DYNAMIC_TAGS] = {0};
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
            tag[DYNAMIC_GNU_HASH] = value;
        else if (name < DYNAMIC_GNU_HASH)
            tag[name] = value;
    }
    if (!dynsym_read(elf, tag) || !rela_read(elf, tag, tag[DT_RELA], tag[DT_RELASZ]) ||
        !rela_read(elf, tag, tag[DT_JMPREL], tag[DT_PLTRELSZ]) || !relr_read(elf, tag[DT_RELR], tag[DT_RELRSZ]) ||
        !vprec_elf_add_pointer(elf, tag[DT_INIT]) || !vprec_elf_add_pointer(elf, tag[DT_FINI]))
        return false;
    const uint64_t arrays[][2] = {{tag[DT_PREINIT_ARRAY], tag[DT_PREINIT_ARRAYSZ]},
                                  {tag[DT_INIT_ARRAY], tag[DT_INIT_ARRAYSZ]},
                                  {tag[DT_FINI_ARRAY], tag[DT_FINI_ARRAYSZ]}};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t size = arrays[i][1];
        if (size && !vprec_elf_span(elf, arrays[i][0], size))
            return vprec_elf_fail(elf, VPREC_REASON_BAD_DYNAMIC);
        for (uint64_t at = 0; at + 8 <= size; at += 8)
            if (!word_add(elf, arrays[i][0] + at))
                return false;
    }
    return true;
}

/* Without relocations any aligned word may be a pointer, in executable
 * segments too: old linkers put constants there, assembly its jump tables. */
bool vprec_elf_words_read(vprec_elf *elf)
{
    vprec_object *object = elf->object;
    uint64_t low = UINT64_MAX, high = 0;
    if (object->code.count) {
        low = VPREC_AT(object->code, vprec_extent, 0).start;
        high = VPREC_AT(object->code, vprec_extent, object->code.count - 1).end;
    }
    for (unsigned i = 0; i < elf->segments; i++) {
        const vprec_elf_segment *s = &elf->segment[i];
        for (uint64_t at = -s->address & 7; at + 8 <= s->file_size; at += 8) {
            uint64_t word = vprec_elf_u64(elf->file + s->offset + at);
            if (word >= low && word < high && !vprec_elf_add_pointer(elf, word))
                return false;
        }
    }
    return true;
}

