/* SPDX-License-Identifier: Apache-2.0
 * patch.h: leads every way into a cloned function's original to its clone. */
#ifndef VPREC_PATCH_H
#define VPREC_PATCH_H

#include "clone.h"

/* `clone_at`: by code byte the clone's offset in the image's arena, 0 none;
 * `slots`: by function, the address behind its entry stub's 6-byte jump.
 * Fills the functions' gates and image->traps and by_*. The code must not run on another thread. */
enum vprec_reason vprec_patch(vprec_image *image, vprec_codemap *map, const uint32_t *clone_at,
                              const uint64_t *slots, vprec_gates *gates);

#endif
