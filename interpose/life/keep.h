/* SPDX-License-Identifier: Apache-2.0
 * keep.h: opmasks and vector registers above 15, which a call may clobber by convention, and which a caller keeps all
 * the same where its compiler knows the callee. Clones use what nobody keeps, as far as is known; when a caller that
 * does turns up, before it runs, what was translated before it is translated anew. False: no memory. */
#ifndef VPREC_LIFE_KEEP_H
#define VPREC_LIFE_KEEP_H

#include "loaded.h"

/* Some code of the object keeps these across calls inside of it. */
bool vprec_keep_add(vprec_loaded *loaded, uint32_t vectors, uint32_t masks);

/* The image's functions are known, and counted once more when they are translated anew. */
bool vprec_keep_uncount(vprec_loaded *loaded, const vprec_image *image);

/* All of the object's code is to be translated anew. */
bool vprec_keep_nothing(vprec_loaded *loaded);

/* The same, and what was counted stays so: in a process that is made of another one, which has translated it for it. */
bool vprec_keep_renew(vprec_loaded *loaded);

/* The page's code, at `bytes`, is going to run as it is. */
bool vprec_keep_read(vprec_loaded *loaded, const uint8_t *bytes, uint64_t page);

/* The image's functions are as if they had not been executed yet: a trap waits at every way in. Who runs in its clones
 * may go on. False: no memory, or the kernel refuses. */
bool vprec_keep_forget(vprec_loaded *loaded, vprec_image *image);

#endif
