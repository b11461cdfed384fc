/* SPDX-License-Identifier: Apache-2.0
 * elf.c: the tables of headers: segments, sections with .symtab, notes.
 * Segments must be sound; sections, which no loader looks at, may be missing
 * or nonsense and then count as missing. */
#include "elf.h"
#include "vprec_scope.h"

bool vprec_elf_function_next(const vprec_elf *elf, uint32_t *number, Elf64_Sym *symbol)
{
    for (uint32_t i = *number; i < elf->symtab.count + elf->dynsym.count; i++) {
        vprec_elf_symbol_get(elf, i, symbol);
        unsigned type = ELF64_ST_TYPE(symbol->st_info);
        if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF ||
            symbol->st_shndx == SHN_ABS || !vprec_elf_code_at(elf, symbol->st_value))
            continue;
        *number = i;
        return true;
    }
    return false;
}

void vprec_elf_symbol_get(const vprec_elf *elf, uint32_t number, Elf64_Sym *symbol)
{
    const uint8_t *bytes = number < elf->symtab.count
                               ? elf->symtab.bytes + number * sizeof *symbol
                               : elf->dynsym.bytes + (number - elf->symtab.count) * sizeof *symbol;
    memcpy(symbol, bytes, sizeof *symbol);
}

const char *vprec_elf_symbol_name(const vprec_elf *elf, uint32_t number, const Elf64_Sym *symbol)
{
    const vprec_elf_symbols *table = number < elf->symtab.count ? &elf->symtab : &elf->dynsym;
    return symbol->st_name ? vprec_elf_string_at(&table->names, symbol->st_name) : NULL;
}

uint64_t vprec_elf_symbol_size(const Elf64_Sym *symbol)
{
    return symbol->st_size < VPREC_ADDRESS_LIMIT ? symbol->st_size : 0;
}

static bool add_range(vprec_elf *elf, vprec_vec *vec, uint64_t start, uint64_t size)
{
    vprec_extent *range = vprec_vec_add(vec, 1);
    if (!range)
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    start += elf->object->bias;
    *range = (vprec_extent){start, start + size};
    return true;
}

/* Sorts ranges; overlapping ones become one. */
static bool ranges_finish(vprec_elf *elf, vprec_vec *vec)
{
    if (!vprec_elf_sort(vec))
        return vprec_elf_fail(elf, VPREC_REASON_NO_MEMORY);
    vprec_extent *range = vec->data;
    size_t kept = 0;
    for (size_t i = 0; i < vec->count; i++)
        if (!kept || range[i].start >= range[kept - 1].end)
            range[kept++] = range[i];
        else if (range[i].end > range[kept - 1].end)
            range[kept - 1].end = range[i].end;
    vec->count = kept;
    return true;
}

/* Notes hold [name size, data size, type, name, data], each part padded. */
static void notes_read(vprec_elf *elf, const Elf64_Phdr *program)
{
    vprec_object *object = elf->object;
    if (program->p_offset > elf->size || program->p_filesz > elf->size - program->p_offset)
        return;
    const uint8_t *note = elf->file + program->p_offset;
    uint64_t left = program->p_filesz, pad = program->p_align == 8 ? 7 : 3;
    while (left >= sizeof(Elf64_Nhdr)) {
        uint64_t name_size = vprec_elf_u32(note), data_size = vprec_elf_u32(note + 4);
        uint64_t data = (sizeof(Elf64_Nhdr) + name_size + pad) & ~pad, next = (data + data_size + pad) & ~pad;
        if (data + data_size > left)
            return;
        bool named = name_size == 4;
        if (named && !object->build_id_length && vprec_elf_u32(note + 8) == NT_GNU_BUILD_ID &&
            !memcmp(note + 12, "GNU", 4)) {
            size_t most = sizeof object->build_id;
            object->build_id_length = (uint8_t)(data_size < most ? data_size : most);
            memcpy(object->build_id, note + data, object->build_id_length);
        }
        object->go |= named && !memcmp(note + 12, "Go\0", 4);
        bool ours = name_size == sizeof "vprec" && data_size == sizeof(int64_t) && !memcmp(note + 12, "vprec", name_size);
        bool format = name_size == sizeof "vprec" && vprec_elf_u32(note + 8) == VPREC_SCOPE_FORMAT_NOTE;
        object->formats |= format && !memcmp(note + 12, "vprec", name_size);
        if (ours && vprec_elf_u32(note + 8) == VPREC_SCOPE_NOTE)
            vprec_vec_add_u64(&object->notes,
                              object->bias + program->p_vaddr + (uint64_t)(note - elf->file) - program->p_offset + data);
        if (next > left)
            return;
        note += next, left -= next;
    }
}

bool vprec_elf_segments_read(vprec_elf *elf, const Elf64_Ehdr *header, uint64_t dynamic[2])
{
    uint64_t past = 0;
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff > elf->size ||
        header->e_phnum > (elf->size - header->e_phoff) / sizeof(Elf64_Phdr))
        return vprec_elf_fail(elf, VPREC_REASON_BAD_SEGMENTS);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr program;
        memcpy(&program, elf->file + header->e_phoff + i * sizeof program, sizeof program);
        elf->program |= program.p_type == PT_INTERP;
        if (program.p_type == PT_DYNAMIC)
            dynamic[0] = program.p_vaddr, dynamic[1] = program.p_filesz;
        else if (program.p_type == PT_GNU_EH_FRAME)
            elf->unwind_header = program.p_vaddr;
        else if (program.p_type == PT_NOTE)
            notes_read(elf, &program);
        if (program.p_type != PT_LOAD || !program.p_memsz)
            continue;
        if (program.p_offset > elf->size || program.p_filesz > elf->size - program.p_offset)
            return vprec_elf_fail(elf, VPREC_REASON_CUT_SHORT);
        if (program.p_vaddr < past || program.p_vaddr >= VPREC_ADDRESS_LIMIT || program.p_filesz > program.p_memsz ||
            program.p_memsz > VPREC_ADDRESS_LIMIT - program.p_vaddr)
            return vprec_elf_fail(elf, VPREC_REASON_BAD_SEGMENT);
        if (elf->segments == VPREC_ELF_SEGMENTS)
            return vprec_elf_fail(elf, VPREC_REASON_MANY_SEGMENTS);
        if (!elf->segments)
            elf->object->lo = vprec_page_start(program.p_vaddr) + elf->object->bias;
        past = program.p_vaddr + program.p_memsz;
        elf->object->hi = vprec_page_end(past) + elf->object->bias;
        elf->segment[elf->segments++] = (vprec_elf_segment){program.p_vaddr, program.p_offset, program.p_filesz,
                                                            program.p_flags};
    }
    return elf->segments || vprec_elf_fail(elf, VPREC_REASON_NO_SEGMENT);
}

/* Whether an executable segment of the file holds all of the range. */
static bool is_executable(const vprec_elf *elf, uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < elf->segments; i++) {
        const vprec_elf_segment *s = &elf->segment[i];
        if (s->flags & PF_X && address - s->address < s->file_size && size <= s->file_size - (address - s->address))
            return true;
    }
    return false;
}

static const uint8_t *section_bytes(const vprec_elf *elf, const Elf64_Shdr *section)
{
    bool inside = section->sh_type != SHT_NOBITS && section->sh_offset <= elf->size &&
                  section->sh_size <= elf->size - section->sh_offset;
    return inside ? elf->file + section->sh_offset : NULL;
}

bool vprec_elf_sections_read(vprec_elf *elf, const Elf64_Ehdr *header)
{
    vprec_object *object = elf->object;
    uint64_t count = header->e_shnum, strings_index = header->e_shstrndx;
    Elf64_Shdr section, symtab = {0}, other;
    if (!header->e_shoff || header->e_shentsize != sizeof section || header->e_shoff > elf->size ||
        elf->size - header->e_shoff < sizeof section)
        goto none;
    const uint8_t *table = elf->file + header->e_shoff;
    memcpy(&section, table, sizeof section);
    if (!count)
        count = section.sh_size;
    if (strings_index == SHN_XINDEX)
        strings_index = section.sh_link;
    if (count > (elf->size - header->e_shoff) / sizeof section || strings_index >= count)
        goto none;
    memcpy(&other, table + strings_index * sizeof other, sizeof other);
    vprec_elf_strings names = vprec_elf_strings_of(section_bytes(elf, &other), other.sh_size);
    for (uint64_t i = 1; i < count; i++) {
        memcpy(&section, table + i * sizeof section, sizeof section);
        const char *name = vprec_elf_string_at(&names, section.sh_name);
        bool loaded = section.sh_flags & SHF_ALLOC && section.sh_type != SHT_NOBITS && section.sh_size;
        if (section.sh_type == SHT_SYMTAB)
            symtab = section;
        if (!loaded)
            continue;
        if (!strcmp(name, ".eh_frame"))
            elf->unwind = section.sh_addr, elf->unwind_size = section.sh_size;
        if (!(section.sh_flags & SHF_EXECINSTR))
            continue;
        if (!is_executable(elf, section.sh_addr, section.sh_size))
            goto none;
        bool plt = !strncmp(name, ".plt", 4) || !strncmp(name, ".iplt", 5);
        if (!add_range(elf, plt ? &object->plt : &object->code, section.sh_addr, section.sh_size))
            return false;
    }
    if (!object->code.count)
        goto none;
    if (!ranges_finish(elf, &object->code) || !ranges_finish(elf, &object->plt))
        return false;
    const uint8_t *bytes = section_bytes(elf, &symtab);
    if (!bytes || symtab.sh_entsize != sizeof(Elf64_Sym) || symtab.sh_link >= count ||
        symtab.sh_size / sizeof(Elf64_Sym) >= VPREC_ELF_MANY)
        return true;
    memcpy(&other, table + symtab.sh_link * sizeof other, sizeof other);
    names = vprec_elf_strings_of(section_bytes(elf, &other), other.sh_size);
    elf->symtab = (vprec_elf_symbols){bytes, symtab.sh_size / sizeof(Elf64_Sym), names};
    return true;
none:
    object->code.count = object->plt.count = 0;
    elf->unwind_size = 0;
    for (unsigned i = 0; i < elf->segments; i++)
        if (elf->segment[i].flags & PF_X && elf->segment[i].file_size &&
            !add_range(elf, &object->code, elf->segment[i].address, elf->segment[i].file_size))
            return false;
    return ranges_finish(elf, &object->code);
}

