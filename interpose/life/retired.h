/* SPDX-License-Identifier: Apache-2.0
 * retired.h: clones of code that is not there any more. Threads may still stand in them: their memory goes back when
 * none does. The caller holds the instrumentation lock, in a thread that stands in no clone. */
#ifndef VPREC_LIFE_RETIRED_H
#define VPREC_LIFE_RETIRED_H

#include "loaded.h"

/* Nobody comes to the image's clones from now on. It is one of `owner`'s. */
void vprec_retired_add(vprec_loaded *owner, const vprec_image *image);

void vprec_retired_add_all(vprec_loaded *owner);

/* All of the owner's go at once: nothing runs in its clones. */
void vprec_retired_drop(vprec_loaded *owner);

#endif
