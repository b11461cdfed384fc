/* SPDX-License-Identifier: Apache-2.0
 * code.h: what an object's machine code does, found before anything is touched:
 * instructions, functions, branch targets, jump tables. Changes nothing. */
#ifndef VPREC_FIND_CODE_H
#define VPREC_FIND_CODE_H

#include "object.h"
#include "select.h"
#include "x86/decode.h"

/* Marks of one byte of code. */
enum {
    VPREC_START = 1 << 0,  /* an instruction starts here */
    VPREC_INSIDE = 1 << 1, /* a later byte of an instruction */
    VPREC_TARGET = 1 << 2, /* some branch or table leads here */
    VPREC_ENTRY = 1 << 3,  /* reached from outside of clones: function entry, address taken, landing pad */
    VPREC_ARITH = 1 << 4,  /* rounded in the clone: must not execute here */
    VPREC_KEEP = 1 << 5,   /* clones execute this original byte (a call) */
    VPREC_RETURN = 1 << 6, /* a call that a clone makes returns here */
    VPREC_TAKEN = 1 << 7,  /* overwritten by a patch */
    VPREC_FILLER = 1 << 8, /* nops or int3 between functions */
    /* of the instruction that starts here: */
    VPREC_HAS_F32 = 1 << 9, /* a site */
    VPREC_HAS_F64 = 1 << 10,
    VPREC_HAS_REFUSED = 1 << 11,
    VPREC_HAS_CONTROL = 1 << 12,
    VPREC_HAS_CALL = 1 << 13, /* a direct one, inside the object */
    VPREC_HAS_INDIRECT = 1 << 14,
    VPREC_HAS_EXTENDED = 1 << 15,
    VPREC_HAS_VEX = 1 << 16,
    VPREC_ENDS = 1 << 17,  /* nothing falls through it */
    VPREC_NARROW = 1 << 18, /* patch.c: no room for a jump, int3 there */
    VPREC_TAIL = 1 << 19,   /* a jump to a function that may have a gate (gate.h) */
    VPREC_HAS_GATED = 1 << 20 /* a call of one */
};

typedef struct vprec_code_function {
    uint64_t start, end;
    const char *name; /* NULL: known by an FDE or by reference only */
    uint32_t sites[VPREC_TYPES];
    uint32_t refused;
    uint64_t unknown; /* where control falls into what is no valid instruction, counted as refused; 0 nowhere */
    uint32_t controls; /* instructions that set the rounding direction */
    uint32_t tails, gated_calls; /* VPREC_TAIL, VPREC_HAS_GATED */
    uint32_t joined;  /* union-find: functions that jump into one another share registers */
    uint32_t vectors; /* vector registers 16..31 (bit n) that it, or one joined to it, names */
    uint32_t masks;   /* opmasks */
    bool calls;       /* another function of the object, directly */
    bool gap;         /* no symbol or FDE names it: what others refer to, joined */
    bool runs_on;     /* its last instruction can fall through its end */
    bool indirect_jumps, extended;
    bool vex;         /* it, or one joined to it, has VEX or EVEX vector code */
    bool selected;    /* by the caller of vprec_code_read */
    bool cloned;      /* likewise */
    bool inner;       /* likewise: part of a routine; its inside stays as it is */
    vprec_routine routine; /* likewise, where it has results: one operation, whose results are rounded */
    struct vprec_gate *gate; /* likewise: the clone is for calls by selected code only, the original stays as it is */
} vprec_code_function;

/* A branch from one function into another. */
typedef struct vprec_edge {
    uint64_t from, to;
} vprec_edge;

typedef struct vprec_codemap {
    const vprec_object *object;
    uint64_t lo, hi;   /* span of the code */
    uint32_t *marks;   /* by code byte */
    vprec_vec functions; /* vprec_code_function, sorted, disjoint */
    vprec_vec edges;   /* vprec_edge: jumps between functions */
    uint32_t live_vectors, live_masks; /* extended registers that may be live across calls inside the object */
    uint64_t undecoded; /* bytes in functions that are no valid instructions */
} vprec_codemap;

/* `ops` (VPREC_OPS_ADD | ...): which operations count as sites; `gated`: which imported functions may have a gate,
 * NULL: none. False: no memory. */
bool vprec_code_read(vprec_codemap *map, const vprec_object *object, uint32_t ops, bool (*gated)(const char *name));
void vprec_code_release(vprec_codemap *map);

/* Index of the function that contains `address`, or -1. */
long vprec_code_function_at(const vprec_codemap *map, uint64_t address);

/* Whether the address lies in a segment of the object that the program cannot write: what is there is a constant. */
bool vprec_code_is_constant(const vprec_codemap *map, uint64_t address);

static inline uint32_t *vprec_mark(const vprec_codemap *map, uint64_t address)
{
    return &map->marks[address - map->lo];
}

static inline bool vprec_in_code(const vprec_codemap *map, uint64_t address)
{
    return address >= map->lo && address < map->hi;
}

/* Bytes that can be decoded from `address` on. */
static inline size_t vprec_room(const vprec_codemap *map, uint64_t address)
{
    return map->hi - address < 15 ? map->hi - address : 15;
}

#endif
