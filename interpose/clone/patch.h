/* SPDX-License-Identifier: Apache-2.0
 * patch.h: leads every way into a cloned function's original to its clone. */
#ifndef VPREC_CLONE_PATCH_H
#define VPREC_CLONE_PATCH_H

#include "cloner.h"

/* A way into a clone behind the function's start: from `original` to `code`, which notes the entry. */
typedef struct vprec_door {
    uint64_t original, code;
} vprec_door;

/* Where the door of `original` is, 0 none. `doors`: vprec_door, sorted. */
uint64_t vprec_door_find(const vprec_vec *doors, uint64_t original);

/* Fills the functions' gates and image->traps, patches and by_*, and `pokes` (vprec_poke, sorted) with what is to be
 * written. */
enum vprec_reason vprec_patch_plan(vprec_cloner *k, const vprec_text_pages *text, vprec_vec *pokes);

/* The patch becomes a trap, and what it covers behind that is as it was loaded, but for traps: something leads there.
 * Nobody is there yet. False: no memory. */
bool vprec_patch_undo(const vprec_text_pages *text, const vprec_image *image, vprec_patch *patch, vprec_vec *pokes);

/* The jumps of all patches that wait, which wait no longer. False: no memory. */
bool vprec_patch_finish(vprec_image *image, vprec_vec *pokes);

#endif
