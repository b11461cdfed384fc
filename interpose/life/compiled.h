/* SPDX-License-Identifier: Apache-2.0
 * compiled.h: objects that vprec-cc has built: their code rounds by itself, and what it counts goes, as of machine
 * code, into records of their functions. */
#ifndef VPREC_LIFE_COMPILED_H
#define VPREC_LIFE_COMPILED_H

#include "find/object.h"
#include "runtime/share.h"

bool vprec_compiled_is(const vprec_object *object);

/* With --count: the object's functions get records as they count first. */
void vprec_compiled_meet(const vprec_object *object, vprec_object_record *record);

#endif
