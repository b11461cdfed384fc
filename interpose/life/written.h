/* SPDX-License-Identifier: Apache-2.0
 * written.h: a program that changes its own text, or copies it elsewhere and runs the copy. It is to find there what it
 * has loaded, and not what translating has made of it. */
#ifndef VPREC_LIFE_WRITTEN_H
#define VPREC_LIFE_WRITTEN_H

#include "loaded.h"

/* The pages of [lo, hi) are about to be written: they are as they were loaded, nothing of them is translated, and they
 * are no code of the object's for the time being. False: no memory, or the kernel refuses. */
bool vprec_written_begin(vprec_loaded *loaded, uint64_t lo, uint64_t hi);

/* What of them was written is code of the object's again, without X, to be looked at anew. */
void vprec_written_end(vprec_loaded *loaded, uint64_t lo, uint64_t hi);

/* Where what is executed at `address` of generated code is a copy of patched text of one of `objects` (vprec_loaded *), it
 * gets what was loaded. */
void vprec_written_mend(vprec_loaded *generated, uint64_t address, const vprec_vec *objects);

#endif
