/* SPDX-License-Identifier: Apache-2.0
 * elf.h: the checked view of one mapped ELF file that the object*.c
 * share; nobody else includes it. Everything here is in the file's own virtual
 * addresses: vprec_object_read adds the bias at the very end. */
#ifndef VPREC_FIND_ELF_H
#define VPREC_FIND_ELF_H

#include "object.h"
#include <elf.h>
#include <string.h>

/* Real objects have 2 to 9; the bound keeps a hostile file from making every look-up slow. */
enum { VPREC_ELF_SEGMENTS = 64 };

/* Where user space ends: sums of two addresses below do not wrap. */
#define VPREC_ADDRESS_LIMIT (UINT64_C(1) << 47)

typedef struct vprec_elf_segment {
    uint64_t address, offset;
    uint64_t file_size; /* the rest up to the size in memory is zeros */
    uint32_t flags;     /* PF_X | ... */
} vprec_elf_segment;

typedef struct vprec_elf {
    vprec_object *object; /* its vectors are being filled */
    const uint8_t *file;
    uint64_t size;
    enum vprec_reason why; /* of the first failure */
    vprec_elf_segment segment[VPREC_ELF_SEGMENTS];
    unsigned segments;
    uint64_t unwind_header;       /* PT_GNU_EH_FRAME's address, 0 none */
    uint64_t unwind, unwind_size; /* .eh_frame by its section, size 0 where no section tells */
} vprec_elf;

/* Notes the reason and returns false. */
static inline bool vprec_elf_fail(vprec_elf *elf, enum vprec_reason why)
{
    if (!elf->why)
        elf->why = why;
    return false;
}

/* The file's bytes for the virtual address; `*room` says how many follow in
 * the same segment. NULL where the file holds nothing for it. */
static inline const uint8_t *vprec_elf_bytes(const vprec_elf *elf, uint64_t address, uint64_t *room)
{
    for (unsigned i = 0; i < elf->segments; i++) {
        const vprec_elf_segment *s = &elf->segment[i];
        if (address - s->address < s->file_size) {
            *room = s->file_size - (address - s->address);
            return elf->file + s->offset + (address - s->address);
        }
    }
    return NULL;
}

/* `size` bytes at the address, or NULL. */
static inline const uint8_t *vprec_elf_span(const vprec_elf *elf, uint64_t address, uint64_t size)
{
    uint64_t room;
    const uint8_t *bytes = vprec_elf_bytes(elf, address, &room);
    return bytes && size <= room ? bytes : NULL;
}

/* The file promises no alignment: every multi-byte value is copied out. */
static inline uint32_t vprec_elf_u32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline uint64_t vprec_elf_u64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* A table of strings that ends in a NUL, so that any offset below `size` is safe. */
typedef struct vprec_elf_strings {
    const char *text;
    uint64_t size; /* 0: no table, or one without its NUL */
} vprec_elf_strings;

static inline vprec_elf_strings vprec_elf_strings_of(const uint8_t *bytes, uint64_t size)
{
    return bytes && size && !bytes[size - 1] ? (vprec_elf_strings){(const char *)bytes, size}
                                             : (vprec_elf_strings){"", 0};
}

static inline const char *vprec_elf_string_at(const vprec_elf_strings *table, uint64_t offset)
{
    return offset < table->size ? table->text + offset : "";
}

/* object.c: what all parts use to fill the object. */

/* Sorts elements by their first member, a uint64_t; equal ones keep their order. False without memory. */
bool vprec_elf_sort(vprec_vec *vec);

/* The range of object->code that holds the address, or NULL. */
const vprec_extent *vprec_elf_code_at(const vprec_elf *elf, uint64_t address);

/* Appends to a vector of uint64_t. */
bool vprec_elf_add(vprec_elf *elf, vprec_vec *vec, uint64_t value);

/* Appends to object->pointers what is a code address. */
bool vprec_elf_add_pointer(vprec_elf *elf, uint64_t address);

/* Appends a function [start, end) if it starts in code; end is cut to that range. */
bool vprec_elf_add_function(vprec_elf *elf, uint64_t start, uint64_t end, const char *name);

/* Appends the functions of a table of Elf64_Sym. */
bool vprec_elf_add_functions(vprec_elf *elf, const uint8_t *table, uint64_t count, const vprec_elf_strings *names);

/* elf.c. `dynamic` receives the address and size of PT_DYNAMIC. */
bool vprec_elf_segments_read(vprec_elf *elf, const Elf64_Ehdr *header, uint64_t dynamic[2]);

/* elf.c: code, PLT, .eh_frame and .symtab by the section headers, if
 * they are there and agree with the segments; else code is the executable segments. */
bool vprec_elf_sections_read(vprec_elf *elf, const Elf64_Ehdr *header);

/* dynamic.c: exported symbols, relocations, constructors. */
bool vprec_elf_dynamic_read(vprec_elf *elf, const uint64_t dynamic[2]);

/* dynamic.c: for a program without relocations, every aligned word. */
bool vprec_elf_words_read(vprec_elf *elf);

/* eh.c: the functions that the FDEs describe go to object->symbols, the
 * landing pads of their exception tables to object->pads. */
bool vprec_elf_unwind_read(vprec_elf *elf);

#endif
