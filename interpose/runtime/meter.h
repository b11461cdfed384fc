/* SPDX-License-Identifier: Apache-2.0
 * meter.h: places in the meters (wire.h) in which inline code counts, what they
 * mean, and new meters. Inline code finds its thread's by %gs, whose base lies
 * so far above it that, where nobody has set it, each access faults: in the
 * addresses of the kernel. Who gives threads theirs is life/meters.c. */
#ifndef VPREC_RUNTIME_METER_H
#define VPREC_RUNTIME_METER_H

#include "wire.h"
#include <stdbool.h>
#include <stddef.h>

/* In inline code, a place is gs:[VPREC_METER_DISPLACEMENT + place]; %gs's base of a thread is its meter's address +
 * VPREC_METER_ABOVE. */
#define VPREC_METER_DISPLACEMENT INT32_MIN
#define VPREC_METER_ABOVE (UINT64_C(1) << 31)

/* Whether there is a place for what inline code would count. Once, before code is written. */
bool vprec_meter_begin(void);

/* `bytes`, a power of two, that nobody else counts in, aligned to their number; 0: none left. The caller holds the
 * instrumentation lock. */
uint32_t vprec_meter_take(uint32_t bytes);

/* Records what is counted for the function of the record at offset `function`. Where there is no room for that, it is
 * counted for nobody, and told to be lost. */
void vprec_meter_tell(uint64_t function, const vprec_metered *items, size_t count);

/* What follows is async-signal-safe. */

/* What meters of this process are marked with; it changes where it is forked. 0: no room to know. */
uint64_t vprec_meter_lineage(void);

/* A new meter of this process; without room a common one whose numbers are lost, which is told; NULL: no memory. */
vprec_meter *vprec_meter_make(void);
/* Whether there is one of this process, and not nobody's. */
bool vprec_meter_is(uint64_t address);

#endif
