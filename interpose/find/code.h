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
    VPREC_NARROW = 1 << 18, /* patch.c: no room for a jump, a trap there */
    VPREC_TAIL = 1 << 19,   /* a jump to a function that may have a gate (gate.h) */
    VPREC_HAS_GATED = 1 << 20, /* a call of one */
    VPREC_HAS_SYSCALL = 1 << 21,
    VPREC_CALLED = 1 << 22,    /* a direct call or a pointer leads here */
    VPREC_RETURNS = 1 << 23    /* any call */
};

typedef struct vprec_code_function {
    uint64_t start, end;
    const char *name; /* NULL: known by an FDE or by reference only */
    uint32_t sites[VPREC_TYPES];
    uint32_t refused;
    uint64_t unknown; /* where control falls into what is no valid instruction, counted as refused; 0 nowhere */
    uint32_t controls; /* instructions that set the rounding direction */
    uint32_t tails, gated_calls; /* VPREC_TAIL, VPREC_HAS_GATED */
    uint32_t syscalls;
    uint32_t joined;  /* union-find: functions that jump into one another share registers */
    uint32_t vectors; /* vector registers 16..31 (bit n) that it, or one joined to it, names */
    uint32_t masks;   /* opmasks */
    bool calls;       /* another function of the object, directly */
    bool gap;         /* no symbol or FDE names it: what others refer to, joined */
    uint64_t entry;   /* where it is entered: its start, but of a gap perhaps elsewhere in it, or in what jumps to it */
    bool runs_on;     /* its last instruction can fall through its end */
    bool indirect_jumps, extended;
    bool vex;         /* it, or one joined to it, has VEX or EVEX vector code */
    bool selected;    /* by the caller of vprec_code_read */
    bool cloned;      /* likewise */
    bool only_calls;  /* likewise: for its system calls alone, or since it must not run where it is; its arithmetic stays
                         as it is */
    bool known;       /* likewise: it has been counted */
    bool inner;       /* likewise: part of a routine; its inside stays as it is */
    vprec_routine routine; /* likewise: where it rounds it is one operation, whose results are rounded */
    struct vprec_gate *gate; /* likewise: the clone is for calls by selected code only, the original stays as it is */
    uint8_t given;     /* likewise: 1 + the version whose arithmetic it has in any scope; 0: the scope's */
    const void *scope; /* likewise: the scope that is open while it runs; NULL: none */
} vprec_code_function;

/* A branch from one function into another. */
typedef struct vprec_edge {
    uint64_t from, to;
} vprec_edge;

/* A stretch of code that is known: in memory from `start` to `end`. */
typedef struct vprec_window {
    uint64_t start, end;
    size_t index;     /* of its first byte's mark */
    uint64_t shadow;  /* its bytes as they were loaded lie so far from their addresses: patches may stand in memory */
} vprec_window;

typedef struct vprec_codemap {
    const vprec_object *object;
    vprec_vec windows; /* vprec_window, sorted, disjoint */
    uint64_t lo, hi;   /* span of the windows */
    uint32_t *marks;   /* by code byte */
    size_t mark_count;
    uint8_t *copy;     /* of the windows' bytes; NULL: memory itself */
    size_t copy_bytes;
    vprec_vec functions; /* vprec_code_function, sorted, disjoint */
    vprec_vec edges;   /* vprec_edge: jumps between functions */
    uint32_t live_vectors, live_masks; /* extended registers that may be live across calls inside the object */
    uint64_t undecoded; /* bytes in functions that are no valid instructions */
} vprec_codemap;

/* All code of the object. `ops` (VPREC_OPS_ADD | ...): which operations count as sites; `gated`: which imported
 * functions may have a gate, NULL: none. False: no memory. */
bool vprec_code_read(vprec_codemap *map, const vprec_object *object, uint32_t ops, bool (*gated)(const char *name));
/* The code in the windows (vprec_extent, sorted, disjoint) alone, whose bytes `read` gives: symbols, pointers and pads
 * of the object are those in there. `entry`, 0 none: a place that control has come to. `gates`: sorted words of the GOT
 * (uint64_t) that lead to functions with gates; `tails`: sorted starts of such functions in the object. `references`
 * (uint64_t), NULL: nobody asks, receives what calls lead to, and addresses that are computed; `outside` targets of
 * jumps, and `tabled` words of what may be jump tables, which are read further than they go: all of them lie in the
 * object's code, but in no window. */
typedef void vprec_code_reader(void *data, uint64_t address, void *to, size_t bytes);
typedef struct vprec_code_part {
    vprec_vec windows;
    uint64_t entry;
    const vprec_vec *gates, *tails;
    vprec_vec *references;
    vprec_code_reader *read;
    void *data;
    vprec_vec outside, tabled;
} vprec_code_part;
bool vprec_code_read_part(vprec_codemap *map, const vprec_object *object, uint32_t ops, vprec_code_part *part);
void vprec_code_release(vprec_codemap *map);

/* Index of the function that contains `address`, or -1. */
long vprec_code_function_at(const vprec_codemap *map, uint64_t address);

/* Whether the address lies in a segment of the object that the program cannot write: what is there is a constant. */
bool vprec_code_is_constant(const vprec_codemap *map, uint64_t address);

/* The window that holds the address; NULL: none. */
static inline const vprec_window *vprec_window_at(const vprec_codemap *map, uint64_t address)
{
    const vprec_window *windows = (const vprec_window *)map->windows.data;
    size_t low = 0, high = map->windows.count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (windows[mid].end <= address)
            low = mid + 1;
        else
            high = mid;
    }
    return low < map->windows.count && windows[low].start <= address ? &windows[low] : NULL;
}

static inline bool vprec_in_code(const vprec_codemap *map, uint64_t address)
{
    return vprec_window_at(map, address);
}

/* Which mark is that of `address`, which is in code. */
static inline size_t vprec_mark_index(const vprec_codemap *map, uint64_t address)
{
    const vprec_window *w = vprec_window_at(map, address);
    return w->index + (address - w->start);
}

static inline uint32_t *vprec_mark(const vprec_codemap *map, uint64_t address)
{
    return &map->marks[vprec_mark_index(map, address)];
}

/* The code at `address` as it was loaded. */
static inline const uint8_t *vprec_bytes(const vprec_codemap *map, uint64_t address)
{
    return (const uint8_t *)(address + vprec_window_at(map, address)->shadow);
}

/* Bytes that can be decoded from `address` on. */
static inline size_t vprec_room(const vprec_codemap *map, uint64_t address)
{
    const vprec_window *w = vprec_window_at(map, address);
    return w->end - address < 15 ? w->end - address : 15;
}

#endif
