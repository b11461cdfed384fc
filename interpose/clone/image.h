/* SPDX-License-Identifier: Apache-2.0
 * image.h: the instrumented objects of the process: where each and its clones
 * lie. Asked in signal handlers, changed under the loader's lock. */
#ifndef VPREC_CLONE_IMAGE_H
#define VPREC_CLONE_IMAGE_H

#include "where.h"

typedef struct vprec_trap {
    uint64_t original, clone;
} vprec_trap;

/* From `clone` up to the next one a function's code; `*entered` is set when it is entered;
 * NULL: what notes its entries itself. */
typedef struct vprec_entered {
    uint64_t clone;
    uint8_t *entered;
} vprec_entered;

typedef struct vprec_image {
    uint64_t lo, hi;          /* the object's span */
    uint8_t *arena;           /* data, then clones */
    size_t arena_size;
    uint64_t code, code_end;  /* the clones */
    vprec_vec traps;          /* vprec_trap, sorted by original */
    vprec_where where;        /* what the clones are clones of */
    vprec_vec entered;        /* vprec_entered, ascending; none where nothing is recorded */
    uint32_t by_jump, by_short, by_trap, inlined;
} vprec_image;

/* Where an arrival at `original` continues, 0 if it is none of ours. */
uint64_t vprec_image_find(const vprec_image *image, uint64_t original);

/* Records that the clone at that address is entered, where nothing but a signal leads to it. Async-signal-safe. */
void vprec_image_enter(const vprec_image *image, uint64_t clone);

/* Whether there is room for one more: asked before anything is patched. */
bool vprec_image_room(void);
/* Makes an image known to the handler. The image must stay where it is. */
void vprec_image_add(const vprec_image *image);
void vprec_image_drop(const vprec_image *image);

/* The image of the instrumented object, or of the clones, that `address` lies in; NULL: none. */
const vprec_image *vprec_image_of(uint64_t address);
const vprec_image *vprec_image_of_clone(uint64_t address);

/* Whether `address` lies in an instrumented object. */
bool vprec_image_covers(uint64_t address);

#endif
