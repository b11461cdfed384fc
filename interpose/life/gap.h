/* SPDX-License-Identifier: Apache-2.0
 * gap.h: code that no symbol and no FDE tells of. False: no memory. */
#ifndef VPREC_LIFE_GAP_H
#define VPREC_LIFE_GAP_H

#include "loaded.h"

/* Code of no function in [start, end) of a page, which is not clean, where control has come to `address`. `now`: it is
 * guarded at once, since a function has to run on the page. `*runs`: the page may have X for it. */
bool vprec_gap_provide(vprec_loaded *loaded, uint64_t start, uint64_t end, uint64_t address, bool now, bool *runs);

/* Whether some such code on the page is to be looked at yet, once more of its entries are known. */
bool vprec_gap_waits(vprec_loaded *loaded, uint64_t start, uint64_t end);

/* Translates what can be reached from `address` in its gap, not too far off. */
bool vprec_gap_translate(vprec_loaded *loaded, uint64_t address);

/* Whether the page never gets X: something on it may be meant to be rounded, and nothing guards it. */
bool vprec_gap_closed(const vprec_loaded *loaded, uint64_t page);

/* The program has written to [start, end): what is there is to be looked at anew. */
void vprec_gap_again(vprec_loaded *loaded, uint64_t start, uint64_t end);

#endif
