/* SPDX-License-Identifier: Apache-2.0
 * ahead.h: what cells of --fork-at execute is translated ahead, once for all that round alike. The first cell notes
 * where control comes to code that is to be translated. For each set of formats the process that waits then makes
 * another one, which translates there, and waits in its stead: its cells share that memory. It executes nothing of the
 * program.
 *
 *   waits --_Fork--> the first cell, which notes
 *     |------_Fork--> waits for e5m10, with clones --_Fork--> a cell in e5m10 ...
 *     |------_Fork--> waits for bf16, with clones  --_Fork--> ...
 */
#ifndef VPREC_LIFE_AHEAD_H
#define VPREC_LIFE_AHEAD_H

#include "runtime/wire.h"
#include <stdbool.h>
#include <stdint.h>

/* In the process that waits: an order has come. False: it is to make the cell itself. True: another process has the
 * order; or this is another one now, which takes its orders, that one first, from `*socket`. */
bool vprec_ahead_order(const vprec_fork_order *order, const int handed[VPREC_FORK_HANDED], int *socket);

/* In the cell's process, before the program goes on: closes what is not the cell's. Whether its code is translated:
 * what it rounds is what the process that it was made of was for. */
bool vprec_ahead_cell(void);
/* Before the cell forks: what is translated from now on each of the two translates, and records, by itself. */
void vprec_ahead_forks(void);
/* In the cell's keeper: it has ended. */
void vprec_ahead_ended(void);

/* Control has come to code that is to be translated: to that address on that page without X; or, 0, to a trap there. */
void vprec_ahead_note(uint64_t address, uint64_t page);

#endif
