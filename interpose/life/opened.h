/* SPDX-License-Identifier: Apache-2.0
 * opened.h: generated code that has stopped to change. While a program may still write to it unseen it has no X, and
 * whoever comes to it faults. After some entries W is taken, too, where the program has it; if nothing is written until
 * some more entries later, its pages get patches and X as those of a file do: it is open. A write, or a call that
 * changes the memory, ends that for good: what is written again and again is never opened. The caller holds the
 * instrumentation lock. */
#ifndef VPREC_LIFE_OPENED_H
#define VPREC_LIFE_OPENED_H

#include "loaded.h"
#include <stdatomic.h>

/* How many regions have lost W. To be asked without the lock. */
extern _Atomic unsigned vprec_opened_count;

/* Control has come to generated code that is not open. True: it is open now. */
bool vprec_opened_enter(vprec_loaded *loaded);

/* Whether all of the page runs in clones that could be meant to be rounded. */
bool vprec_opened_knows(vprec_loaded *loaded, uint64_t page);

/* The program writes there: true, if it may now. No code that the same object makes is opened from now on. */
bool vprec_opened_written(vprec_loaded *loaded, uint64_t address);

/* Its memory is as the program left it, and may be changed by it. */
void vprec_opened_end(vprec_loaded *loaded);

#endif
