/* SPDX-License-Identifier: Apache-2.0
 * returns.h: how a function's return is noticed, in whatever way it leaves: vprec_returned stands in the place of its
 * return address, which is kept here by the place (its frame). Unwinders find it there, too: returns.S tells them how. */
#ifndef VPREC_SCOPE_RETURNS_H
#define VPREC_SCOPE_RETURNS_H

#include <stdbool.h>
#include <stdint.h>

extern const char vprec_returned[];

/* Keeps where the function with that frame returns to. False: no room. Async-signal-safe, as what follows. */
bool vprec_returns_keep(const void *frame, uint64_t back);
/* Where it returns to, which is forgotten; 0: it is not known. */
uint64_t vprec_returns_take(const void *frame);

#endif
