/* SPDX-License-Identifier: Apache-2.0
 * elf.h: the checked view of one mapped ELF file that object.c, elf.c, dynamic.c, eh.c, flow.c, frames.c and lookup.c
 * share; nobody else includes it. Addresses here are the file's own ("in the file"); what goes to the object has its
 * bias added, as object.h says. */
#ifndef VPREC_FIND_ELF_H
#define VPREC_FIND_ELF_H

#include "object.h"
#include "offsets.h"
#include <elf.h>
#include <string.h>

/* Real objects have 2 to 9; the bound keeps a hostile file from making every look-up slow. */
enum { VPREC_ELF_SEGMENTS = 64 };

/* Of symbols: a table of so many counts as none, so that numbers of symbols fit into 32 bits. */
#define VPREC_ELF_MANY (UINT64_C(1) << 31)

/* Where user space ends: sums of two addresses below do not wrap. */
#define VPREC_ADDRESS_LIMIT (UINT64_C(1) << 47)

typedef struct vprec_elf_segment {
    uint64_t address, offset;
    uint64_t file_size; /* the rest up to the size in memory is zeros */
    uint32_t flags;     /* PF_X | ... */
} vprec_elf_segment;

/* A table of strings that ends in a NUL, so that any offset below `size` is safe. */
typedef struct vprec_elf_strings {
    const char *text;
    uint64_t size; /* 0: no table, or one without its NUL */
} vprec_elf_strings;

typedef struct vprec_elf_symbols {
    const uint8_t *bytes; /* Elf64_Sym */
    uint64_t count;
    vprec_elf_strings names;
} vprec_elf_symbols;

/* The entries of PT_DYNAMIC by tag; the large tags that matter go to the last slots. */
enum { VPREC_ELF_GNU_HASH = 38, VPREC_ELF_RELACOUNT, VPREC_ELF_TAGS };

/* What an FDE needs of its CIE. */
typedef struct vprec_elf_cie {
    const uint8_t *at; /* its record in the file, NULL before the first */
    uint8_t pointer, lsda; /* encodings */
    bool augmented;        /* the FDE has augmentation data */
} vprec_elf_cie;

/* The code that an FDE describes. */
typedef struct vprec_elf_frame {
    uint64_t start, length; /* in the file; length 0 where the record was none */
    uint64_t rest;          /* the record's bytes behind these two: where in vprec_elf_frames, and up to where */
    uint64_t end;
} vprec_elf_frame;

typedef struct vprec_elf_frames {
    const uint8_t *bytes;   /* where records may lie */
    uint64_t size, address;
    vprec_elf_cie cie;      /* the last one used: neighbours mostly share it */
    const uint8_t *table;   /* .eh_frame_hdr's, of pairs of distances from its start to code and FDE; NULL none */
    uint64_t count;         /* of pairs, or of elements of `list` */
    enum { VPREC_ELF_FRAMES_NEW, VPREC_ELF_FRAMES_TABLE, VPREC_ELF_FRAMES_LIST, VPREC_ELF_FRAMES_NONE } how;
    vprec_vec list;         /* uint64_t: distance from the start of the code to the FDE's code, << 32, to the record */
} vprec_elf_frames;

typedef struct vprec_elf {
    vprec_object *object; /* whose vectors are being filled; set at each call: an object may be moved between two */
    const uint8_t *file;
    uint64_t size;
    enum vprec_reason why; /* of the first failure in this call */
    vprec_elf_segment segment[VPREC_ELF_SEGMENTS];
    unsigned segments;
    uint64_t entry;
    bool program; /* it may be one that is started, not only loaded */
    uint64_t tag[VPREC_ELF_TAGS];
    vprec_elf_symbols symtab, dynsym; /* dynsym by vprec_elf_dynsym_read */
    bool has_dynsym;
    uint64_t unwind_header;       /* PT_GNU_EH_FRAME's address, 0 none */
    uint64_t unwind, unwind_size; /* .eh_frame by its section, size 0 where no section tells */
    vprec_elf_frames frames;
    uint32_t asked;                   /* how many questions */
    bool has_symbols, has_pointers;   /* made when they are first asked for: */
    vprec_offsets symbols; /* functions in code; items: numbers of symbols, those of dynsym behind those of symtab */
    uint32_t *reach;       /* by bucket of symbols: the largest end of those that start there */
    vprec_offsets pointers;
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

/* The range of object->code that holds the address in the file, or NULL. */
const vprec_extent *vprec_elf_code_at(const vprec_elf *elf, uint64_t address);

/* Appends to a vector of uint64_t. */
bool vprec_elf_add(vprec_elf *elf, vprec_vec *vec, uint64_t value);

/* Appends the address in the file to `pointers` if it is a code address: as one of this process to a vector of
 * uint64_t, as a distance from the start of the code to one of uint32_t. */
bool vprec_elf_add_pointer(vprec_elf *elf, vprec_vec *pointers, uint64_t address);

/* Tells the kernel that these bytes of the file will not be read again soon: a table that was read once need not stay
 * in the process's memory. */
void vprec_elf_forget(const vprec_elf *elf, const uint8_t *bytes, uint64_t size);

/* elf.c. `dynamic` receives the address and size of PT_DYNAMIC. */
bool vprec_elf_segments_read(vprec_elf *elf, const Elf64_Ehdr *header, uint64_t dynamic[2]);

/* elf.c: code, PLT, .eh_frame and .symtab by the section headers, if
 * they are there and agree with the segments; else code is the executable segments. */
bool vprec_elf_sections_read(vprec_elf *elf, const Elf64_Ehdr *header);

/* elf.c: the first function in code whose number is `*number` or more, which becomes its number; false: none is left.
 * The numbers of dynsym, which must have been read, follow those of symtab. */
bool vprec_elf_function_next(const vprec_elf *elf, uint32_t *number, Elf64_Sym *symbol);

/* elf.c: the symbol of that number; its name, unread ("" or NULL: none); its size as vprec_object has it (0: not
 * known). */
void vprec_elf_symbol_get(const vprec_elf *elf, uint32_t number, Elf64_Sym *symbol);
const char *vprec_elf_symbol_name(const vprec_elf *elf, uint32_t number, const Elf64_Sym *symbol);
uint64_t vprec_elf_symbol_size(const Elf64_Sym *symbol);

/* dynamic.c: the dynamic section, imports and resolvers. */
bool vprec_elf_dynamic_read(vprec_elf *elf, const uint64_t dynamic[2]);

/* dynamic.c: finds elf->dynsym. False: unsound. */
bool vprec_elf_dynsym_read(vprec_elf *elf);

/* dynamic.c: appends what data may hold, as vprec_elf_add_pointer, neither sorted nor unique, once
 * vprec_elf_dynsym_read was called. False: no memory, or unsound. */
bool vprec_elf_pointers_read(vprec_elf *elf, vprec_vec *pointers);

/* dynamic.c: likewise, for a program without relocations, every aligned word. */
bool vprec_elf_words_read(vprec_elf *elf, vprec_vec *pointers);

/* eh.c: finds elf->frames by .eh_frame_hdr, with its search table if it has one of the usual kind. */
bool vprec_elf_frames_header_read(vprec_elf *elf);

/* eh.c: the record at an offset into elf->frames; `*next` is behind it. */
enum vprec_elf_record { VPREC_ELF_BAD, VPREC_ELF_TERMINATOR, VPREC_ELF_CIE, VPREC_ELF_FDE };
enum vprec_elf_record vprec_elf_record_read(vprec_elf *elf, uint64_t offset, uint64_t *next, vprec_elf_frame *frame);

/* eh.c: appends the landing pads of the frame's function to a vector of uint64_t. `budget`: how many bytes of
 * exception tables may still be read. */
bool vprec_elf_pads_read(vprec_elf *elf, const vprec_elf_frame *frame, vprec_vec *pads, uint64_t *budget);

/* eh.c: the call-frame instructions of the frame that was read last. False: of no usual kind. */
bool vprec_elf_unwind_read(vprec_elf *elf, const vprec_elf_frame *frame, vprec_unwind *unwind);

/* frames.c: calls `each` with all FDEs of code and the offsets of their records. False: it did, or unsound. */
bool vprec_elf_frames_read(vprec_elf *elf, bool (*each)(vprec_elf *elf, const vprec_elf_frame *frame, uint64_t record,
                                                        void *data), void *data);

/* frames.c: by the search table, or by a list that is made once where there is no sound table. Addresses are in the
 * file. The start of the nearest frame of code at or before the address, empty ones left out, if that one or another
 * with this start contains the address; of the first at or behind it; the largest length of those that start there, 0
 * none; their landing pads, appended (false: no memory). */
bool vprec_elf_frame_around(vprec_elf *elf, uint64_t address, uint64_t *start);
bool vprec_elf_frame_behind(vprec_elf *elf, uint64_t address, uint64_t *start);
uint64_t vprec_elf_frame_length(vprec_elf *elf, uint64_t start);
bool vprec_elf_frame_pads(vprec_elf *elf, uint64_t start, vprec_vec *pads);
/* And the first of their unwind programs. */
bool vprec_elf_frame_unwind(vprec_elf *elf, uint64_t start, vprec_unwind *unwind);

/* lookup.c: frees what lookups have made. */
void vprec_elf_index_free(vprec_elf *elf);

/* object.c: which of two names for one function, each may be NULL, a person would use: whether `a` is better. */
bool vprec_elf_name_is_better(const char *a, const char *b);

/* flow.c: where control that starts there goes no further; at most `limit`. Addresses in the file. */
uint64_t vprec_elf_flow_end(const vprec_elf *elf, uint64_t start, uint64_t limit);

#endif
