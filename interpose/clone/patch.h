/* SPDX-License-Identifier: Apache-2.0
 * patch.h: leads every way into a cloned function's original to its clone. */
#ifndef VPREC_CLONE_PATCH_H
#define VPREC_CLONE_PATCH_H

#include "clone.h"

/* A way into a clone behind the function's start: from `original` to `code`, which notes the entry. */
typedef struct vprec_door {
    uint64_t original, code;
} vprec_door;

/* Where the door of `original` is, 0 none. `doors`: vprec_door, sorted. */
uint64_t vprec_door_find(const vprec_vec *doors, uint64_t original);

/* `clone_at`: by code byte the clone's offset in the image's arena, 0 none;
 * `slots`: by function, the address behind its entry stub's 6-byte jump.
 * Fills the functions' gates and image->traps and by_*. The code must not run on another thread. */
enum vprec_reason vprec_patch(vprec_image *image, vprec_codemap *map, const uint32_t *clone_at,
                              const uint64_t *slots, const vprec_vec *doors, vprec_gates *gates);

#endif
