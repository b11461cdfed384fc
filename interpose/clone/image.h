/* SPDX-License-Identifier: Apache-2.0
 * image.h: what was translated, a unit of one or more functions at a time: where the originals and the clones lie.
 * Asked in signal handlers, from any thread, without a lock; changed by who holds the instrumentation lock. */
#ifndef VPREC_CLONE_IMAGE_H
#define VPREC_CLONE_IMAGE_H

#include "gate.h"
#include "where.h"

typedef struct vprec_trap {
    uint64_t original, clone;
} vprec_trap;

/* An original that is overwritten from `at` on by a jump to a clone; `at` is among the traps, too. `waits`: one stands
 * there until no thread can be between the instructions that the jump covers. */
typedef struct vprec_patch {
    uint64_t at, to;
    uint8_t bytes;
    bool waits;
} vprec_patch;

/* Where entries of a function that is a scope lead: it is opened there, and then the clone is gone to. */
typedef struct vprec_hall {
    uint64_t original, code;
    size_t slot; /* with several versions: what leads on to the thread's */
} vprec_hall;

/* From `clone` up to the next one a function's code; `*entered` is set when it is entered;
 * NULL: what notes its entries itself. */
typedef struct vprec_entered {
    uint64_t clone;
    _Atomic uint32_t *entered;
} vprec_entered;

/* A stretch of originals. */
typedef struct vprec_image_span {
    uint64_t start, end;
} vprec_image_span;

/* Instructions that are counted together (runs.h, cross.h), by a counter in front of the one at `counted`. */
typedef struct vprec_counted_run {
    uint64_t start, end, counted;
    uint32_t first, sites; /* of run_sites */
} vprec_counted_run;

/* One that counts: as so many operations of the function of the counters `counter`, or in `*executed`. */
typedef struct vprec_counted_site {
    uint64_t at;
    _Atomic uint64_t *executed; /* NULL: operations */
    uint32_t counter;
    uint8_t type, op, lanes;
} vprec_counted_site;

typedef struct vprec_image {
    vprec_vec spans;          /* vprec_image_span: the originals; sorted */
    uint64_t code, code_end;  /* the clones */
    vprec_vec traps;          /* vprec_trap, sorted by original */
    vprec_vec patches;        /* vprec_patch, sorted */
    vprec_where where;        /* what the clones are clones of */
    vprec_vec entered;        /* vprec_entered, ascending; none where nothing is recorded */
    vprec_vec halls;          /* vprec_hall, ascending */
    vprec_vec calls;          /* vprec_site *: its system calls, ascending */
    vprec_vec runs, run_sites; /* vprec_counted_run, ascending; vprec_counted_site */
    vprec_gates gates;
    uint32_t borrowed_vectors, borrowed_masks; /* extended registers that clones use since no caller keeps them */
    bool waiting;             /* some patches wait */
    bool apart;               /* its originals are as they were, have no X, and are compared with its source */
    /* Of one that is alone, which goes by itself: */
    const uint8_t *source;    /* the bytes of its spans when they were translated */
    vprec_heap heap;          /* what all of this lies in */
    struct vprec_hop *hops;   /* ways in that other clones may take: see hop.h */
    uint64_t *slots;          /* what it has of an arena, besides its code */
    size_t slot_count;
    uint64_t ways_start;      /* behind the clones: what leads into those of the thread's version; see version.h */
    size_t ways, way_count;   /* their slots */
    uint32_t by_jump, by_short, by_trap, inlined;
    uint32_t sites[VPREC_TYPES], functions; /* that are in the object's record */
    void *records;            /* of its functions, in one piece; NULL: none */
    size_t record_bytes;
} vprec_image;

/* The hall of the function that starts at `original`; NULL: none. */
const vprec_hall *vprec_image_hall(const vprec_image *image, uint64_t original);

/* Where an arrival at `original` continues, 0 if it is none of ours. */
uint64_t vprec_image_find(const vprec_image *image, uint64_t original);

/* The clone of the instruction that starts at `original`, in the version in which the calling thread, which has come
 * there, goes on; or 0. Of the first one of a function that is a scope its hall. */
uint64_t vprec_image_clone(const vprec_image *image, uint64_t original);

/* The patch whose bytes behind the first one hold `original`; NULL: none. */
vprec_patch *vprec_image_patch_over(const vprec_image *image, uint64_t original);

/* The clone of an address between the instructions that a patch covers: whoever stood there when it was written goes on
 * in the clone. 0: there is none. */
uint64_t vprec_image_out_of_patch(uint64_t address);

/* Records that the clone at that address is entered, where nothing but a signal leads to it. Async-signal-safe. */
void vprec_image_enter(const vprec_image *image, uint64_t clone);

/* A new image's memory, which stays where it is; NULL: no memory. */
vprec_image *vprec_image_make(void);
/* Makes an image known. False: no memory. */
bool vprec_image_add(const vprec_image *image);
/* It is unknown from now on, its memory for the next one: nothing runs in its originals or clones any more. */
void vprec_image_drop(vprec_image *image);

/* Its originals are not those any more; its clones are still known. */
void vprec_image_retire(const vprec_image *image);

/* The image of the originals, or of the clones, that `address` lies in; NULL: none. */
const vprec_image *vprec_image_of(uint64_t address);
const vprec_image *vprec_image_of_clone(uint64_t address);
/* The image of `address`; it, or that there is none, goes on up to `*stop`, at most `end`. */
const vprec_image *vprec_image_stretch(uint64_t address, uint64_t end, uint64_t *stop);
/* The image with a clone of the very instruction that starts at `original`, which is at `*clone`; NULL: none. Code that
 * is entered in the middle of instructions is in several. */
const vprec_image *vprec_image_with(uint64_t original, uint64_t *clone);

#endif
