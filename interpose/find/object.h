/* SPDX-License-Identifier: Apache-2.0
 * object.h: what an ELF file says about a loaded object's code: where it is,
 * where functions start, who points into it. Reads the file, decodes nothing. */
#ifndef VPREC_FIND_OBJECT_H
#define VPREC_FIND_OBJECT_H

#include "runtime/memory.h"
#include "runtime/reason.h"
#include "vprec.h"
#include <stdbool.h>
#include <stdint.h>

/* Addresses are those of this process (virtual address in the file + bias). */
typedef struct vprec_extent {
    uint64_t start, end;
} vprec_extent;

typedef struct vprec_symbol {
    uint64_t start, end; /* end == start where the size is not known */
    const char *name;    /* in the mapped file; NULL when an FDE alone names the range */
} vprec_symbol;

/* A word that the loader fills with the address of what the name stands for. */
typedef struct vprec_import {
    uint64_t slot;
    const char *name; /* in the mapped file */
} vprec_import;

typedef struct vprec_object {
    const char *path;     /* as given, not copied */
    uint64_t bias;
    uint64_t lo, hi;      /* span of all PT_LOAD segments, page-rounded */
    bool pie;             /* ET_DYN: absolute code addresses need relocations */
    uint8_t build_id[20]; /* of a longer one the first 20 bytes */
    uint8_t build_id_length;
    vprec_vec code;       /* vprec_extent: executable sections (without .plt*), else executable segments; sorted */
    vprec_vec plt;        /* vprec_extent: .plt, .plt.got, .plt.sec */
    vprec_vec symbols;    /* vprec_symbol: functions by .symtab, .dynsym and FDEs in `code`; sorted by start, one per
                             start: the name a person would use, the largest extent known */
    vprec_vec aliases;    /* vprec_symbol: the other names of those starts; sorted by start */
    vprec_vec pointers;   /* uint64_t: addresses in `code` that data may hold: relocation targets and addends,
                             init/fini arrays, entry, exported symbols; without relocations (not PIE) also every
                             aligned word of the loaded file that is one; sorted, unique */
    vprec_vec pads;       /* uint64_t: landing pads from the LSDAs; sorted, unique */
    vprec_vec resolvers;  /* uint64_t: IFUNC resolvers that the loader calls for this object itself */
    vprec_vec imports;    /* vprec_import: the GOT's words (GLOB_DAT, JUMP_SLOT); sorted by slot */
    vprec_vec reach;      /* uint64_t: the largest end of symbols 0..i, for vprec_object_name_at */
    const uint8_t *file;  /* the mapped file; NULL after vprec_object_release */
    size_t file_size;
} vprec_object;

/* Reads the object at `path` loaded at `bias`. Returns VPREC_REASON_NONE, or why it is refused: not a readable
 * x86-64 ELF file, or one whose tables point outside of it. Never trusts an offset: a hostile file is refused, not
 * crashed on. */
enum vprec_reason vprec_object_read(vprec_object *object, const char *path, uint64_t bias);
void vprec_object_release(vprec_object *object);

/* The first of the other names of the function at `start`; how many there are. */
size_t vprec_object_aliases(const vprec_object *object, uint64_t start, const vprec_symbol **first);

/* The nearest symbol that contains the address, a named one if any does: its
 * name (NULL where only an FDE tells) and start. False, and nothing written,
 * where no symbol does. */
bool vprec_object_name_at(const vprec_object *object, uint64_t address, const char **name, uint64_t *start);

#endif
