/* SPDX-License-Identifier: Apache-2.0
 * object.h: what an ELF file says about a loaded object's code: where it is, where functions start, who points into it.
 * Reads the file, decodes nothing. An object is opened, and asked for parts; or all of it is read at once. */
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
    uint64_t start, end; /* in vprec_object.symbols end == start where the size is not known */
    const char *name;    /* in the mapped file; NULL, or empty, when an FDE alone names the range */
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
    bool formats;         /* it has notes of formats for scopes (vprec_scope.h) */
    bool go;              /* Go's linker made it: its functions return with a value, or zero, in every vector register */
    uint8_t build_id[20]; /* of a longer one the first 20 bytes */
    uint8_t build_id_length;
    vprec_vec code;       /* vprec_extent: executable sections (without .plt*), else executable segments; sorted */
    vprec_vec plt;        /* vprec_extent: .plt, .plt.got, .plt.sec */
    vprec_vec resolvers;  /* uint64_t: IFUNC resolvers that the loader calls for this object itself; sorted, unique */
    vprec_vec imports;    /* vprec_import: the GOT's words (GLOB_DAT, JUMP_SLOT) for what the object does not define
                             itself; sorted by slot */
    vprec_vec notes;      /* uint64_t: where its notes for vprec (vprec_scope.h) have what they tell */
    /* Filled by vprec_object_read, empty after vprec_object_open: */
    vprec_vec symbols;    /* vprec_symbol: functions by .symtab, .dynsym and FDEs in `code`; sorted by start, one per
                             start: the name a person would use, the largest extent known */
    vprec_vec aliases;    /* vprec_symbol: the other names of those starts; sorted by start */
    vprec_vec pointers;   /* uint64_t: addresses in `code` that data may hold: relocation targets and addends,
                             init/fini arrays, entry, exported symbols; without relocations (not PIE) also every
                             aligned word of the loaded file that is one; sorted, unique */
    vprec_vec pads;       /* uint64_t: landing pads from the LSDAs; sorted, unique */
    vprec_vec reach;      /* uint64_t: the largest end of symbols 0..i, for vprec_object_name_at */
    const uint8_t *file;  /* the mapped file; NULL after vprec_object_release */
    size_t file_size;
    struct vprec_elf *elf; /* elf.h: how the file is read */
} vprec_object;

/* Opens the object at `path` loaded at `bias`: all but what vprec_object_read fills. Only relocations that are not
 * relative are gone through (some 100,000 in libtorch_cpu: half a millisecond). Returns VPREC_REASON_NONE, or why it is
 * refused: not a readable x86-64 ELF file, or one whose segments or dynamic section point outside of it. Never trusts
 * an offset: a hostile file is refused, or what is asked of it later comes out empty; it is not crashed on. */
enum vprec_reason vprec_object_open(vprec_object *object, const char *path, uint64_t bias);

/* Opens and reads everything. Also refused is what has unsound symbols, relocations, unwind or exception tables. */
enum vprec_reason vprec_object_read(vprec_object *object, const char *path, uint64_t bias);
void vprec_object_release(vprec_object *object);

/* Questions to an opened object, which may have been copied or moved since, but not to two copies of it. The first one
 * about functions reads the symbols (about 40 ns and 6 bytes kept for each), the first one about pointers the
 * relocations (2 bytes for each address); unwind tables are searched in the file. Not thread-safe. No libc: they may be
 * called in a signal handler.
 *
 * A function has a start, where an FDE or a symbol of `code` starts, and what vprec_object.symbols would have for it:
 * of all FDEs and symbols that start there the largest end, cut at the end of the range of `code`, and the best name,
 * NULL where there are only FDEs. Only the end differs where nobody tells the size: then it is the next start or the
 * end of the range of `code`. Functions may overlap: a symbol may have several FDEs, a cold part is a function of its
 * own, an FDE may cover several symbols. Who wants disjoint ones cuts each at the next start. */

/* The range of `code` that holds the address, or NULL. */
const vprec_extent *vprec_object_code_at(const vprec_object *object, uint64_t address);

/* The function that contains the address: that of the nearest FDE at or before it if that contains it, though a symbol
 * may start between the two; else that of the nearest symbol that contains it. False: none does. */
bool vprec_object_function_at(vprec_object *object, uint64_t address, vprec_symbol *function);

/* The function with the smallest start of at least `address` and less than `end`. False: there is none. */
bool vprec_object_function_next(vprec_object *object, uint64_t address, uint64_t end, vprec_symbol *function);

/* Appends all names (const char *, in the mapped file) of the function that starts at `start`, the best one among
 * them, some perhaps twice. False: no memory. */
bool vprec_object_names_of(vprec_object *object, uint64_t start, vprec_vec *names);

/* Appends the landing pads (uint64_t) of the FDEs that start at `start`, not sorted; some may lie in another function.
 * False: no memory. */
bool vprec_object_pads_of(vprec_object *object, uint64_t start, vprec_vec *pads);

/* How the function that starts at `start` is unwound: DWARF's call-frame instructions, in the mapped file, of the first
 * FDE that starts there. False: none does, or it is of no usual kind. */
typedef struct vprec_unwind {
    const uint8_t *entry, *entry_end; /* what holds at its start */
    const uint8_t *rows, *rows_end;   /* what changes from there on */
    uint64_t code_unit;               /* of what they advance by */
    int64_t data_unit;                /* of offsets, in sleb128 */
    uint8_t back;                     /* register: the return address */
} vprec_unwind;
bool vprec_object_unwind_of(vprec_object *object, uint64_t start, vprec_unwind *unwind);

/* Appends the addresses in [start, end) that vprec_object.pointers has (uint64_t, sorted, unique), but not those that
 * are only an aligned word of a program without relocations. False: no memory. */
bool vprec_object_pointers_in(vprec_object *object, uint64_t start, uint64_t end, vprec_vec *pointers);

/* Of an object that was read: */

/* The first of the other names of the function at `start`; how many there are. */
size_t vprec_object_aliases(const vprec_object *object, uint64_t start, const vprec_symbol **first);

/* The nearest symbol that contains the address, a named one if any does: its
 * name (NULL where only an FDE tells) and start. False, and nothing written,
 * where no symbol does. */
bool vprec_object_name_at(const vprec_object *object, uint64_t address, const char **name, uint64_t *start);

#endif
