/* SPDX-License-Identifier: Apache-2.0
 * follow.h: where what clones count is counted by scope (scope/scopes.h), the question at their entries whether the
 * thread is to count in another one: what its meter is for is held against what leads it. If it is, a trap tells. */
#ifndef VPREC_CLONE_FOLLOW_H
#define VPREC_CLONE_FOLLOW_H

#include "cloner.h"

/* Flags and registers stay. */
void vprec_follow_emit(vprec_code *c);

/* Whether the instruction at `at`, in a clone, is that trap, one byte long; or the access to the thread's meter that
 * begins a question, which ends VPREC_FOLLOW_QUESTION bytes behind it. */
bool vprec_follow_is_trap(const uint8_t *at);
bool vprec_follow_asks(const uint8_t *at);
enum { VPREC_FOLLOW_QUESTION = 32 };

#endif
