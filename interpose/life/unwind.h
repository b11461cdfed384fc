/* SPDX-License-Identifier: Apache-2.0
 * unwind.h: how clones are unwound: as their originals, each instruction's clone as the instruction. What a clone puts
 * on the stack for a moment, between two instructions, is not told. */
#ifndef VPREC_LIFE_UNWIND_H
#define VPREC_LIFE_UNWIND_H

#include "clone/where.h"
#include "find/object.h"

/* Appends to `bytes` (of one byte each) a CIE and an FDE, as .eh_frame has them, for [lo, hi) of the clone of the
 * function at `original`. False: nothing is added, since the program has something unusual, or there is no memory. */
bool vprec_unwind_add(vprec_vec *bytes, const vprec_unwind *unwind, const vprec_where *where, uint64_t original,
                      uint64_t lo, uint64_t hi);

#endif
