/* SPDX-License-Identifier: Apache-2.0
 * unit.h: functions, or code that belongs to none, that are translated together: from what is asked of the object over
 * decoding to clones; and the traps of those that wait. What returns a bool fails without memory. */
#ifndef VPREC_LIFE_UNIT_H
#define VPREC_LIFE_UNIT_H

#include "loaded.h"

/* Translates the function that control has come to at `address` (0: nowhere in it yet), with what belongs to it. */
bool vprec_unit_translate(vprec_loaded *loaded, const vprec_symbol *function, uint64_t address);

/* The same for a function that has nothing to round, on a page that waits without X: it runs as a clone meanwhile. */
bool vprec_unit_pass(vprec_loaded *loaded, uint64_t address);

/* The function is not executed yet: a trap tells when it is. */
bool vprec_unit_plant(vprec_loaded *loaded, const vprec_symbol *function);
/* What was planted in [start, end) and is still there goes away. */
bool vprec_unit_unplant(vprec_loaded *loaded, uint64_t start, uint64_t end);

/* Adds the start of the function at `address` to `functions` (uint64_t), unless it is there, and those that it calls or
 * jumps to directly. */
bool vprec_unit_callees(vprec_loaded *loaded, uint64_t address, int depth, vprec_vec *functions);

/* Whether the function at `address`, or one that it calls or jumps to directly, has something to round. */
bool vprec_unit_computes(vprec_loaded *loaded, uint64_t address, int depth);

/* Translates code of no function: what can be reached from `address` in the code, at most `most` bytes away, and was
 * not translated before. Generated code is left as it is. */
bool vprec_unit_translate_code(vprec_loaded *loaded, vprec_extent code, uint64_t address, uint64_t most);

/* The extended registers that the function keeps across calls inside the object: see keep.h. */
bool vprec_unit_kept(vprec_loaded *loaded, const vprec_symbol *function, uint32_t *vectors, uint32_t *masks);

/* Reads the functions (vprec_symbol), or, where that is NULL, code of no function to which `references` (uint64_t,
 * sorted) lead, and changes nothing. What it refers to elsewhere is added to `references`. `records`: the functions are
 * recorded. */
bool vprec_unit_list(vprec_loaded *loaded, const vprec_vec *functions, vprec_extent code, vprec_vec *references,
                     bool records);

/* One byte to be written at `at`. */
bool vprec_unit_poke(vprec_vec *pokes, uint64_t at, uint8_t byte);

#endif
