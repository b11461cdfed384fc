/* SPDX-License-Identifier: Apache-2.0
 * where.h: from an address in a clone to the original instruction, and what the
 * clone has moved by then: the stack pointer, saved registers; and from an
 * original instruction to its clone. Filled by clone.c, asked by guest.c. */
#ifndef VPREC_CLONE_WHERE_H
#define VPREC_CLONE_WHERE_H

#include "x86/emit.h"
#include <stdbool.h>

enum vprec_where_kind {
    VPREC_WHERE_STUB,    /* before a function's first instruction */
    VPREC_WHERE_BODY,    /* its instructions, one step each */
    VPREC_WHERE_TIE,     /* x86/round/avx_tie.c's code for one site */
    VPREC_WHERE_LANDINGS /* the table of landings, and behind it those */
};

/* From `clone` to the next range. `original`: of a stub the function, of a body
 * its first instruction, of a tie the site, of a table of landings the address
 * of its first entry. */
typedef struct vprec_where_range {
    uint64_t clone, original;
    uint32_t kind, step; /* of a body: index of its first step */
} vprec_where_range;

/* What the code of a step moves: `count` of the notes in `moves`, from `first` on. */
typedef struct vprec_where_moved {
    uint32_t step, first, count;
} vprec_where_moved;

typedef struct vprec_where {
    vprec_vec ranges; /* vprec_where_range, ascending by `clone`, the bodies of one version also by `original` */
    uint32_t version[VPREC_VERSIONS_MAX]; /* the first range of each version, but the first */
    unsigned versions; /* one less than there are */
    vprec_vec steps;  /* uint16_t: length of the original << 12 | length of its code */
    vprec_vec moved;  /* vprec_where_moved, ascending by `step`; steps that move nothing have none */
    vprec_vec moves;  /* vprec_move of emit.h; steps that do the same share them */
    uint32_t *known;  /* while clones are written: where in `moves` something was put lately, by its hash */
} vprec_where;

#define VPREC_WHERE                                                                                                    \
    ((vprec_where){.ranges = VPREC_VEC(vprec_where_range), .steps = VPREC_VEC(uint16_t),                              \
                   .moved = VPREC_VEC(vprec_where_moved), .moves = VPREC_VEC(vprec_move)})

/* While clones are written, in ascending order. A range that is no body has one step, of length 0, if it moves
 * anything: of the landings their first one's. False: no memory. */
bool vprec_where_add(vprec_where *where, enum vprec_where_kind kind, uint64_t clone, uint64_t original);
bool vprec_where_step(vprec_where *where, unsigned length, size_t emitted, const vprec_vec *moves);
void vprec_where_version(vprec_where *where); /* what is added from here on is of the next version */
void vprec_where_seal(vprec_where *where); /* nothing is added any more */
void vprec_where_free(vprec_where *where);

/* A register of the program that a clone has put on the stack. */
typedef struct vprec_spill {
    int32_t at; /* from the original's rsp */
    uint8_t kind, reg, size;
} vprec_spill;

enum { VPREC_SPILLS = 20 };

typedef struct vprec_place {
    uint64_t original;
    uint64_t start;  /* of the code for the original instruction, or for its tie */
    unsigned length; /* of the original instruction; 0: not known */
    enum vprec_where_kind kind;
    int32_t lowered; /* rsp lies this far below the original's */
    unsigned spills;
    vprec_spill spill[VPREC_SPILLS];
} vprec_place;

/* False: `rip` is in no clone. Safe in a signal handler. */
bool vprec_where_original(const vprec_where *where, uint64_t rip, vprec_place *place);

/* The clone, in the version, of the instruction that starts at `original`, or 0. */
uint64_t vprec_where_clone(const vprec_where *where, unsigned version, uint64_t original);

/* The version that the code at `clone` is of. */
unsigned vprec_where_version_at(const vprec_where *where, uint64_t clone);

#endif
